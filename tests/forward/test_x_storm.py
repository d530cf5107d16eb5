"""A storm over the fake X, through the forwarder with its log, real requests and real signatures: members enter, leave
and change identities, faults come and go, the forwarder dies; in the end X holds exactly the members.

RAUDIENCE_EXAMPLES=2000 runs that many storms instead of the fixed few."""

import os
import random

import msgspec
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from raudience.cluster.calling import Surroundings
from raudience.cluster.forwarding import Forwarder, Link
from raudience.cluster.keepsakes import Keepsake
from raudience.forward.buckets import Bucket
from raudience.forward.entries import Entry
from raudience.forward.partner import Response
from raudience.forward.partners.x import X
from tests.chaos.crashing import FORWARDER_POINTS
from tests.cluster.test_forwarding import People
from tests.forward.cases_x import PickyX, hashed
from tests.forward.downstream import AT_X, FLAGS, SECRETS
from tests.forward.fakes.wire import Lost
from tests.forward.fakes.x import ACCOUNT
from tests.simulation.disk import Chance, Disk
from tests.stories.stage import DAY, utc

NOW = utc("2026-01-05T10:00:00Z")
POISON = "poison@x.com"
EMAILS = ("a@x.com", " A@X.com", "b@x.com", "c@x.com", "d@x.com", hashed("e@x.com"), POISON)
HANDLES = ("@one", "two")
DEVICES = ("07d2ebaa-0000-4000-8000-000000000001", "07D2EBAA-0000-4000-8000-000000000001")
TROUBLES = (
    {"status": 429, "code": "TOO_MANY_REQUESTS"}, {"status": 503, "code": "OVER_CAPACITY"},
    {"status": 500, "code": "INTERNAL_ERROR", "applied": True}, {"lost": True}, {"lost": True, "applied": True},
    {"counts": (0, 1), "where": "/users"}, {"status": 403, "code": "ACTION_NOT_ALLOWED"},
    {"status": 401, "code": "UNAUTHORIZED_ACCESS"}, {"status": 502, "body": b"<html>"},
)  # fmt: skip


class SmallX(X):
    """X that takes few users in a request, so that few users are many requests."""

    limits = msgspec.structs.replace(X.limits, items=3)


class Killed(BaseException):
    """kill -9."""


