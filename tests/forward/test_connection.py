"""A connection under everything that can happen: at the end the partner holds exactly what it should."""

import hashlib
from collections import Counter

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from raudience.forward.connection import Connection, EnsureList, Look, Send, Standing, Wait
from raudience.forward.entries import Filling, Heard, Listed, Resumed
from raudience.forward.keeping import load, snapshot
from raudience.forward.kinds import BadItems, Done, GoneAtPartner, RateLimited, Retry, SignInAgain
from raudience.forward.partner import IdentityRule, Limits

EMAIL = IdentityRule("email", ("email",), lambda _, value: value.strip().lower() or None, "sha256", "emails")
PHONE = IdentityRule("phone", ("mobile_number",), lambda _, value: value if value.startswith("+") else None)
RULES = (EMAIL, PHONE)
SMALL = Limits(items=3, bytes=1_000_000, requests=100, window=60_000)
ON = {"emails": True}
POISON = "+666"
"""The partner refuses it, and with it all that is sent along."""


class Lists:
    """A partner in memory: lists of values; a request with a bad item fails as a whole."""

    def __init__(self):
        self.lists, self.made = {}, 0

    def make(self, kind):
        self.made += 1
        self.lists[f"{kind}-{self.made}"] = set()
        return f"{kind}-{self.made}"

    def take(self, list_id, items):
        if list_id not in self.lists:
            return GoneAtPartner(404, "NOT_FOUND", "no such list")
        if any(item.value == POISON.encode() and item.add for item in items):
            return BadItems(400, "INVALID_PARAMETER", "something in it", None)
        for item in items:
            (self.lists[list_id].add if item.add else self.lists[list_id].discard)(item.value)
        return Done()


def hashed(email):
    return hashlib.sha256(email.strip().lower().encode()).digest()


ANSWERS = st.sampled_from(["good", "good", "good", "lost before", "lost after", "limited", "revoked"])


class Forwarding(RuleBasedStateMachine):
    """Members come, go and change; requests fail in every way, answers are lost, the forwarder dies."""

    def __init__(self):
        super().__init__()
        self.users, self.partner, self.log = {}, Lists(), []
        self.position, self.now = 0, 10_000_000
        self.connection, self.kept = Connection(RULES, SMALL, ON), None

    def note(self, entries):
        for entry in entries:
            self.log.append(entry)
            self.connection.apply(entry)

    @rule(mpid=st.integers(1, 6), member=st.booleans(),
          emails=st.sets(st.sampled_from(["a@x.com", "A@x.com ", "b@x.com", "c@x.com"]), max_size=2),
          phones=st.sets(st.sampled_from(["+1", "+2", "1", POISON]), max_size=2))  # fmt: skip
    def changes(self, mpid, member, emails, phones):
        self.users[mpid] = Standing(mpid, member, {"email": tuple(emails), "mobile_number": tuple(phones)})
        self.position += 1
        self.note([Heard(self.position, (mpid,))])

    @rule()
    def a_moment_passes(self):
        self.now += 700_000

    @rule(answers=st.lists(ANSWERS, min_size=1, max_size=3), backwards=st.booleans())
    def works(self, answers, backwards=False):
        step = self.connection.next(self.now)
        match step:
            case EnsureList():
                self.note([Listed(step.kind, self.partner.make(step.kind), step.kind)])
            case Look():
                found = [self.users.get(mpid, Standing(mpid, False, {})) for mpid in step.mpids]
                self.note(self.connection.planned(found, self.now))
            case Send():
                sends = self.connection.together(len(answers))
                assert sends[0].batch is step.batch
                assert all(len(each.batch.items) <= SMALL.items for each in sends)
                items = [(each.list_id, item.value) for each in sends for item in each.batch.items]
                assert len(items) == len(set(items))
                found = [(each, self.sent(each, answer)) for each, answer in zip(sends, answers, strict=False)]
                for each, outcome in reversed(found) if backwards else found:
                    self.note(self.connection.judged(each.batch, outcome, self.now, 0.5))
            case Wait():
                pass

    def sent(self, step, answer):
        if answer == "lost before":
            return Retry(0, "timeout", "no answer")
        if answer == "limited":
            return RateLimited(429, "TOO_MANY_REQUESTS", "Too Many Requests", self.now + 60_000)
        if answer == "revoked":
            return SignInAgain(401, "UNAUTHORIZED_ACCESS", "token")
        outcome = self.partner.take(step.list_id, step.batch.items)
        return Retry(0, "timeout", "no answer") if answer == "lost after" and outcome == Done() else outcome

    @rule()
    def somebody_resumes(self):
        self.note([Resumed()])

    @rule()
    def the_forwarder_dies_and_comes_back_from_its_log(self):
        self.connection = Connection(RULES, SMALL, ON)
        if self.kept is not None:
            load(self.connection, self.kept)
        for entry in self.log:
            self.connection.apply(entry)

    @rule()
    def a_snapshot_takes_the_place_of_the_log(self):
        self.kept, self.log = snapshot(self.connection), []

    @precondition(lambda self: self.partner.lists)
    @rule(data=st.data())
    def somebody_deletes_a_list_at_the_partner(self, data):
        del self.partner.lists[data.draw(st.sampled_from(sorted(self.partner.lists)))]

    @rule()
    def all_members_are_looked_at_again(self):
        self.note([Filling(tuple(self.users))])

    @invariant()
    def the_ledger_counts_its_rows(self):
        for held in self.connection.held.values():
            assert len(held) == len(list(held.rows()))

    def teardown(self):
        for _ in range(400):
            self.now += 700_000
            if self.connection.fault is not None:
                self.note([Resumed()])
            if self.connection.next(self.now) == Wait(None):
                break
            self.works(["good"])
        assert self.connection.backlog == 0
        members = [user for user in self.users.values() if user.member]
        emails = {hashed(email) for user in members for email in user.identities["email"]}
        phones = {phone.encode() for user in members for phone in user.identities["mobile_number"] if phone[0] == "+"}
        wanted = {"email": emails, "phone": phones - {POISON.encode()}}
        for kind, listed in self.connection.lists.items():
            if listed.list_id in self.partner.lists:
                assert self.partner.lists[listed.list_id] == wanted[kind]
        assert {kind for kind, values in wanted.items() if values} <= set(self.connection.lists)


