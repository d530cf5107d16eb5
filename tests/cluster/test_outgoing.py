"""From events to the partner: what X's fake holds equals the members with their identities, whatever happens."""

import hashlib
import itertools
import shutil
import threading

import pytest
from msgspec import structs

from raudience.catalog.build import audience
from raudience.catalog.commands import Configure, Connect, Disconnect, PutOutput, Resume, Switch
from raudience.catalog.experiments import Share
from raudience.catalog.outputs import Output
from raudience.cluster.client import connect
from raudience.cluster.hands import ManyHands
from raudience.cluster.keepsakes import Keepsake, Place
from raudience.cluster.ledgers import Ledgers
from raudience.cluster.objects import Objects
from raudience.cluster.outgoing import Outgoing
from raudience.cluster.wire import Wire
from raudience.criteria.build import user
from raudience.forward.partner import Response
from raudience.forward.partners import PARTNERS
from tests.forward.fakes.wire import Lost, Served
from tests.forward.fakes.x import ACCOUNT, LIMITS, FakeX
from tests.stories.stage import utc

T = utc("2026-01-05T10:00:00Z")
TOKENS = {"consumer_key": "ck", "consumer_secret": "cs", "token": "tk", "token_secret": "ts"}
FLAGS = {"forward_emails": True, "forward_twitter_handles": True, "forward_device_ids": True}
ADS = Output("ads", "Our ads account", "x", {"account_id": ACCOUNT})


def sha256(*texts):
    return {hashlib.sha256(text.encode()).hexdigest() for text in texts}


def batch(mpid, plan=None, **identities):
    found = {"mpid": mpid, "user_identities": identities}
    return found | ({"user_attributes": {"plan": plan}} if plan else {})


class World:
    """An engine with an audience that is connected to the fake X, and a clock that skips waiting."""

    def __init__(self, state=None, shards=2):
        self.state, self.shards, self.now = state, shards, T
        self.fake, self.seconds = FakeX(), itertools.count(1)
        self.begin()
        self.client.audiences.create(audience("pros", "Pros", user("plan").exactly("pro")))
        self.engine.decide(PutOutput("ana", ADS), T)
        self.engine.decide(Connect("ana", "pros", "ads", settings=FLAGS), T)

    def begin(self):
        self.client = connect(engine="inline", shards=self.shards, state=self.state, by="ana")
        self.engine = self.client._engine
        keepsake = None if self.state is None else Keepsake(Place(str(self.state / "forwarding")), background=False)
        self.outgoing = Outgoing(self.engine, PARTNERS.__getitem__, self.opened, self.send, keepsake, lambda: self.now)

    def opened(self, output):
        return {**output.settings, **TOKENS}

    def send(self, request):
        try:
            status, headers, body = self.fake(
                request.method, request.url, dict(request.headers), request.body, self.now
            )
        except Lost:
            return None
        return Response(status, headers, body)

    def put(self, *batches):
        self.client.ingest(batches, T + next(self.seconds))

    def settle(self):
        """Work, and let time pass where there is something to wait for."""
        for _ in range(2_000):
            following = self.outgoing.work()
            if following is None:
                return
            self.now = max(self.now + 1, following)
        raise AssertionError("it never ends")

    def held(self, kind="email", name="Pros"):
        return self.fake.members(f"{name} ({kind})", self.now)

    def connection(self):
        (found,) = self.engine.catalog().connections.values()
        return found

    def close(self):
        self.outgoing.close()
        self.client.close()


@pytest.fixture(params=[1, 3])
def world(request):
    made = World(shards=request.param)
    made.put(batch(1, "pro", email="One@x.com"), batch(2, "free", email="two@x.com"), batch(3, "pro", twitter="@Three"))
    made.settle()
    yield made
    made.engine.check()
    made.close()


def test_a_connect_sends_the_members_with_the_identities_that_x_takes(world):
    assert world.held() == sha256("one@x.com")
    assert world.held("handle") == sha256("three")


def test_who_enters_is_added_and_who_leaves_is_removed(world):
    world.put(batch(2, "pro"), batch(1, "free"))
    world.settle()
    assert world.held() == sha256("two@x.com")


