"""What is decided while something else is under way at a partner: in the end it holds exactly what it should."""

import random

import pytest

from raudience.catalog.build import audience
from raudience.catalog.commands import Configure, Connect, Disconnect, PutOutput, Resume, Switch
from raudience.cluster.client import Client
from raudience.cluster.inline import InlineEngine
from raudience.cluster.keepsakes import Keepsake
from raudience.criteria.build import user
from tests.forward.downstream import ADS, FLAGS, PLAIN, SHOP, Downstream
from tests.forward.fakes.x import ACCOUNT
from tests.simulation.disk import Chance, Disk
from tests.stories.stage import utc

T = utc("2026-01-05T10:00:00Z")


class World:
    """Two audiences, `pros` and `free`, with two members each, and partners at which nothing is connected yet."""

    def __init__(self):
        self.engine, self.there = InlineEngine(1), Downstream(T)
        self.client = Client(self.engine, "ana")
        for key in ("pros", "free"):
            self.client.audiences.create(audience(key, key.title(), user("plan").exactly(key)))
        for output in (ADS, SHOP):
            self.decide(PutOutput("ana", output))
        self.client.ingest(
            [{"mpid": mpid, "user_attributes": {"plan": "pros" if mpid < 3 else "free"},
              "user_identities": {"email": f"{mpid}@x.com"}} for mpid in range(1, 5)], T,
        )  # fmt: skip
        calm = Chance(random.Random(0))
        calm.calm = True
        self.disk = Disk(calm)
        self.outgoing = self.there.begin(self.engine, Keepsake(self.disk, background=False))

    def decide(self, command):
        self.engine.decide(command, self.there.now)

    def connect(self, key, output="ads"):
        self.decide(Connect("ana", key, output, settings=FLAGS if output == "ads" else PLAIN))
        return [*self.engine.catalog().connections][-1]

    def settle(self):
        for _ in range(2_000):
            following = self.outgoing.work()
            if following is None:
                return
            self.there.now = max(self.there.now + 1, following)
        raise AssertionError("it never ends")

    def resume(self):
        """Until nothing is stopped any longer."""
        for _ in range(5):
            self.settle()
            for each in self.engine.catalog().connections.values():
                if each.stop is not None:
                    self.decide(Resume("ana", each.id))

    def wrong(self):
        assert self.engine.catalog().departed == {}
        return self.there.wrong(self.engine)


@pytest.fixture
def world():
    return World()


@pytest.mark.parametrize("output", ["ads", "shop"])
def test_who_is_being_sent_when_the_connection_is_to_be_removed_is_removed_afterwards(world, output):
    connection = world.connect("pros", output)
    world.there.x.trouble(503, times=3, where="/users")
    world.there.receiver.trouble(503, times=3)
    world.outgoing.work()
    world.decide(Disconnect("ana", connection, "remove"))
    world.settle()
    assert world.wrong() == []


def test_who_waits_for_a_name_that_is_being_given_up_begins_when_it_is_free(world):
    connection = world.connect("pros")
    world.settle()
    world.decide(Disconnect("ana", connection, "remove"))
    world.connect("pros")
    world.settle()
    assert len(world.there.at_x("Pros (email)")) == 2
    assert world.wrong() == []


def test_an_audience_gets_the_name_of_one_that_was_deleted_when_its_list_is_gone(world):
    for key in ("pros", "free"):
        world.connect(key)
    world.settle()
    world.there.x.trouble(503)
    world.client.audiences.delete("pros")
    world.client.audiences.rename("free", "Free", "Pros")
    world.settle()
    assert [each.stop for each in world.engine.catalog().connections.values()] == [None]
    assert world.wrong() == []


def test_what_is_said_again_under_another_name_is_another_event(world):
    connection = world.connect("pros", "shop")
    world.there.receiver.trouble(lost=True)
    world.outgoing.work()
    world.client.audiences.rename("pros", "Pros", "Loyal")
    world.settle()
    assert {told["name"] for told in world.there.receiver.users(connection).values()} == {"Loyal"}
    assert world.wrong() == []


def test_a_list_whose_new_name_was_not_told_yet_is_nobody_elses(world):
    connection = world.connect("pros")
    world.settle()
    world.decide(Switch("ana", connection, False))
    world.client.audiences.rename("pros", "Pros", "Loyal")
    world.client.audiences.rename("free", "Free", "Pros")
    world.connect("free")
    world.resume()
    assert len(world.there.at_x("Pros (email)")) == 2
    world.decide(Switch("ana", connection, True))
    world.resume()
    assert world.wrong() == []


def test_names_are_exchanged_while_nobody_is_at_work(world):
    for key in ("pros", "free"):
        world.connect(key)
    world.settle()
    for key, name in (("pros", "Other"), ("free", "Pros"), ("pros", "Free")):
        world.client.audiences.rename(key, key, name)
    world.settle()
    assert world.wrong() == []


def test_who_is_to_be_removed_is_removed_though_the_new_name_is_taken_at_the_partner(world):
    connection = world.connect("pros")
    world.settle()
    world.client.audiences.rename("pros", "Pros", "Loyal")
    world.decide(Disconnect("ana", connection, "remove"))
    world.there.x.create_audience("u1", {"name": "Loyal (email)"}, ACCOUNT, now=T)
    world.settle()
    assert world.wrong() == []


def test_who_has_a_fault_asks_for_nothing_not_even_another_name(world):
    world.connect("pros")
    world.settle()
    token = world.there.x.tokens.pop("tk")
    world.client.ingest([{"mpid": 3, "user_attributes": {"plan": "pros"}}], T + 1_000)
    world.settle()
    asked = len(world.there.x.requests)
    world.client.audiences.rename("pros", "Pros", "Loyal")
    world.settle()
    assert len(world.there.x.requests) == asked
    world.there.x.tokens["tk"] = token
    world.resume()
    assert world.wrong() == []


def test_what_is_switched_off_while_it_is_under_way_is_not_put_on_any_longer(world):
    connection = world.connect("pros")
    world.there.x.trouble(503, times=3, where="/users")
    world.outgoing.work()
    asked = len(world.there.x.requests)
    world.decide(Configure("ana", connection, {**FLAGS, "forward_emails": False}))
    world.settle()
    assert [body for _, _, body in world.there.x.requests[asked:] if b"Update" in body] == []
    assert world.wrong() == []


def test_a_list_that_cannot_be_made_now_is_not_asked_for_again_before_its_time(world):
    world.connect("pros")
    world.there.x.trouble(503, where="custom_audiences")
    following = world.outgoing.work()
    asked = len(world.there.x.requests)
    assert world.outgoing.work() == following > world.there.now
    assert len(world.there.x.requests) == asked
    world.settle()
    assert world.wrong() == []


@pytest.mark.parametrize("downstream", ["keep", "remove"])
def test_nothing_is_kept_here_of_a_connection_that_is_no_more(world, downstream):
    connection = world.connect("pros")
    world.settle()
    assert list(world.disk.files) == [f"forward-{connection}"]
    world.decide(Disconnect("ana", connection, downstream))
    world.settle()
    assert world.disk.files == {}


def test_an_identity_changes_at_the_moment_at_which_somebody_else_enters(world):
    world.connect("pros")
    world.settle()
    world.client.ingest(
        [{"mpid": 1, "user_identities": {"email": "new@x.com"}}, {"mpid": 3, "user_attributes": {"plan": "pros"}}],
        T + 1_000,
    )
    world.settle()
    assert world.wrong() == []
