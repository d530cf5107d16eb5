"""One shard as a whole, beyond what the stories tell."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from raudience.clock import DAY, HOUR, MINUTE
from raudience.records import Field
from raudience.records.slicing import cut, empty_block
from raudience.shard import Shard, Tick
from tests.shard.making import T, block, identities, planned, replayed, shard_of, taken, ticked
from tests.stories.stage import asks, attribute, audience, batch, commerce, custom, told

OFTEN = audience(asks("A", frequency={"at_least": 2}, recency={"op": "within", "last": "1 hour"}), "often")
GOLD = audience(attribute("plan", "exact_match", value="gold"), "gold")
NEVER = audience(asks("B", frequency={"exactly": 0}), "never")
SUM = audience(
    {
        "type": "aggregate", "kind": "custom", "name": "A", "attribute": "x", "function": "sum",
        "compare": {"op": "greater", "value": 3}, "recency": {"op": "within", "last": "1 hour"},
    },
    "sum",
)  # fmt: skip
CART = audience({"type": "cart_abandonment", "wait": "30 minutes"}, "cart")


def adopted(shard, now, *audiences, **fields):
    return told(shard.apply(planned(*audiences, **fields), now))


def test_a_new_shard_knows_nobody():
    shard = Shard()
    assert (shard.counts(), ticked(shard, T), shard.values(Field("user", "plan"))) == ({}, [], ())
    shard.check()


def test_members_of_an_audience_that_is_not_in_the_plan_cannot_be_told():
    with pytest.raises(KeyError):
        shard_of(GOLD).members("often")


def test_an_empty_block_lets_time_pass():
    shard = shard_of(GOLD)
    assert told(shard.apply(empty_block(), T)) == []
    assert shard.now == T


def test_the_same_plan_again_changes_nothing():
    shard = shard_of(OFTEN, GOLD, NEVER)
    taken(shard, T, batch(custom("A", T), custom("A", T), user_attributes={"plan": "gold"}))
    assert shard.counts() == {"gold": 1, "never": 1, "often": 1}
    assert [adopted(shard, T + at, OFTEN, GOLD, NEVER) for at in (0, 1, 1)] == [[], [], []]
    assert ticked(shard, T + HOUR + 1) == [(T + HOUR + 1, "often", 1, False)]


def test_all_leave_an_audience_that_is_no_longer_in_the_plan():
    shard = shard_of(GOLD, NEVER)
    taken(shard, T, *(batch(user_attributes={"plan": "gold"}, mpid=mpid) for mpid in (3, -1, 2)))
    assert adopted(shard, T + 1, NEVER) == [(T + 1, "gold", mpid, False) for mpid in (-1, 2, 3)]
    assert shard.counts() == {"never": 3}


def test_a_new_audience_is_filled_from_what_is_kept():
    shard = shard_of(NEVER)
    taken(shard, T, batch(custom("A", T), custom("A", T)), batch(custom("A", T), mpid=2))
    assert adopted(shard, T + 1, NEVER, OFTEN) == [(T + 1, "often", 1, True)]
    assert ticked(shard, T + HOUR + 1) == [(T + HOUR + 1, "often", 1, False)]
    shard.check()


def test_what_happens_until_a_plan_is_told_under_the_plan_before():
    shard = shard_of(OFTEN)
    taken(shard, T, batch(custom("A", T), custom("A", T)))
    gone, end = adopted(shard, T + 2 * HOUR, NEVER), T + HOUR + 1
    assert gone == [(end, "often", 1, False), (T + 2 * HOUR, "never", 1, True)]


def test_now_never_goes_back():
    shard = shard_of(GOLD)
    ticked(shard, T + 10)
    ticked(shard, T)
    assert shard.now == T + 10
    adopted(shard, T, GOLD)
    assert shard.now == T + 10


def test_a_block_of_the_past_takes_effect_now():
    shard = shard_of(GOLD)
    ticked(shard, T + 10)
    ((at, *change),) = taken(shard, T, batch(user_attributes={"plan": "gold"}))
    assert at > T + 9
    assert (change, shard.now) == (["gold", 1, True], at)


@pytest.mark.parametrize("steps", [1, 7, 40])
def test_one_big_tick_is_many_small_ones(steps):
    shard = shard_of(OFTEN, SUM, CART, NEVER)
    events = custom("A", T, x=2), custom("A", T + 20 * MINUTE, x=2), commerce("add_to_cart", T)
    told_first = taken(shard, T, batch(*events), batch(custom("A", T, x=9), mpid=2))
    assert told_first == [(T, "never", 1, True), (T, "never", 2, True), (T, "sum", 2, True)]
    stops = [T + 40 * DAY * step // steps for step in range(1, steps + 1)]
    assert [change for stop in stops for change in ticked(shard, stop)] == [
        (T + 20 * MINUTE, "often", 1, True),
        (T + 20 * MINUTE, "sum", 1, True),
        (T + 30 * MINUTE, "cart", 1, True),
        (T + HOUR + 1, "often", 1, False),
        (T + HOUR + 1, "sum", 1, False),
        (T + HOUR + 1, "sum", 2, False),
        (T + 30 * DAY + 1, "cart", 1, False),
        (T + 30 * DAY + 1, "never", 1, False),
        (T + 30 * DAY + 1, "never", 2, False),
    ]
    shard.check()


PLACE = st.tuples(st.integers(1, 3), st.integers(0, 30), st.sampled_from("AB"), st.integers(0, 40))


@settings(max_examples=15, deadline=None)
@given(
    st.lists(PLACE, min_size=1, max_size=10),
    st.lists(st.integers(0, 10), max_size=3),
    st.lists(st.integers(0, 90), max_size=3),
)
def test_changes_do_not_depend_on_how_the_input_is_cut(happened, cuts, stops):
    batches = [
        batch(custom(name, T + 5 * MINUTE * (at - age), x=at % 4), mpid=mpid, timestamp_unixtime_ms=T + 5 * MINUTE * at)
        for mpid, at, name, age in sorted(happened, key=lambda one: one[1])
    ]
    whole, parts, end = shard_of(OFTEN, SUM, NEVER), shard_of(OFTEN, SUM, NEVER), T + 2 * DAY
    every = replayed(*batches)
    instants = every.batches.at.tolist()
    edges = sorted(
        {0, len(batches), *(e for e in cuts if e < len(batches) and (not e or instants[e] > instants[e - 1]))}
    )
    found = []
    for first, last in pairwise(edges):
        found += told(parts.apply(cut(every, first, last), instants[last - 1]))
    for stop in sorted(stops):
        found += ticked(parts, max(parts.now, T + stop * HOUR // 2))
    assert found + ticked(parts, end) == told(whole.apply(every, end))
    parts.check()


def test_identities_are_told_by_name_and_of_unknown_users_nothing():
    shard = shard_of(GOLD)
    taken(
        shard, T,
        batch(user_identities={"email": "a@b.c", "other": "o"}, device_info={"ios_idfv": "d1"}),
        batch(user_identities={"email": "x@y.z"}, mpid=2), batch(device_info={"ios_idfv": "d2"}),
    )  # fmt: skip
    names = ("email", "customer_id", "ios_idfv")
    assert identities(shard, 2, 9, 1, names=names) == [
        {"email": ("x@y.z",)}, {}, {"email": ("a@b.c",), "ios_idfv": ("d1", "d2")},
    ]  # fmt: skip


def test_changes_name_no_more_audiences_than_something_happened_to():
    shard = shard_of(*[audience(asks(name, frequency={"at_least": 2}), name.lower()) for name in "ABC"])
    changes = shard.apply(block(batch(custom("B", T), custom("B", T - 1)), at=T), T)
    assert (changes.audiences, changes.versions, told(changes)) == (("b",), (1,), [(T, "b", 1, True)])
    assert shard.apply(Tick(), T + 1).audiences == ()


def test_values_seen_of_an_attribute_are_told_once_and_ascending():
    shard = shard_of(GOLD, inputs=[{"key": "web", "workspace": "w1"}])
    taken(
        shard, T,
        batch(user_attributes={"plan": "gold"}), batch(user_attributes={"plan": ["silver", "gold"]}, api_key="web"),
        batch(custom("A", T, size="L"), commerce("purchase", T, {"id": "p2"}, {"id": "p1"}), mpid=2),
    )  # fmt: skip
    fields = Field("user", "plan"), Field("custom", "size"), Field("product", "id"), Field("user", "unknown")
    assert [shard.values(field) for field in fields] == [("gold", "silver"), ("L",), ("p1", "p2"), ()]


def test_memory_is_told_by_part_and_every_part_is_a_number_of_bytes():
    shard = shard_of(OFTEN, GOLD, SUM)
    taken(shard, T, batch(custom("A", T, x=1), user_attributes={"plan": "gold"}))
    memory = shard.memory()
    assert set(memory) == {
        "activity", "batches", "counters", "entered", "event_words", "events", "fields", "index", "leaves", "members",
        "messages", "sample", "states", "suggestions", "timers",
    }  # fmt: skip
    assert all(isinstance(size, int) and size >= 0 for size in memory.values())


def test_more_profiles_and_events_take_more_memory():
    shard = shard_of(OFTEN, GOLD)
    before = shard.memory()
    taken(shard, T, *(batch(custom("A", T, x=str(n)), user_attributes={"plan": str(n)}, mpid=n) for n in range(2_000)))
    after = shard.memory()
    assert all(after[part] > before[part] for part in ("events", "event_words", "fields", "activity", "counters"))


def test_events_that_no_window_holds_any_more_give_their_memory_back():
    shard = shard_of(OFTEN, settings={"lookback": "2 days", "retention": "unlimited"})
    taken(shard, T, *(batch(*[custom("A", T, x=n)] * 20, mpid=n) for n in range(500)))
    adopted(shard, T + 1, OFTEN, settings={"lookback": "2 days", "retention": "unlimited"})
    full = shard.memory()["events"]
    ticked(shard, T + 3 * DAY)
    assert shard.memory()["events"] < full / 4


def test_the_same_commands_give_the_same_state():
    def one():
        shard = shard_of(OFTEN, SUM, CART)
        batches = [batch(custom("A", T, x=n), user_attributes={"p": n}, mpid=n % 3) for n in range(9)]
        return shard.apply(block(*batches, at=T), T + HOUR), shard.memory(), shard.counts()

    (first, *state), (second, *other) = one(), one()
    assert (told(first), state) == (told(second), other)