def test_a_new_identity_of_a_member_is_added_though_nobody_enters(world):
    world.put(batch(3, email="three@x.com"))
    world.settle()
    assert world.held() == sha256("one@x.com", "three@x.com")


def test_a_changed_identity_is_removed_and_added(world):
    world.put(batch(1, email="new@x.com"))
    world.settle()
    assert world.held() == sha256("new@x.com")


def test_a_member_without_any_identity_that_is_taken_counts_and_is_not_sent(world):
    world.put(batch(9, "pro", customer_id="c9"))
    world.settle()
    assert world.client.audiences.row("pros").size == 3
    assert world.held() == sha256("one@x.com")


def test_a_revoked_token_faults_the_connection_and_after_resume_the_difference_is_sent(world):
    token = world.fake.tokens["tk"]
    world.fake.revoke()
    world.put(batch(2, "pro"))
    world.settle()
    stop = world.connection().stop
    assert (stop.kind, stop.status) == ("SignInAgain", 401)
    asked = len(world.fake.requests)
    world.put(batch(1, "free"))
    world.settle()
    assert len(world.fake.requests) == asked
    world.fake.tokens["tk"] = token
    world.engine.decide(Resume("ana", world.connection().id), world.now)
    world.settle()
    assert world.connection().stop is None
    assert world.held() == sha256("two@x.com")


def test_a_list_that_somebody_deleted_at_x_faults_and_is_made_again_after_resume(world):
    world.fake.delete_by_hand("Pros (email)")
    world.put(batch(2, "pro"))
    world.settle()
    assert world.connection().stop.kind == "GoneAtPartner"
    world.engine.decide(Resume("ana", world.connection().id), world.now)
    world.settle()
    assert world.held() == sha256("one@x.com", "two@x.com")


@pytest.mark.parametrize("trouble", [{"status": 429}, {"status": 503}, {"lost": True, "applied": True}, {"lost": True},
                                     {"counts": (0, 1)}], ids=str)  # fmt: skip
def test_what_passes_is_waited_for_and_nobody_is_missing(world, trouble):
    world.fake.trouble(**trouble, times=2, where="/users")
    world.put(batch(2, "pro"), batch(1, "free"))
    world.settle()
    assert world.connection().stop is None
    assert world.held() == sha256("two@x.com")


def test_an_inactive_connection_sends_nothing_and_then_the_members_of_then(world):
    world.engine.decide(Switch("ana", world.connection().id, False), world.now)
    world.put(batch(2, "pro"))
    world.settle()
    assert world.held() == sha256("one@x.com")
    world.engine.decide(Switch("ana", world.connection().id, True), world.now)
    world.settle()
    assert world.held() == sha256("one@x.com", "two@x.com")


def test_another_name_renames_the_lists(world):
    world.client.audiences.rename("pros", "Professionals", "Loyal")
    world.settle()
    assert world.held(name="Loyal") == sha256("one@x.com")


def test_deleting_the_audience_deletes_every_list_at_x(world):
    world.client.audiences.delete("pros")
    world.settle()
    assert world.fake.lists() == []
    assert world.engine.catalog().departed == {}


def test_an_archived_audience_leaves_empty_lists_and_comes_back(world):
    world.client.audiences.archive("pros")
    world.settle()
    assert world.held() == set()
    world.client.audiences.activate("pros")
    world.settle()
    assert world.held() == sha256("one@x.com")


def test_a_disconnect_that_removes_leaves_empty_lists(world):
    world.engine.decide(Disconnect("ana", world.connection().id, "remove"), world.now)
    world.settle()
    assert world.held() == set()
    assert world.engine.catalog().departed == {}


def departed(world):
    (found,) = world.engine.catalog().departed.values()
    return found.connection


def test_a_delete_that_x_refuses_is_told_once_as_a_fault_and_carried_out_after_resume(world):
    world.fake.trouble(status=403, times=1)
    world.client.audiences.delete("pros")
    world.settle()
    assert departed(world).stop.kind == "AskPermission"
    asked = len(world.fake.requests)
    world.settle()
    assert len(world.fake.requests) == asked
    world.engine.decide(Resume("ana", departed(world).id), world.now)
    world.settle()
    assert (world.fake.lists(), world.engine.catalog().departed) == ([], {})


