"""From events that arrive or pass an edge to turned leaves: counters, carts and histories of one plan."""

from __future__ import annotations

from typing import NamedTuple

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
from raudience.shard.telling import CartPart, Heard, happenings
from raudience.shard.toggles import Toggles

__all__ = ["EventLeaves"]


class _Moved(NamedTuple):
    """Events that gained or lost places in windows: row int32[k], at int64[k], entry int32[k] of counters."""

    row: NDArray[np.int32]
    at: NDArray[np.int64]
    entry: NDArray[np.int32]


class EventLeaves:
    """All leaves about events, for one plan."""

    def __init__(self, compiled: Compiled, known: EventDictionaries) -> None:
        self.compiled = compiled
        self.known = known
        self.matching = Matching(compiled.matchers, known.keys, known.words, compiled.plan.workspaces)
        watched = [(watcher.matcher, watcher.edges) for watcher in compiled.watchers]
        self.subscriptions = Subscriptions(self.matching.patterns, compiled.counters, watched)
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
        found = [(store.next_after(now - edge), edge) for edge in self.subscriptions.edges.tolist()]
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
        moved: list[_Moved] = []
        heard: list[Heard] = []
        for number, edge in enumerate(self.subscriptions.edges.tolist()):
            for part in store.passing(after - edge, until - edge, self.matching):
                self._pass(number, edge, part.row, part.time, part.pattern, moved, heard)
        if arrivals is not None and arrivals.size:
            self._arrive(arrivals, patterns, until, moved, heard)
        toggles = [self.counters.apply(*map(np.concatenate, zip(*moved, strict=True)))] if moved else []
        if heard:
            told = Heard(*map(np.concatenate, zip(*heard, strict=True)))
            if len(told.row):
                toggles += self._tell(told, arrivals, bits)
        return toggles

    def _pass(
        self, number: int, edge: int, row: NDArray[np.int32], time: NDArray[np.int64], pattern: NDArray[np.int32],
        moved: list[_Moved], heard: list[Heard], event: NDArray[np.int64] | None = None,
    ) -> None:  # fmt: skip
        relevant = np.flatnonzero(pattern)
        if not len(relevant):
            return
        if self.compiled.counters:
            where, entry = self.subscriptions.counter_lists.of(pattern[relevant], number)
            owner = relevant[where]
            moved.append(_Moved(row[owner], time[owner] + edge, entry))
        if self.compiled.watchers:
            where, watcher = self.subscriptions.watcher_lists.of(pattern[relevant], number)
            if len(where):
                owner = relevant[where]
                edges, events = np.full(len(owner), edge), np.full(len(owner), -1) if event is None else event[owner]
                heard.append(Heard(row[owner], time[owner] + edge, time[owner], watcher, edges, events))

    def _arrive(
        self, arrivals: Arrivals, patterns: NDArray[np.int32], until: int, moved: list[_Moved], heard: list[Heard]
    ) -> None:
        relevant = np.flatnonzero(patterns)
        pattern, age = patterns[relevant], (arrivals.at - arrivals.times)[relevant]
        slot = self.subscriptions.arrival_slot(age)
        if self.compiled.counters:
            where, entry = self.subscriptions.counter_lists.of(pattern, slot)
            owner = relevant[where]
            moved.append(_Moved(arrivals.row[owner], arrivals.at[owner], entry))
        if self.compiled.watchers:
            where, watcher = self.subscriptions.watcher_lists.of(pattern, slot)
            owner = relevant[where]
            edge = np.full(len(owner), -1)
            heard.append(Heard(arrivals.row[owner], arrivals.at[owner], arrivals.times[owner], watcher, edge, owner))
        self._pass_at_once(arrivals, patterns, relevant, until, moved, heard)

    def _pass_at_once(
        self, arrivals: Arrivals, patterns: NDArray[np.int32], relevant: NDArray[np.int64], until: int,
        moved: list[_Moved], heard: list[Heard],
    ) -> None:  # fmt: skip
        """Edges that arrivals pass after they arrive and not later than `until`."""
        times, at = arrivals.times[relevant], arrivals.at[relevant]
        if not len(times):
            return
        oldest, youngest = until - int(times.min()), int((at - times).min())
        for number, edge in enumerate(self.subscriptions.edges.tolist()):
            if youngest < edge <= oldest:
                due = times + edge
                where = relevant[np.flatnonzero((at < due) & (due <= until))]
                row, time, pattern = arrivals.row[where], arrivals.times[where], patterns[where]
                self._pass(number, edge, row, time, pattern, moved, heard, where)

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
    fresh = np.flatnonzero(heard.edge == -1)
    gained: dict[int, tuple[Entry, ...]] = {}
    if len(fresh) and arrivals is not None:
        entries = history.entries(arrivals, heard.event[fresh], step, heard.time[fresh])
        gained = dict(zip(fresh.tolist(), entries, strict=True))
    rows, ats = heard.row.tolist(), heard.at.tolist()
    return [Touch(row, at, gained.get(place, ())) for place, (row, at) in enumerate(zip(rows, ats, strict=True))]
