"""A new plan in a shard: what both plans ask goes on as it is, and only the rest is filled."""

import msgspec
import numpy as np
import pytest

from raudience.criteria.leaves import Plan
from raudience.shard.adopting import can_extend
from raudience.shard.compiled import placed
from tests.shard.making import T, planned, shard_of, taken, ticked
from tests.stories.moving import kept
from tests.stories.stage import DAY, HOUR, asks, attribute, audience, batch, commerce, custom, told

DAILY = {"recency": {"op": "within", "last": "1 day"}}
TWICE = asks("A", frequency={"at_least": 2}, **DAILY)
SUM = {"type": "aggregate", "kind": "custom", "name": "A", "attribute": "x", "function": "sum",
       "compare": {"op": "greater", "value": 3}, **DAILY}  # fmt: skip
CHAIN = {"type": "sequence", "steps": [{"kind": "custom", "name": "A"}, {"kind": "custom", "name": "B"}]}
SEEN = {"type": "first_seen", "test": {"op": "within", "last": "1 day"}}
LATER = {"type": "first_seen", "test": {"op": "between_ago", "least": "1 day", "most": "2 days"}}
BORN = attribute("born", "within", last="1 day")
CART = {"type": "cart_abandonment", "wait": "1 hour"}
GOLD = attribute("plan", "exact_match", value="gold")
SILVER = attribute("plan", "exact_match", value="silver")
EVERY = {"often": TWICE, "sum": SUM, "chain": CHAIN, "seen": SEEN, "born": BORN, "cart": CART, "gold": GOLD}
X, Y = {"id": "x"}, {"id": "y"}


def plan_of(**criteria):
    return planned(*(audience(criterion, key) for key, criterion in criteria.items()))


def adopted(shard, now, **criteria):
    return told(shard.apply(plan_of(**criteria), now))


def shard_with(**criteria):
    return shard_of(*(audience(criterion, key) for key, criterion in criteria.items()))


def test_what_both_plans_ask_is_not_looked_at_again():
    shard = shard_with(often=TWICE, gold=GOLD)
    taken(shard, T, batch(custom("A", T)))
    lie = shard.evaluation.compiled.numbers[next(leaf for leaf in shard.plan.leaves if type(leaf).__name__ == "Count")]
    shard.evaluation.membership.leaves.flip(np.array([1], np.int32), np.array([lie], np.int32))
    assert adopted(shard, T + 1, often=TWICE, gold=GOLD, sum=SUM) == []
    assert shard.evaluation.membership.leaves.get(np.array([1], np.int32), lie).tolist() == [True]


@pytest.mark.parametrize(
    ("kept_on", "then", "expected"),
    [
        ("often", batch(custom("A", T + 1)), [(T + 1, "often", 1, True)]),
        ("sum", batch(custom("A", T + 1, x=2)), [(T + 1, "sum", 1, True)]),
        ("chain", batch(custom("B", T + 1)), [(T + 1, "chain", 1, True)]),
        ("cart", batch(commerce("remove_from_cart", T + 1, Y)), []),
        ("gold", batch(user_attributes={"plan": "silver"}), [(T + 1, "gold", 1, False)]),
    ],
)
def test_whatever_is_remembered_goes_on_when_another_audience_comes(kept_on, then, expected):
    shard = shard_with(**{kept_on: EVERY[kept_on]})
    events = custom("A", T, x=2), commerce("add_to_cart", T, X, Y), commerce("remove_from_cart", T, X)
    taken(shard, T, batch(*events, user_attributes={"plan": "gold"}), batch(custom("A", T), mpid=2))
    assert adopted(shard, T, **{kept_on: EVERY[kept_on]}, new=asks("Z")) == []
    assert taken(shard, T + 1, then) == expected
    shard.check()
    assert ticked(shard, T + 2 * HOUR) == []


def test_what_lies_in_a_cart_is_not_forgotten():
    shard = shard_with(cart=CART)
    taken(shard, T, batch(commerce("add_to_cart", T, X, Y), commerce("remove_from_cart", T, X)))
    adopted(shard, T, cart=CART, new=asks("Z"))
    assert taken(shard, T + 1, batch(commerce("remove_from_cart", T + 1, X))) == []
    assert ticked(shard, T + HOUR) == [(T + HOUR, "cart", 1, True)]


def test_moments_to_come_are_not_forgotten():
    shard = shard_with(seen=SEEN, born=BORN)
    taken(shard, T, batch(user_attributes={"born": "2026-03-01T00:00:00Z"}, events=[custom("A", T)]))
    assert shard.counts() == {"seen": 1, "born": 1}
    adopted(shard, T + 1, seen=SEEN, born=BORN, often=TWICE)
    assert ticked(shard, T + 2 * DAY) == [(T + DAY + 1, "born", 1, False), (T + DAY + 1, "seen", 1, False)]


def test_who_is_new_for_a_day_still_enters_after_it():
    shard = shard_with(later=LATER)
    taken(shard, T, batch(custom("A", T)))
    adopted(shard, T + 1, later=LATER, seen=SEEN)
    assert ticked(shard, T + DAY) == [(T + DAY, "later", 1, True)]


def test_what_was_wanted_once_is_wanted_again():
    shard = shard_with(often=TWICE, gold=GOLD)
    taken(shard, T, batch(custom("A", T), custom("A", T)))
    assert adopted(shard, T + 1, gold=GOLD) == [(T + 1, "often", 1, False)]
    assert taken(shard, T + 2, batch(custom("A", T), custom("A", T), mpid=2)) == []
    assert adopted(shard, T + 3, often=TWICE, gold=GOLD) == [(T + 3, "often", 1, True), (T + 3, "often", 2, True)]
    shard.check()


