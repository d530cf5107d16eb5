"""A forwarder with its log: whatever fails and whenever it dies, the partner ends with exactly the members."""

import itertools

import pytest

from raudience.clock import HOUR
from raudience.cluster.calling import Surroundings
from raudience.cluster.forwarding import Forwarder, Link
from raudience.cluster.keepsakes import Keepsake, Place
from raudience.errors import Superseded
from raudience.forward.buckets import Bucket
from raudience.forward.connection import Standing
from raudience.forward.entries import Entry
from tests.forward.lists import ListsPartner, ListsServer

GOOD = {"token": "good", "emails": True}


class People:
    """An audience that a test changes."""

    def __init__(self):
        self.gone = 0
        self.users, self.log = {}, [()]

    def put(self, mpid, member=True, **identities):
        self.users[mpid] = Standing(mpid, member, {name: tuple(values) for name, values in identities.items()})
        self.log.append((mpid,))

    def position(self):
        return len(self.log)

    def heard(self, after):
        return len(self.log), [mpid for mpids in self.log[after:] for mpid in mpids]

    def erased(self):
        return self.gone

    def members(self):
        return iter([mpid for mpid, user in self.users.items() if user.member])

    def standings(self, mpids):
        return [self.users[mpid] for mpid in mpids]


class Stage:
    """A forwarder, its partner and a clock that is put forward when there is something to wait for."""

    def __init__(self, state):
        self.people, self.server, self.now = People(), ListsServer(), 1_000_000
        self.keepsake = Keepsake(Place(str(state)), background=False, every=4_000)
        self.link = Link("c1", "Big Spenders", GOOD)
        self.forwarder = None

    def begin(self):
        world = Surroundings(
            self.server, lambda: self.now, lambda: 0.5, lambda: "nonce",
            {kind: Bucket(1_000, 60_000) for kind in ("members", "write", "read")},
        )  # fmt: skip
        self.forwarder = Forwarder(
            self.link, ListsPartner(), self.people, world, self.keepsake.keeper("forward-c1", Entry)
        )

    def die(self):
        """What is in memory is gone."""
        self.forwarder.close()
        self.begin()

    def work(self, most=500):
        for _ in range(most):
            following = self.forwarder.work()
            if following is None:
                return
            self.now = max(self.now, following)
        raise AssertionError("it never ends")


@pytest.fixture
def stage(tmp_path):
    made = Stage(tmp_path)
    made.people.put(1, email=["a@x.com"])
    made.people.put(2, email=["b@x.com"], mobile_number=["+1"])
    made.begin()
    made.work()
    yield made
    made.forwarder.close()


def test_a_connect_sends_all_members_to_a_list_for_each_kind(stage):
    assert stage.server.of("Big Spenders (email)") == {"a@x.com", "b@x.com"}
    assert stage.server.of("Big Spenders (phone)") == {"+1"}


def test_who_enters_is_added_and_who_leaves_is_removed(stage):
    stage.people.put(3, email=["c@x.com"])
    stage.people.put(1, member=False)
    stage.work()
    assert stage.server.of("Big Spenders (email)") == {"b@x.com", "c@x.com"}


def test_a_changed_address_changes_the_list_though_nobody_enters_or_leaves(stage):
    stage.people.put(1, email=["new@x.com"])
    stage.work()
    assert stage.server.of("Big Spenders (email)") == {"new@x.com", "b@x.com"}


def test_a_list_of_exactly_that_name_is_adopted(tmp_path):
    stage = Stage(tmp_path)
    stage.server.names["7"], stage.server.members["7"] = "Big Spenders (email)", set()
    stage.people.put(1, email=["a@x.com"])
    stage.begin()
    stage.work()
    assert stage.server.members["7"] == {"a@x.com"}
    assert stage.server.made == 0
    stage.forwarder.close()


def test_an_audience_with_another_name_renames_its_lists(stage):
    stage.forwarder.change(Link("c1", "Whales", GOOD))
    stage.work()
    assert sorted(stage.server.names.values()) == ["Whales (email)", "Whales (phone)"]


