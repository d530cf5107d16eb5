"""A forwarder dies at each of its named points, comes back from its log, and its partners end exact."""

import os
import random
from collections import Counter

import pytest

from raudience.catalog.build import audience
from raudience.catalog.commands import Configure, Connect, Disconnect, PutOutput, Resume
from raudience.cluster.client import Client
from raudience.cluster.inline import InlineEngine
from raudience.cluster.keepsakes import Keepsake
from raudience.criteria.build import user
from tests.chaos.crashing import FORWARDER_POINTS
from tests.forward.downstream import ADS, FLAGS, PLAIN, SHOP, Downstream
from tests.simulation.disk import Chance, Disk
from tests.stories.stage import utc

T = utc("2026-01-05T10:00:00Z")
PASSAGES = int(os.environ.get("RAUDIENCE_PASSAGES", "2"))
"""At each point, of all times that it is passed."""
MORE_PASSAGES = 10 * PASSAGES
"""Where chance decides how much of what was under way is kept."""


class Killed(BaseException):
    """kill -9: nobody on the way is asked."""


class Life:
    """An engine that lives on and forwarders that die. at: the point and its passage. losing: every third answer to
    what was carried out is lost."""

    def __init__(self, at=None, losing=False):
        self.at, self.passed, self.answers = at, Counter(), 0
        calm = Chance(random.Random(0))
        calm.calm = True
        self.disk, self.died = Disk(calm), False
        self.keepsake = Keepsake(self.disk, background=False, every=1_000, failpoint=self.failpoint)
        self.engine = InlineEngine(2)
        self.client = Client(self.engine, "ana")
        self.there = Downstream(T, self.lose if losing else lambda: False)
        self.outgoing = self.there.begin(self.engine, self.keepsake)

    def failpoint(self, point):
        self.passed[point] += 1
        if self.at == (point, self.passed[point]) and not self.died:
            self.died = True
            raise Killed

    def lose(self):
        self.answers += 1
        return self.answers % 3 == 0

    def settle(self):
        for _ in range(1_000):
            try:
                following = self.outgoing.work()
            except Killed:
                for name in list(self.disk.files):
                    self.disk.crash(name)
                self.outgoing = self.there.begin(self.engine, self.keepsake)
                continue
            if following is None:
                return
            self.there.now = max(self.there.now + 1, following)
        raise AssertionError("it never ends")

    def put(self, mpid, plan, **identities):
        self.client.ingest(
            [{"mpid": mpid, "user_attributes": {"plan": plan}, "user_identities": identities}], self.there.now
        )

    def decide(self, command):
        self.engine.decide(command, self.there.now)

    def connect(self, key, output, settings):
        self.decide(Connect("ana", key, output, settings=settings))
        return self.connection(key, output)

    def connection(self, key, output):
        every = self.engine.catalog().connections.values()
        return next((each for each in every if (each.audience, each.output) == (key, output)), None)

    def run(self):
        """Everything that happens to connections, one after the other; both partners are right after each step."""
        for step in STEPS:
            step(self)
            self.settle()
            assert self.there.wrong(self.engine) == [], step.__name__
        assert self.engine.catalog().departed == {}
        return self


def begin(life):
    for key, name in (("pros", "Pros"), ("free", "Free riders")):
        life.client.audiences.create(audience(key, name, user("plan").exactly("pro" if key == "pros" else "free")))
    for output in (ADS, SHOP):
        life.decide(PutOutput("ana", output))
    for mpid in range(1, 6):
        life.put(
            mpid, "pro" if mpid < 4 else "free", email=f"{mpid}@x.com", twitter=f"@U{mpid}", customer_id=f"c{mpid}"
        )
    life.connect("pros", "ads", FLAGS)
    life.connect("free", "ads", FLAGS)
    life.connect("pros", "shop", PLAIN)


def members_change(life):
    life.put(1, "free")
    life.put(4, "pro")
    life.put(2, "pro", email="new@x.com")
    life.put(3, "pro", twitter=None, email="new@x.com")


def a_kind_is_switched_off(life):
    for key, output, flag in (("pros", "ads", "forward_twitter_handles"), ("pros", "shop", "forward_email")):
        found = life.connection(key, output)
        life.decide(Configure("ana", found.id, {**found.settings, flag: False}))


def and_on_again_under_another_name(life):
    life.client.audiences.rename("pros", "Professionals", "Loyal")
    for output, settings in (("ads", FLAGS), ("shop", PLAIN)):
        life.decide(Configure("ana", life.connection("pros", output).id, settings))
    life.put(1, "pro", email="back@x.com")


def x_lets_nobody_in_until_somebody_resumes(life):
    token = life.there.x.tokens.pop("tk")
    life.put(4, "free")
    life.put(5, "pro")
    life.settle()
    life.there.x.tokens["tk"] = token
    for key in ("pros", "free"):
        life.decide(Resume("ana", life.connection(key, "ads").id))


def one_leaves_the_archive_and_one_is_disconnected(life):
    life.client.audiences.archive("pros")
    life.decide(Disconnect("ana", life.connection("free", "ads").id, "remove"))
    life.settle()
    assert life.there.wrong(life.engine) == []
    life.client.audiences.activate("pros")


def the_audience_is_deleted(life):
    life.client.audiences.delete("pros")
    life.settle()
    assert life.there.x.lists() in ([], ["Free riders (email)", "Free riders (handle)"])
    assert [told["name"] for told in life.there.receiver.deleted] == ["Loyal"]


STEPS = (begin, members_change, a_kind_is_switched_off, and_on_again_under_another_name,
         x_lets_nobody_in_until_somebody_resumes, one_leaves_the_archive_and_one_is_disconnected,
         the_audience_is_deleted)  # fmt: skip


@pytest.fixture(scope="module")
def passages():
    """How often each point is passed when nobody dies."""
    return {losing: Life(losing=losing).run().passed for losing in (False, True)}


@pytest.mark.parametrize("losing", [False, True], ids=["answers come", "every third answer is lost"])
@pytest.mark.parametrize("point", FORWARDER_POINTS)
def test_who_dies_at_a_point_comes_back_and_the_partners_are_exact(point, losing, passages):
    most = passages[losing][point]
    assert most
    times = MORE_PASSAGES if point == "while appending" else PASSAGES
    for passage in sorted({1 + most * part // times for part in range(times)} & set(range(1, most + 1))):
        life = Life((point, passage), losing).run()
        assert life.died


def test_there_is_no_other_point(passages):
    assert set(passages[False]) == set(FORWARDER_POINTS)