def test_a_removal_that_x_refuses_is_a_fault_and_carried_out_after_resume(world):
    world.fake.trouble(status=403, times=1)
    world.engine.decide(Disconnect("ana", world.connection().id, "remove"), world.now)
    world.settle()
    assert departed(world).stop.kind == "AskPermission"
    assert world.held() == sha256("one@x.com")
    world.engine.decide(Resume("ana", departed(world).id), world.now)
    world.settle()
    assert world.held() == set()
    assert world.engine.catalog().departed == {}


def test_what_is_to_be_kept_is_kept_though_there_is_a_fault(world):
    world.fake.trouble(status=403, times=1)
    world.put(batch(2, "pro"))
    world.settle()
    assert world.connection().stop is not None
    world.engine.decide(Disconnect("ana", world.connection().id, "keep"), world.now)
    world.settle()
    assert world.held() == sha256("one@x.com")
    assert world.engine.catalog().departed == {}


def test_a_fault_is_told_to_the_catalog_once(world):
    told, decide = [], world.engine.decide
    world.engine.decide = lambda command, at: (told.append(command), decide(command, at))[1]
    world.fake.trouble(status=403, times=1)
    world.put(batch(2, "pro"))
    for _ in range(5):
        world.settle()
    assert [type(each).__name__ for each in told] == ["Fault"]


def test_who_sees_to_some_outputs_leaves_the_others_alone():
    world = World()
    world.outgoing._outputs = {"elsewhere"}
    world.put(batch(1, "pro", email="one@x.com"))
    world.settle()
    assert world.fake.requests == []
    world.engine.decide(Disconnect("ana", world.connection().id, "remove"), world.now)
    world.settle()
    assert len(world.engine.catalog().departed) == 1
    world.close()


def test_figures_tell_what_is_left_and_how_it_goes(world):
    (idle,) = world.outgoing.figures()
    assert (idle.backlog, idle.age, idle.backfill, idle.fault) == (0, None, None, None)
    assert idle.held == {"email": 1, "handle": 1, "device_id": 0}
    assert (idle.connection, idle.output, idle.audience) == (world.connection().id, "ads", "pros")
    assert (idle.items, idle.succeeded) == (2, T)
    world.fake.revoke()
    world.put(batch(2, "pro"))
    world.settle()
    (stopped,) = world.outgoing.figures()
    assert (stopped.backlog, stopped.fault, stopped.requests) == (1, "SignInAgain", idle.requests + 1)
    world.now += 60_000
    assert world.outgoing.figures()[0].age == 60_000


def test_a_request_that_hangs_holds_up_no_other_connection():
    world, hangs = World(), threading.Event()
    send = world.send

    def slow(request):
        if "Slow" in f"{request.url}{request.query}":
            hangs.wait(60)
        return send(request)

    world.client.audiences.create(audience("slow", "Slow", user("plan").exactly("pro")))
    world.engine.decide(Connect("ana", "slow", "ads", settings=FLAGS), T)
    world.put(batch(1, "pro", email="one@x.com"))
    world.outgoing = Outgoing(
        world.engine, PARTNERS.__getitem__, world.opened, slow, None, lambda: world.now, hands=ManyHands()
    )
    for _ in range(1_000):
        world.outgoing.work()
        if "Pros (email)" in world.fake.lists() and world.held():
            break
    assert world.held() == sha256("one@x.com")
    assert not any("Slow" in name for name in world.fake.lists())
    hangs.set()
    assert world.outgoing.settle()
    assert world.held(name="Slow") == sha256("one@x.com")
    world.close()


def test_each_variation_and_the_whole_go_where_they_are_connected():
    world = World()
    world.put(*(batch(mpid, "pro", email=f"{mpid}@x.com") for mpid in range(1, 200)))
    world.client.audiences.start_test("pros", [Share(40, "Loud")])
    for variation in ("Loud", "Control"):
        world.engine.decide(Connect("ana", "pros", "ads", variation, FLAGS), T)
    world.settle()
    loud, rest = world.held(name="Pros - Loud"), world.held(name="Pros - Control")
    assert loud | rest == world.held() == sha256(*(f"{mpid}@x.com" for mpid in range(1, 200)))
    assert not loud & rest
    assert len(loud) == world.client.variants("pros")["Loud"]
    world.client.audiences.end_test("pros")
    world.settle()
    assert world.held() == sha256(*(f"{mpid}@x.com" for mpid in range(1, 200)))
    assert len(world.engine.catalog().connections) == 1
    world.close()


