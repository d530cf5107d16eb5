"""Kept events as they pass the edges of windows.

When an edge comes to a chunk, all that the events of the chunk do at that edge is looked up at once. What the chunks do
at all edges is put in order of time for some while ahead; each step only cuts off the part whose moment has come.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from raudience.clock import HOUR
from raudience.shard.chunk import Chunk
from raudience.shard.growing import order_by
from raudience.shard.index import NOBODY
from raudience.shard.matching import Matching
from raudience.shard.store import EventStore
from raudience.shard.subscriptions import Subscriptions
from raudience.shard.telling import ARRIVAL, Heard

__all__ = ["Edges", "Moves", "Occurring", "Step", "joined"]

_STEPS_AHEAD = 15
_AHEAD = HOUR


class Moves(NamedTuple):
    """Counters that gain or lose events: row int32[k], at int64[k], entry int32[k] of the lists of counters."""

    row: NDArray[np.int32]
    at: NDArray[np.int64]
    entry: NDArray[np.int32]


class Step(NamedTuple):
    """What events do, each part ascending in `at` when the events are; None where it is nothing."""

    moves: Moves | None
    heard: Heard | None

    def between(self, after: int, until: int) -> Step:
        """The part with after < at <= until, of parts that are ascending in `at`."""
        moves, heard = self
        if moves is not None:
            start, end = moves.at.searchsorted(after, "right"), moves.at.searchsorted(until, "right")
            moves = Moves(moves.row[start:end], moves.at[start:end], moves.entry[start:end]) if start < end else None
        if heard is not None:
            start, end = heard.at.searchsorted(after, "right"), heard.at.searchsorted(until, "right")
            heard = heard.pick(slice(start, end)) if start < end else None
        return Step(moves, heard)


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
        self._ages = subscriptions.edges
        self.ages: list[int] = subscriptions.edges.tolist()
        self._edge_of = np.append(subscriptions.edges, ARRIVAL)
        self._passages: dict[tuple[int, Chunk], Step] = {}
        self._ahead = Step(None, None)
        self._horizon = -(1 << 62)
        self._generation = -1

    def passed(self, store: EventStore, after: int, until: int) -> tuple[Step, list[Occurring]]:
        """What kept events do at all edges in (after, until]; each such interval begins where the one before ended.
        What is not sealed yet is told as events that occur."""
        if until > self._horizon or store.generation != self._generation:
            self._look_ahead(store, after, until)
        return self._ahead.between(after, until), [
            Occurring(row, time, pattern, edge, time + self._ages.take(edge), np.full(len(row), -1))
            for row, time, pattern, edge in store.recent(after - self._ages, until - self._ages)
        ]

    def _look_ahead(self, store: EventStore, after: int, until: int) -> None:
        """Find all that sealed events do at edges, for a while beyond `until`: so much at once costs little more."""
        self._generation = store.generation
        self._horizon = until + min(_STEPS_AHEAD * (until - after), _AHEAD)
        known, self._passages = self._passages, {}
        for place in store.between(after - self._ages, self._horizon - self._ages):
            self._passages[place] = known.get(place) or self._passage(*place)
        steps = [passage.between(after, self._horizon) for passage in self._passages.values()]
        moves = Moves(*joined([step.moves for step in steps if step.moves is not None], _NO_MOVES))
        heard = Heard(*joined([step.heard for step in steps if step.heard is not None], _NOBODY_HEARD))
        moved = order_by(moves.at)
        moves = Moves(moves.row.take(moved), moves.at.take(moved), moves.entry.take(moved))
        self._ahead = Step(moves, heard.pick(order_by(heard.at)))

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

    def _passage(self, number: int, chunk: Chunk) -> Step:
        """All that the events of a chunk do at an edge."""
        matched = chunk.matched(self._matching)
        wanted = self._subscriptions.wants(matched, number)
        position = wanted if matched.positions is None else matched.positions.take(wanted)
        row, pattern = chunk.row.take(position), matched.patterns.take(wanted).astype(np.int32)
        owned = row != NOBODY
        if not owned.all():
            position, row, pattern = position.compress(owned), row.compress(owned), pattern.compress(owned)
        time, count = chunk.times(position), len(position)
        at = time + self.ages[number]
        came = Occurring(row, time, pattern, np.full(count, number), at, np.full(count, -1))
        return self.of([came])


def joined(
    parts: Sequence[tuple[NDArray[Any], ...]], nothing: tuple[NDArray[Any], ...] = ()
) -> tuple[NDArray[Any], ...]:
    """Columns of all parts in one; `nothing` when there is none."""
    if len(parts) <= 1:
        return parts[0] if parts else nothing
    return tuple(map(np.concatenate, zip(*parts, strict=True)))


_INTS, _LONGS = np.zeros(0, np.int32), np.zeros(0, np.int64)
_NO_MOVES = Moves(_INTS, _LONGS, _INTS)
_NOBODY_HEARD = Heard(_INTS, _LONGS, _LONGS, _INTS, _LONGS, _LONGS)
