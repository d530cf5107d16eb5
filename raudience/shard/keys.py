"""A set of 64-bit keys in few bytes each: the latest in buckets, the others sorted."""

from __future__ import annotations

from copy import copy

import numpy as np
from numpy.typing import NDArray

from raudience.shard.bits import BIT

__all__ = ["KeySet"]

_ODD = np.uint64(0x9E3779B97F4A7C15)
_HALF = np.uint64(32)
_WIDTH = 16
_MOST = 11
"""Places of a bucket, and keys in the mean at which the buckets are emptied."""
_BITS = 9
"""2**_BITS bits of the filter belong to a bucket."""
_USUAL, _FULL = 40, 60
"""Keys, for each bucket, that are expected, and at which the filter becomes larger."""
_FEWEST = 16


class KeySet:
    """Distinct keys, none of them 0.

    A filter of single bits says of most keys that they are not there; only the others are compared. A bucket that is
    full leaves further keys to a set of Python's.
    """

    def __init__(self, expected: int) -> None:
        self._used = self._open = 0
        self._sorted = np.zeros(0, np.uint64)
        self._table: NDArray[np.uint64]
        self._count: NDArray[np.uint8]
        self._make_room(expected)

    def __len__(self) -> int:
        return self._used

    def find(self, keys: NDArray[np.uint64]) -> NDArray[np.int64]:
        """Positions, int64[k], of the keys that are in the set."""
        place = self._places(keys)
        held = self._filter.take(place >> 3)
        held &= BIT.take(place & 7)
        likely = held.nonzero()[0]
        if not len(likely):
            return likely
        return likely.compress(self._has(keys.take(likely), place.take(likely) >> _BITS))

    def add(self, keys: NDArray[np.uint64]) -> None:
        """Add distinct keys that are not in the set."""
        self._used += len(keys)
        if self._used > self._buckets * _FULL:
            self._sort(keys)
            self._make_room(self._used * 5 // 4)
            self._mark(self._places(self._sorted))
            return
        place = self._places(keys)
        self._mark(place)
        if self._open + len(keys) > self._buckets * _MOST:
            self._sort(keys)
        else:
            self._put(keys, place >> _BITS)

    def all(self) -> NDArray[np.uint64]:
        """Every key."""
        late = self._table[np.arange(_WIDTH) < self._count[:, None]]
        return np.concatenate([self._sorted, late, np.array(sorted(self._over), np.uint64)])

    def seal(self) -> None:
        """Give back the room for more keys: nothing can be added any more."""
        self._sort(self._sorted[:0])
        self._table, self._count = self._table[:0].copy(), self._count[:0].copy()

    def twin(self) -> KeySet:
        """The set as it is now."""
        twin = copy(self)
        twin._filter, twin._count, twin._table = self._filter.copy(), self._count.copy(), self._table.copy()
        twin._over = self._over.copy()
        return twin

    def nbytes(self) -> int:
        arrays = (self._sorted, self._filter, self._count, self._table)
        return sum(array.nbytes for array in arrays) + 60 * len(self._over)

    def _make_room(self, expected: int) -> None:
        self._buckets = expected // _USUAL + _FEWEST
        self._filter = np.zeros(self._buckets << (_BITS - 3), np.uint8)
        self._count = np.zeros(self._buckets, np.uint8)
        self._table = np.zeros((self._buckets, _WIDTH), np.uint64)
        self._over: set[int] = set()

    def _places(self, keys: NDArray[np.uint64]) -> NDArray[np.int64]:
        """Bits of the filter; the upper bits of a place are those of the bucket."""
        place = keys * _ODD
        place >>= _HALF
        place *= np.uint64(self._buckets << _BITS)
        place >>= _HALF
        return place.view(np.int64)

    def _mark(self, place: NDArray[np.int64]) -> None:
        np.bitwise_or.at(self._filter, place >> 3, BIT.take(place & 7))

    def _put(self, keys: NDArray[np.uint64], bucket: NDArray[np.int64]) -> None:
        self._open += len(keys)
        count, table = self._count.take(bucket).astype(np.int64), self._table.reshape(-1)
        while len(keys):
            if int(count.max()) >= _WIDTH:
                self._over.update(keys.compress(count >= _WIDTH).tolist())
                left = (count < _WIDTH).nonzero()[0]
                keys, bucket, count = keys.take(left), bucket.take(left), count.take(left)
            place = bucket * _WIDTH + count
            table[place] = keys
            lost = (table.take(place) != keys).nonzero()[0]
            count += 1
            self._count[bucket] = count
            keys, bucket, count = keys.take(lost), bucket.take(lost), count.take(lost)

    def _sort(self, keys: NDArray[np.uint64]) -> None:
        """Sort the keys of the buckets and these in. What is left in the buckets is then in the set anyway."""
        self._sorted = np.concatenate([self.all(), keys])
        self._sorted.sort()
        self._count[:] = 0
        self._over.clear()
        self._open = 0

    def _has(self, keys: NDArray[np.uint64], bucket: NDArray[np.int64]) -> NDArray[np.bool_]:
        found = np.zeros(len(keys), bool)
        if len(self._sorted):
            place = np.minimum(self._sorted.searchsorted(keys), len(self._sorted) - 1)
            found = self._sorted.take(place) == keys
        if self._open:
            found |= (self._table.take(bucket, axis=0) == keys[:, None]).any(axis=1)
            if self._over:
                found |= [key in self._over for key in keys.tolist()]
        return found
