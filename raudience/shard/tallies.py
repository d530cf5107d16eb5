"""What the values in a window come to, row by row: a sum and how many they are, or how many are different."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from raudience.criteria.leaves import Distinct, Sum
from raudience.criteria.values import holds_absent, holds_numbers
from raudience.shard.amounts import LARGE, MILLION, Values
from raudience.shard.growing import grown, segments
from raudience.shard.toggles import order_of
from raudience.shard.windowed import Passed

__all__ = ["Different", "Judge", "Moved", "Tally", "distinct_judge", "sum_judge"]

Longs: TypeAlias = NDArray[np.int64]
Judge: TypeAlias = Callable[[Values, Longs], NDArray[np.bool_]]
"""Truth, bool[k], of totals and of how many values they are made of."""
_EXACT = 1 << 53
_VALUE_BITS = 31


class Moved(NamedTuple):
    """Truth after each move: row int32[k], at int64[k], sorted by both; truth bool[k]; begins bool[k]: where a row
    does."""

    row: NDArray[np.int32]
    at: NDArray[np.int64]
    truth: NDArray[np.bool_]
    begins: NDArray[np.bool_]


class Tally:
    """Totals and counts of the rows that have any; of all others both are 0."""

    def __init__(self, judge: Judge) -> None:
        self._judge = judge
        self._slot = np.zeros(0, np.int32)  # 0: none.
        self._used, self._free = 1, np.zeros(0, np.int32)
        self._total: Values = np.zeros(1, np.int64)
        self._count = np.zeros(1, np.int64)
        self._latest = np.zeros(1, np.int64)
        self._largest, self._most = 0, 0

    def note(self, row: NDArray[np.int32], time: Longs) -> None:
        """Have a place for rows with events of these times."""
        if len(row):
            self._slot = grown(self._slot, int(row.max()) + 1)
            fresh = np.unique(row[self._slot.take(row) == 0])
            if len(fresh):
                self._slot[fresh] = self._places(len(fresh))
            np.maximum.at(self._latest, self._slot.take(row), time)

    def move(self, passed: Passed) -> Moved:
        """Add values that come and take those away that leave."""
        order = order_of(passed.row, passed.at)
        row, at = passed.row.take(order), passed.at.take(order)
        value, sign = passed.value.take(order), passed.sign.take(order)
        begins = segments(row)
        first = begins.nonzero()[0]
        slot = self._slot.take(row.take(first))
        count = _running(self._count, slot, sign, first)
        if len(value):
            self._widen(int(np.abs(value).max()), int(count.max()))
        if self._total.dtype == object:
            value, sign = value.astype(object), sign.astype(object)
        total = _running(self._total, slot, value * sign, first)
        return Moved(row, at, self._judge(total, count), begins)

    def rows(self) -> NDArray[np.int32]:
        """Rows that have a place."""
        return self._slot.nonzero()[0].astype(np.int32)

    def truth(self, row: NDArray[np.int32]) -> NDArray[np.bool_]:
        """What is true of rows."""
        slot = self._slot.take(row)
        return self._judge(self._total.take(slot), self._count.take(slot))

    def latest(self, row: NDArray[np.int32]) -> tuple[NDArray[np.int32], Longs]:
        """Those of some rows that have a place, and the time of the latest event of each."""
        row = row[row < len(self._slot)]
        row = row[self._slot.take(row) > 0]
        return row, self._latest.take(self._slot.take(row))

    def clear(self, row: NDArray[np.int32]) -> None:
        """Rows that have a place lose it."""
        slot = self._slot.take(row)
        self._total[slot] = self._count[slot] = self._latest[slot] = 0
        self._slot[row] = 0
        self._free = np.concatenate([self._free, slot])

    def nbytes(self) -> int:
        return self._slot.nbytes + self._total.nbytes + self._count.nbytes + self._latest.nbytes

    def _places(self, count: int) -> NDArray[np.int32]:
        given, self._free = self._free[:count], self._free[count:]
        start, self._used = self._used, self._used + count - len(given)
        self._total, self._count = grown(self._total, self._used), grown(self._count, self._used)
        self._latest = grown(self._latest, self._used)
        return np.concatenate([given, np.arange(start, self._used, dtype=np.int32)])

    def _widen(self, largest: int, most: int) -> None:
        """Go over to Python's numbers where a total might become too large for int64."""
        self._largest, self._most = max(self._largest, largest), max(self._most, most)
        if self._total.dtype != object and self._largest * self._most >= LARGE:
            self._total = self._total.astype(object)


