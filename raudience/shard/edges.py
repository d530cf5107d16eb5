"""Kept events as they pass the edges of windows.

When an edge comes to a chunk, all that the events of the chunk do at that edge is looked up at once; after that each
step only cuts the part whose moment has come.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from raudience.shard.chunk import Chunk
from raudience.shard.matching import Matching
from raudience.shard.store import EventStore
from raudience.shard.subscriptions import Subscriptions
from raudience.shard.tail import Passing
from raudience.shard.telling import ARRIVAL, Heard

__all__ = ["Edges", "Moves"]


class Moves(NamedTuple):
    """Counters that gain or lose events: row int32[k], at int64[k], entry int32[k] of the lists of counters."""

    row: NDArray[np.int32]
    at: NDArray[np.int64]
    entry: NDArray[np.int32]


class _Part(NamedTuple):
    """What a chunk does at one edge: moves and heard, each ascending in `at`."""

    moves: Moves
    heard: Heard


class Edges:
    """All edges of one plan."""

    def __init__(self, subscriptions: Subscriptions, matching: Matching) -> None:
        self._subscriptions = subscriptions
        self._matching = matching
        self.ages: list[int] = subscriptions.edges.tolist()
        self._parts: list[dict[Chunk, _Part]] = [{} for _ in self.ages]

    def passed(self, store: EventStore, after: int, until: int) -> tuple[list[Moves], list[Heard]]:
        """What kept events do at all edges in (after, until]."""
        moves: list[Moves] = []
        heard: list[Heard] = []
        recent: list[tuple[int, Passing]] = []
        for number, age in enumerate(self.ages):
            recent += [(number, part) for part in store.recent(after - age, until - age)]
            chunks = store.between(after - age, until - age)
            parts = self._parts[number] = {chunk: self._part(number, chunk) for chunk in chunks}
            for part in parts.values():
                _cut(part, after, until, moves, heard)
        if recent:
            self._recent(recent, moves, heard)
        return moves, heard

    def of(
        self, passing: Passing, slot: NDArray[np.int64], at: NDArray[np.int64], event: NDArray[np.int64] | None
    ) -> _Part:
        """What events do at slots of the lists, at instants; event: their positions among the arrivals."""
        where, entry = self._subscriptions.counter_lists.of(passing.pattern, slot)
        moves = Moves(passing.row[where], at[where], entry)
        where, watcher = self._subscriptions.watcher_lists.of(passing.pattern, slot)
        count = len(self.ages)
        slots = slot[where]
        edge = np.where(slots < count, self._subscriptions.edges[np.minimum(slots, count - 1)], ARRIVAL)
        events = np.full(len(where), -1) if event is None else event[where]
        return _Part(moves, Heard(passing.row[where], at[where], passing.time[where], watcher, edge, events))

    def _part(self, number: int, chunk: Chunk) -> _Part:
        known = self._parts[number].get(chunk)
        if known is not None:
            return known
        position, pattern = chunk.relevant(self._matching)
        wanted = self._subscriptions.wants(pattern, number)
        time = chunk.times(position[wanted])
        passing = Passing(chunk.row[position[wanted]], time, pattern[wanted])
        return self.of(passing, np.full(len(time), number), time + self.ages[number], None)

    def _recent(self, recent: list[tuple[int, Passing]], moves: list[Moves], heard: list[Heard]) -> None:
        passing = Passing(*(np.concatenate(arrays) for arrays in zip(*(part for _, part in recent), strict=True)))
        slot = np.repeat(np.array([number for number, _ in recent]), [len(part.row) for _, part in recent])
        part = self.of(passing, slot, passing.time + self._subscriptions.edges[slot], None)
        moves.append(part.moves)
        heard.append(part.heard)


def _cut(part: _Part, after: int, until: int, moves: list[Moves], heard: list[Heard]) -> None:
    """The part of a part with after < at <= until."""
    when = _span(part.moves.at, after, until)
    if when.start < when.stop:
        moves.append(Moves(part.moves.row[when], part.moves.at[when], part.moves.entry[when]))
    when = _span(part.heard.at, after, until)
    if when.start < when.stop:
        heard.append(Heard(*(array[when] for array in part.heard)))


def _span(at: NDArray[np.int64], after: int, until: int) -> slice:
    if not len(at):
        return slice(0, 0)
    return slice(int(at.searchsorted(after, "right")), int(at.searchsorted(until, "right")))