def test_changes_are_gathered_for_as_long_as_a_connection_says():
    world = World()
    world.put(batch(1, "pro", email="one@x.com"))
    world.settle()
    world.engine.decide(Configure("ana", world.connection().id, flush=60_000), T)
    world.put(batch(2, "pro", email="two@x.com"))
    began = world.now
    assert world.outgoing.work() == began + 60_000
    assert world.held() == sha256("one@x.com")
    world.settle()
    assert world.held() == sha256("one@x.com", "two@x.com")
    world.close()


def test_all_that_was_gathered_goes_when_its_time_has_come_however_many_they_are():
    world = World()
    world.put(batch(1, "pro", email="1@x.com"))
    world.settle()
    world.engine.decide(Configure("ana", world.connection().id, flush=60_000), T)
    world.put(*(batch(mpid, "pro", email=f"{mpid}@x.com") for mpid in range(2, 2_300)))
    assert world.outgoing.work() == T + 60_000
    world.now += 60_000
    while (following := world.outgoing.work()) is not None:
        assert following <= world.now
    assert len(world.held()) == 2_299
    world.close()


def test_a_full_request_does_not_wait_for_its_time():
    world = World()
    world.put(batch(1, "pro", email="1@x.com"))
    world.settle()
    world.engine.decide(Configure("ana", world.connection().id, flush=60_000), T)
    world.put(*(batch(mpid, "pro", email=f"{mpid}@x.com") for mpid in range(2, 2_502)))
    while (following := world.outgoing.work()) is not None:
        assert following <= world.now
    assert len(world.held()) == 2_501
    world.close()


def test_a_connection_that_does_not_say_gathers_as_its_partner_has_it(tmp_path):
    world = World()
    world.engine.decide(PutOutput("ana", Output("lake", "Lake", "files", {"folder": str(tmp_path)})), T)
    world.engine.decide(Connect("ana", "pros", "lake", settings={"forward_email": True}), T)
    world.outgoing._outputs = {"lake"}
    world.put(batch(1, "pro", email="one@x.com"))
    world.outgoing._send = world.outgoing._hands.outside(Objects().send)
    began = world.now
    while world.outgoing.work() == began:
        pass
    world.put(batch(2, "pro", email="two@x.com"))
    before = len(list(tmp_path.glob("*.ndjson")))
    assert world.outgoing.work() == began + 3 * 60 * 60 * 1_000
    assert world.outgoing.settle()
    assert len(list(tmp_path.glob("*.ndjson"))) == before + 1
    world.close()


def test_in_another_life_it_goes_on_and_sends_nothing_twice(tmp_path):
    world = World(tmp_path)
    world.put(batch(1, "pro", email="one@x.com"))
    world.settle()
    world.close()
    world.begin()
    world.put(batch(2, "pro", email="two@x.com"))
    world.settle()
    assert world.held() == sha256("one@x.com", "two@x.com")
    assert world.outgoing.held()[world.connection().id]["email"] == 2
    world.close()


def test_what_nobody_has_foreseen_stops_one_connection_and_is_tried_again_later(tmp_path, caplog):
    world = World(tmp_path)
    world.client.audiences.create(audience("guests", "Guests", user("plan").exactly("guest")))
    world.engine.decide(Connect("ana", "guests", "ads", settings=FLAGS), T)
    (digest,) = sha256("guest@x.com")

    def send(request):
        if digest.encode() in request.body:
            raise ZeroDivisionError
        return world.send(request)

    world.outgoing._send, world.outgoing._together = send, None
    world.put(batch(1, "pro", email="one@x.com"), batch(2, "guest", email="guest@x.com"))
    assert not world.outgoing.settle()
    assert world.held() == sha256("one@x.com")
    assert world.outgoing.troubles() == {"guests to ads": "ZeroDivisionError; the log of the process says more"}
    world.put(batch(3, "pro", email="three@x.com"))
    world.outgoing.settle()
    assert world.held() == sha256("one@x.com", "three@x.com")
    assert sum("has failed" in record.message for record in caplog.records) == 1
    world.now += 60_000
    world.outgoing._send = world.send
    assert world.outgoing.settle()
    assert world.held(name="Guests") == sha256("guest@x.com")
    assert world.outgoing.troubles() == {}
    world.close()