class Different:
    """How many events of a row have each value."""

    def __init__(self) -> None:
        self._counts: dict[int, int] = {}

    def moves(self, passed: Passed) -> Passed:
        """A value more (sign 1) or less (-1) of a row, where its first event comes or its last one leaves."""
        if not len(passed.row):
            return passed
        key = passed.row.astype(np.int64) << _VALUE_BITS | passed.value
        order = np.lexsort((passed.at, key))
        key, at = key.take(order), passed.at.take(order)
        begins = segments(key)
        first = begins.nonzero()[0]
        keys = key.take(first).tolist()
        held = np.array([self._counts.get(one, 0) for one in keys], np.int64)
        former = held.copy()
        after = _running(held, np.arange(len(keys), dtype=np.int32), passed.sign.take(order), first)
        self._hold(keys, held.tolist())
        last = np.append(begins[1:] | (at[1:] != at[:-1]), True).nonzero()[0]
        key, at, after, begins = key.take(last), at.take(last), after.take(last), segments(key.take(last))
        before = np.roll(after, 1)
        before[begins] = former
        turned = ((before > 0) != (after > 0)).nonzero()[0]
        sign = np.where(after.take(turned) > 0, 1, -1)
        row = (key.take(turned) >> _VALUE_BITS).astype(np.int32)
        return Passed(row, at.take(turned), np.ones(len(row), np.int64), sign)

    def forget(self, rows: NDArray[np.int32]) -> None:
        """Lose what rows have."""
        gone = set(rows.tolist())
        self._counts = {key: count for key, count in self._counts.items() if key >> _VALUE_BITS not in gone}

    def nbytes(self) -> int:
        return 100 * len(self._counts)

    def _hold(self, keys: list[int], counts: list[int]) -> None:
        for key, count in zip(keys, counts, strict=True):
            if count:
                self._counts[key] = count
            else:
                self._counts.pop(key, None)


def _running(held: Values, slot: NDArray[np.int32], moves: Values, first: Longs) -> Values:
    """What is held after each move; the runs that begin at `first` belong to a slot each, which then holds the last."""
    if not len(moves):
        return moves
    # Sums over all rows may wrap around; their differences within a row do not.
    after = moves.cumsum()
    base = held.take(slot) - after.take(first) + moves.take(first)
    stops = np.append(first[1:], len(moves))
    after += base.repeat(stops - first)
    held[slot] = after.take(stops - 1)
    return after


def sum_judge(leaf: Sum) -> Judge:
    """The test of a sum or an average of millionths."""
    absent = holds_absent(leaf.test) if leaf.average else False

    def judge(total: Values, count: Longs) -> NDArray[np.bool_]:
        parts = np.maximum(count, 1) * MILLION if leaf.average else np.full(len(count), MILLION)
        truth = holds_numbers(leaf.test, _quotients(total, parts))
        return np.where(count == 0, absent, truth) if leaf.average else truth

    return judge


def distinct_judge(leaf: Distinct) -> Judge:
    """The bounds of a number of different values."""

    def judge(total: Values, _: Longs) -> NDArray[np.bool_]:
        truth = total >= leaf.least
        return truth if leaf.most is None else truth & (total <= leaf.most)

    return judge


def _quotients(total: Values, parts: Longs) -> NDArray[np.float64]:
    """total / parts, each rounded once."""
    if total.dtype != object and (not len(total) or int(np.abs(total).max()) < _EXACT > int(parts.max())):
        return total / parts
    return np.array([_quotient(int(one), int(part)) for one, part in zip(total, parts, strict=True)], np.float64)


def _quotient(total: int, part: int) -> float:
    try:
        return total / part
    except OverflowError:
        return math.inf if total > 0 else -math.inf
