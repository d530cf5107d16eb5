"""User attributes that are shared, from events to a receiver (semantics 195 to 200)."""

import itertools
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from raudience.catalog.build import audience
from raudience.catalog.commands import Configure, Connect, PutOutput
from raudience.catalog.outputs import Output
from raudience.cluster.client import connect
from raudience.cluster.keepsakes import Keepsake, Place
from raudience.cluster.outgoing import Outgoing
from raudience.criteria.build import user
from raudience.errors import FixDefinition
from raudience.forward.partner import Response
from raudience.forward.partners import PARTNERS
from tests.forward.fakes.receiver import Receiver
from tests.stories.stage import utc

T = utc("2026-01-05T10:00:00Z")
SETTINGS = {"address": "https://receiver.example/audiences", "source": "/shop"}
HOOK = Output("hook", "Our CRM", "webhook", SETTINGS)


class World:
    """An engine with an audience that is connected to a receiver of webhooks."""

    def __init__(self, *attributes, shards=2, state=None):
        self.receiver, self.seconds, self.state, self.shards = Receiver(), itertools.count(1), state, shards
        self.now = T + 10**6
        self.begin()
        self.client.audiences.create(audience("pros", "Pros", user("plan").exactly("pro")))
        self.engine.decide(PutOutput("ana", HOOK), T)
        self.engine.decide(Connect("ana", "pros", "hook", settings={"forward_email": True}, attributes=attributes), T)

    def begin(self):
        self.client = connect(engine="inline", shards=self.shards, state=self.state, by="ana")
        self.engine = self.client._engine
        kept = None if self.state is None else Keepsake(Place(str(self.state / "forwarding")), background=False)
        self.outgoing = Outgoing(self.engine, PARTNERS.__getitem__, self.opened, self.send, kept, lambda: self.now)

    def opened(self, output):
        return {**output.settings, "secret": "s3cret"}

    def send(self, request):
        try:
            return Response(*self.asked(request))
        except ConnectionResetError:
            return None

    def asked(self, request):
        return self.receiver(request.method, request.url, dict(request.headers), request.body, self.now)

    def put(self, mpid, **attributes):
        batch = {"mpid": mpid, "user_identities": {"email": f"{mpid}@x.com"}, "user_attributes": attributes}
        self.client.ingest([batch], T + next(self.seconds))

    def choose(self, *names):
        (connection,) = self.engine.catalog().connections.values()
        self.engine.decide(Configure("ana", connection.id, attributes=names), T)

    def told(self):
        """{mpid: attributes} of the members that the receiver knows."""
        assert self.outgoing.settle()
        (connection,) = self.engine.catalog().connections
        return {int(mpid): told["attributes"] for mpid, told in self.receiver.users(connection).items()}

    def close(self):
        self.outgoing.close()
        self.client.close()


@pytest.fixture(params=[1, 3])
def shards(request):
    return request.param


def test_none_is_shared_unless_it_is_chosen(shards):
    world = World(shards=shards)
    world.put(1, plan="pro", ltv=420.5)
    assert world.told() == {1: {}}
    world.put(1, ltv=421)
    asked = len(world.receiver.requests)
    world.outgoing.settle()
    assert len(world.receiver.requests) == asked


def test_chosen_attributes_go_along_and_no_others(shards):
    world = World("ltv", "tags", shards=shards)
    world.put(1, plan="pro", ltv=420.5, tags=["a", "b"], secret="x")
    world.put(2, plan="pro")
    assert world.told() == {1: {"ltv": 420.5, "tags": ["a", "b"]}, 2: {}}


def test_a_value_that_becomes_another_is_told_though_nobody_enters(shards):
    world = World("ltv", shards=shards)
    world.put(1, plan="pro", ltv=1)
    world.put(2, plan="free", ltv=1)
    world.told()
    world.put(1, ltv=2)
    world.put(2, ltv=2)
    assert world.told() == {1: {"ltv": 2}}


def test_another_choice_is_told_of_all_members(shards):
    world = World("ltv", shards=shards)
    world.put(1, plan="pro", ltv=1, city="Paris")
    world.told()
    world.choose("city")
    assert world.told() == {1: {"city": "Paris"}}
    world.put(1, city="Rome", ltv=5)
    assert world.told() == {1: {"city": "Rome"}}
    world.choose()
    assert world.told() == {1: {}}


