"""A set of 64-bit keys in about ten bytes each: a filter, and the keys in order."""

from __future__ import annotations

from copy import copy
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from raudience.hashing import mix64

__all__ = ["Hashed", "KeySet", "hashed"]

_ODD = np.uint64(0x9E3779B97F4A7C15)
_HALF = np.uint64(32)
_LOW = np.uint64(4095)
_USUAL, _MOST = 4, 6
"""Keys for each word of the filter: expected, and with which there must be more of them."""
_TIERS = tuple(8_192 << 3 * tier for tier in range(6))
"""Keys that the first parts hold at most: with more they are merged into the next."""


class Hashed(NamedTuple):
    """Keys, and what finds them in a filter of any size: spread uint64[n], below 2**32, of which words are made, mask
    uint64[n], the bits in a word."""

    keys: NDArray[np.uint64]
    spread: NDArray[np.uint64]
    mask: NDArray[np.uint64]

    def some(self, which: NDArray[np.bool_]) -> Hashed:
        """Those which bool[n] names."""
        return Hashed(self.keys.compress(which), self.spread.compress(which), self.mask.compress(which))


def hashed(keys: NDArray[np.uint64]) -> Hashed:
    spread = keys * _ODD
    spread >>= _HALF
    return Hashed(keys, spread, _MASKS.take((spread & _LOW).view(np.int64)))


class KeySet:
    """Distinct keys, none of them 0.

    A key has four bits of one word of a filter. It says of nearly all keys that are not there that they are not; only
    the others are looked for.
    """

    def __init__(self, expected: int) -> None:
        self._used = 0
        self._parts = [np.zeros(0, np.uint64)] * (len(_TIERS) + 1)
        self._make_room(expected)

    def __len__(self) -> int:
        return self._used

    def find(self, keys: Hashed) -> NDArray[np.int64]:
        """Positions, int64[k], of the keys that are in the set."""
        held = self._filter.take(self._words(keys))
        held &= keys.mask
        likely = (held == keys.mask).nonzero()[0]
        return likely.compress(self._has(keys.keys.take(likely))) if len(likely) else likely

    def add(self, keys: NDArray[np.uint64]) -> None:
        """Add distinct keys that are not in the set."""
        self.add_ordered(np.sort(keys), hashed(keys))

    def add_ordered(self, keys: NDArray[np.uint64], same: Hashed) -> None:
        """Add distinct keys that are not in the set; keys: ascending, same: those keys in any order."""
        self._used += len(keys)
        self._put(keys)
        if self._used > len(self._filter) * _MOST:
            self._make_room(self._used * 5 // 4)
            same = hashed(self.all())
        self._mark(same)

    def all(self) -> NDArray[np.uint64]:
        """Every key."""
        return np.concatenate(self._parts)

    def seal(self) -> None:
        """Sort all keys together: none will be added any more."""
        *late, _ = self._parts
        self._parts = [*(part[:0] for part in late), np.sort(self.all(), kind="stable")]

    def twin(self) -> KeySet:
        """The set as it is now."""
        twin = copy(self)
        twin._filter, twin._parts = self._filter.copy(), [*self._parts]
        return twin

    def nbytes(self) -> int:
        return self._filter.nbytes + sum(part.nbytes for part in self._parts)

    def _make_room(self, expected: int) -> None:
        self._filter = np.zeros(expected // _USUAL + 128, np.uint64)

    def _words(self, keys: Hashed) -> NDArray[np.int64]:
        """Words of the filter."""
        word = keys.spread * np.uint64(len(self._filter))
        word >>= _HALF
        return word.view(np.int64)

    def _mark(self, keys: Hashed) -> None:
        word, mask = self._words(keys), keys.mask
        while len(word):
            held = self._filter.take(word)
            held |= mask
            self._filter[word] = held
            # Of several keys of one word only the bits of the last are written.
            lost = ((self._filter.take(word) & mask) != mask).nonzero()[0]
            word, mask = word.take(lost), mask.take(lost)

    def _put(self, keys: NDArray[np.uint64]) -> None:
        for number, most in enumerate((*_TIERS, self._used)):
            keys = np.concatenate([self._parts[number], keys])
            if len(keys) <= most:
                # A stable sort merges what is in order already.
                keys.sort(kind="stable")
                self._parts[number] = keys
                return
            self._parts[number] = keys[:0].copy()

    def _has(self, keys: NDArray[np.uint64]) -> NDArray[np.bool_]:
        found = np.zeros(len(keys), bool)
        for part in self._parts:
            if len(part):
                found |= part.take(part.searchsorted(keys), mode="clip") == keys
        return found


def _masks() -> NDArray[np.uint64]:
    """uint64[4096]: words with four bits, or fewer where they fall together."""
    mixed = mix64(np.arange(1, int(_LOW) + 2, dtype=np.uint64))
    bits = [np.uint64(1) << ((mixed >> np.uint64(shift)) & np.uint64(63)) for shift in (0, 6, 12, 18)]
    return bits[0] | bits[1] | bits[2] | bits[3]


_MASKS = _masks()
