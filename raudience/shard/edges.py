"""Kept events as they pass the edges of windows.

When an edge comes to a chunk, all that the events of the chunk do at that edge is looked up at once; after that each
step only cuts off the part whose moment has come.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from raudience.shard.chunk import Chunk
from raudience.shard.matching import Matching
from raudience.shard.store import EventStore
from raudience.shard.subscriptions import Subscriptions
from raudience.shard.telling import ARRIVAL, Heard

__all__ = ["Edges", "Moves", "Occurring", "Step"]


class Moves(NamedTuple):
    """Counters that gain or lose events: row int32[k], at int64[k], entry int32[k] of the lists of counters."""

    row: NDArray[np.int32]
    at: NDArray[np.int64]
    entry: NDArray[np.int32]


class Step(NamedTuple):
    """What events do, each part ascending in `at` when the events are; None where it is nothing."""

    moves: Moves | None
    heard: Heard | None


class Occurring(NamedTuple):
    """Events that arrive or pass an edge: row int32[k], time int64[k], pattern int32[k], slot int64[k] of the lists,
    at int64[k] when it happens, event int64[k]: position among the arrivals, -1 for an event kept before."""

    row: NDArray[np.int32]
    time: NDArray[np.int64]
    pattern: NDArray[np.int32]
    slot: NDArray[np.int64]
    at: NDArray[np.int64]
    event: NDArray[np.int64]


class _Passage:
    """A chunk on its way past an edge, taken piece by piece."""

    def __init__(self, step: Step, after: int) -> None:
        self._step = step
        self._moved = 0 if step.moves is None else int(step.moves.at.searchsorted(after, "right"))
        self._told = 0 if step.heard is None else int(step.heard.at.searchsorted(after, "right"))

    def next(self, until: int) -> Step:
        """The part with at <= until that was not taken before."""
        return Step(self._next_moves(until), self._next_heard(until))

    def _next_moves(self, until: int) -> Moves | None:
        moves, start = self._step.moves, self._moved
        if moves is None or start == len(moves.at):
            return None
        end = self._moved = int(moves.at.searchsorted(until, "right"))
        return Moves(moves.row[start:end], moves.at[start:end], moves.entry[start:end]) if start < end else None

    def _next_heard(self, until: int) -> Heard | None:
        heard, start = self._step.heard, self._told
        if heard is None or start == len(heard.at):
            return None
        end = self._told = int(heard.at.searchsorted(until, "right"))
        return heard.pick(slice(start, end)) if start < end else None


class Edges:
    """All edges of one plan."""

    def __init__(self, subscriptions: Subscriptions, matching: Matching) -> None:
        self._subscriptions = subscriptions
        self._matching = matching
        self._ages = subscriptions.edges
        self.ages: list[int] = subscriptions.edges.tolist()
        self._edge_of = np.append(subscriptions.edges, ARRIVAL)
        self._passages: dict[tuple[int, Chunk], _Passage] = {}

    def passed(self, store: EventStore, after: int, until: int) -> tuple[list[Step], list[Occurring]]:
        """What kept events do at all edges in (after, until]; each such interval begins where the one before ended.
        What is not looked up yet is told as events that occur."""
        afters, untils = after - self._ages, until - self._ages
        known, self._passages = self._passages, {}
        for place in store.between(afters, untils):
            self._passages[place] = known.get(place) or self._passage(*place, after)
        steps = [passage.next(until) for passage in self._passages.values()]
        return steps, [
            Occurring(row, time, pattern, edge, time + self._ages.take(edge), np.full(len(row), -1))
            for row, time, pattern, edge in store.recent(afters, untils)
        ]

    def of(self, occurring: list[Occurring]) -> Step:
        """What events do at the slots of the lists that they occur at."""
        if not occurring:
            return Step(None, None)
        came = occurring[0]
        if len(occurring) > 1:
            came = Occurring(*map(np.concatenate, zip(*occurring, strict=True)))
        where, entry = self._subscriptions.lists.of(came.pattern, came.slot)
        told = (entry < 0).nonzero()[0]
        if not len(told):
            return Step(Moves(came.row.take(where), came.at.take(where), entry), None)
        teller = where.take(told)
        slot = came.slot.take(teller)
        edge = self._edge_of.take(np.minimum(slot, len(self.ages)))
        watcher = -1 - entry.take(told)
        row, at, time = came.row.take(teller), came.at.take(teller), came.time.take(teller)
        heard = Heard(row, at, time, watcher, edge, came.event.take(teller))
        moved = (entry >= 0).nonzero()[0]
        mover = where.take(moved)
        return Step(Moves(came.row.take(mover), came.at.take(mover), entry.take(moved)), heard)

    def _passage(self, number: int, chunk: Chunk, after: int) -> _Passage:
        position, pattern = chunk.relevant(self._matching)
        wanted = self._subscriptions.wants(pattern, number)
        position, count = position[wanted], len(wanted)
        time = chunk.times(position)
        at = time + self.ages[number]
        came = Occurring(chunk.row[position], time, pattern[wanted], np.full(count, number), at, np.full(count, -1))
        return _Passage(self.of([came]), after)