def test_a_kind_that_is_switched_off_is_taken_off_and_comes_back(stage):
    stage.forwarder.change(Link("c1", "Big Spenders", GOOD | {"emails": False}))
    stage.work()
    assert stage.server.of("Big Spenders (email)") == set()
    stage.forwarder.change(stage.link)
    stage.work()
    assert stage.server.of("Big Spenders (email)") == {"a@x.com", "b@x.com"}


def test_a_kind_that_was_switched_off_while_nobody_was_at_work_is_taken_off(stage):
    stage.forwarder.close()
    stage.link = Link("c1", "Big Spenders", GOOD | {"emails": False}, recheck=5)
    stage.begin()
    stage.work()
    assert stage.server.of("Big Spenders (email)") == set()


def test_a_wish_to_compare_anew_is_heeded_once_and_sends_nothing_that_was_acknowledged(stage):
    before = len(stage.server.requests)
    stage.link = Link("c1", "Big Spenders", GOOD, recheck=5)
    stage.forwarder.change(stage.link)
    assert stage.forwarder.connection.backlog == 2
    stage.work()
    assert len(stage.server.requests) == before
    stage.die()
    assert stage.forwarder.connection.backlog == 0


def test_who_was_taken_off_by_others_is_put_on_again_when_all_is_sent_anew(stage):
    stage.server.of("Big Spenders (email)").clear()
    stage.link = Link("c1", "Big Spenders", GOOD, recheck=5)
    stage.forwarder.change(stage.link)
    stage.work()
    assert stage.server.of("Big Spenders (email)") == set()
    stage.link = Link("c1", "Big Spenders", GOOD, recheck=6, resend=6)
    stage.forwarder.change(stage.link)
    stage.work()
    assert stage.server.of("Big Spenders (email)") == {"a@x.com", "b@x.com"}


def test_all_is_sent_anew_although_it_dies_before_the_first_of_it(stage):
    stage.server.of("Big Spenders (email)").clear()
    stage.link = Link("c1", "Big Spenders", GOOD, recheck=6, resend=6)
    stage.forwarder.change(stage.link)
    stage.die()
    stage.work()
    assert stage.server.of("Big Spenders (email)") == {"a@x.com", "b@x.com"}
    before = len(stage.server.requests)
    stage.die()
    stage.work()
    assert len(stage.server.requests) == before


def test_what_was_on_its_way_is_sent_anew_with_the_rest(stage):
    stage.people.put(3, email=["c@x.com"])
    stage.people.put(2, email=["b@x.com"], mobile_number=["+1"])
    stage.server.answers = [None]
    for _ in range(2):
        stage.forwarder.work()
    stage.server.of("Big Spenders (phone)").clear()
    stage.link = Link("c1", "Big Spenders", GOOD, recheck=6, resend=6)
    stage.forwarder.change(stage.link)
    stage.work()
    assert stage.server.of("Big Spenders (email)") == {"a@x.com", "b@x.com", "c@x.com"}
    assert stage.server.of("Big Spenders (phone)") == {"+1"}


@pytest.mark.parametrize("answers", [[None], [503, 503], [429], [None, 429, 503]], ids=str)
def test_what_can_be_tried_again_is_tried_again_until_it_is_taken(stage, answers):
    stage.people.put(3, email=["c@x.com"])
    stage.server.answers = answers
    stage.work()
    assert stage.forwarder.connection.fault is None
    assert "c@x.com" in stage.server.of("Big Spenders (email)")


@pytest.mark.parametrize("status", [401, 403, 418])
def test_what_somebody_must_mend_faults_at_once_and_nothing_is_sent_until_resume(stage, status):
    stage.server.answers = [status]
    stage.people.put(3, email=["c@x.com"])
    stage.work()
    assert stage.forwarder.connection.fault.failure.status == status
    asked = len(stage.server.requests)
    stage.people.put(1, member=False)
    stage.work()
    assert len(stage.server.requests) == asked
    stage.forwarder.resume()
    stage.work()
    assert stage.server.of("Big Spenders (email)") == {"b@x.com", "c@x.com"}


