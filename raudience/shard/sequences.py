"""Leaves about the order of events: "A, then B within a day".

Of all chains of a row only the one that starts latest matters: the leaf holds for as long as its start is in the
window. An event that comes in order of time leads on from what is known in one step; one that comes late has the events
of its row that share its text looked at again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from heapq import heapify, heappop, heappush
from itertools import groupby
from operator import itemgetter
from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from raudience.criteria.leaves import FOREVER, SequenceOf
from raudience.records import Field
from raudience.shard.amounts import Read, Texts
from raudience.shard.bits import Bits
from raudience.shard.chains import NEVER, Group
from raudience.shard.index import NOBODY
from raudience.shard.rows import EventRows
from raudience.shard.toggles import Toggles, order_of, turns
from raudience.shard.windowed import Arrived
from raudience.shard.words import Dictionary

__all__ = ["Event", "SequenceState"]

_OVER: Final = -1
"""Step of what is due when the latest chain of a row leaves the window."""
_STALE: Final = -2
"""Step of what is due when all events of a row have left it."""
_ROW: Final = itemgetter(0)
_OF_ROW, _OF_DUE, _LONE, _GROUP, _EVENT = 350, 150, 120, 500, 100
"""Bytes of each, as measured."""

# Plain tuples: the garbage collector soon leaves them alone.
_Due: TypeAlias = tuple[int, int, int, int, int]
"""Instant, row, time, step, text: an event that begins to count for a row then, or one of `_OVER` and `_STALE`."""
_Touch: TypeAlias = tuple[int, int, int, int, int]
"""The same, row first."""


class Event(NamedTuple):
    """One event as a sequence sees it: its time, the step it can be, the number of its text."""

    time: int
    step: int
    text: int


class _Row:
    """What is kept of a row: groups by text (time and step of an event without another: most are, and objects cost
    room and the garbage collector's time), the latest start of a chain, the time of the latest event."""

    __slots__ = ("groups", "newest", "start")

    def __init__(self) -> None:
        self.groups: dict[int, Group | tuple[int, int]] = {}
        self.start = self.newest = NEVER


class SequenceState:
    """One leaf, for all rows."""

    def __init__(self, number: int, leaf: SequenceOf, dictionaries: dict[Field, Dictionary]) -> None:
        self.number = number
        self.leaf = leaf
        self._texts = None if leaf.same is None else Texts(leaf.same, dictionaries)
        self._within = tuple(step.within for step in leaf.steps)
        self._low, self._high = leaf.window.low, leaf.window.high
        self._rows: dict[int, _Row] = {}
        # What is to come, in order: of every row with events one `_STALE`, of those in `_watched` one `_OVER`, events
        # only of those in `_waiting`.
        self._due: list[_Due] = []
        self._watched: set[int] = set()
        self._waiting: set[int] = set()

    def read(self, rows: EventRows, where: NDArray[np.int64]) -> Read:
        """Texts of the events at the positions; `of` counts in `where`. Without a text in common all have one."""
        if self._texts is None:
            return Read(np.arange(len(where)), np.zeros(len(where), np.int64))
        return self._texts.read(rows, where)

    def step(self, after: int, until: int, arrived: Sequence[Arrived], bits: Bits) -> Toggles | None:
        """What turns in (after, until]; arrived: for each step of the sequence. Each such interval begins where the one
        before ended."""
        due = self._take(arrived, until)
        while self._due and self._due[0][0] <= until:
            at, row, time, step, text = heappop(self._due)
            due.append((row, at, time, step, text))
        if not due:
            return None
        due.sort()
        told: list[tuple[int, int, bool]] = []
        for row, touches in groupby(due, _ROW):
            told += self._touch(row, touches, after, until)
        return self._toggles(told, bits) if told else None

    def fill(self, arrived: Sequence[Arrived], now: int, column: NDArray[np.bool_]) -> None:
        """Begin with all that was ever there, in a new state; column: bool[rows], where the truth goes."""
        due = sorted((row, now, time, step, text) for row, _, time, step, text in self._take(arrived, now))
        for row, touches in groupby(due, _ROW):
            self._touch(row, touches, now, now)
            column[row] = row in self._rows and self._rows[row].start >= now - self._high

    def holds(self, events: Iterable[Event]) -> bool:
        """Truth of a user with these events in the window, in order of time."""
        groups: dict[int, Group] = {}
        for time, step, text in events:
            if text in groups:
                groups[text].add(self._within, time, step, NEVER)
            else:
                groups[text] = Group(time, step)
        return any(group.start != NEVER for group in groups.values())

    def next_edge(self, _: int) -> int | None:
        """The next moment at which something comes into the window or leaves it."""
        return self._due[0][0] if self._due else None

    def clear(self, rows: NDArray[np.int32]) -> None:
        """Forget rows that are given to other profiles."""
        gone = {row for row in rows.tolist() if self._rows.pop(row, None) is not None}
        lost = gone | (self._waiting & set(rows.tolist()))
        if lost:
            self._watched -= lost
            self._waiting -= lost
            self._due = [each for each in self._due if each[1] not in lost]
            heapify(self._due)

    def take_over(self, other: SequenceState) -> None:
        """Hold what another of the same leaf holds, which must not be used any more."""
        self._texts, self._rows, self._due = other._texts, other._rows, other._due
        self._watched, self._waiting = other._watched, other._waiting

    def graft(self, other: SequenceState, to: NDArray[np.int32]) -> None:
        """Take the rows of another, of which nothing is left there; to: int32[n], own row of each of them."""
        known = [0]
        if self._texts is not None and other._texts is not None:
            known = self._texts.learn(other._texts).tolist()
        for row, kept in other._rows.items():
            kept.groups = {known[text]: group for text, group in kept.groups.items()}
            self._rows[int(to[row])] = kept
        self._watched |= {int(to[row]) for row in other._watched}
        self._waiting |= {int(to[row]) for row in other._waiting}
        for at, row, time, step, text in other._due:
            heappush(self._due, (at, int(to[row]), time, step, known[text] if step >= 0 else text))

    def nbytes(self) -> int:
        groups = [group for row in self._rows.values() for group in row.groups.values()]
        events = sum(_LONE if isinstance(group, tuple) else _GROUP + _EVENT * len(group.events) for group in groups)
        return events + _OF_ROW * len(self._rows) + _OF_DUE * len(self._due)

    def _take(self, arrived: Sequence[Arrived], until: int) -> list[_Touch]:
        """Events that begin to count up to `until`; those that do so later wait."""
        due: list[_Touch] = []
        for step, part in enumerate(arrived):
            owned = part.pick((part.row != NOBODY) & (part.at - part.time <= self._high))
            comes = np.maximum(owned.at, owned.time + self._low)
            columns = (column.tolist() for column in (comes, owned.row, owned.time, owned.value))
            for at, row, time, text in zip(*columns, strict=True):
                if at <= until:
                    due.append((row, at, time, step, text))
                else:
                    self._waiting.add(row)
                    heappush(self._due, (at, row, time, step, text))
        return due

    def _touch(self, row: int, touches: Iterable[_Touch], after: int, until: int) -> list[tuple[int, int, bool]]:
        """What is due for a row in order of time: (row, instant, truth from then on) where that changes."""
        kept = self._rows.get(row)
        fresh = kept is None
        if kept is None:
            kept = self._rows[row] = _Row()
        held, told = kept.start >= after - self._high, []
        for _, at, time, step, text in touches:
            if held and kept.start < at - self._high:
                held = False
                told.append((row, kept.start + self._high + 1, False))
            if step >= 0:
                self._add(kept, time, step, text, at - self._high)
                if not held and kept.start >= at - self._high:
                    held = True
                    told.append((row, at, True))
            elif step == _OVER:
                self._watched.discard(row)
            else:
                fresh = True
        if held and kept.start < until - self._high:
            held = False
            told.append((row, kept.start + self._high + 1, False))
        self._arm(row, kept, held, fresh, until)
        return told

    def _add(self, kept: _Row, time: int, step: int, text: int, oldest: int) -> None:
        group = kept.groups.get(text)
        if group is None:
            kept.groups[text] = (time, step)
        else:
            if isinstance(group, tuple):
                group = kept.groups[text] = Group(*group)
            kept.start = max(kept.start, group.add(self._within, time, step, oldest))
        kept.newest = max(kept.newest, time)

    def _arm(self, row: int, kept: _Row, held: bool, fresh: bool, until: int) -> None:
        """See to it that the row is looked at when its chain, or all of it, leaves the window."""
        if self._high + 1 >= FOREVER:
            return
        if held and row not in self._watched:
            self._watched.add(row)
            heappush(self._due, (kept.start + self._high + 1, row, 0, _OVER, 0))
        if kept.newest < until - self._high:
            del self._rows[row]
        elif fresh:
            heappush(self._due, (kept.newest + self._high + 1, row, 0, _STALE, 0))

    def _toggles(self, told: list[tuple[int, int, bool]], bits: Bits) -> Toggles:
        row, at, truth = (np.array(column) for column in zip(*told, strict=True))
        row = row.astype(np.int32)
        order = order_of(row, at)
        return turns(row[order], at[order], truth[order][None], np.array([self.number], np.int32), bits)
