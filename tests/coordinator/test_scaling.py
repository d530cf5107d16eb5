"""How many shards there should be: each rule with its numbers."""

import pytest

from raudience.coordinator import Load, Scaling
from raudience.errors import FixRequest

SECOND = 1_000
MINUTE = 60 * SECOND
GIB = 1 << 30


def decisions(scaling, *looks):
    """What is decided at each look: (second, load)."""
    return [scaling.decide(load, second * SECOND) for second, load in looks]


def test_half_as_many_again_when_busy_for_thirty_seconds():
    busy = Load(4, busy=0.8)
    assert decisions(Scaling(2, 16), (0, busy), (29, busy), (30, busy)) == [None, None, 6]


def test_one_shard_grows_to_two_and_never_past_the_most():
    assert decisions(Scaling(1, 16), (0, Load(1, busy=1.0)), (30, Load(1, busy=1.0))) == [None, 2]
    assert decisions(Scaling(1, 5), (0, Load(4, busy=1.0)), (30, Load(4, busy=1.0))) == [None, 5]
    assert decisions(Scaling(1, 5), (0, Load(5, busy=1.0)), (30, Load(5, busy=1.0))) == [None, None]


def test_one_look_without_work_begins_the_thirty_seconds_anew():
    busy, calm = Load(4, busy=0.9), Load(4, busy=0.79)
    looks = (0, busy), (20, calm), (21, busy), (50, busy), (51, busy)
    assert decisions(Scaling(2, 16), *looks) == [None, None, None, None, 6]


def test_five_seconds_of_backlog_count_as_busy():
    behind = Load(4, busy=0.1, backlog=5.0)
    assert decisions(Scaling(2, 16), (0, behind), (30, behind)) == [None, 6]


def test_more_events_than_a_shard_should_take_count_as_busy():
    scaling = Scaling(2, 16, rate=10_000)
    fast = Load(4, events=40_001)
    assert decisions(scaling, (0, Load(4, events=40_000)), (1, fast), (30, fast), (31, fast)) == [None, None, None, 6]


def test_memory_above_its_bound_is_answered_at_once_with_as_many_as_it_takes():
    assert decisions(Scaling(2, 16, memory=8 * GIB), (0, Load(4, memory=8 * GIB))) == [None]
    assert decisions(Scaling(2, 16, memory=8 * GIB), (0, Load(4, memory=9 * GIB))) == [5]
    assert decisions(Scaling(2, 16, memory=8 * GIB), (0, Load(4, memory=15 * GIB))) == [8]


def test_one_less_when_quiet_for_ten_minutes():
    quiet = Load(4, busy=0.3)
    assert decisions(Scaling(2, 16), (0, quiet), (599, quiet), (600, quiet)) == [None, None, 3]


def test_never_below_the_least():
    assert decisions(Scaling(4, 16), (0, Load(4)), (600, Load(4))) == [None, None]


def test_between_quiet_and_busy_nothing_is_done():
    between = Load(4, busy=0.5)
    assert decisions(Scaling(2, 16), (0, between), (600, between), (6_000, between)) == [None, None, None]


def test_no_shard_leaves_when_the_rest_would_be_near_growing_again():
    quiet = Load(2, busy=0.29)
    assert decisions(Scaling(1, 16, busy=0.7), (0, quiet), (600, quiet)) == [None, None]
    assert decisions(Scaling(1, 16, busy=0.8), (0, quiet), (600, quiet)) == [None, 1]
    full = Load(4, memory=5 * GIB)
    assert decisions(Scaling(1, 16, memory=8 * GIB), (0, full), (600, full)) == [None, None]
    fast = Load(4, events=30_000)
    assert decisions(Scaling(1, 16, rate=10_000), (0, fast), (600, fast)) == [None, None]


def test_after_a_change_nothing_is_decided_for_a_minute():
    scaling = Scaling(2, 16)
    assert decisions(scaling, (0, Load(4, busy=1.0)), (30, Load(4, busy=1.0))) == [None, 6]
    still = Load(6, busy=1.0)
    assert decisions(scaling, (40, still), (70, still), (99, still), (100, still)) == [None, None, None, 9]


def test_the_bounds_hold_at_once_also_after_a_change():
    scaling = Scaling(2, 6)
    assert decisions(scaling, (0, Load(1)), (1, Load(2)), (2, Load(8))) == [2, None, 6]


def test_what_was_asked_for_is_not_asked_for_again():
    scaling = Scaling(2, 16)
    coming = Load(4, coming=6, busy=1.0)
    assert decisions(scaling, (0, Load(4, busy=1.0)), (30, Load(4, busy=1.0)), (31, coming)) == [None, 6, None]


def test_shards_that_never_came_are_given_up_when_the_load_has_gone():
    scaling = Scaling(2, 16)
    coming = Load(4, coming=6)
    assert decisions(scaling, (0, coming), (599, coming), (600, coming)) == [None, None, 4]


def test_the_least_that_has_not_come_is_never_given_up():
    scaling = Scaling(4, 16)
    coming = Load(2, coming=4)
    assert decisions(scaling, (0, coming), (600, coming), (6_000, coming)) == [4, 4, 4]


def test_a_load_that_jumps_up_and_down_every_minute_changes_nothing_twice():
    """Twenty minutes of a load that fills four shards for half of each minute: one growth and no way back."""
    scaling, shards, told = Scaling(2, 16), 4, []
    for second in range(1_200):
        load = Load(shards, busy=min(1.0, 4 / shards) if second % 60 <= 30 else 0.1)
        if (wanted := scaling.decide(load, second * SECOND)) is not None:
            shards = wanted
            told.append((second, wanted))
    assert told == [(30, 6)]


@pytest.mark.parametrize(
    ("least", "most", "more"),
    [(0, 4, {}), (5, 4, {}), (1, 257, {}), (1, 4, {"busy": 0.3}), (1, 4, {"busy": 1.1}), (1, 4, {"quiet": -0.1})],
)
def test_rules_that_contradict_each_other_are_refused(least, most, more):
    with pytest.raises(FixRequest, match="scaling: expected 1 <= least <= most <= 256"):
        Scaling(least, most, **more)