def test_who_is_erased_is_taken_off_lists_and_out_of_every_log(tmp_path):
    world = World(tmp_path)
    world.put(batch(1, "pro", email="one@x.com"), batch(2, "pro", email="two@x.com"))
    world.settle()
    (digest,) = map(bytes.fromhex, sha256("one@x.com"))
    assert any(digest in path.read_bytes() for path in (tmp_path / "forwarding").rglob("*") if path.is_file())
    world.client.erase(1, by="ticket 7")
    world.settle()
    assert world.held() == sha256("two@x.com")
    world.close()
    assert not any(digest in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())


def test_x_is_not_asked_in_vain_before_its_minute_is_over(monkeypatch):
    monkeypatch.setitem(LIMITS, "users", (3, 60_000))
    told = []

    class Watched(World):
        def send(self, request):
            told.append(super().send(request))
            return told[-1]

    world = Watched()
    for mpid in range(1, 9):
        world.put(batch(mpid, "pro", email=f"{mpid}@x.com"))
        world.settle()
    assert world.held() == sha256(*(f"{mpid}@x.com" for mpid in range(1, 9)))
    assert {answer.status for answer in told} == {200}
    assert world.now >= T + 2 * 60_000
    world.close()


def test_over_http_as_it_is():
    world = World()
    with Served(world.fake, lambda: world.now) as address:
        wire = Wire({"https://ads-api.x.com": address})
        world.outgoing._send = wire.send
        world.put(batch(1, "pro", email="one@x.com"))
        world.settle()
        assert world.held() == sha256("one@x.com")
        wire.close()
    world.close()


def test_a_fault_stops_although_the_clock_was_put_back_behind_one_that_was_resumed(world):
    world.fake.trouble(401)
    world.put(batch(2, "pro"))
    world.settle()
    world.engine.decide(Resume("ana", world.connection().id), world.now)
    world.settle()
    world.now -= 10_000
    world.fake.trouble(401)
    world.put(batch(1, "free"))
    world.settle()
    assert world.connection().stop.status == 401


def test_a_list_is_adopted_without_a_look_at_what_other_accounts_have(tmp_path, monkeypatch):
    world = World(tmp_path)
    world.put(batch(1, "pro", email="one@x.com"))
    world.settle()
    other = structs.replace(ADS, key="more", settings={"account_id": "another"})
    world.engine.decide(PutOutput("ana", other), T)
    world.engine.decide(Disconnect("ana", world.connection().id), T)
    world.settle()
    world.engine.decide(Connect("ana", "pros", "more", settings=FLAGS, active=False), T)
    world.engine.decide(Connect("ana", "pros", "ads", settings=FLAGS), T)
    monkeypatch.setattr(Ledgers, "read", lambda *asked: 1 // 0)
    world.put(batch(2, "pro", email="two@x.com"))
    world.settle()
    assert world.held() == sha256("one@x.com", "two@x.com")
    world.close()


def test_an_engine_that_is_restored_from_a_copy_takes_back_what_came_after_it(tmp_path):
    state, copy = tmp_path / "state", tmp_path / "copy"
    world = World(state)
    world.put(batch(1, "pro", email="one@x.com"))
    world.settle()
    world.close()
    shutil.copytree(state, copy)
    world.begin()
    world.put(batch(2, "pro", email="two@x.com"))
    world.settle()
    assert world.held() == sha256("one@x.com", "two@x.com")
    world.close()
    state.rename(tmp_path / "lost")
    shutil.copytree(copy, state, ignore=shutil.ignore_patterns("forwarding"))
    shutil.copytree(tmp_path / "lost" / "forwarding", state / "forwarding")
    world.begin()
    world.settle()
    assert world.held() == sha256("one@x.com")
    world.close()
