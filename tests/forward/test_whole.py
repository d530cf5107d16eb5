"""A connection whose partner takes users whole, and some of a request without the others."""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from raudience.errors import FixStore
from raudience.forward.connection import Connection, EnsureList, Look, Send, Standing, Wait
from raudience.forward.entries import Faulted, Heard, Listed, Resumed, Sending
from raudience.forward.keeping import load, snapshot
from raudience.forward.kinds import BadItems, Done, Partly, RateLimited, Retry
from raudience.forward.members import Member, decode
from raudience.forward.partner import Limits
from raudience.forward.sink import PLAIN

ON = {"forward_email": True, "send_anonymous_users": False}
SMALL = Limits(items=2, bytes=1_000_000, requests=100, window=60_000)
BUSY = Retry(0, "ServiceUnavailableException", "Slow down.")
POISON = "poison"


class Store:
    """A partner that knows users. bad: it refuses whoever has this address, and does not say who it is."""

    def __init__(self):
        self.users, self.requests = {}, []

    def take(self, items, takes=lambda place: True):
        self.requests.append(tuple(items))
        if any(POISON in decode(item.value).identities.get("email", ()) for item in items if item.add):
            return BadItems(422, "", "somebody")
        taken = [place for place in range(len(items)) if takes(place)]
        for place in taken:
            self.put(items[place])
        return Done() if len(taken) == len(items) else Partly(tuple(taken), BUSY)

    def put(self, item):
        member = decode(item.value)
        assert {decode(value).mpid for value in item.replaces} <= {member.mpid}
        self.users.pop(member.mpid, None)
        if item.add:
            self.users[member.mpid] = member


class Forwarding(RuleBasedStateMachine):
    """Users change, requests are taken, refused, taken in part or lost, the forwarder dies."""

    def __init__(self):
        super().__init__()
        self.users, self.store, self.log, self.kept = {}, Store(), [], None
        self.position, self.now = 0, 10_000_000
        self.connection = Connection(PLAIN, SMALL, ON, whole=True)

    def note(self, entries):
        for entry in entries:
            self.log.append(entry)
            self.connection.apply(entry)

    @rule(mpid=st.integers(1, 4), member=st.booleans(), email=st.sampled_from(["a", "b", None, POISON]),
          ltv=st.sampled_from([1, 2, None]))  # fmt: skip
    def changes(self, mpid, member, email, ltv):
        identities = {} if email is None else {"email": (email,)}
        self.users[mpid] = Standing(mpid, member, identities, {"ltv": ltv})
        self.position += 1
        self.note([Heard(self.position, (mpid,))])

    @rule(answer=st.sampled_from(["good", "good", "first", "second", "none", "lost before", "lost after"]))
    def works(self, answer):
        match self.connection.next(self.now):
            case EnsureList(kind):
                self.note([Listed(kind, "s", "s")])
            case Look(mpids):
                self.note(self.connection.planned([self.users[mpid] for mpid in mpids], self.now))
            case Send(_, batch):
                self.note(self.connection.judged(batch, self.sent(batch, answer), self.now, 0.5))
            case Wait(until):
                self.now = until or self.now

    def sent(self, batch, answer):
        if answer == "lost before":
            return BUSY
        only = {"first": 0, "second": 1, "none": 2}
        taken = self.store.take(batch.items, lambda place: answer not in only or place == only[answer])
        return BUSY if answer == "lost after" else taken

    @rule()
    def dies(self):
        self.connection = Connection(PLAIN, SMALL, ON, whole=True)
        first = 0
        if self.kept is not None:
            first, data = self.kept
            load(self.connection, data)
        for entry in self.log[first:]:
            self.connection.apply(entry)

    @rule()
    def keeps_a_snapshot(self):
        self.kept = (len(self.log), snapshot(self.connection))

    @rule()
    def comes_to_rest(self):
        while self.connection.next(self.now) != Wait(None):
            self.works("good")
            if self.connection.fault is not None:
                self.note([Resumed()])
        assert self.store.users == self.expected()

    def expected(self):
        return {
            each.mpid: Member(each.mpid, dict(each.identities), dict(each.attributes))
            for each in self.users.values()
            if each.member and each.identities and POISON not in each.identities["email"]
        }

    @invariant()
    def no_user_stands_twice_in_a_ledger_that_is_at_rest(self):
        if self.connection.next(self.now) == Wait(None):
            held = self.connection.held["user"]
            assert len(held) == len(list(held.users()))


