"""Open-addressing tables in numpy: rows by MPID, and sets of keys that were seen."""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy
from typing import Final

import numpy as np
from numpy.typing import NDArray

from raudience.shard.growing import grown

__all__ = ["NOBODY", "Remembered", "RowIndex"]

NOBODY: Final = 0
"""A row that never has an MPID: events whose profile was dropped are given to it when a plan is adopted."""

_EMPTY = -1
_GONE = -2
_WAYS = 4
_PART = np.uint64(1 << 63)
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
        found = np.full(len(mpids), -1, np.int32)
        slot = _slots(mpids.view(np.uint64), self._bits)
        row = self._table[slot]
        hit = (row >= 0) & (self.mpids[row] == mpids)
        found[hit] = row[hit]
        pending = (~hit & (row != _EMPTY)).nonzero()[0]
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
        return self._taken().nonzero()[0].astype(np.int32)

    def all_free(self) -> NDArray[np.int32]:
        """Let every row without an MPID be handed out again; those rows, but for NOBODY."""
        taken = self._taken()
        taken[NOBODY] = True
        free = (~taken).nonzero()[0].astype(np.int32)
        self._free = free.tolist()
        return free

    def _taken(self) -> NDArray[np.bool_]:
        taken = np.zeros(self.rows, bool)
        taken[self._table.compress(self._table >= 0)] = True
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


class _KeySet:
    """Set of uint64 keys in two parts, in buckets of four: one look finds a key or the room for it.

    The highest bit of what is held tells the part; keys that differ in nothing else are one. A free place holds 0.
    """

    def __init__(self) -> None:
        self._used = 0
        self._bits = _bucket_bits(0)
        self._table = np.zeros((1 << self._bits, _WAYS), np.uint64)

    def add(self, keys: NDArray[np.uint64], part: int) -> NDArray[np.bool_]:
        """Which of distinct keys were in neither part; they are in `part` from now on."""
        if (self._used + len(keys)) * 5 > self._table.size * 2:
            self._rebuild(self._table[self._table != 0], len(keys))
        found, bucket, full = self._look(keys)
        held = keys | _PART if part else keys
        if found.any():
            new = (~found).nonzero()[0]
            held, bucket, full = held.take(new), bucket.take(new), full.take(new)
        self._put(held, bucket, full)
        return ~found

    def drop(self, part: int) -> None:
        """Forget the keys of a part."""
        held = self._table[self._table != 0]
        kept = held[(held < _PART) == bool(part)]
        self._rebuild(kept, len(kept))

    def nbytes(self) -> int:
        return self._table.nbytes

    def _look(self, keys: NDArray[np.uint64]) -> tuple[NDArray[np.bool_], NDArray[np.int64], NDArray[np.int64]]:
        """Which keys are in the set; for each the bucket, int64[n], that holds it or has room, and how full that is."""
        bucket = _slots(keys, self._bits)
        found, full = self._in_bucket(keys, bucket)
        pending = (full == _WAYS).nonzero()[0]
        pending = pending[~found[pending]]
        mask = len(self._table) - 1
        while len(pending):
            following = (bucket[pending] + 1) & mask
            bucket[pending] = following
            found[pending], full[pending] = self._in_bucket(keys[pending], following)
            pending = pending[~found[pending] & (full[pending] == _WAYS)]
        return found, bucket, full

    def _in_bucket(
        self, keys: NDArray[np.uint64], bucket: NDArray[np.int64]
    ) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
        """Whether keys are in buckets, and how many keys those hold; the four comparisons are read as one number."""
        held = self._table.take(bucket, axis=0)
        full = np.bitwise_count((held != 0).view(np.uint32).reshape(-1))
        held &= ~_PART
        equal = (held == keys.repeat(_WAYS).reshape(-1, _WAYS)).view(np.uint32).reshape(-1)
        return equal != 0, full.astype(np.int64)

    def _put(self, held: NDArray[np.uint64], bucket: NDArray[np.int64], full: NDArray[np.int64]) -> None:
        self._used += len(held)
        table = self._table.reshape(-1)
        while len(held):
            place = bucket * _WAYS + full
            table[place] = held
            lost = (table.take(place) != held).nonzero()[0]
            held = held.take(lost)
            if len(held):
                _, bucket, full = self._look(held & ~_PART)

    def _rebuild(self, held: NDArray[np.uint64], more: int) -> None:
        """Make room for more keys than the table holds."""
        self._used, self._bits = 0, _bucket_bits((len(held) + more) * 5 // 4)
        self._table = np.zeros((1 << self._bits, _WAYS), np.uint64)
        self._put(held, *self._look(held & ~_PART)[1:])

    def all(self) -> NDArray[np.uint64]:
        """Every key of both parts."""
        return self._table[self._table != 0] & ~_PART

    def of(self, part: int) -> NDArray[np.uint64]:
        """Every key of a part."""
        held = self._table[self._table != 0]
        return held[(held >= _PART) == bool(part)] & ~_PART

    def twin(self) -> _KeySet:
        twin = copy(self)
        twin._table = self._table.copy()
        return twin


def _again(keys: NDArray[np.uint64], repeated: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """Which keys stand earlier among the keys; repeated: those that occur more than once."""
    places = np.isin(keys, repeated).nonzero()[0]
    again = np.zeros(len(keys), bool)
    seen: set[int] = set()
    for place, key in zip(places.tolist(), keys[places].tolist(), strict=True):
        again[place] = key in seen
        seen.add(key)
    return again


def _bucket_bits(keys: int) -> int:
    """Bits of the number of buckets that `keys` keys fill to a fifth or two."""
    return max(8, (keys * 5 // (2 * _WAYS)).bit_length())


class Remembered:
    """Keys that were seen, remembered for at least `span` milliseconds; their highest bit does not count.

    Time is cut into slices of `span`; a key seen in a slice is remembered until the end of the next one. So whether a
    key is still remembered depends on the two moments alone and not on how the input was batched.
    """

    def __init__(self, span: int) -> None:
        self.span = span
        self._slice = 0
        self._keys = _KeySet()

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
        held = self._keys.all()
        self.span, self._slice, self._keys = span, now // span, _KeySet()
        self._keys.add(held, self._slice & 1)

    def merge(self, number: int, keys: NDArray[np.uint64]) -> None:
        """Remember distinct keys as seen in a slice of time, whatever has been seen since."""
        if number > self._slice:
            self._turn_to(number)
        if number >= self._slice - 1:
            self._keys.add(keys, number & 1)

    def slices(self) -> Iterator[tuple[int, NDArray[np.uint64]]]:
        """The slices of time whose keys are remembered, the latest first, each with its keys."""
        for number in (self._slice, self._slice - 1):
            yield number, self._keys.of(number & 1)

    def twin(self) -> Remembered:
        """What is remembered now; read only."""
        twin = copy(self)
        twin._keys = self._keys.twin()
        return twin

    def nbytes(self) -> int:
        return self._keys.nbytes()

    def _first_in_slice(self, keys: NDArray[np.uint64], number: int) -> NDArray[np.bool_]:
        self._turn_to(number)
        keys = np.maximum(keys & ~_PART, np.uint64(1))
        ordered = np.sort(keys)
        repeated = ordered[1:] == ordered[:-1]
        if not repeated.any():
            return self._keys.add(keys, number & 1)
        new = ~_again(keys, ordered[1:][repeated])
        new[new] = self._keys.add(keys[new], number & 1)
        return new

    def _turn_to(self, number: int) -> None:
        if number == self._slice:
            return
        if number == self._slice + 1:
            self._keys.drop(number & 1)
        else:
            self._keys = _KeySet()
        self._slice = number