def test_it_stays_so_when_the_audiences_are_defined_anew(shards):
    world = World("ltv", shards=shards)
    world.put(1, plan="pro", ltv=1)
    world.told()
    world.client.define([audience("pros", "Pros", user("plan").exactly("pro"))], at=T + 10**4)
    world.seconds = itertools.count(10**4)
    world.put(1, ltv=2)
    assert world.told() == {1: {"ltv": 2}}


def test_a_choice_that_was_made_while_nothing_was_sent_is_told_by_the_next_forwarder(tmp_path):
    world = World(state=tmp_path)
    world.put(1, plan="pro", ltv=1)
    assert world.told() == {1: {}}
    world.close()
    world.begin()
    world.choose("ltv")
    assert world.told() == {1: {"ltv": 1}}
    world.close()
    world.begin()
    world.put(1, ltv=2)
    assert world.told() == {1: {"ltv": 2}}
    asked = len(world.receiver.requests)
    world.close()
    world.begin()
    assert (world.told(), len(world.receiver.requests)) == ({1: {"ltv": 2}}, asked)
    world.close()


def test_nobody_is_told_a_value_before_its_changes_are_told(monkeypatch):
    world = World()
    world.put(1, plan="pro", ltv=1)
    world.told()
    filled = world.engine.fill
    monkeypatch.setattr(world.engine, "fill", lambda: None)
    world.choose("ltv")
    assert world.told() == {1: {}}
    world.put(1, ltv=2)
    filled()
    assert world.told() == {1: {"ltv": 2}}


def test_a_partner_that_takes_identities_alone_is_given_no_attributes(monkeypatch):
    monkeypatch.setenv("RAUDIENCE_SECRET_KEY", "A" * 43 + "=")
    world = World()
    secrets = dict.fromkeys(("consumer_key", "consumer_secret", "token", "token_secret"), "t")
    world.client.outputs.create("ads", "x", {"account_id": "1", **secrets})
    with pytest.raises(FixDefinition, match=r"attributes: expected none: .* takes identities alone, got `ltv`, `city`"):
        world.client.connections.connect("pros", "ads", attributes=("ltv", "city"))
    key = world.client.connections.connect("pros", "ads").connection.id
    with pytest.raises(FixDefinition, match="identities alone, got `ltv`"):
        world.client.connections.configure(key, attributes=("ltv",))


VALUES = st.dictionaries(st.sampled_from(["ltv", "city"]), st.sampled_from([1, 2.5, "x", ["a", "b"]]))


class Storm(RuleBasedStateMachine):
    """Users, choices, troubles and forwarders that die: at rest the receiver knows exactly what it should."""

    def __init__(self):
        super().__init__()
        self.folder = TemporaryDirectory()
        self.world, self.users, self.chosen = World("ltv", state=Path(self.folder.name)), {}, ("ltv",)

    @rule(plan=st.sampled_from(["pro", "pro", "free"]), each=st.lists(VALUES, max_size=3), rests=st.booleans())
    def happens(self, plan, each, rests):
        for mpid, values in enumerate(each):
            self.users[mpid] = {**self.users.get(mpid, {}), "plan": plan, **values}
            self.world.put(mpid, plan=plan, **values)
        if rests:
            self.comes_to_rest()

    @rule(names=st.lists(st.sampled_from(["ltv", "city", "plan"]), unique=True, max_size=2))
    def chooses(self, names):
        self.chosen = tuple(names)
        self.world.choose(*names)

    @rule(status=st.sampled_from([0, 503]))
    def goes_wrong(self, status):
        self.world.receiver.trouble(status, lost=not status)

    @rule(turns=st.integers(1, 3))
    def works(self, turns):
        for _ in range(turns):
            self.world.outgoing.work()

    @rule()
    def dies(self):
        self.world.close()
        self.world.begin()

    @rule()
    def comes_to_rest(self):
        self.world.receiver.troubles.clear()
        self.world.now += 600_000
        assert self.world.told() == {
            mpid: {name: user[name] for name in self.chosen if name in user}
            for mpid, user in self.users.items()
            if user["plan"] == "pro"
        }

    def teardown(self):
        self.comes_to_rest()
        self.world.close()
        self.folder.cleanup()


Storm.TestCase.settings = settings(max_examples=30, stateful_step_count=15, deadline=None)
TestStorm = pytest.mark.slow(Storm.TestCase)
