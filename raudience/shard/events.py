"""From events that arrive or pass an edge to turned leaves: counters, carts and histories of one plan."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from raudience.shard.arrivals import Arrivals, EventDictionaries
from raudience.shard.bits import Bits
from raudience.shard.carts import CartState
from raudience.shard.compiled import Compiled, Watcher
from raudience.shard.contents import CartContents
from raudience.shard.counters import Counters
from raudience.shard.histories import Entry, HistoryState, Touch
from raudience.shard.matching import Matching
from raudience.shard.store import EventStore
from raudience.shard.subscriptions import Subscriptions
from raudience.shard.telling import ARRIVAL, CartPart, Heard, happenings
from raudience.shard.toggles import Toggles

__all__ = ["EventLeaves"]


_Part: TypeAlias = tuple[int, NDArray[np.int32], NDArray[np.int64], NDArray[np.int32]]


class _Moved(NamedTuple):
    """Events that arrive or pass an edge: row, pattern int32[k]; at, time int64[k]; slot int64[k] of the lists; event
    int64[k], position among the arrivals, -1 for an event kept before."""

    row: NDArray[np.int32]
    at: NDArray[np.int64]
    time: NDArray[np.int64]
    pattern: NDArray[np.int32]
    slot: NDArray[np.int64]
    event: NDArray[np.int64]


def _passing(
    parts: list[tuple[int, NDArray[np.int32], NDArray[np.int64], NDArray[np.int32]]], edges: NDArray[np.int64]
) -> _Moved:
    """Kept events that matter and pass an edge, given by (number of the edge, row, time, pattern)."""
    pattern = np.concatenate([np.zeros(0, np.int32), *(part[3] for part in parts)])
    row = np.concatenate([np.zeros(0, np.int32), *(part[1] for part in parts)])
    time = np.concatenate([np.zeros(0, np.int64), *(part[2] for part in parts)])
    slot = np.repeat(np.array([part[0] for part in parts], np.int64), [len(part[1]) for part in parts])
    return _Moved(row, time + edges[slot], time, pattern, slot, np.full(len(row), -1))


def _joined(parts: list[_Moved]) -> _Moved:
    if len(parts) == 1:
        return parts[0]
    return _Moved(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))


class EventLeaves:
    """All leaves about events, for one plan."""

    def __init__(self, compiled: Compiled, known: EventDictionaries) -> None:
        self.compiled = compiled
        self.known = known
        self.matching = Matching(compiled.matchers, known.keys, known.words, compiled.plan.workspaces)
        watched = [(watcher.matcher, watcher.edges) for watcher in compiled.watchers]
        self.subscriptions = Subscriptions(self.matching.patterns, compiled.counters, watched)
        self._edges: list[int] = self.subscriptions.edges.tolist()
        self.counters = Counters(compiled.counter_leaves)
        self.carts = [CartState(leaves) for leaves in compiled.carts]
        self.contents = [CartContents() for _ in compiled.carts]
        self.histories = [HistoryState(number, leaf, known.words) for number, leaf in compiled.histories]

    def make_room(self, rows: int) -> None:
        self.counters.make_room(rows)
        for cart in self.carts:
            cart.make_room(rows)

    def clear(self, rows: NDArray[np.int32]) -> None:
        """Forget rows that are given to other profiles."""
        self.counters.clear(rows)
        for state in self.states():
            state.clear(rows)

    def states(self) -> list[CartState | CartContents | HistoryState]:
        """States beside the counters."""
        return [*self.carts, *self.contents, *self.histories]

    def next_edge(self, store: EventStore, now: int) -> int | None:
        """The earliest moment after now at which a kept event passes an edge."""
        found = [(store.next_after(now - edge), edge) for edge in self._edges]
        return min((time + edge for time, edge in found if time is not None), default=None)

    def step(
        self,
        store: EventStore,
        arrivals: Arrivals | None,
        patterns: NDArray[np.int32],
        after: int,
        until: int,
        bits: Bits,
    ) -> list[Toggles]:
        """Everything that kept events and arrivals do in (after, until]."""
        passed = [
            (number, part.row, part.time, part.pattern)
            for number, edge in enumerate(self._edges)
            for part in store.passing(after - edge, until - edge, self.matching)
        ]
        told = [] if arrivals is None else self._arriving(arrivals, patterns, until)
        told.append(_passing(passed, self.subscriptions.edges))
        relevant = _joined(told)
        if not len(relevant.row):
            return []
        toggles: list[Toggles] = []
        if self.compiled.counters:
            where, entry = self.subscriptions.counter_lists.of(relevant.pattern, relevant.slot)
            toggles.append(self.counters.apply(relevant.row[where], relevant.at[where], entry))
        if self.compiled.watchers:
            where, watcher = self.subscriptions.watcher_lists.of(relevant.pattern, relevant.slot)
            if len(where):
                toggles += self._tell(self._heard(relevant, where, watcher), arrivals, bits)
        return toggles

    def _heard(self, moved: _Moved, where: NDArray[np.int64], watcher: NDArray[np.int32]) -> Heard:
        slot, ages = moved.slot[where], np.append(self.subscriptions.edges, ARRIVAL)
        edge = ages[np.minimum(slot, len(ages) - 1)]
        return Heard(moved.row[where], moved.at[where], moved.time[where], watcher, edge, moved.event[where])

    def _arriving(self, arrivals: Arrivals, patterns: NDArray[np.int32], until: int) -> list[_Moved]:
        """Arrivals that matter, as they arrive and as they pass edges after that and not later than `until`."""
        event = patterns.nonzero()[0]
        if not len(event):
            return []
        row, at, time, pattern = arrivals.row[event], arrivals.at[event], arrivals.times[event], patterns[event]
        age = at - time
        moved = [_Moved(row, at, time, pattern, self.subscriptions.arrival_slot(age), event)]
        oldest, youngest = until - int(time.min()), int(age.min())
        for number, edge in enumerate(self._edges):
            if youngest < edge <= oldest:
                due = time + edge
                where = ((at < due) & (due <= until)).nonzero()[0]
                slot = np.full(len(where), number)
                moved.append(_Moved(row[where], due[where], time[where], pattern[where], slot, event[where]))
        return moved

    def _tell(self, heard: Heard, arrivals: Arrivals | None, bits: Bits) -> list[Toggles]:
        toggles: list[Toggles] = []
        for number, (state, contents) in enumerate(zip(self.carts, self.contents, strict=True)):
            parts = [CartPart(heard.of(i), w.role) for i, w in self._watching("cart", number)]
            toggles += state.apply(happenings(parts, state, contents, arrivals, self.known.words), bits)
        for number, history in enumerate(self.histories):
            told = [(heard.of(i), w.role) for i, w in self._watching("history", number)]
            touches = [touch for part, step in told for touch in _touches(history, part, step, arrivals)]
            if touches:
                toggles.append(history.apply(touches, bits))
        return toggles

    def _watching(self, kind: str, number: int) -> list[tuple[int, Watcher]]:
        return [(i, w) for i, w in enumerate(self.compiled.watchers) if (w.kind, w.number) == (kind, number)]


def _touches(history: HistoryState, heard: Heard, step: int, arrivals: Arrivals | None) -> list[Touch]:
    fresh = (heard.edge == -1).nonzero()[0]
    gained: dict[int, tuple[Entry, ...]] = {}
    if len(fresh) and arrivals is not None:
        entries = history.entries(arrivals, heard.event[fresh], step, heard.time[fresh])
        gained = dict(zip(fresh.tolist(), entries, strict=True))
    rows, ats = heard.row.tolist(), heard.at.tolist()
    return [Touch(row, at, gained.get(place, ())) for place, (row, at) in enumerate(zip(rows, ats, strict=True))]
