"""Open-addressing tables in numpy: rows by MPID, and sets of keys that were seen."""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy
from typing import Final

import numpy as np
from numpy.typing import NDArray

from raudience.shard.growing import grown, segments
from raudience.shard.keys import Hashed, KeySet, hashed

__all__ = ["NOBODY", "Remembered", "RowIndex"]

NOBODY: Final = 0
"""A row that never has an MPID: events whose profile was dropped are given to it when a plan is adopted."""

_EMPTY = -1
_GONE = -2
_RUN: Final = 64
_NEAR: Final = np.arange(4)
"""Slots that are looked at together."""
_ODD = np.uint64(0x9E3779B97F4A7C15)


def _slots(keys: NDArray[np.uint64], bits: int) -> NDArray[np.int64]:
    return ((keys * _ODD) >> np.uint64(64 - bits)).view(np.int64)


class RowIndex:
    """Row of each MPID. Rows are handed out in ascending order and may be reused once they are released."""

    def __init__(self) -> None:
        self.mpids = np.zeros(1024, np.int64)
        self.rows = NOBODY + 1
        self._bits = 12
        self._table = np.full(1 << self._bits, _EMPTY, np.int32)
        self._used = 0
        self._free: list[int] = []

    def find(self, mpids: NDArray[np.int64]) -> NDArray[np.int32]:
        """Rows int32[n] of `mpids`, -1 where there is none."""
        slot = _slots(mpids.view(np.uint64), self._bits)
        row = self._table.take(slot)
        hit = self.mpids.take(row) == mpids
        hit &= row >= 0
        found = np.where(hit, row, np.int32(-1))
        pending = ((row != _EMPTY) > hit).nonzero()[0]
        following, mask = slot.take(pending) + 1, len(self._table) - 1
        while len(pending):
            rows = self._table.take((following[:, None] + _NEAR) & mask)
            hit = self.mpids.take(rows) == mpids.take(pending)[:, None]
            hit &= rows >= 0
            which, where = hit.nonzero()
            found[pending.take(which)] = rows[which, where]
            left = (rows != _EMPTY).all(axis=1)
            left[which] = False
            pending, following = pending.compress(left), following.compress(left) + len(_NEAR)
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

    def part(self, part: int, bits: int) -> NDArray[np.int32]:
        """Rows of the MPIDs in one of 2 ** bits parts (bits from 1 on), in no order. Which part an MPID is in depends
        on the MPID alone; reading one part looks at its share of the table."""
        size = len(self._table)
        first, stop = part * size >> bits, -(-(part + 1) * size >> bits)
        found = [self._table[first:stop]]
        # An MPID stands in its slot or behind it, before the first empty one.
        run = found[0][:0]
        while stop < first + size and not (run == _EMPTY).any():
            run = self._table[np.arange(stop, min(stop + _RUN, first + size)) & (size - 1)]
            found.append(run)
            stop += _RUN
        rows = np.concatenate(found)
        rows = rows.compress(rows >= 0)
        return rows.compress(_slots(self.mpids[rows].view(np.uint64), bits) == part)

    def live(self) -> NDArray[np.int32]:
        """Rows that have an MPID, ascending."""
        return self._taken().nonzero()[0].astype(np.int32)

    def all_free(self) -> NDArray[np.int32]:
        """Let every row without an MPID be handed out again; those rows, but for NOBODY."""
        taken = self._taken()
        taken[NOBODY] = True
        free = (~taken).nonzero()[0].astype(np.int32)
        self._free = free.tolist()
        return free

    def _taken(self) -> NDArray[np.bool_]:
        used = self._table >= 0
        # Mostly every row has an MPID.
        every = np.count_nonzero(used) == self.rows - 1
        taken = np.full(self.rows, every)
        taken[NOBODY if every else self._table.compress(used)] = not every
        return taken

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
            self._bits = max(12, int(len(taken) * 2).bit_length())
            self._table = np.full(1 << self._bits, _EMPTY, np.int32)
            self._used = len(taken)
            rows = taken
        slot = _slots(self.mpids[rows].view(np.uint64), self._bits)
        mask = len(self._table) - 1
        while len(rows):
            free = (self._table[slot] == _EMPTY).nonzero()[0]
            self._table[slot[free]] = rows[free]
            lost = self._table[slot] != rows
            rows, slot = rows[lost], (slot[lost] + 1) & mask


