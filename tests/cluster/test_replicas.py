"""What was told already is taken in quietly, and everything is as if it had been evaluated order by order."""

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from raudience.cluster.entries import Applied, Claimed, ShardEntry
from raudience.cluster.replicas import ShardReplica
from raudience.records.packing import Packed, pack
from raudience.shard import Tick
from raudience.shard.commands import Erase
from tests.cluster.test_touched import replayed_in_order
from tests.shard.making import T, block, planned
from tests.stories.stage import DAY, asks, attribute, audience, batch, commerce, custom, told

SOON = {"op": "within", "last": "1 day"}
GOLD = audience(attribute("plan", "exact_match", value="gold"), "gold")
RECENT = audience(asks("A", recency=SOON), "recent")
IDLE = audience(asks("A", frequency={"exactly": 0}, recency=SOON), "idle")
NEW = audience({"type": "first_seen", "test": SOON}, "new")
TWICE = audience(asks("A", frequency={"at_least": 2}), "often")
EITHER = audience({"type": "or", "of": [GOLD["criteria"], TWICE["criteria"]]}, "gold", version=2)
CART = audience({"type": "cart_abandonment", "wait": "1 hour"}, "left")
CHAIN = audience({"type": "sequence", "steps": [{"kind": "custom", "name": "A"}, {"kind": "custom", "name": "B"}]},
                 "chain")  # fmt: skip
LONG, SHORT = {"lookback": "3 days"}, {"lookback": "2 days", "retention": "1 day"}
PLANS = (
    planned(GOLD, RECENT, NEW, settings=LONG),
    planned(GOLD, RECENT, IDLE, CART, settings=SHORT),
    planned(EITHER, NEW, CHAIN, settings=SHORT),
    planned(EITHER, IDLE, CHAIN, CART, RECENT, settings=SHORT),
    planned(settings=SHORT),
)
ENTRY: Packed[ShardEntry] = Packed(ShardEntry)


def lived(*orders, told=1):
    """A replica that has taken orders (order, now), each of them told `told` orders later, and the log of it."""
    replica, entries = ShardReplica(), []
    for number, (order, now) in enumerate(orders, 1):
        entry = Applied(number, now, max(0, number - told), order, replica.entrants)
        entries.append((number, ENTRY.unpack(pack(entry))))
        replica.carry_out(entry)
    return replica, entries


def back(entries, first=None):
    """A replica that comes back, from what another holds and from entries of the log."""
    replica = ShardReplica()
    if first is not None:
        replica.load(map(memoryview, first.contents()))
    replica.follow(entries)
    return replica


def followed(*entries):
    replica = ShardReplica()
    for _, entry in entries:
        replica.replay(entry)
    return replica


def seen(shard):
    """Members of every audience and since when, and how many users there are."""
    pages = {key: shard.page(key, None, 100) for key in sorted(shard.counts())}
    return shard.population(), {
        key: list(zip(*map(list, page[:2]), strict=True))
        for key, page in ((key, (page.mpids.tolist(), page.entered.tolist())) for key, page in pages.items())
    }


def gold(mpid, at, plan="gold"):
    return block(batch(custom("A", at), mpid=mpid, user_attributes={"plan": plan}), at=at)


ORDERS = (
    (planned(GOLD, RECENT), T - 1),
    (gold(1, T), T),
    (gold(2, T + 5), T + 9),
    (planned(GOLD, RECENT, NEW), T + 10),
    (gold(1, T + 11, "free"), T + 11),
    (gold(1, T + 12), T + 12),
    (Tick(), T + 20),
)


def test_members_that_are_found_at_the_end_entered_when_they_were_told_to():
    _, entries = lived(*ORDERS)
    count, members = seen(back(entries).shard)
    assert (count, members["gold"]) == (2, [(1, T + 12), (2, T + 5)])
    assert members["recent"] == [(1, T), (2, T + 5)]
    assert members["new"] == [(1, T + 10), (2, T + 10)]


def test_what_was_told_is_believed_and_not_found_out_again():
    _, entries = lived(*ORDERS)
    later = msgspec.structs.replace(entries[2][1].entrants, at=msgspec.structs.replace(
        entries[2][1].entrants.at, least=T + 3))  # fmt: skip
    entries[2] = (3, msgspec.structs.replace(entries[2][1], entrants=later))
    assert seen(back(entries).shard)[1]["recent"] == [(1, T + 3), (2, T + 5)]


def test_a_log_of_before_is_evaluated():
    replica, entries = lived(*ORDERS)
    older = [(place, msgspec.structs.replace(entry, entrants=None)) for place, entry in entries]
    assert seen(back(older).shard) == seen(replica.shard)
    mixed = [*older[:4], *entries[4:]]
    assert seen(back(mixed).shard) == seen(replica.shard)


