"""Sequences: leaves that look at single events.

For each user they keep the events that matter to them and look at all of those in the window, in plain Python: only for
users whom a matching event or the edge of a window has touched.
"""

from __future__ import annotations

from bisect import insort
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from raudience.criteria.leaves import FOREVER, Matcher, SequenceOf
from raudience.criteria.text import fold
from raudience.criteria.values import number_text
from raudience.records import Field
from raudience.shard.bits import Bits
from raudience.shard.index import NOBODY
from raudience.shard.rows import EventRows
from raudience.shard.toggles import Toggles, order_of, turns
from raudience.shard.words import FIRST_WORD, NUMBER_CODE, Dictionary

__all__ = ["Entry", "HistoryState", "Touch"]


class Entry(NamedTuple):
    """One event as a history keeps it: its time, the step it can be, its text of the attribute in common."""

    time: int
    step: int
    value: str


class Touch(NamedTuple):
    """A row to be looked at, at an instant, with the entries that it gains then."""

    row: int
    at: int
    entries: tuple[Entry, ...]


class HistoryState:
    """One leaf, for all rows."""

    def __init__(self, number: int, leaf: SequenceOf, dictionaries: dict[Field, Dictionary]) -> None:
        self.number = number
        self.leaf = leaf
        self._dictionaries = dictionaries
        self._kept: dict[int, list[Entry]] = {}

    def matchers(self) -> tuple[Matcher, ...]:
        """Matchers of its steps."""
        return tuple(step.matcher for step in self.leaf.steps)

    def edges(self) -> frozenset[int]:
        """Ages at which an event changes what it does for the window."""
        window = self.leaf.window
        return frozenset(age for age in (window.low, window.high + 1) if age < FOREVER)

    def entries(
        self, rows: EventRows, where: NDArray[np.int64], step: int, times: NDArray[np.int64]
    ) -> list[tuple[Entry, ...]]:
        """What this leaf keeps of events, one tuple per position in `where`."""
        if self.leaf.same is None:
            return [(Entry(time, step, ""),) for time in times.tolist()]
        values = _texts(rows, self.leaf.same, self._dictionaries, where)
        return [
            tuple(Entry(time, step, value) for value in found)
            for time, found in zip(times.tolist(), values, strict=True)
        ]

    def take(self, row: int, entries: tuple[Entry, ...]) -> None:
        """Keep entries of a row; what belongs to nobody any more is of no use."""
        if row == NOBODY:
            return
        kept = self._kept.setdefault(row, [])
        for entry in entries:
            insort(kept, entry)

    def apply(self, touches: list[Touch], bits: Bits) -> Toggles:
        """Take entries and look at the touched rows at each instant."""
        rows = np.array([touch.row for touch in touches], np.int32)
        ats = np.array([touch.at for touch in touches], np.int64)
        order = order_of(rows, ats)
        truth = np.zeros(len(touches), bool)
        for place in order.tolist():
            touch = touches[place]
            if touch.entries:
                self.take(touch.row, touch.entries)
            truth[place] = self.holds(self.present(touch.row, touch.at))
        rows, ats = rows[order], ats[order]
        return turns(rows, ats, truth[order][None], np.array([self.number], np.int32), bits)

    def present(self, row: int, now: int) -> list[Entry]:
        """Entries of a row in the window, by time; what has left the window for good is forgotten."""
        kept, window = self._kept.get(row), self.leaf.window
        if not kept:
            return []
        gone = next((i for i, entry in enumerate(kept) if now - entry.time <= window.high), len(kept))
        if gone:
            del kept[:gone]
            if not kept:
                del self._kept[row]
        return [entry for entry in kept if now - entry.time >= window.low]

    def holds(self, entries: list[Entry]) -> bool:
        """Whether the entries, by time, hold a chain; of the steps before, the latest that is valid is the best."""
        by_value: dict[str, list[Entry]] = {}
        for entry in entries:
            by_value.setdefault(entry.value, []).append(entry)
        return any(_chain_of(self.leaf, group) for group in by_value.values())

    def rows(self) -> list[int]:
        """Rows that have entries."""
        return list(self._kept)

    def clear(self, rows: NDArray[np.int32]) -> None:
        for row in rows.tolist():
            self._kept.pop(row, None)

    def take_over(self, other: HistoryState) -> None:
        """Hold what another of the same leaf holds, which must not be used any more."""
        self._kept = other._kept

    def graft(self, other: HistoryState, to: NDArray[np.int32]) -> None:
        """Take the rows of another, of which nothing is left there; to: int32[n], own row of each of them."""
        self._kept.update((int(to[row]), entries) for row, entries in other._kept.items())

    def nbytes(self) -> int:
        return sum(100 + 120 * len(entries) for entries in self._kept.values())


def _texts(
    rows: EventRows, field: Field, dictionaries: dict[Field, Dictionary], where: NDArray[np.int64]
) -> list[list[str]]:
    """Folded text of an attribute at positions, as a list of none or one."""
    cells = rows.cells(field)
    if cells is None:
        return [[] for _ in where]
    place = np.full(rows.size, -1)
    place[slice(None) if cells.index is None else cells.index] = np.arange(len(cells.codes))
    found: list[list[str]] = []
    for at in place[where].tolist():
        code = int(cells.codes[at]) if at >= 0 else 0
        if code == NUMBER_CODE and cells.numbers is not None:
            found.append([number_text(float(cells.numbers[at]))])
        elif code >= FIRST_WORD:
            found.append([fold(dictionaries[field].word(code))])
        else:
            found.append([])
    return found


def _chain_of(leaf: SequenceOf, entries: list[Entry]) -> bool:
    latest: list[int | None] = [None] * len(leaf.steps)
    waiting: list[tuple[int, int]] = []
    moment: int | None = None
    for time, step, _ in entries:
        if time != moment:
            for done, at in waiting:
                latest[done] = at
            waiting.clear()
            moment = time
        before = latest[step - 1] if step else time
        within = leaf.steps[step].within
        if before is not None and (step == 0 or within is None or time - before <= within):
            if step == len(leaf.steps) - 1:
                return True
            waiting.append((step, time))
    return False
