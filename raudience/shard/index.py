"""Open-addressing tables in numpy: rows by MPID, and sets of keys that were seen."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from raudience.shard.growing import grown

__all__ = ["Remembered", "RowIndex"]

_EMPTY = -1
_GONE = -2
_ODD = np.uint64(0x9E3779B97F4A7C15)


def _slots(keys: NDArray[np.uint64], bits: int) -> NDArray[np.int64]:
    return ((keys * _ODD) >> np.uint64(64 - bits)).view(np.int64)


class RowIndex:
    """Row of each MPID. Rows are handed out in ascending order and may be reused once they are released."""

    def __init__(self) -> None:
        self.mpids = np.zeros(1024, np.int64)
        self.rows = 0
        self._bits = 12
        self._table = np.full(1 << self._bits, _EMPTY, np.int32)
        self._used = 0
        self._free: list[int] = []

    def find(self, mpids: NDArray[np.int64]) -> NDArray[np.int32]:
        """Rows int32[n] of `mpids`, -1 where there is none."""
        found = np.full(len(mpids), -1, np.int32)
        slot = _slots(mpids.view(np.uint64), self._bits)
        row = self._table[slot]
        hit = (row >= 0) & (self.mpids[row] == mpids)
        found[hit] = row[hit]
        pending = np.flatnonzero(~hit & (row != _EMPTY))
        mask = len(self._table) - 1
        slot = slot[pending]
        while len(pending):
            slot = (slot + 1) & mask
            row = self._table[slot]
            hit = (row >= 0) & (self.mpids[row] == mpids[pending])
            found[pending[hit]] = row[hit]
            left = ~hit & (row != _EMPTY)
            pending, slot = pending[left], slot[left]
        return found

    def find_or_add(self, mpids: NDArray[np.int64]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Rows int32[n] of `mpids` and the rows that are new, in the order of their first appearance."""
        rows = self.find(mpids)
        missing = rows < 0
        if not missing.any():
            return rows, rows[:0]
        distinct, first, back = np.unique(mpids[missing], return_index=True, return_inverse=True)
        by_appearance = np.argsort(first)
        fresh = np.empty(len(distinct), np.int32)
        fresh[by_appearance] = self._take_rows(len(distinct))
        self.mpids = grown(self.mpids, self.rows)
        self.mpids[fresh] = distinct
        self._insert(fresh)
        rows[missing] = fresh[back]
        return rows, fresh[by_appearance]

    def remove(self, rows: NDArray[np.int32]) -> None:
        """Forget the MPIDs of rows; the rows themselves stay taken until `release`."""
        slot = _slots(self.mpids[rows].view(np.uint64), self._bits)
        mask = len(self._table) - 1
        pending = rows
        while len(pending):
            hit = self._table[slot] == pending
            self._table[slot[hit]] = _GONE
            pending, slot = pending[~hit], (slot[~hit] + 1) & mask

    def release(self, rows: NDArray[np.int32]) -> None:
        """Let removed rows be handed out again."""
        self._free.extend(rows.tolist())

    def live(self) -> NDArray[np.int32]:
        """Rows that have an MPID, ascending."""
        return np.sort(self._table[self._table >= 0])

    def nbytes(self) -> int:
        return self.mpids.nbytes + self._table.nbytes

    def _take_rows(self, count: int) -> NDArray[np.int32]:
        again = self._free[:count]
        del self._free[:count]
        new = count - len(again)
        rows = np.concatenate([np.array(again, np.int32), np.arange(self.rows, self.rows + new, dtype=np.int32)])
        self.rows += new
        return rows

    def _insert(self, rows: NDArray[np.int32]) -> None:
        self._used += len(rows)
        if self._used * 2 > len(self._table):
            taken = np.concatenate([self._table[self._table >= 0], rows])
            self._bits = max(12, int(len(taken) * 3).bit_length())
            self._table = np.full(1 << self._bits, _EMPTY, np.int32)
            self._used = len(taken)
            rows = taken
        slot = _slots(self.mpids[rows].view(np.uint64), self._bits)
        mask = len(self._table) - 1
        while len(rows):
            free = np.flatnonzero(self._table[slot] == _EMPTY)
            self._table[slot[free]] = rows[free]
            lost = self._table[slot] != rows
            rows, slot = rows[lost], (slot[lost] + 1) & mask


class _KeySet:
    """Set of uint64 keys, 0 excepted."""

    def __init__(self, bits: int = 12) -> None:
        self._bits = bits
        self._table = np.zeros(1 << bits, np.uint64)
        self._used = 0

    def has(self, keys: NDArray[np.uint64]) -> NDArray[np.bool_]:
        found = np.zeros(len(keys), bool)
        if not self._used:
            return found
        slot = _slots(keys, self._bits)
        held = self._table[slot]
        found[held == keys] = True
        pending = np.flatnonzero(~found & (held != 0))
        mask = len(self._table) - 1
        slot = slot[pending]
        while len(pending):
            slot = (slot + 1) & mask
            held = self._table[slot]
            hit = held == keys[pending]
            found[pending[hit]] = True
            left = ~hit & (held != 0)
            pending, slot = pending[left], slot[left]
        return found

    def add(self, keys: NDArray[np.uint64]) -> None:
        """Add keys that are distinct and not in the set."""
        self._used += len(keys)
        if self._used * 5 > len(self._table) * 3:
            keys = np.concatenate([self._table[self._table != 0], keys])
            self._bits = max(12, int(len(keys) * 5 // 2).bit_length())
            self._table = np.zeros(1 << self._bits, np.uint64)
        slot = _slots(keys, self._bits)
        mask = len(self._table) - 1
        while len(keys):
            free = np.flatnonzero(self._table[slot] == 0)
            self._table[slot[free]] = keys[free]
            lost = self._table[slot] != keys
            keys, slot = keys[lost], (slot[lost] + 1) & mask

    def nbytes(self) -> int:
        return self._table.nbytes


class Remembered:
    """Keys that were seen, remembered for at least `span` milliseconds.

    Time is cut into slices of `span`; a key seen in a slice is remembered until the end of the next one. So whether a
    key is still remembered depends on the two moments alone and not on how the input was batched.
    """

    def __init__(self, span: int) -> None:
        self.span = span
        self._slices: dict[int, _KeySet] = {}

    def first_time(self, keys: NDArray[np.uint64], at: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which of `keys` (uint64[n], 0: no key, always new) were not seen before; they count as seen from now on.

        `at` is int64[n], ascending. Of equal keys among them the first is new.
        """
        new = np.ones(len(keys), bool)
        if not keys.any():
            return new
        slices = at // self.span
        for number in range(int(slices[0]), int(slices[-1]) + 1) if slices[-1] - slices[0] < 8 else np.unique(slices):
            here = (slices == number) & (keys != 0)
            if here.any():
                new[here] = self._first_in_slice(keys[here], int(number))
        return new

    def nbytes(self) -> int:
        return sum(keys.nbytes() for keys in self._slices.values())

    def _first_in_slice(self, keys: NDArray[np.uint64], number: int) -> NDArray[np.bool_]:
        for old in [n for n in self._slices if n < number - 1]:
            del self._slices[old]
        new = np.ones(len(keys), bool)
        for held in self._slices.values():
            new &= ~held.has(keys)
        candidates = keys[new]
        ordered = np.sort(candidates)
        if (ordered[1:] == ordered[:-1]).any():
            _, first = np.unique(candidates, return_index=True)
            kept = np.flatnonzero(new)[np.sort(first)]
            new[:] = False
            new[kept] = True
        self._slices.setdefault(number, _KeySet()).add(keys[new])
        return new