class Storm(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        calm = Chance(random.Random(0))
        calm.calm = True
        self.people, self.x, self.now, self.nonces = People(), PickyX(), NOW, 0
        self.x.refused.add(hashed(POISON))
        self.disk, self.fatal, self.names = Disk(calm), None, 0
        self.keepsake = Keepsake(self.disk, background=False, every=1_500, failpoint=self.failpoint)
        self.link = Link("c1", "Big Spenders", {"account_id": ACCOUNT, **SECRETS["x"], **FLAGS})
        self.begin()

    def begin(self):
        partner = SmallX()
        kinds = ("members", "write", "read")
        rates = {kind: partner.limits.rate(kind) for kind in kinds}
        buckets = {kind: Bucket(rate.requests, rate.window) for kind, rate in rates.items()}
        world = Surroundings(self.send, lambda: self.now, lambda: 0.5, self.nonce, buckets, self.together)
        while True:
            try:
                keeper = self.keepsake.keeper("forward-c1", Entry)
                self.forwarder = Forwarder(self.link, partner, self.people, world, keeper, self.failpoint)
            except Killed:
                self.disk.crash("forward-c1")
            else:
                return

    def nonce(self):
        self.nonces += 1
        return f"n{self.nonces}"

    def send(self, request):
        try:
            status, headers, body = self.x(request.method, request.url, dict(request.headers), request.body, self.now)
        except Lost:
            return None
        return Response(status, headers, body)

    def together(self, requests):
        """The last one arrives first."""
        return [self.send(each) for each in reversed(requests)][::-1]

    def failpoint(self, point):
        if point == self.fatal:
            self.fatal = None
            raise Killed

    def work(self, steps):
        """Whether it has come to rest."""
        for _ in range(steps):
            try:
                following = self.forwarder.work()
            except Killed:
                self.disk.crash("forward-c1")
                self.begin()
                continue
            if following is None:
                return True
            self.now = max(self.now + 1, following)
        return False

    @rule(
        mpid=st.integers(1, 8),
        member=st.booleans(),
        emails=st.sets(st.sampled_from(EMAILS), max_size=3),
        handles=st.sets(st.sampled_from(HANDLES), max_size=1),
        devices=st.sets(st.sampled_from(DEVICES), max_size=1),
    )
    def a_user_comes_goes_or_changes(self, mpid, member, emails, handles, devices):
        self.people.put(mpid, member, email=emails, twitter=handles, ios_advertising_id=devices)

    @rule(steps=st.integers(1, 6))
    def the_forwarder_works(self, steps):
        self.work(steps)

    @rule(point=st.sampled_from(FORWARDER_POINTS))
    def the_forwarder_dies_the_next_time_it_comes_there(self, point):
        self.fatal = point

    @rule(trouble=st.sampled_from(TROUBLES), times=st.integers(1, 3))
    def x_is_in_trouble(self, trouble, times):
        self.x.trouble(**trouble, times=times)

    @rule()
    def x_lets_nobody_in(self):
        self.x.tokens.pop("tk", None)

    @rule()
    def x_lets_them_in_and_somebody_resumes(self):
        self.x.tokens["tk"] = self.x.users_token
        self.resume()

    @rule(form=st.sampled_from(["list", "object", "users", "none"]))
    def x_tells_otherwise_what_is_wrong(self, form):
        self.x.error_form = form

    @rule(data=st.data())
    @precondition(lambda self: self.x.lists())
    def somebody_deletes_a_list_at_x(self, data):
        self.x.delete_by_hand(data.draw(st.sampled_from(self.x.lists())))

    @rule(flag=st.sampled_from(sorted(FLAGS)))
    def a_kind_is_switched(self, flag):
        self.change(settings={**self.link.settings, flag: not self.link.settings[flag]})

    @rule()
    def the_audience_is_renamed(self):
        self.names += 1
        self.change(name=f"Big Spenders {self.names}")

    @rule(days=st.integers(1, 100))
    def time_passes(self, days):
        self.now += days * DAY

    def change(self, **other):
        self.link = msgspec.structs.replace(self.link, **other)
        try:
            self.forwarder.change(self.link)
        except Killed:
            self.disk.crash("forward-c1")
            self.begin()

    def resume(self):
        try:
            if self.forwarder.connection.fault is not None:
                self.forwarder.resume()
        except Killed:
            self.disk.crash("forward-c1")
            self.begin()

    @invariant()
    def nothing_is_sent_in_the_clear(self):
        assert not any(b"@" in body or b"x.com" in body for _, _, body in self.x.requests)

    def teardown(self):
        self.fatal, self.x.troubles = None, []
        self.x.tokens["tk"] = self.x.users_token
        self.rest()
        # A list that is gone is noticed when members are sent again.
        self.disk.crash("forward-c1")
        self.begin()
        self.now += 340 * DAY
        self.rest()
        for kind, (flag, names) in AT_X.items():
            name = f"{self.link.name} ({kind})"
            held = self.x.members(name, self.now) if name in self.x.lists() else set()
            assert held == (self.wanted(names) if self.link.settings[flag] else set())
        assert {name.rpartition(" (")[0] for name in self.x.lists()} <= {self.link.name}

    def rest(self):
        for _ in range(8):
            assert self.work(2_000)
            if self.forwarder.connection.fault is None:
                assert self.forwarder.connection.backlog == 0
                return
            self.resume()
        raise AssertionError(self.forwarder.connection.fault)

    def wanted(self, names):
        members = [user for user in self.people.users.values() if user.member]
        texts = {value for user in members for name in names for value in user.identities.get(name, ())}
        return {sent(text) for text in texts} - self.x.refused


def sent(text):
    """As X has it: what is a hash already is taken as it is."""
    normal = text.strip().lower().removeprefix("@")
    return normal if len(normal) == 64 else hashed(normal)


TestStorm = Storm.TestCase
TestStorm.settings = settings(
    max_examples=int(os.environ.get("RAUDIENCE_EXAMPLES", "40")), stateful_step_count=30, deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)  # fmt: skip