def test_whoever_is_in_an_audience_that_begins_is_not_in_the_log():
    _, entries = lived(*ORDERS)
    assert entries[4][1].entrants.mpid.tolist() == []
    assert entries[2][1].entrants.mpid.tolist() == [1, 1]


def test_the_record_behind_an_erasure_says_nothing_of_who_was_erased():
    _, entries = lived(*ORDERS, (Erase((1,)), T + 21), (Tick(), T + 22))
    assert entries[-1][1].entrants is None


def test_after_a_purge_the_next_record_says_nothing():
    replica, _ = lived(*ORDERS[:-1])
    assert len(replica.entrants.mpid) == 1
    replica.renew(0)
    assert replica.entrants is None


def test_an_answer_that_nobody_heard_is_the_same_again():
    replica, entries = lived(*ORDERS, (gold(3, T + 21), T + 21))
    again = back(entries)
    assert told(again.untold[8].changes) == told(replica.untold[8].changes) != []
    assert sorted(again.untold) == [8]
    assert again.entrants.mpid.tolist() == replica.entrants.mpid.tolist()


@pytest.mark.parametrize("kept", range(5))
def test_who_is_dropped_and_back_at_one_instant_is_in_since_the_entry_that_was_told(kept):
    """kept: orders that stand in the snapshot."""
    orders = [
        (planned(EITHER, NEW, CHAIN, settings=SHORT), T),
        (gold(2, T + 5), T + 9),
        (gold(2, T + 5 + DAY + 1), T + 9 + DAY),
        (Tick(), T + 10 + DAY),
        (Tick(), T + 11 + DAY),
    ]
    live, entries = lived(*orders)
    members = {"chain": [], "gold": [(2, T + 5)], "new": [(2, T + 5)]}
    again = back(entries[kept:], followed(*entries[:kept]) if kept else None)
    assert seen(again.shard) == seen(live.shard) == (1, members)


UPDATE = st.tuples(
    st.integers(-3, 3),
    st.sampled_from([0, 1, 1000, DAY // 3, DAY]),
    st.sampled_from(["A", "A", "B", "cart", "buy"]),
    st.sampled_from(["gold", "free"]),
)
STEP = st.one_of(
    st.lists(UPDATE, min_size=1, max_size=8),
    st.lists(UPDATE, min_size=1, max_size=8),
    st.sampled_from(PLANS),
    st.sampled_from(["tick", "claim", "tick"]),
    st.builds(Erase, st.tuples(st.integers(-3, 3))),
)
PACE = st.sampled_from([1, DAY // 2, DAY + 1, 2 * DAY, 5 * DAY])


def event(what, at):
    if what == "cart":
        return commerce("add_to_cart", at, {"id": "X"})
    return commerce("purchase", at, {"id": "X"}) if what == "buy" else custom(what, at)


def order_of(step, now):
    if isinstance(step, list):
        batches = [
            batch(event(what, now + late), mpid=mpid, user_attributes={"plan": plan}, timestamp_unixtime_ms=now + late)
            for mpid, late, what, plan in step
        ]
        return replayed_in_order(batches)
    return Tick() if step == "tick" else step


@settings(deadline=None, max_examples=150)
@given(st.data(), st.lists(st.tuples(STEP, PACE), max_size=14), st.integers(1, 3))
def test_a_quiet_way_back_ends_where_evaluating_everything_ends(data, steps, told_later):
    now, orders, claims = T, [(PLANS[0], T)], set()
    for step, pace in steps:
        if step == "claim":
            claims.add(len(orders))
            continue
        orders.append((order_of(step, now + 1), now + pace + DAY))
        now += pace + DAY
    live, entries = lived(*orders, told=told_later)
    kept = data.draw(st.integers(0, len(entries)))
    first = followed(*entries[:kept]) if kept else None
    rest = [each for place, entry in entries[kept:] for each in
            ([(place, Claimed(place))] if place in claims else []) + [(place, entry)]]  # fmt: skip
    again = back(rest, first)
    again.shard.check()
    live.shard.check()
    assert seen(again.shard) == seen(live.shard)
    after = [
        (number, told(each.changes)) for number, each in again.untold.items() if number > len(entries) - told_later
    ]
    assert after == [(n, told(e.changes)) for n, e in live.untold.items() if n > len(entries) - told_later]
    goes_on_alike(data, now, again.shard, live.shard)


def goes_on_alike(data, now, *shards):
    for step in data.draw(st.lists(STEP.filter(lambda step: step != "claim"), max_size=3)):
        found = [told(shard.apply(order_of(step, now + 1), now + DAY)) for shard in shards]
        assert found[0] == found[1]
        now += DAY
    found = [told(shard.apply(Tick(), now + 9 * DAY)) for shard in shards]
    assert found[0] == found[1]
    assert seen(shards[0]) == seen(shards[1])
    np.testing.assert_equal(*(shard.counts() for shard in shards))
