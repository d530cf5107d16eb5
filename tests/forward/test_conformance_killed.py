"""The forwarder of every partner is killed at each named point and comes back from its log; the partner ends exact."""

import itertools
import random
from collections import Counter
from email.utils import formatdate

import msgspec
import pytest

from raudience.cluster.calling import Surroundings
from raudience.cluster.forwarding import Forwarder, Link
from raudience.cluster.keepsakes import Keepsake
from raudience.forward.buckets import Bucket
from raudience.forward.entries import Entry
from raudience.forward.partner import Response
from tests.chaos.crashing import FORWARDER_POINTS
from tests.cluster.test_forwarding import People
from tests.forward.cases import CASES
from tests.forward.conformance import CONNECTION, SIGNED
from tests.simulation.disk import Chance, Disk

LOG = f"forward-{CONNECTION}"
OF_OUTGOING = ("after forgetting",)
"""Points of who begins and ends forwarders."""
POINTS = [point for point in FORWARDER_POINTS if point not in OF_OUTGOING]


class Killed(BaseException):
    """kill -9."""


class Life:
    """A forwarder of a partner that dies once. at: the point and its passage. losing: every third answer is lost."""

    def __init__(self, case, at=None, losing=False):
        calm = Chance(random.Random(0))
        calm.calm = True
        self.case, self.fake, self.at, self.losing = case, case.make(), at, losing
        self.disk, self.people, self.now, self.passed = Disk(calm), People(), SIGNED, Counter()
        self.died, self.asked, self.numbers = False, 0, itertools.count()
        self.keepsake = Keepsake(self.disk, background=False, every=800)
        partner = case.partner
        tables = (*partner.output_settings, *partner.connection_settings)
        defaults = {each.name: each.default for each in tables}
        settings = {**defaults, **case.output, **{kind.flag: True for kind in case.kinds}}
        self.link = Link(CONNECTION, "Big Spenders", settings, "big-spenders")
        self.begin()

    def begin(self):
        partner = self.case.partner
        limits = partner.bounds(self.link.settings)
        buckets = {kind: Bucket(limits.rate(kind).requests, limits.rate(kind).window) for kind in
                   ("members", "write", "read")}  # fmt: skip
        world = Surroundings(self.send, lambda: self.now, lambda: 0.5, lambda: f"n{next(self.numbers)}", buckets)
        while True:
            try:
                keeper = self.keepsake.keeper(LOG, Entry)
                self.forwarder = Forwarder(self.link, partner, self.people, world, keeper, self.failpoint)
            except Killed:
                self.disk.crash(LOG)
            else:
                return

    def failpoint(self, point):
        self.passed[point] += 1
        if self.at == (point, self.passed[point]) and not self.died:
            self.died = True
            raise Killed

    def send(self, request):
        self.now += 1
        self.asked += 1
        status, headers, body = self.fake(request.method, request.url, dict(request.headers), request.body, self.now)
        told = {"date": formatdate(self.now // 1_000, usegmt=True), **headers}
        return None if self.losing and self.asked % 3 == 0 else Response(status, told, body)

    def surely(self, act):
        """Do something that the forwarder may not survive; whoever has died does it again."""
        while True:
            try:
                return act()
            except Killed:
                self.disk.crash(LOG)
                self.begin()

    def change(self, **other):
        self.link = msgspec.structs.replace(self.link, **other)
        self.surely(lambda: self.forwarder.change(self.link))

    def work(self):
        """One step of the forwarder that is there."""
        return self.forwarder.work()

    def settle(self):
        while (following := self.surely(self.work)) is not None:
            self.now = max(self.now + 1, following)
        assert self.forwarder.connection.fault is None
        for kind in self.case.kinds:
            assert self.case.members(self.fake, self.link.name, kind.kind, self.now) == self.wanted(kind)

    def wanted(self, kind):
        members = [user for user in self.people.users.values() if user.member and self.link.settings[kind.flag]]
        return {kind.sent(text) for user in members for text in user.identities.get(kind.identity, ())}

    def put(self, mpid, *texts, member=True):
        names = (kind.identity for kind in self.case.kinds)
        self.people.put(mpid, member, **{name: (text,) for name, text in zip(names, texts, strict=False)})

    def run(self):
        _, second = self.case.kinds
        for mpid, name in enumerate(("Ann", "Bob", "Cem")):
            self.put(mpid, f"{name}@x.org".lower(), name)
        self.settle()
        self.put(0, "ann@y.org", "Ann")
        self.put(1, "bob@x.org", "Bob", member=False)
        self.put(3, "ann@x.org")
        self.settle()
        self.change(settings={**self.link.settings, second.flag: False})
        self.settle()
        self.change(settings={**self.link.settings, second.flag: True}, name="Biggest Spenders")
        self.put(1, "bob@x.org", "Bob")
        self.settle()
        deleted = self.now
        while not self.surely(lambda: self.forwarder.end(deleted)):
            self.now = max(self.now + 1, self.forwarder.waits)
        return self


@pytest.mark.parametrize("losing", [False, True], ids=["answers come", "every third answer is lost"])
@pytest.mark.parametrize("case", CASES, ids=repr)
def test_it_is_killed_at_each_named_point(case, losing):
    passed = Life(case, losing=losing).run().passed
    for point in POINTS:
        for passage in {1, (passed[point] + 1) // 2, passed[point]} & set(range(1, passed[point] + 1)):
            life = Life(case, (point, passage), losing).run()
            assert life.died
            # Who is told of a deletion and keeps no lists may be told twice.
            assert case.partner.deletes != "delete" or case.ended(life.fake, life.link.name)


@pytest.mark.parametrize("case", CASES, ids=repr)
def test_every_point_is_passed_that_a_partner_has(case):
    missing = set(POINTS) - set(Life(case).run().passed)
    assert missing <= {"after making a list", "after listing", "after renaming a list", "after deleting a list"}
    assert not missing or case.partner.id != "x"