TestForwarding = Forwarding.TestCase
TestForwarding.settings = settings(max_examples=200, stateful_step_count=40, deadline=None)


def settle(connection, partner, users, now=10_000_000):
    """Work until there is nothing left; the batches that were sent."""
    sent = []
    while (step := connection.next(now)) != Wait(None):
        match step:
            case EnsureList():
                connection.apply(Listed(step.kind, partner.make(step.kind), step.kind))
            case Look():
                for entry in connection.planned([users[mpid] for mpid in step.mpids], now):
                    connection.apply(entry)
            case Send():
                sent.append(step.batch)
                outcome = partner.take(step.list_id, step.batch.items)
                for entry in connection.judged(step.batch, outcome, now, 0.5):
                    connection.apply(entry)
    return sent


def member(mpid, *emails):
    return Standing(mpid, True, {"email": emails})


def test_a_changed_address_is_removed_before_the_new_one_is_added():
    connection, partner = Connection(RULES, SMALL, ON), Lists()
    connection.apply(Heard(1, (1,)))
    settle(connection, partner, {1: member(1, "a@x.com")})
    connection.apply(Heard(2, (1,)))
    (batch,) = settle(connection, partner, {1: member(1, "b@x.com")})
    assert [(item.value, item.add) for item in batch.items] == [(hashed("a@x.com"), False), (hashed("b@x.com"), True)]


def test_an_address_that_two_members_share_leaves_with_the_second():
    connection, partner = Connection(RULES, SMALL, ON), Lists()
    connection.apply(Heard(1, (1, 2)))
    settle(connection, partner, {1: member(1, "a@x.com"), 2: member(2, "a@x.com")})
    connection.apply(Heard(2, (1,)))
    assert settle(connection, partner, {1: Standing(1, False, {})}) == []
    connection.apply(Heard(3, (2,)))
    settle(connection, partner, {2: Standing(2, False, {})})
    assert partner.lists == {"email-1": set()}


def test_changes_go_before_a_backfill_and_neither_waits_for_all_of_the_other():
    connection = Connection(RULES, SMALL, ON)
    connection.apply(Filling((1, 2, 3)))
    connection.apply(Heard(1, (7,)))
    looked = []
    for mpid in (8, 9):
        looked.append(connection.next(0).mpids)
        for entry in connection.planned([Standing(each, False, {}) for each in looked[-1]], 0):
            connection.apply(entry)
        connection.apply(Heard(mpid, (mpid,)))
    assert looked == [(7,), (1, 2, 3)]
    assert connection.next(0).mpids == (8, 9)