def test_a_list_that_somebody_deleted_faults_and_after_resume_there_is_a_whole_new_one(stage):
    stage.server.names.clear()
    stage.server.members.clear()
    stage.people.put(3, email=["c@x.com"])
    stage.work()
    assert stage.forwarder.connection.fault.failure.status == 404
    while stage.forwarder.connection.fault is not None:
        stage.forwarder.resume()
        stage.work()
    stage.people.put(2, email=["b@x.com"], mobile_number=["+2"])
    stage.work()
    while stage.forwarder.connection.fault is not None:
        stage.forwarder.resume()
        stage.work()
    assert stage.server.of("Big Spenders (email)") == {"a@x.com", "b@x.com", "c@x.com"}
    assert stage.server.of("Big Spenders (phone)") == {"+2"}


def test_a_bad_item_keeps_nobody_else_out(stage):
    stage.people.put(3, email=["bad@x.com", "c@x.com"])
    stage.people.put(4, email=["d@x.com"])
    stage.work()
    assert stage.server.of("Big Spenders (email)") == {"a@x.com", "b@x.com", "c@x.com", "d@x.com"}
    assert list(stage.forwarder.connection.refused["email"]) == [b"bad@x.com"]


def test_deleting_the_audience_deletes_every_list_and_what_is_gone_already_is_done(stage):
    gone = next(each for each, name in stage.server.names.items() if name == "Big Spenders (phone)")
    del stage.server.names[gone], stage.server.members[gone]
    assert stage.forwarder.end(stage.now)
    assert stage.server.names == {}


def test_a_delete_that_the_partner_does_not_take_is_tried_again(stage):
    stage.server.answers = [503]
    assert not stage.forwarder.end(stage.now)
    asked = len(stage.server.requests)
    assert not stage.forwarder.end(stage.now)
    assert len(stage.server.requests) == asked
    stage.now = stage.forwarder.waits
    assert stage.forwarder.end(stage.now)
    assert stage.server.names == {}


def test_a_delete_that_is_refused_is_a_fault_and_is_asked_for_again_after_resume(stage):
    stage.server.answers = [403]
    assert not stage.forwarder.end(stage.now)
    assert stage.forwarder.connection.fault.failure.status == 403
    asked = len(stage.server.requests)
    assert not stage.forwarder.end(stage.now)
    assert len(stage.server.requests) == asked
    stage.forwarder.resume()
    assert stage.forwarder.end(stage.now)
    assert stage.server.names == {}


@pytest.mark.parametrize("kind", ["read", "write"])
def test_lists_are_asked_for_and_made_only_when_the_bucket_of_their_class_has_room(tmp_path, kind):
    stage = Stage(tmp_path)
    stage.people.put(1, email=["a@x.com"])
    stage.begin()
    stage.forwarder._world.buckets[kind].close(stage.now + 5_000)
    for _ in range(3):
        following = stage.forwarder.work()
    assert (following, stage.server.requests) == (1_005_000, [])
    stage.work()
    assert stage.server.of("Big Spenders (email)") == {"a@x.com"}
    stage.forwarder.close()


def test_who_dies_after_any_number_of_steps_comes_back_and_ends_exact(tmp_path):
    for steps, lost in itertools.product(range(12), (0, 1)):
        stage = Stage(tmp_path / f"{steps}-{lost}")
        stage.people.put(1, email=["a@x.com"])
        stage.begin()
        stage.work()
        stage.people.put(1, email=["b@x.com"])
        stage.people.put(2, email=["c@x.com"])
        stage.server.lost = lost
        for _ in range(steps):
            stage.forwarder.work()
        stage.people.put(1, member=False)
        stage.die()
        stage.work()
        assert stage.server.of("Big Spenders (email)") == {"c@x.com"}
        stage.forwarder.close()


