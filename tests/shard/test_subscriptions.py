"""Who hears of an event and when, and counts of kept events against counting anew."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from raudience.clock import DAY
from raudience.criteria.leaves import FOREVER, Count, Matcher, Plan, Window
from raudience.shard.arrivals import EventDictionaries
from raudience.shard.bits import Bits
from raudience.shard.chunk import Matched
from raudience.shard.compiled import Compiled
from raudience.shard.events import EventLeaves
from raudience.shard.store import EventStore
from raudience.shard.subscriptions import Lists, Subscriptions
from tests.shard.making import T, arrivals
from tests.stories.stage import batch, custom

GAIN_0, LOSS_0, GAIN_1, LOSS_1, WATCHER_0, WATCHER_1 = 0, 1, 2, 3, -1, -2
PATTERNS = [(), (0,), (1,), (0, 1)]
ASKED = Subscriptions(
    PATTERNS,
    counters=[(0, Window(0, 10)), (1, Window(5, FOREVER))],
    watchers=[(0, frozenset({5})), (1, frozenset())],
)
ZERO, FIVE, ELEVEN = range(3)


def heard(pattern, slot):
    _, entries = ASKED.lists.of(np.array([pattern], np.int32), slot)
    return sorted(entries.tolist(), reverse=True)


def test_edges_are_where_events_enter_and_leave_windows():
    assert ASKED.edges.tolist() == [0, 5, 11]


@pytest.mark.parametrize(
    ("pattern", "slot", "expected"),
    [
        (1, ZERO, [GAIN_0, WATCHER_0]),
        (1, FIVE, [WATCHER_0]),
        (1, ELEVEN, [LOSS_0]),
        (2, FIVE, [GAIN_1]),
        (2, ELEVEN, []),
        (2, ZERO, [WATCHER_1]),
        (3, FIVE, [GAIN_1, WATCHER_0]),
        (0, ZERO, []),
    ],
)
def test_at_an_edge_counters_move_and_watchers_hear(pattern, slot, expected):
    assert heard(pattern, slot) == expected


@pytest.mark.parametrize(
    ("age", "expected"),
    [
        (-1, [WATCHER_0, WATCHER_1]),
        (0, [GAIN_0, WATCHER_0, WATCHER_1]),
        (4, [GAIN_0, WATCHER_0, WATCHER_1]),
        (5, [GAIN_1, GAIN_0, WATCHER_0, WATCHER_1]),
        (11, [GAIN_1, WATCHER_0, WATCHER_1]),
        (10**9, [GAIN_1, WATCHER_0, WATCHER_1]),
    ],
)
def test_an_arrival_counts_in_the_windows_that_its_age_is_in(age, expected):
    (slot,) = ASKED.arrival_slot(np.array([age])).tolist()
    assert heard(3, slot) == expected


def test_at_an_edge_only_patterns_with_something_to_do_are_wanted():
    matched = Matched(None, np.array([0, 1, 2, 3, 1], np.uint8), np.arange(4))
    assert [ASKED.wants(matched, edge).tolist() for edge in (ZERO, FIVE, ELEVEN)] == [
        [1, 2, 3, 4], [1, 2, 3, 4], [1, 3, 4],
    ]  # fmt: skip


def test_lists_are_made_once_and_told_in_the_order_of_what_was_asked():
    made = []

    def make(pattern, slot):
        made.append((pattern, slot))
        return [pattern * 10 + slot] * pattern

    lists = Lists(3, make)
    for _ in range(2):
        where, entries = lists.of(np.array([2, 0, 1, 2], np.int32), np.array([1, 1, 0, 1]))
        assert where.tolist() == [0, 0, 2, 3, 3]
        assert entries.tolist() == [21, 21, 10, 21, 21]
    assert sorted(made) == [(0, 1), (1, 0), (2, 1)]


class Counted:
    """Counts of custom events A and B in windows, event after event; row 0 is nobody's."""

    def __init__(self, *windows):
        leaves = tuple(Count(Matcher("custom", names=(name,)), window, 1, None) for name in "AB" for window in windows)
        self.windows = [(name, window) for name in "AB" for window in windows]
        self.known, self.store, self.now = EventDictionaries(), EventStore(), T
        self.leaves = EventLeaves(Compiled(Plan(leaves, (), {}, None, None, 0, 0)), self.known)
        self.leaves.make_room(4)
        self.bits = Bits(np.zeros(len(leaves) + 1, bool))

    def step(self, until, *events):
        """events: (row, at, age, name), at ascending."""
        some, patterns = None, np.zeros(0, np.int32)
        if events:
            batches = [
                batch(custom(name, at - age), mpid=row + 1, timestamp_unixtime_ms=at) for row, at, age, name in events
            ]
            some = arrivals(self.known, *batches)
            patterns = self.leaves.matching.classify(some)
        self.leaves.step(self.store, some, patterns, self.now, until, self.bits)
        if some is not None:
            self.store.append(some, patterns, self.leaves.matching)
        self.now = until

    def counts(self):
        return [self.leaves.counters.column(number, 4)[1:].tolist() for number in range(len(self.windows))]


