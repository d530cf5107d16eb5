"""Bits by row: the truth of every leaf, the membership in every audience."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from raudience.shard.growing import grown

__all__ = ["BIT", "Bits", "Columns"]

BIT = np.left_shift(1, np.arange(8)).astype(np.uint8)


class Bits:
    """bool[rows, width], eight to a byte; a new row holds `default` (bool[width])."""

    def __init__(self, default: NDArray[np.bool_]) -> None:
        self.width = len(default)
        self._default = np.packbits(default, bitorder="little") if self.width else np.zeros(1, np.uint8)
        self.bytes = np.zeros((0, len(self._default)), np.uint8)

    def make_room(self, rows: int) -> None:
        if rows > len(self.bytes):
            held = len(self.bytes)
            self.bytes = grown(self.bytes, rows)
            # Column by column: numpy is slow at many short rows.
            for place in self._default.nonzero()[0].tolist():
                self.bytes[held:, place] = self._default[place]

    def reset(self, rows: NDArray[np.int32]) -> None:
        """Give rows the default again."""
        self.bytes[rows] = self._default

    def graft(self, other: Bits, to: NDArray[np.int32]) -> None:
        """Take the rows of another, but for NOBODY; to: int32[n], own row of each of them."""
        self.bytes[to[1:]] = other.bytes[1 : len(to)]

    def get(self, rows: NDArray[np.int32], column: int) -> NDArray[np.bool_]:
        """bool[k]: one column of some rows."""
        return (self.bytes[rows, column >> 3] >> np.uint8(column & 7)) & np.uint8(1) != 0

    def of(self, rows: NDArray[np.int32], columns: NDArray[np.int32]) -> NDArray[np.bool_]:
        """bool[n, k]: n columns of k rows."""
        place = rows * np.int64(self.bytes.shape[1]) + (columns >> 3)[:, None]
        held = self.bytes.reshape(-1).take(place)
        held >>= (columns & 7).astype(np.uint8)[:, None]
        held &= np.uint8(1)
        return held.view(bool)

    def each(self, rows: NDArray[np.int32], columns: NDArray[np.int32]) -> NDArray[np.bool_]:
        """bool[k]: for each row its own column."""
        place = rows * np.int64(self.bytes.shape[1])
        place += columns >> 3
        held = self.bytes.reshape(-1).take(place)
        held &= BIT.take(columns & 7)
        return held != 0

    def any_of(self, rows: NDArray[np.int32], columns: NDArray[np.uint8]) -> NDArray[np.bool_]:
        """bool[k]: whether rows hold one of the columns that are given as a row of bits."""
        # Column by column: numpy is slow at many short rows.
        held = np.ascontiguousarray((self.bytes.take(rows, axis=0) & columns).T)
        return np.logical_or.reduce(held, axis=0, initial=False)

    def column(self, column: int, rows: int) -> NDArray[np.bool_]:
        """bool[rows]: one column of all rows."""
        return Columns(self, rows).of(column)

    def fill(self, columns: Mapping[int, NDArray[np.bool_]]) -> None:
        """Set some columns of all rows, bool[rows] each."""
        by_byte: dict[int, list[int]] = {}
        for column in columns:
            by_byte.setdefault(column >> 3, []).append(column)
        rows = len(next(iter(columns.values()))) if columns else 0
        self.make_room(rows)
        for place, some in by_byte.items():
            held, bit = np.zeros(rows, np.uint8), np.empty(rows, np.uint8)
            for column in some:
                held |= np.multiply(columns[column].view(np.uint8), BIT[column & 7], out=bit)
            if len(some) < len(BIT):
                others = np.bitwise_or.reduce(BIT[[column & 7 for column in some]])
                held |= self.bytes[:rows, place] & ~others
            self.bytes[:rows, place] = held

    def take_over(self, other: Bits) -> None:
        """Hold what another holds, which has as many columns or fewer and must not be used any more."""
        held, width = other.bytes, self.bytes.shape[1]
        if held.shape[1] < width:
            held = np.zeros((len(other.bytes), width), np.uint8)
            held[:, : other.bytes.shape[1]] = other.bytes
        self.bytes = held

    def flip(self, rows: NDArray[np.int32], columns: NDArray[np.int32]) -> None:
        """Turn bits; a bit named twice is turned twice."""
        place = rows.astype(np.int64) * self.bytes.shape[1] + (columns >> 3)
        np.bitwise_xor.at(self.bytes.reshape(-1), place, BIT.take(columns & 7))

    def nbytes(self) -> int:
        return self.bytes.nbytes


class Columns:
    """Columns of all rows, of bits that do not change meanwhile: eight are read at once."""

    def __init__(self, bits: Bits, rows: int) -> None:
        self._bytes = bits.bytes[:rows]
        self._read: dict[int, NDArray[np.uint8]] = {}

    def of(self, column: int) -> NDArray[np.bool_]:
        """bool[rows]: one column."""
        place = column >> 3
        if place not in self._read:
            self._read[place] = self._bytes[:, place].copy()
        return self._read[place] & BIT[column & 7] != 0
