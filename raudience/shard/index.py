"""Open-addressing tables in numpy: rows by MPID, and sets of keys that were seen."""

from __future__ import annotations

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
    """Set of uint64 keys, 0 excepted, in buckets of four: one look finds a key or the room for it."""

    def __init__(self, expected: int = 0) -> None:
        self._used = 0
        self._bits = _bucket_bits(expected)
        self._table = np.zeros((1 << self._bits, _WAYS), np.uint64)

    def __len__(self) -> int:
        return self._used

    def look(self, keys: NDArray[np.uint64]) -> tuple[NDArray[np.bool_], NDArray[np.int64], NDArray[np.int64]]:
        """Which keys are in the set; for each the bucket, int64[n], that holds it or has room, and how full that is."""
        bucket = _slots(keys, self._bits)
        found, full = self._in_bucket(keys, bucket)
        pending = (~found & (full == _WAYS)).nonzero()[0]
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
        equal = (held == keys[:, None]).view(np.uint32).reshape(-1)
        empty = (held == 0).view(np.uint32).reshape(-1)
        return equal != 0, _WAYS - np.bitwise_count(empty).astype(np.int64)

    def add(self, keys: NDArray[np.uint64]) -> None:
        """Add keys that are distinct and not in the set."""
        if self.fits(len(keys)):
            self._put(keys, *self.look(keys)[1:])
        else:
            every = np.concatenate([self.all(), keys])
            self._used, self._bits = 0, _bucket_bits(len(every) * 5 // 4)
            self._table = np.zeros((1 << self._bits, _WAYS), np.uint64)
            self._put(every, *self.look(every)[1:])

    def fits(self, count: int) -> bool:
        """Whether there is room for more keys without making the table larger."""
        return (self._used + count) * 5 <= self._table.size * 2

    def add_found(self, keys: NDArray[np.uint64], bucket: NDArray[np.int64], full: NDArray[np.int64]) -> None:
        """Add distinct new keys where `look` has just found room for them."""
        if self.fits(len(keys)):
            self._put(keys, bucket, full)
        else:
            self.add(keys)

    def _put(self, keys: NDArray[np.uint64], bucket: NDArray[np.int64], full: NDArray[np.int64]) -> None:
        self._used += len(keys)
        table = self._table.reshape(-1)
        while len(keys):
            place = bucket * _WAYS + full
            table[place] = keys
            lost = (table.take(place) != keys).nonzero()[0]
            keys = keys[lost]
            if len(keys):
                _, bucket, full = self.look(keys)

    def all(self) -> NDArray[np.uint64]:
        """Every key of the set."""
        return self._table[self._table != 0]

    def nbytes(self) -> int:
        return self._table.nbytes


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
        held = [keys.all() for keys in self._slices.values()]
        self.span, self._slices = span, {}
        if held:
            keys = np.unique(np.concatenate(held))
            self._slices[now // span] = _KeySet(len(keys))
            self._slices[now // span].add(keys)

    def nbytes(self) -> int:
        return sum(keys.nbytes() for keys in self._slices.values())

    def _first_in_slice(self, keys: NDArray[np.uint64], number: int) -> NDArray[np.bool_]:
        for old in [n for n in self._slices if n < number - 1]:
            del self._slices[old]
        if number not in self._slices:
            self._slices[number] = _KeySet(max(map(len, self._slices.values()), default=0))
        held = self._slices[number]
        found, bucket, full = held.look(keys)
        for other in self._slices.values():
            if other is not held:
                found |= other.look(keys)[0]
        ordered = np.sort(keys)
        if (ordered[1:] == ordered[:-1]).any():
            found |= _again(keys, ordered[1:][ordered[1:] == ordered[:-1]])
        if not found.any():
            held.add_found(keys, bucket, full)
            return ~found
        new = (~found).nonzero()[0]
        held.add_found(keys[new], bucket[new], full[new])
        return ~found
