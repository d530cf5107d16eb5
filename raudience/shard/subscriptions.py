"""Who wants to hear of an event, and when: at its arrival, or as it passes an edge of a window.

A counter of (matcher, window) gains an event when its age reaches `low` and loses it one millisecond after `high`. A
watcher hears of the arrival and of the edges it names. Everything is found once per pattern and edge.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from raudience.criteria.leaves import FOREVER, Window
from raudience.shard.chunk import Matched
from raudience.shard.growing import expand, grown

__all__ = ["Lists", "Subscriptions"]


class Lists:
    """Lists of int32 by (pattern, slot), each made when it is first asked for."""

    def __init__(self, slots: int, make: Callable[[int, int], list[int]]) -> None:
        self._slots = slots
        self._make = make
        self._start = np.zeros(0, np.int64)
        self._count = np.zeros(0, np.int64)
        self._entries = np.zeros(64, np.int32)
        self._used = 0

    def of(
        self, pattern: NDArray[np.int32], slot: NDArray[np.int64] | int
    ) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        """(position in `pattern`, entry) of every entry of the lists of all (pattern, slot)."""
        place = pattern * np.int64(self._slots)
        place += slot
        if not len(place):
            return place, pattern
        count = self._counts(place)
        where = count.nonzero()[0]
        owner, position = expand(self._start.take(place.take(where)), count.take(where))
        return where.take(owner), self._entries.take(position)

    def counts(self, pattern: NDArray[np.int64], slot: int) -> NDArray[np.int64]:
        """Length int64[n] of the lists of some patterns at a slot."""
        return self._counts(pattern * self._slots + slot) if len(pattern) else pattern

    def _counts(self, place: NDArray[np.int64]) -> NDArray[np.int64]:
        if int(place.max()) >= len(self._count):
            self._fit(place)
        count = self._count.take(place)
        if int(count.min()) < 0:
            for missing in np.unique(place[count < 0]).tolist():
                self._fill(missing)
            count = self._count.take(place)
        return count

    def _fit(self, place: NDArray[np.int64]) -> None:
        needed = int(place.max()) + 1
        self._start = grown(self._start, needed)
        self._count = grown(self._count, needed, -1)

    def _fill(self, place: int) -> None:
        entries = self._make(*divmod(place, self._slots))
        self._entries = grown(self._entries, self._used + len(entries))
        self._entries[self._used : self._used + len(entries)] = entries
        self._start[place], self._count[place] = self._used, len(entries)
        self._used += len(entries)


class Subscriptions:
    """edges: ages in milliseconds, ascending, 0 first.

    An entry is counter * 2, plus 1 when the counter loses the event, or -1 - watcher. Slot e of a list is the passing
    of edges[e]; slot len(edges) + k is the arrival of an event that is already past its first k edges.
    """

    def __init__(
        self,
        patterns: list[tuple[int, ...]],
        counters: list[tuple[int, Window]],
        watchers: list[tuple[int, frozenset[int]]],
    ) -> None:
        self._patterns = patterns
        self._windows = [window for _, window in counters]
        self._counters = _by_matcher([matcher for matcher, _ in counters])
        self._watched = [edges for _, edges in watchers]
        self._watchers = _by_matcher([matcher for matcher, _ in watchers])
        ages = {0, *(age for window in self._windows for age in (window.low, window.high + 1))}
        ages.update(age for edges in self._watched for age in edges)
        self.edges = np.array(sorted(age for age in ages if age < FOREVER), np.int64)
        self.lists = Lists(2 * len(self.edges) + 1, self._entries)

    def wants(self, matched: Matched, edge: int) -> NDArray[np.int64]:
        """Positions int64[k] among the patterns of those with which something happens at the edge of that number."""
        distinct = matched.distinct
        lookup = np.zeros(int(distinct.max(initial=0)) + 1, bool)
        lookup[distinct] = self.lists.counts(distinct, edge) > 0
        return lookup.take(matched.patterns).nonzero()[0]

    def arrival_slot(self, age: NDArray[np.int64]) -> NDArray[np.int64]:
        """Slot int64[n] of the arrival of events of some age (negative: in the future)."""
        return len(self.edges) + np.searchsorted(self.edges, age, "right")

    def _entries(self, pattern: int, slot: int) -> list[int]:
        return self._counter_entries(pattern, slot) + [-1 - w for w in self._watcher_entries(pattern, slot)]

    def _counter_entries(self, pattern: int, slot: int) -> list[int]:
        counters = [c for matcher in self._patterns[pattern] for c in self._counters.get(matcher, ())]
        if slot < len(self.edges):
            edge = int(self.edges[slot])
            gained = [2 * c for c in counters if self._windows[c].low == edge]
            return gained + [2 * c + 1 for c in counters if self._windows[c].high + 1 == edge]
        passed = slot - len(self.edges)
        if passed == 0:
            return []
        age = int(self.edges[passed - 1])
        return [2 * c for c in counters if self._windows[c].low <= age <= self._windows[c].high]

    def _watcher_entries(self, pattern: int, slot: int) -> list[int]:
        watchers = [w for matcher in self._patterns[pattern] for w in self._watchers.get(matcher, ())]
        if slot < len(self.edges):
            edge = int(self.edges[slot])
            return [w for w in watchers if edge == 0 or edge in self._watched[w]]
        return watchers


def _by_matcher(matchers: list[int]) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for number, matcher in enumerate(matchers):
        found.setdefault(matcher, []).append(number)
    return found