def test_who_changes_all_the_time_holds_up_nobody():
    connection, partner = Connection(RULES, SMALL, ON), Lists()
    connection.apply(Heard(1, tuple(range(20_001))))
    first = connection.next(0).mpids
    for entry in connection.planned([member(mpid, *["a@x.com"][mpid:]) for mpid in first], 0):
        connection.apply(entry)
    connection.apply(Heard(2, first))
    connection.apply(Listed("email", partner.make("email"), "email"))
    for entry in connection.judged(connection.next(0).batch, Done(), 0, 0.5):
        connection.apply(entry)
    assert connection.next(0).mpids[0] == 20_000


def test_many_refused_by_name_keep_nobody_else_out():
    connection = Connection(RULES, Limits(items=100, bytes=1_000_000, requests=100, window=60_000), ON)
    connection.apply(Heard(1, tuple(range(100))))
    connection.apply(Listed("email", "email-1", "email"))
    for entry in connection.planned([member(mpid, f"{mpid}@x.com") for mpid in range(100)], 0):
        connection.apply(entry)
    batch = connection.next(0).batch
    for entry in connection.judged(batch, BadItems(422, "", "these", tuple(range(50))), 0, 0.5):
        connection.apply(entry)
    assert connection.fault is None
    assert connection.next(0).batch.items == batch.items[50:]
    for entry in connection.judged(connection.next(0).batch, BadItems(422, "", "all", tuple(range(50))), 0, 0.5):
        connection.apply(entry)
    assert connection.fault is not None


def test_changes_that_are_being_gathered_hold_up_no_backfill():
    connection = Connection(RULES, SMALL, ON)
    connection.apply(Filling((1, 2)))
    connection.apply(Heard(1, (2, 7)))
    assert connection.next(0, live=False).mpids == (1,)
    assert connection.next(0, live=True).mpids == (2, 7)


def test_a_look_comes_to_as_many_users_as_make_full_requests():
    limits = Limits(items=1_000, bytes=1_000_000, requests=100, window=60_000)
    connection, users = Connection(RULES, limits, ON), range(30_000)
    connection.apply(Filling(tuple(users)))
    for mpid in (first := connection.next(0)).mpids:
        assert mpid < 1_000
    every_other = [member(mpid, f"{mpid}@x.com") if mpid % 2 else Standing(mpid, True, {}) for mpid in first.mpids]
    for entry in connection.planned(every_other, 0):
        connection.apply(entry)
    connection.apply(Listed("email", "e", "e"))
    (send,) = connection.together(9)
    for entry in connection.judged(send.batch, Done(), 0, 0.5):
        connection.apply(entry)
    assert len(connection.next(0).mpids) == 16_000


def test_what_was_taken_of_a_list_that_is_gone_is_not_believed():
    connection, partner = Connection(RULES, SMALL, ON), Lists()
    users = {mpid: member(mpid, f"{mpid}@x.com") for mpid in range(4)}
    connection.apply(Heard(1, tuple(users)))
    connection.apply(Listed("email", partner.make("email"), "email"))
    for entry in connection.planned(list(users.values()), 0):
        connection.apply(entry)
    first, second = connection.together(9)
    gone = GoneAtPartner(404, "NOT_FOUND", "gone")
    for batch, outcome in ((first.batch, gone), (second.batch, Done())):
        for entry in connection.judged(batch, outcome, 0, 0.5):
            connection.apply(entry)
    connection.apply(Resumed())
    settle(connection, partner, users)
    assert partner.lists["email-2"] == {hashed(f"{mpid}@x.com") for mpid in users}


def test_a_kind_that_is_switched_off_is_taken_off():
    connection, partner = Connection(RULES, SMALL, ON), Lists()
    connection.apply(Heard(1, (1,)))
    settle(connection, partner, {1: member(1, "a@x.com")})
    off = Connection(RULES, SMALL, {"emails": False})
    off.lists, off.held = connection.lists, connection.held
    off.apply(Filling((1,)))
    settle(off, partner, {1: member(1, "a@x.com")})
    assert partner.lists == {"email-1": set()}


def test_a_value_that_is_a_hash_already_is_passed_on():
    connection, partner = Connection(RULES, SMALL, ON), Lists()
    connection.apply(Heard(1, (1,)))
    settle(connection, partner, {1: member(1, hashed("a@x.com").hex().upper())})
    assert partner.lists == {"email-1": {hashed("a@x.com")}}


def test_a_bad_item_is_found_by_halving_and_only_it_is_dropped():
    connection, partner = Connection(RULES, SMALL, ON), Lists()
    phones = ("+1", "+2", POISON)
    connection.apply(Heard(1, (1,)))
    settle(connection, partner, {1: Standing(1, True, {"mobile_number": phones})})
    assert partner.lists == {"phone-1": {b"+1", b"+2"}}
    assert list(connection.refused["phone"]) == [POISON.encode()]


