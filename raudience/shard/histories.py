"""Leaves that look at single events: sums, distinct values, sequences.

For each user they keep the events that matter to them and look at all of those in the window, in plain Python: only for
users whom a matching event or the edge of a window has touched.
"""

from __future__ import annotations

from bisect import insort
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple, TypeAlias, assert_never

import numpy as np
from numpy.typing import NDArray

from raudience.criteria.leaves import FOREVER, Distinct, Matcher, SequenceOf, Sum
from raudience.criteria.text import fold
from raudience.criteria.values import holds_absent, holds_numbers, number_text, read_number
from raudience.records import Field
from raudience.shard.bits import Bits
from raudience.shard.features import ProductFeature
from raudience.shard.index import NOBODY
from raudience.shard.rows import EventRows
from raudience.shard.toggles import Toggles, order_of, turns
from raudience.shard.words import FIRST_WORD, NUMBER_CODE, Dictionary

__all__ = ["Entry", "HistoryLeaf", "HistoryState", "Touch"]

HistoryLeaf: TypeAlias = Sum | Distinct | SequenceOf
_MILLION = 1_000_000


class Entry(NamedTuple):
    """One event as a history keeps it: its time, the step it can be (0 but for sequences), its value in text."""

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

    def __init__(self, number: int, leaf: HistoryLeaf, dictionaries: dict[Field, Dictionary]) -> None:
        self.number = number
        self.leaf = leaf
        self._dictionaries = dictionaries
        self._kept: dict[int, list[Entry]] = {}

    def matchers(self) -> tuple[Matcher, ...]:
        """Matchers of its steps."""
        if isinstance(self.leaf, SequenceOf):
            return tuple(step.matcher for step in self.leaf.steps)
        return (self.leaf.matcher,)

    def edges(self) -> frozenset[int]:
        """Ages at which an event changes what it does for the window."""
        window = self.leaf.window
        return frozenset(age for age in (window.low, window.high + 1) if age < FOREVER)

    def entries(
        self, rows: EventRows, where: NDArray[np.int64], step: int, times: NDArray[np.int64]
    ) -> list[tuple[Entry, ...]]:
        """What this leaf keeps of events, one tuple per position in `where`."""
        field = self.leaf.same if isinstance(self.leaf, SequenceOf) else self.leaf.field
        if field is None:
            return [(Entry(time, step, ""),) for time in times.tolist()]
        values = self._values(rows, where, field)
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
            truth[place] = self.holds(self.present(touch.row, touch.at), touch.at)
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

    def holds(self, entries: list[Entry], now: int) -> bool:
        """Truth for the entries in the window at `now`."""
        match self.leaf:
            case Sum():
                return _sum_holds(self.leaf, entries)
            case Distinct():
                count = len({entry.value for entry in entries})
                return self.leaf.least <= count and (self.leaf.most is None or count <= self.leaf.most)
            case SequenceOf():
                return _chained(self.leaf, entries)
            case _:
                assert_never(self.leaf)

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

    def _values(self, rows: EventRows, where: NDArray[np.int64], field: Field) -> list[list[str]]:
        if field.namespace != "product":
            return _texts(rows, field, self._dictionaries, where, np.arange(rows.size), isinstance(self.leaf, Sum))
        owners = rows.product_event
        assert not isinstance(self.leaf, SequenceOf)
        checks = tuple(check for check in self.leaf.matcher.checks if check.field.namespace == "product")
        passing = ProductFeature((checks,), self._dictionaries).passing(rows, checks)
        found = _texts(
            rows, field, self._dictionaries, passing.nonzero()[0], np.arange(len(owners)), isinstance(self.leaf, Sum)
        )
        by_event: dict[int, list[str]] = {event: [] for event in where.tolist()}
        for product, values in zip(passing.nonzero()[0].tolist(), found, strict=True):
            by_event.get(int(owners[product]), []).extend(values)
        if isinstance(self.leaf, Sum):
            return [[str(sum(map(int, by_event[event])))] if by_event[event] else [] for event in where.tolist()]
        return [by_event[event] for event in where.tolist()]


def _texts(
    rows: EventRows, field: Field, dictionaries: dict[Field, Dictionary], where: NDArray[np.int64],
    every: NDArray[np.int64], millionths: bool,
) -> list[list[str]]:  # fmt: skip
    """Value of an attribute at positions, as a list of none or one text: folded, or a number of millionths."""
    cells = rows.cells(field)
    if cells is None:
        return [[] for _ in where]
    place = np.full(len(every), -1)
    place[slice(None) if cells.index is None else cells.index] = np.arange(len(cells.codes))
    found: list[list[str]] = []
    for at in place[where].tolist():
        code = int(cells.codes[at]) if at >= 0 else 0
        if code == NUMBER_CODE and cells.numbers is not None:
            found.append([_number_value(float(cells.numbers[at]), millionths)])
        elif code >= FIRST_WORD:
            found.append(_word_value(dictionaries[field].word(code), millionths))
        else:
            found.append([])
    return found


def _number_value(number: float, millionths: bool) -> str:
    return _millionths(number) if millionths else number_text(number)


def _word_value(word: str, millionths: bool) -> list[str]:
    if not millionths:
        return [fold(word)]
    number = read_number(word)
    return [] if number is None else [_millionths(number)]


@lru_cache(maxsize=65_536)
def _millionths(number: float) -> str:
    """A number as whole millionths, half to even."""
    return str(round(Fraction(number) * _MILLION))


def _sum_holds(leaf: Sum, entries: list[Entry]) -> bool:
    total = sum(int(entry.value) for entry in entries)
    if leaf.average and not entries:
        return holds_absent(leaf.test)
    value = total / (_MILLION * len(entries)) if leaf.average else total / _MILLION
    return bool(holds_numbers(leaf.test, np.array([value]))[0])


def _chained(leaf: SequenceOf, entries: list[Entry]) -> bool:
    """Whether the entries, by time, hold a chain; of the steps before, the latest that is valid is the best."""
    by_value: dict[str, list[Entry]] = {}
    for entry in entries:
        by_value.setdefault(entry.value, []).append(entry)
    return any(_chain_of(leaf, group) for group in by_value.values())


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