def test_what_takes_the_place_of_something_else_is_filled():
    shard = shard_with(gold=GOLD, often=TWICE, seen=SEEN)
    taken(shard, T, batch(*[custom("A", T)] * 300, *[custom("B", T)] * 255, user_attributes={"plan": "gold"}))
    days = {"recency": {"op": "within", "last": "2 days"}}
    for other in (asks("B", **DAILY), asks("A", frequency={"at_least": 299}, **days), asks("C", **DAILY)):
        adopted(shard, T + 1, gold=GOLD, other=other, seen=SEEN)
        shard.check()
    assert shard.counts() == {"gold": 1, "other": 0, "seen": 1}
    assert taken(shard, T + 2, batch(custom("C", T))) == [(T + 2, "other", 1, True)]


def test_carts_that_share_their_state_with_a_new_one_are_filled_with_it():
    shard = shard_with(cart=CART)
    taken(shard, T, batch(commerce("add_to_cart", T, X)))
    found = adopted(shard, T + HOUR - 1, cart=CART, fast={**CART, "wait": "30 minutes"})
    assert found == [(T + HOUR - 1, "fast", 1, True)]
    shard.check()
    assert ticked(shard, T + HOUR) == [(T + HOUR, "cart", 1, True)]


def test_counters_beyond_the_spare_ones_and_large_counts_find_room():
    shard = shard_with(often=TWICE, gold=GOLD)
    taken(shard, T, batch(*[custom("A", T)] * 400))
    more = {f"b{hours}": asks("A", frequency={"at_least": 300}, recency={"op": "within", "last": f"{hours} hours"})
            for hours in range(1, 20)}  # fmt: skip
    for count in range(1, 20, 6):
        adopted(shard, T + count, often=TWICE, gold=GOLD, **dict(list(more.items())[:count]))
        shard.check()
    assert len(ticked(shard, T + 2 * DAY)) == 20
    shard.check()


def test_profiles_from_elsewhere_join_a_shard_whose_plans_have_changed():
    giver, taker = shard_with(often=TWICE, gold=GOLD), shard_with(often=TWICE, gold=GOLD)
    taken(giver, T, batch(custom("A", T), custom("A", T), mpid=2, user_attributes={"plan": "gold"}))
    taken(taker, T, batch(custom("A", T), custom("A", T)))
    for shard in (giver, taker):
        adopted(shard, T + 1, often=TWICE, seen=SEEN)
        adopted(shard, T + 2, often=TWICE, seen=SEEN, sum=SUM, **{f"a{n}": asks(f"Z{n}") for n in range(9)})
    taker.absorb(kept(giver))
    taker.check()
    assert taker.counts()["often"] == 2
    assert taken(taker, T + 3, batch(custom("A", T, x=4), mpid=2)) == [(T + 3, "sum", 2, True)]


def test_reasons_are_those_of_the_audience_whatever_came_and_went_before_it():
    shard = shard_with(a=asks("Y"), gold=GOLD, often=TWICE)
    taken(shard, T, batch(custom("A", T), custom("A", T), user_attributes={"plan": "gold"}))
    adopted(shard, T + 1, gold=GOLD, often=TWICE, chain=CHAIN, b=asks("Z"))
    assert shard.counts() == {"b": 0, "chain": 0, "gold": 1, "often": 1}
    for key, member in (("often", True), ("gold", True), ("chain", False), ("b", False)):
        why, filled = shard.why(1, key), shard_with(gold=GOLD, often=TWICE, chain=CHAIN, b=asks("Z"))
        taken(filled, T, batch(custom("A", T), custom("A", T), user_attributes={"plan": "gold"}))
        ticked(filled, T + 1)
        assert (why, why.member) == (filled.why(1, key), member)


def test_what_is_ahead_is_not_found_out_again_when_the_same_is_asked_of_events():
    shard = shard_with(often=TWICE, gold=GOLD)
    taken(shard, T, batch(custom("A", T), custom("A", T - 5), user_attributes={"plan": "gold"}))
    ticked(shard, T + 1)
    before = shard.evaluation.events.edges
    assert adopted(shard, T + 2, often=TWICE, silver=SILVER, both={"type": "and", "of": [TWICE, GOLD]}) == [
        (T + 2, "both", 1, True), (T + 2, "gold", 1, False),
    ]  # fmt: skip
    assert shard.evaluation.events.edges is before
    assert adopted(shard, T + 3, often=TWICE, ever=asks("A")) == [(T + 3, "both", 1, False), (T + 3, "ever", 1, True)]
    assert shard.evaluation.events.edges is not before
    assert ticked(shard, T + 2 * DAY) == [(T - 5 + DAY + 1, "often", 1, False)]
    shard.check()


def test_another_lookback_another_retention_or_other_inputs_fill_everything():
    plan = plan_of(often=TWICE)
    assert can_extend(plan, 2, plan)
    for change in ({"lookback": None}, {"retention": 5}, {"workspaces": {"web": "w1"}}):
        assert not can_extend(plan, 2, msgspec.structs.replace(plan, **change))
    assert not can_extend(Plan((), (), {}, plan.lookback, plan.retention, 1, 1), 1, plan)
    assert not can_extend(plan, 1000, plan)


def test_a_thing_keeps_its_place_and_a_new_one_takes_that_of_one_that_is_gone():
    assert placed("abcd", "dxb") == ("x", "b", "c", "d")
    assert placed("ab", "bxyza") == ("a", "b", "x", "y", "z")
    assert placed((), "aba") == ("a", "b")