def test_a_snapshot_takes_the_place_of_a_long_log(stage):
    for number in range(10, 400):
        stage.people.put(number, email=[f"{number}@x.com"])
    stage.work(5_000)
    before = set(stage.server.of("Big Spenders (email)"))
    stage.die()
    asked = len(stage.server.requests)
    stage.work()
    assert len(stage.server.requests) == asked
    assert stage.server.of("Big Spenders (email)") == before
    assert len(before) == 392


def test_two_forwarders_of_one_log_do_not_both_write(stage):
    first = stage.forwarder
    stage.begin()
    stage.people.put(3, email=["c@x.com"])
    with pytest.raises(Superseded):
        for _ in range(10):
            first.work()
    first.close()


def test_who_waited_sends_nothing_when_another_has_taken_over(stage):
    first = stage.forwarder
    stage.people.put(3, email=["c@x.com"])
    stage.server.answers = [503]
    for _ in range(2):
        first.work()
    stage.begin()
    stage.people.users[3] = Standing(3, False, {})
    stage.work()
    stage.now += HOUR
    with pytest.raises(Superseded):
        first.work()
    assert stage.server.of("Big Spenders (email)") == {"a@x.com", "b@x.com"}
    first.close()


def test_what_was_refused_is_tried_again_although_it_dies_while_it_is_resumed(stage, monkeypatch):
    stage.people.put(3, email=["bad@x.com"])
    stage.work()
    stage.server.answers = [401]
    stage.people.put(4, email=["d@x.com"])
    stage.work()
    monkeypatch.setattr(stage.forwarder, "refill", lambda: 1 // 0)
    with pytest.raises(ZeroDivisionError):
        stage.forwarder.resume()
    stage.die()
    stage.forwarder.resume()
    assert stage.forwarder.connection.backlog == 4


def erase(stage, mpid):
    stage.people.users[mpid] = Standing(mpid, False, {})
    stage.people.log.append((mpid,))
    stage.people.gone += 1


def written(folder):
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_who_was_erased_is_taken_off_and_nothing_of_them_stays_in_the_log(stage, tmp_path):
    erase(stage, 2)
    assert b"b@x.com" in written(tmp_path)
    stage.work()
    assert stage.server.of("Big Spenders (phone)") == set()
    assert b"b@x.com" not in written(tmp_path)
    stage.die()
    assert stage.forwarder.connection.forgotten == 1
    stage.people.put(3, email=["c@x.com"])
    stage.work()
    assert stage.server.of("Big Spenders (email)") == {"a@x.com", "c@x.com"}


def test_what_was_refused_of_who_was_erased_is_in_no_snapshot_either(stage, tmp_path, monkeypatch):
    stage.people.put(3, email=["bad@x.com"])
    stage.work()
    assert b"bad@x.com" in written(tmp_path)
    monkeypatch.setattr(stage.forwarder._keeper, "due", lambda: True)
    erase(stage, 3)
    stage.work()
    assert b"bad@x.com" not in written(tmp_path)


def test_who_was_erased_stays_in_the_ledger_until_the_partner_has_taken_them_off(stage, tmp_path):
    erase(stage, 2)
    stage.server.answers = [401]
    stage.work()
    assert b"b@x.com" in written(tmp_path)
    stage.forwarder.resume()
    stage.work()
    assert stage.server.of("Big Spenders (phone)") == set()
    assert b"b@x.com" not in written(tmp_path)


@pytest.mark.parametrize(
    ("missed", "told"), [([503, 503], "try 3 of 9: answer 503"), ([None], "try 2 of 9: no answer")]
)
def test_who_waits_for_a_partner_tells_which_try_comes_and_when(stage, missed, told):
    stage.people.put(3, email=["c@x.com"])
    stage.server.answers = [*missed]
    while stage.server.answers:
        stage.now = max(stage.now, stage.forwarder.work())
    following = stage.forwarder.work()
    waiting = stage.forwarder.figures("lists", stage.now).waiting
    assert (waiting.until, f"try {waiting.attempt} of {waiting.most}: {waiting.reason}") == (following, told)
    stage.work()
    assert stage.forwarder.figures("lists", stage.now).waiting is None