def test_when_attempts_are_used_up_the_connection_is_faulted_with_the_words_of_the_partner():
    connection, partner = Connection(RULES, SMALL, ON), Lists()
    connection.apply(Heard(1, (1,)))
    now, waits = 10_000_000, []
    users = {1: member(1, "a@x.com")}
    while connection.fault is None:
        step = connection.next(now)
        match step:
            case EnsureList():
                connection.apply(Listed("email", partner.make("email"), "email"))
            case Look():
                for entry in connection.planned([users[mpid] for mpid in step.mpids], now):
                    connection.apply(entry)
            case Send():
                limited = RateLimited(429, "TOO_MANY_REQUESTS", "Too Many Requests")
                for entry in connection.judged(step.batch, limited, now, 0.0):
                    connection.apply(entry)
            case Wait(until):
                waits.append(until - now)
                now = until
    assert waits == sorted(waits)
    assert len(set(waits)) == len(waits) == 8
    assert connection.fault.failure.text == "Too Many Requests"
    assert connection.next(now) == Wait(None)
    connection.apply(Resumed())
    settle(connection, partner, users)
    assert partner.lists == {"email-1": {hashed("a@x.com")}}


def test_a_named_reset_is_never_anticipated():
    connection, partner = Connection(RULES, SMALL, ON), Lists()
    connection.apply(Heard(1, (1,)))
    connection.apply(Listed("email", partner.make("email"), "email"))
    for entry in connection.planned([member(1, "a@x.com")], 0):
        connection.apply(entry)
    batch = connection.next(0).batch
    connection.judged(batch, RateLimited(429, "", "", until=20_000), 0, 0.0)
    assert connection.next(19_999) == Wait(20_000)
    assert isinstance(connection.next(20_000), Send)


def test_members_are_sent_again_before_the_partner_forgets_them():
    connection, partner = Connection(RULES, SMALL, ON, refresh=1_000_000), Lists()
    users = {1: member(1, "a@x.com")}
    connection.apply(Heard(1, (1,)))
    settle(connection, partner, users, now=10_000_000)
    assert connection.held["email"].sent_before(10_001) == [1]
    connection.apply(Filling((1,)))
    assert settle(connection, partner, users, now=10_900_000) == []
    connection.apply(Filling((1,)))
    (again,) = settle(connection, partner, users, now=11_002_000)
    assert [item.add for item in again.items] == [True]


def test_rows_of_a_batch_go_with_their_items():
    connection, partner = Connection(RULES, SMALL, ON), Lists()
    users = {mpid: member(mpid, f"{mpid}@x.com", "same@x.com") for mpid in range(1, 8)}
    connection.apply(Heard(1, tuple(users)))
    batches = settle(connection, partner, users)
    assert Counter(len(batch.items) for batch in batches) == {3: 2, 2: 1}
    assert len(connection.held["email"]) == 14


def test_a_batch_keeps_its_instant_when_it_is_sent_again_and_the_next_has_a_later_one():
    connection, partner, log = Connection(RULES, SMALL, ON), Lists(), []

    def note(connection, entries):
        log.extend(entries)
        for entry in entries:
            connection.apply(entry)

    note(connection, [Heard(1, (1, 2)), Listed("email", partner.make("email"), "email")])
    note(connection, connection.planned([member(1, "a@x.com")], 1_000))
    first = connection.next(1_000).batch
    note(connection, connection.judged(first, Retry(0, "", "no answer"), 1_000, 0.5))
    assert connection.next(9_000).batch == first
    assert first.at == 1_000
    note(connection, connection.judged(first, Done(), 9_000, 0.5))
    again = Connection(RULES, SMALL, ON)
    note(again, log)
    again.planned([member(2, "b@x.com")], 500)
    assert again.next(500).batch.at == 1_001


def test_when_everything_is_refused_it_is_not_the_items_and_after_resume_they_are_sent_again():
    connection, partner = Connection(RULES, SMALL, ON), Lists()
    users = {mpid: member(mpid, f"{mpid}@x.com") for mpid in range(1, 100)}
    connection.apply(Heard(1, tuple(users)))
    partner.take = lambda list_id, items: BadItems(400, "INVALID_PARAMETER", "all of it", None)
    settle(connection, partner, users)
    assert isinstance(connection.fault.failure, BadItems)
    del partner.take
    connection.apply(Resumed())
    connection.apply(Filling(tuple(users)))
    settle(connection, partner, users)
    assert len(partner.lists["email-1"]) == 99
