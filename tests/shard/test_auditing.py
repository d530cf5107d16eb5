"""The self-audit finds every damage, and nothing where there is none."""

import numpy as np
import pytest

from raudience.records import Audit, Difference
from raudience.shard.auditing import sampled
from raudience.shard.index import RowIndex
from raudience.shard.timers import Timers
from tests.shard.making import T, shard_of, taken, ticked
from tests.stories.stage import DAY, asks, attribute, audience, batch, commerce, custom

GOLD = audience(attribute("plan", "exact_match", value="gold"), "gold")
OFTEN = audience(asks("A", frequency={"at_least": 2}, recency={"op": "within", "last": "1 day"}), "often")
SINCE = audience({"type": "first_seen", "test": {"op": "within", "last": "2 days"}}, "since")
CART = audience({"type": "cart_abandonment", "wait": "1 hour"}, "cart")
BOOK = (GOLD, OFTEN, SINCE, CART)


@pytest.fixture
def shard():
    shard = shard_of(*BOOK)
    taken(
        shard, T,
        *(batch(custom("A", T), custom("A", T - 9), mpid=mpid, user_attributes={"plan": "gold"}) for mpid in (1, 2, 3)),
        batch(commerce("add_to_cart", T, {"id": "cup"}), mpid=4),
    )  # fmt: skip
    return shard


def number_of(shard, words):
    return next(n for n, leaf in enumerate(shard.plan.leaves) if words in str(leaf))


def flipped(bits, row, column):
    bits.flip(np.array([row], np.int32), np.array([column], np.int32))


def test_nothing_differs_where_nothing_is_damaged(shard):
    assert shard.audit(100, 0) == Audit(checked=4)
    ticked(shard, T + 3 * DAY)
    assert shard.audit(100, 0) == Audit(checked=4)
    assert shard.audit(100, 0).share == 0


def test_events_that_a_tier_mutes_are_not_counted_by_the_audit_either():
    """Audience, tiers: by name, of one category alone, and of an audience that takes any name."""
    everything = audience({"type": "event", "kind": "custom", "frequency": {"at_least": 2}}, "everything")
    muted = [
        {"kind": "custom", "name": "A", "category": "media", "tier": "connect"},
        {"kind": "custom", "name": "B", "tier": "preserve"},
    ]
    shard = shard_of(audience(asks("A"), "often"), everything, tiers=muted)
    events = custom("A", T, "media"), custom("A", T - 1, "media"), custom("B", T), custom("B", T - 1)
    taken(shard, T, batch(*events, mpid=1), batch(*events, custom("A", T), custom("C", T), mpid=2))
    assert [shard.members(key).tolist() for key in ("often", "everything")] == [[2], [2]]
    assert shard.audit(100, 0) == Audit(checked=2)


def test_a_flipped_answer_is_found_with_its_criterion_and_audience(shard):
    flipped(shard.evaluation.membership.leaves, 2, number_of(shard, "ExactMatch"))
    found = shard.audit(100, 0)
    assert found.differences == (Difference('user attribute plan is "gold"', ("gold",), 1),)
    assert (found.wrong, found.share) == (1, 0.25)


def test_a_flipped_member_is_found_with_its_audience(shard):
    flipped(shard.evaluation.membership.members, 1, shard.evaluation.audiences["often"])
    assert shard.audit(100, 0).differences == (Difference("", ("often",), 1),)


def test_a_wrong_counter_is_found_before_it_gives_a_wrong_answer(shard):
    shard.evaluation.events.counters._counts[1:3, 0] += 1
    (found,) = shard.audit(100, 0).differences
    assert (found.audiences, found.users) == (("often",), 2)


def test_a_lost_timer_is_found_once_its_time_has_passed(shard):
    shard.timers = Timers()
    assert shard.audit(100, 0).differences == ()
    ticked(shard, T + 3 * DAY)
    found = {each.audiences for each in shard.audit(100, 0).differences}
    assert found == {("since",)}


def test_an_event_that_was_lost_on_the_way_is_found(shard):
    shard.store.seal()
    shard.store.chunks[0].row[:] = 0
    assert {each.audiences for each in shard.audit(100, 0).differences} == {("often",)}


def test_what_is_told_names_nobody(shard):
    flipped(shard.evaluation.membership.leaves, 2, number_of(shard, "ExactMatch"))
    (found,) = shard.audit(100, 0).differences
    assert str(found) == '1 user(s) disagree with criterion `user attribute plan is "gold"` of gold'


def test_turn_by_turn_everybody_is_reached_once():
    index = RowIndex()
    rows, _ = index.find_or_add(np.arange(1000, dtype=np.int64) * 7919 - 5)
    turns = [sampled(index, 100, turn).tolist() for turn in range(16)]
    assert sorted(row for turn in turns for row in turn) == sorted(rows.tolist())
    assert max(map(len, turns)) <= 100
    assert turns[0] == sampled(index, 100, 16).tolist()


def test_an_empty_shard_has_nobody_to_check():
    assert shard_of(*BOOK).audit(100, 3) == Audit()