Forwarding.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestForwarding = Forwarding.TestCase


def connected(users):
    """A connection that has planned what to send of these users."""
    connection = Connection(PLAIN, Limits(500, 4 << 20, 100, 60_000), ON, whole=True)
    connection.apply(Heard(1, tuple(user.mpid for user in users)))
    connection.apply(Listed("user", "s", "s"))
    plan(connection, users, 1_000)
    return connection


def plan(connection, users, now):
    for entry in connection.planned(users, now):
        connection.apply(entry)


def judge(connection, outcome, now=1_000):
    for entry in connection.judged(connection.next(now).batch, outcome, now, 0.0):
        connection.apply(entry)


def user(mpid, email, **attributes):
    return Standing(mpid, True, {"email": (email,)}, attributes)


def test_a_changed_attribute_replaces_the_user_in_one_item():
    connection = connected([user(1, "a", ltv=1), user(2, "b")])
    judge(connection, Done())
    connection.apply(Heard(2, (1, 2)))
    plan(connection, [user(1, "a", ltv=2), user(2, "b")], 2_000)
    (item,) = connection.next(2_000).batch.items
    assert (decode(item.value).attributes, item.add) == ({"ltv": 2}, True)
    assert [decode(value).attributes for value in item.replaces] == [{"ltv": 1}]


def test_only_what_was_not_taken_is_sent_again_at_the_same_instant_after_a_wait():
    connection = connected([user(mpid, str(mpid)) for mpid in range(1, 5)])
    judge(connection, Partly((0, 2), BUSY))
    assert connection.next(1_000) == Wait(1_500)
    batch = connection.next(1_500).batch
    assert ([decode(item.value).mpid for item in batch.items], batch.at) == ([2, 4], 1_000)
    assert sorted(connection.held["user"].sent_before(1)) == [2, 4]


def test_waits_grow_while_nothing_is_taken_and_begin_anew_when_something_is():
    connection, waits, now = connected([user(mpid, str(mpid)) for mpid in range(1, 5)]), [], 1_000
    for taken in ((), (), (), (0,), ()):
        judge(connection, Partly(taken, BUSY), now)
        waits.append(connection.next(now).until - now)
        now = connection.next(now).until
    assert waits == [500, 1_000, 2_000, 500, 1_000]


def test_a_partner_that_never_takes_anything_faults_the_connection():
    connection, now = connected([user(1, "a")]), 1_000
    while connection.fault is None:
        step = connection.next(now)
        now = step.until if isinstance(step, Wait) else now
        if isinstance(step, Send):
            judge(connection, Partly((), RateLimited(0, "ThrottlingException", "Rate exceeded")), now)
    assert isinstance(connection.fault, Faulted)
    assert connection.fault.failure.text == "Rate exceeded"


def test_a_log_of_before_users_were_taken_whole_says_what_to_do():
    with pytest.raises(FixStore, match="expected user, got email; connect it anew"):
        Connection(PLAIN, SMALL, ON, whole=True).apply(Sending("email", ((1, b"a@x.org"),), 1))


@pytest.mark.parametrize("member", [True, False])
def test_who_is_refused_as_he_is_now_does_not_stay_as_he_was(member):
    connection = connected([user(1, "a")])
    judge(connection, Done())
    connection.apply(Heard(2, (1,)))
    plan(connection, [user(1, "b") if member else Standing(1, False, {})], 2_000)
    if member:
        judge(connection, BadItems(422, "", "no", (0,)), 2_000)
    (item,) = connection.next(2_000).batch.items
    assert (decode(item.value).identities, item.add) == ({"email": ("a",)}, False)
    judge(connection, Done(), 2_000)
    left = {value for _, value, _ in connection.held["user"].rows()}
    assert (left, connection.backlog) == (set(connection.refused["user"]), 0)
