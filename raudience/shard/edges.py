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
from raudience.shard.telling import ARRIVAL, Heard

__all__ = ["Edges", "Moves", "Occurring", "Step"]


class Moves(NamedTuple):
    """Counters that gain or lose events: row int32[k], at int64[k], entry int32[k] of the lists of counters."""

    row: NDArray[np.int32]
    at: NDArray[np.int64]
    entry: NDArray[np.int32]


class Step(NamedTuple):
    """What events do, each part ascending in `at` when the events are."""

    moves: Moves
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


class Edges:
    """All edges of one plan."""

    def __init__(self, subscriptions: Subscriptions, matching: Matching) -> None:
        self._subscriptions = subscriptions
        self._matching = matching
        self.ages: list[int] = subscriptions.edges.tolist()
        self._edge_of = np.append(subscriptions.edges, ARRIVAL)
        self._parts: list[dict[Chunk, Step]] = [{} for _ in self.ages]

    def passed(self, store: EventStore, after: int, until: int) -> list[Step]:
        """What kept events do at all edges in (after, until]."""
        steps: list[Step] = []
        recent: list[Occurring] = []
        for number, age in enumerate(self.ages):
            for part in store.recent(after - age, until - age):
                count = len(part.row)
                recent.append(Occurring(*part, np.full(count, number), part.time + age, np.full(count, -1)))
            chunks = store.between(after - age, until - age)
            parts = self._parts[number] = {chunk: self._part(number, chunk) for chunk in chunks}
            steps += [_cut(part, after, until) for part in parts.values()]
        return [*steps, *self.of(recent)]

    def of(self, occurring: list[Occurring]) -> list[Step]:
        """What events do at the slots of the lists that they occur at."""
        if not occurring:
            return []
        came = occurring[0]
        if len(occurring) > 1:
            came = Occurring(*(np.concatenate(arrays) for arrays in zip(*occurring, strict=True)))
        where, entry = self._subscriptions.lists.of(came.pattern, came.slot)
        moved = (entry >= 0).nonzero()[0]
        mover = where.take(moved)
        moves = Moves(came.row.take(mover), came.at.take(mover), entry.take(moved))
        if len(moved) == len(entry):
            return [Step(moves, None)]
        told = (entry < 0).nonzero()[0]
        teller = where.take(told)
        edge = self._edge_of.take(np.minimum(came.slot.take(teller), len(self.ages)))
        watcher = -1 - entry.take(told)
        row, at, time = came.row.take(teller), came.at.take(teller), came.time.take(teller)
        return [Step(moves, Heard(row, at, time, watcher, edge, came.event.take(teller)))]

    def _part(self, number: int, chunk: Chunk) -> Step:
        known = self._parts[number].get(chunk)
        if known is not None:
            return known
        position, pattern = chunk.relevant(self._matching)
        wanted = self._subscriptions.wants(pattern, number)
        position, count = position[wanted], len(wanted)
        time = chunk.times(position)
        at = time + self.ages[number]
        came = Occurring(chunk.row[position], time, pattern[wanted], np.full(count, number), at, np.full(count, -1))
        return self.of([came])[0]


def _cut(step: Step, after: int, until: int) -> Step:
    """The part of a step with after < at <= until."""
    when = _span(step.moves.at, after, until)
    moves = Moves(step.moves.row[when], step.moves.at[when], step.moves.entry[when])
    if step.heard is None:
        return Step(moves, None)
    when = _span(step.heard.at, after, until)
    return Step(moves, step.heard.pick(when) if when.start < when.stop else None)


def _span(at: NDArray[np.int64], after: int, until: int) -> slice:
    if not len(at):
        return slice(0, 0)
    return slice(int(at.searchsorted(after, "right")), int(at.searchsorted(until, "right")))
