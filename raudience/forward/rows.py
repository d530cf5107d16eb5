"""Rows of a ledger, sorted by user: user, value, second. Values stand one behind the other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from raudience.hashing import text_keys
from raudience.records.ranges import ranges

__all__ = ["Rows", "merged"]

Places: TypeAlias = NDArray[np.int64]


class Rows:
    """mpids: int64[n], ascending. sizes: int64[n] of the values, which are in `data`. sent: uint32[n], seconds. keys:
    uint64[n] of the values. A row may be marked as gone."""

    def __init__(
        self, mpids: NDArray[np.int64], sizes: NDArray[np.int64], data: bytes, sent: NDArray[np.uint32],
        keys: NDArray[np.uint64],
    ) -> None:  # fmt: skip
        self.mpids, self.data, self.sent, self.keys = mpids, data, sent, keys
        self.ends = np.cumsum(sizes, dtype=np.int64)
        self.gone = np.zeros(len(mpids), bool)
        self.left = len(mpids)
        self._order = keys.argsort(kind="stable").astype(np.int32)

    def of(self, mpids: NDArray[np.int64]) -> tuple[Places, Places]:
        """Rows of users that are not gone, and the places of their users among those asked for."""
        return self._living(self.mpids.searchsorted(mpids), self.mpids.searchsorted(mpids, "right"))

    def having(self, keys: NDArray[np.uint64]) -> tuple[Places, Places]:
        """Rows with these keys that are not gone, and the places of their keys among those asked for."""
        first = self.keys.searchsorted(keys, "left", self._order)
        places, ranks = self._spread(first, self.keys.searchsorted(keys, "right", self._order))
        rows = self._order[ranks].astype(np.int64)
        there = ~self.gone[rows]
        return places[there], rows[there]

    def values(self, rows: Places) -> list[bytes]:
        """The values of rows."""
        ends, begins = self.ends[rows].tolist(), np.where(rows > 0, self.ends[rows - 1], 0).tolist()
        data = self.data
        return [data[begin:end] for begin, end in zip(begins, ends, strict=True)]

    def drop(self, rows: Places) -> None:
        """Mark rows that are there as gone."""
        self.gone[rows] = True
        self.left -= len(rows)

    def nbytes(self) -> int:
        arrays = (self.mpids, self.ends, self.sent, self.gone, self.keys, self._order)
        return len(self.data) + sum(array.nbytes for array in arrays)

    def _living(self, first: Places, last: Places) -> tuple[Places, Places]:
        places, rows = self._spread(first, last)
        there = ~self.gone[rows]
        return places[there], rows[there]

    @staticmethod
    def _spread(first: Places, last: Places) -> tuple[Places, Places]:
        """Every number of each range [first, last), and the place of its range."""
        counts = last - first
        return np.repeat(np.arange(len(first)), counts), ranges(first, counts)

    @staticmethod
    def made_of(rows: Iterable[tuple[int, bytes]], second: int) -> Rows:
        """Rows that are all different, sent at a second."""
        ordered = sorted(rows)
        values = [value for _, value in ordered]
        return Rows(
            np.array([mpid for mpid, _ in ordered], np.int64),
            np.array([len(value) for value in values], np.int64),
            b"".join(values),
            np.full(len(ordered), second, np.uint32),
            text_keys(values),
        )


def merged(parts: Sequence[Rows]) -> Rows:
    """The rows of parts that are not gone."""
    living = [np.flatnonzero(~part.gone) for part in parts]
    mpids, sizes, sent, keys = (
        np.concatenate([array[rows] for array, rows in zip(arrays, living, strict=True)])
        for arrays in zip(
            *((part.mpids, np.diff(part.ends, prepend=0), part.sent, part.keys) for part in parts), strict=True
        )
    )
    order = mpids.argsort(kind="stable")
    data = np.concatenate([_data(part, rows) for part, rows in zip(parts, living, strict=True)])
    return Rows(mpids[order], sizes[order], _ordered(data, sizes, order), sent[order], keys[order])


def _data(part: Rows, rows: Places) -> NDArray[np.uint8]:
    data, sizes = np.frombuffer(part.data, np.uint8), np.diff(part.ends, prepend=0)
    return data if len(rows) == len(sizes) else data[np.repeat(~part.gone, sizes)]


def _ordered(data: NDArray[np.uint8], sizes: NDArray[np.int64], order: Places) -> bytes:
    """Values of these sizes in another order."""
    width = int(sizes[0]) if len(sizes) else 0
    if width and (sizes == width).all():
        return data.reshape(-1, width)[order].tobytes()
    return data[ranges((np.cumsum(sizes) - sizes)[order], sizes[order])].tobytes()
