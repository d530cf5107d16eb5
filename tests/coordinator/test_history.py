"""Sizes over time: exact to the last, only where something happened, kept as long as is said."""

import msgspec
import numpy as np
import pytest

from raudience.clock import DAY, HOUR, MINUTE
from raudience.coordinator import Coordinator, SizeBucket, history
from raudience.coordinator.counting import Counts
from raudience.records.packing import Packed, pack
from tests.coordinator.test_merging import changes

NOON = 20_000 * DAY + 12 * HOUR
IN, OUT = True, False


def counted(*rows, until=None, audiences=("a",)):
    """A coordinator after changes (at, audience, mpid, entered), one message each."""
    coordinator = Coordinator()
    coordinator.define(audiences)
    for at, key, mpid, entered in rows:
        coordinator.take(changes(audiences, (at, key, mpid, entered)), at)
    if until is not None:
        coordinator.take(changes(audiences), until)
    return coordinator


def test_a_bucket_has_the_size_at_its_end_and_what_happened_in_it():
    coordinator = counted((NOON, "a", 1, IN), (NOON + 1, "a", 2, IN), (NOON + MINUTE, "a", 1, OUT))
    assert coordinator.history("a", "minute") == (
        SizeBucket(NOON, size=2, adds=2, drops=0),
        SizeBucket(NOON + MINUTE, size=1, adds=0, drops=1),
    )


def test_hours_and_days_are_of_utc():
    coordinator = counted((NOON - 1, "a", 1, IN), (NOON, "a", 2, IN), (NOON + 12 * HOUR, "a", 3, IN))
    assert [(bucket.start, bucket.size) for bucket in coordinator.history("a", "hour")] == [
        (NOON - HOUR, 1), (NOON, 2), (NOON + 12 * HOUR, 3),
    ]  # fmt: skip
    assert [(bucket.start, bucket.adds) for bucket in coordinator.history("a", "day")] == [
        (NOON - 12 * HOUR, 2), (NOON + 12 * HOUR, 1),
    ]  # fmt: skip


def test_who_comes_and_goes_in_a_bucket_is_counted_though_the_size_stays():
    coordinator = counted((NOON, "a", 1, IN), (NOON + 1, "a", 1, OUT))
    assert coordinator.history("a", "minute") == (SizeBucket(NOON, size=0, adds=1, drops=1),)


def test_where_nothing_happened_nothing_is_held():
    coordinator = counted((NOON, "a", 1, IN), (NOON + 5 * HOUR, "b", 1, IN), audiences=("a", "b"))
    assert len(coordinator.history("a", "minute")) == 1
    assert coordinator.history("c", "minute") == ()


@pytest.mark.parametrize(
    ("step", "length", "kept"), [("minute", MINUTE, 2 * DAY), ("hour", HOUR, 60 * DAY), ("day", DAY, 1_830 * DAY)]
)
def test_each_length_is_kept_for_its_time(step, length, kept):
    there, gone = (counted((NOON, "a", 1, IN), until=NOON + kept + later) for later in (0, length))
    assert (len(there.history("a", step)), gone.history("a", step)) == (1, ())


def test_what_is_forgotten_changes_no_size():
    coordinator = counted(*((NOON + mpid * DAY, "a", mpid, IN) for mpid in range(90)))
    assert [bucket.size for bucket in coordinator.history("a", "minute")] == [88, 89, 90]
    assert [bucket.size for bucket in coordinator.history("a", "hour")] == list(range(30, 91))


def test_the_history_of_an_audience_that_is_gone_is_forgotten_and_begins_anew():
    coordinator = counted((NOON, "a", 1, IN), (NOON, "b", 1, IN), (NOON, "c", 1, IN), audiences=("a", "b", "c"))
    coordinator.take(changes(("b",), (NOON + MINUTE, "b", 1, OUT)), NOON + MINUTE)
    coordinator.define(["a", "c"])
    coordinator.define(["a", "b", "c"])
    coordinator.take(changes(("b", "c"), (NOON + HOUR, "b", 2, IN), (NOON + HOUR, "c", 2, IN)), NOON + HOUR)
    assert coordinator.history("b", "hour") == (SizeBucket(NOON + HOUR, size=1, adds=1, drops=0),)
    assert [bucket.size for bucket in coordinator.history("c", "hour")] == [1, 2]
    assert [bucket.size for bucket in coordinator.history("a", "hour")] == [1]


def test_a_state_keeps_the_history():
    coordinator = counted((NOON, "a", 1, IN), (NOON + HOUR, "a", 2, IN))
    again = Coordinator()
    again.restore(Packed(Counts).unpack(pack(coordinator.state())))
    for one in (coordinator, again):
        one.take(changes(("a",), (NOON + 2 * HOUR, "a", 1, OUT)), NOON + 2 * HOUR)
    assert again.history("a", "hour") == coordinator.history("a", "hour")
    assert len(again.history("a", "hour")) == 3


def test_a_state_of_before_there_were_histories_is_read():
    old = msgspec.structs.replace(counted((NOON, "a", 1, IN), (NOON, "a", 2, IN)).state(), history=None)
    coordinator = Coordinator()
    coordinator.restore(old)
    coordinator.take(changes(("a",), (NOON + HOUR, "a", 3, IN)), NOON + HOUR)
    assert coordinator.history("a", "hour") == (SizeBucket(NOON + HOUR, size=3, adds=1, drops=0),)


@pytest.mark.parametrize("waiting", [1, 65_536])
def test_any_changes_give_what_counting_them_one_by_one_gives(monkeypatch, waiting):
    monkeypatch.setattr(history, "_CHANGES", waiting)
    chance = np.random.default_rng(5)
    coordinator, sizes, buckets, at = Coordinator(), dict.fromkeys("ab", 0), {}, NOON
    coordinator.define(["a", "b"])
    for _ in range(300):
        at += int(chance.integers(1, 20 * MINUTE))
        key, entered = "ab"[chance.integers(2)], bool(chance.random() < 0.6)
        coordinator.take(changes(("a", "b"), (at, key, 1, entered)), at)
        sizes[key] += 1 if entered else -1
        adds, drops = buckets.get((key, at // HOUR), (0, 0, 0))[1:]
        buckets[key, at // HOUR] = (sizes[key], adds + entered, drops + (not entered))
    for key in "ab":
        expected = [SizeBucket(n * HOUR, *held) for (one, n), held in buckets.items() if one == key]
        assert list(coordinator.history(key, "hour")) == expected
        assert coordinator.history(key, "day")[-1].size == sizes[key]


def test_memory_is_bounded_by_what_is_kept_and_not_by_what_happened():
    coordinator = Coordinator()
    coordinator.define(["a"])
    for hour in range(200 * 24):
        rows = [(NOON + hour * HOUR + k * MINUTE, "a", k, IN) for k in range(0, 60, 10)]
        coordinator.take(changes(("a",), *rows), NOON + hour * HOUR + HOUR - 1)
    kept = coordinator.state().history
    assert [len(one.number) for one in (kept.minute, kept.hour, kept.day)] == [48 * 6, 60 * 24 + 1, 201]
