"""Semantics, section 1: size, adds and drops of the last 24 hours, volatility."""

import pytest

from raudience.clock import DAY, HOUR, MINUTE
from raudience.coordinator import AudienceCount, Coordinator
from raudience.errors import ReportBug
from tests.coordinator.test_merging import changes

NOW = 100 * DAY


def counted(*rows: tuple[int, int, bool]) -> AudienceCount:
    """Figures at NOW of audience `a` after changes (at, mpid, entered), one message each."""
    coordinator = Coordinator()
    coordinator.define(["a"])
    for at, mpid, entered in rows:
        coordinator.combine([changes(("a",), (at, "a", mpid, entered))], at)
    return coordinator.counts(NOW)[0]


def test_size_is_the_count_of_users():
    assert counted((1, 1, True), (2, 2, True), (3, 3, True)).size == 3


def test_adds_of_the_last_24_hours():
    old = [(NOW - 25 * HOUR, mpid, True) for mpid in (1, 2)]
    new = [(NOW - HOUR, mpid, True) for mpid in (3, 4, 5, 6, 7)]
    figures = counted(*old, *new)
    assert (figures.adds_day, figures.adds, figures.size) == (5, 7, 7)


def test_drops_of_the_last_24_hours():
    then = NOW - 24 * HOUR + MINUTE
    assert counted((1, 1, True), (1, 2, True), (then, 1, False), (then, 2, False)).drops_day == 2


def test_an_addition_exactly_24_hours_ago_counts():
    assert counted((NOW - DAY, 1, True)).adds_day == 1
    assert counted((NOW - DAY - 1, 1, True)).adds_day == 0


def test_happenings_are_counted_not_their_net():
    figures = counted((NOW - 3, 1, True), (NOW - 2, 1, False), (NOW - 1, 1, True))
    assert (figures.adds_day, figures.drops_day, figures.size) == (2, 1, 1)


def test_volatility_is_adds_and_drops_over_size():
    day = NOW - HOUR
    old = [(1, mpid, True) for mpid in range(180)]
    figures = counted(*old, *[(day, mpid, True) for mpid in range(200, 230)], *[(day, i, False) for i in range(10)])
    assert (figures.size, figures.volatility) == (200, 0.2)


def test_volatility_of_an_empty_audience_is_no_number():
    assert counted((1, 1, True), (NOW, 1, False)).volatility is None


def test_an_audience_without_changes_is_counted_as_empty():
    assert counted() == AudienceCount("a", 0, 0, 0, 0, 0, None)


def test_a_removed_audience_leaves_the_counts():
    coordinator = Coordinator()
    coordinator.define(["a", "b"])
    coordinator.combine([changes(("a", "b"), (1, "a", 1, True), (1, "b", 1, True))], 1)
    coordinator.define(["b"])
    assert [figures.audience for figures in coordinator.counts(2)] == ["b"]


def test_the_sizes_of_the_shards_are_held_against_the_changes():
    coordinator = Coordinator()
    coordinator.define(["a"])
    coordinator.combine([changes(("a",), (1, "a", 1, True))], 1)
    coordinator.check({"a": 1})
    with pytest.raises(ReportBug, match="audience a: expected 1 members by its changes, got 2"):
        coordinator.check({"a": 2})