def naive(windows, events, now):
    return [
        [
            sum(
                1
                for owner, at, age, kind in events
                if (owner, kind) == (row, name) and at <= now and window.low <= now - (at - age) <= window.high
            )
            for row in range(3)
        ]
        for name, window in windows
    ]


def test_an_event_is_counted_from_the_first_to_the_last_millisecond_of_its_window():
    counted = Counted(Window(5, 10))
    counted.step(T + 1, (1, T + 1, 0, "A"))
    found = []
    for now in (T + 5, T + 6, T + 11, T + 12):
        counted.step(now)
        found.append(counted.counts()[0][1])
    assert found == [0, 1, 1, 0]


def test_an_event_that_comes_late_counts_from_its_arrival_on():
    counted = Counted(Window(5, 10))
    counted.step(T + 20, (1, T + 13, 8, "A"))
    assert counted.counts()[0] == [0, 0, 0]
    counted.step(T + 21, (1, T + 21, 8, "A"))
    assert counted.counts()[0] == [0, 1, 0]


def test_sealed_events_of_nobody_pass_no_edge():
    counted = Counted(Window(0, 5))
    counted.step(T + 1, (-1, T + 1, 0, "A"))
    counted.store.seal()
    counted.step(T + 9)
    assert counted.leaves.counters.column(0, 1) == [1]


def test_an_event_of_the_future_counts_when_its_time_comes():
    counted = Counted(Window(0, 5))
    counted.step(T + 1, (2, T + 1, -9, "B"))
    assert counted.counts()[1] == [0, 0, 0]
    counted.step(T + 10)
    assert counted.counts()[1] == [0, 0, 1]


def test_the_next_edge_is_the_next_moment_at_which_something_can_change():
    counted = Counted(Window(5, 10), Window(0, DAY))
    counted.step(T + 1, (1, T + 1, 0, "A"))
    found = []
    while (edge := counted.leaves.next_edge(counted.store, counted.now)) is not None:
        found.append(edge - T)
        counted.step(edge)
    assert found == [6, 12, DAY + 2]


WINDOWS = st.builds(
    lambda low, length: Window(low, low + length), st.integers(0, 12), st.sampled_from([0, 1, 7, FOREVER])
)
EVENTS = st.tuples(st.integers(0, 2), st.integers(1, 40), st.integers(-6, 25), st.sampled_from("AB"))


@settings(max_examples=40, deadline=None)
@given(st.lists(WINDOWS, min_size=1, max_size=3, unique=True), st.lists(EVENTS, max_size=10), st.data())
def test_counts_are_those_of_counting_anew(windows, events, data):
    counted = Counted(*windows)
    events = sorted(((row, T + at, age, name) for row, at, age, name in events), key=lambda event: event[1])
    while counted.now < T + 60:
        until = counted.now + data.draw(st.sampled_from([1, 3, 13, 30]))
        if data.draw(st.booleans()):
            counted.store.seal()
        counted.step(until, *(event for event in events if counted.now < event[1] <= until))
        assert counted.counts() == naive(counted.windows, events, until)