def _again(keys: NDArray[np.uint64], repeated: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """Which keys stand earlier among the keys; repeated: those that occur more than once."""
    places = np.isin(keys, repeated).nonzero()[0]
    again = np.zeros(len(keys), bool)
    seen: set[int] = set()
    for place, key in zip(places.tolist(), keys[places].tolist(), strict=True):
        again[place] = key in seen
        seen.add(key)
    return again


class Remembered:
    """Keys that were seen, remembered for at least `span` milliseconds.

    Time is cut into slices of `span`; a key seen in a slice is remembered until the end of the next one. So whether a
    key is still remembered depends on the two moments alone and not on how the input was batched.
    """

    def __init__(self, span: int) -> None:
        self.span = span
        self._slice = 0
        self._now, self._before = KeySet(0), _sealed(np.zeros(0, np.uint64))
        """What was seen first in the slice, and in the one before it."""

    def first_time(self, keys: NDArray[np.uint64], at: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which of `keys` (uint64[n], 0: no key, always new) were not seen before; they count as seen from now on.

        `at` is int64[n], ascending. Of equal keys among them the first is new.
        """
        if not len(keys):
            return np.ones(0, bool)
        first, last = int(at[0]) // self.span, int(at[-1]) // self.span
        if first == last and keys.all():
            return self._first_in_slice(keys, first)
        new = np.ones(len(keys), bool)
        slices = at // self.span
        for number in np.unique(slices).tolist():
            here = ((slices == number) & (keys != 0)).nonzero()[0]
            if len(here):
                new[here] = self._first_in_slice(keys[here], number)
        return new

    def keep_for(self, span: int, now: int) -> None:
        """Remember for another span from now on; what is remembered counts as seen now."""
        if span == self.span:
            return
        held = np.concatenate([self._now.all(), self._before.all()])
        self.span = span
        self._begin(now // span, _sealed(held[:0]), len(held))
        self._now.add(held)

    def merge(self, number: int, keys: NDArray[np.uint64]) -> None:
        """Remember distinct keys as seen in a slice of time, whatever has been seen since."""
        if number > self._slice:
            self._turn_to(number)
        fresh = keys.compress(self._unseen(hashed(keys)))
        if number == self._slice:
            self._now.add(fresh)
        elif number == self._slice - 1:
            self._before = _sealed(np.concatenate([self._before.all(), fresh]))

    def slices(self) -> Iterator[tuple[int, NDArray[np.uint64]]]:
        """The slices of time whose keys are remembered, the latest first, each with its keys."""
        yield self._slice, self._now.all()
        yield self._slice - 1, self._before.all()

    def twin(self) -> Remembered:
        """What is remembered now; what comes later to either changes nothing in the other."""
        twin = copy(self)
        twin._now, twin._before = self._now.twin(), self._before.twin()
        return twin

    def nbytes(self) -> int:
        return self._now.nbytes() + self._before.nbytes()

    def _first_in_slice(self, keys: NDArray[np.uint64], number: int) -> NDArray[np.bool_]:
        self._turn_to(number)
        known = hashed(keys)
        new = self._unseen(known)
        ordered = keys.compress(new)
        ordered.sort()
        begins = segments(ordered)
        if not begins.all():
            new &= ~_again(keys, ordered.compress(~begins))
            ordered = ordered.compress(begins)
        self._now.add_ordered(ordered, known if new.all() else known.some(new))
        return new

    def _unseen(self, keys: Hashed) -> NDArray[np.bool_]:
        """bool[n]: keys that are in neither slice."""
        new = np.ones(len(keys.keys), bool)
        new[self._now.find(keys)] = False
        new[self._before.find(keys)] = False
        return new

    def _turn_to(self, number: int) -> None:
        if number == self._slice:
            return
        before = self._now if number == self._slice + 1 else KeySet(0)
        expected = len(self._now)
        before.seal()
        self._begin(number, before, expected)

    def _begin(self, number: int, before: KeySet, expected: int) -> None:
        self._slice, self._now, self._before = number, KeySet(expected), before


def _sealed(keys: NDArray[np.uint64]) -> KeySet:
    held = KeySet(len(keys))
    held.add(keys)
    held.seal()
    return held
