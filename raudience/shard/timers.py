"""Moments at which something must be looked at again, in buckets of about an hour."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from raudience.shard.growing import segments

__all__ = ["Due", "Timers"]

_BUCKET_BITS = 22


class Due(NamedTuple):
    """Moments that have come: at int64[k], ascending; row, leaf int32[k]."""

    at: NDArray[np.int64]
    row: NDArray[np.int32]
    leaf: NDArray[np.int32]


_NONE = Due(np.zeros(0, np.int64), np.zeros(0, np.int32), np.zeros(0, np.int32))


class Timers:
    """Moments to come, each for a row and a leaf. Whoever is called at one looks whether it still matters.

    The buckets that may hold the next moments are open: joined, and sorted by moment.
    """

    def __init__(self) -> None:
        self._buckets: dict[int, list[Due]] = {}
        self._heap: list[int] = []
        self._open = _NONE
        self._opened = -(1 << 62)

    def push(self, at: NDArray[np.int64], row: NDArray[np.int32], leaf: int) -> None:
        """Ask to be called at moments, one for each row."""
        if not len(at):
            return
        bucket = at >> _BUCKET_BITS
        order = np.argsort(bucket, kind="stable")
        begins = segments(bucket[order]).nonzero()[0]
        due = Due(at[order], row[order].astype(np.int32), np.full(len(at), leaf, np.int32))
        for start, stop in zip(begins.tolist(), [*begins[1:].tolist(), len(at)], strict=True):
            self._put(int(bucket[order[start]]), _pick(due, slice(start, stop)))

    def pop(self, until: int) -> Due:
        """Moments up to and including `until`, which are then forgotten."""
        while self._heap and self._heap[0] <= until >> _BUCKET_BITS:
            self._opened = heapq.heappop(self._heap)
            self._open = _sorted([self._open, *self._buckets.pop(self._opened)])
        if not len(self._open.at) or self._open.at[0] > until:
            return _NONE
        count = int(np.searchsorted(self._open.at, until, "right"))
        due, self._open = _pick(self._open, slice(count)), _pick(self._open, slice(count, None))
        return due

    def next(self) -> int | None:
        """The earliest moment to come."""
        found = [int(self._open.at[0])] if len(self._open.at) else []
        if self._heap:
            found.append(min(int(part.at.min()) for part in self._buckets[self._heap[0]]))
        return min(found, default=None)

    def keep(self, wanted: Callable[[NDArray[np.int32]], NDArray[np.bool_]]) -> None:
        """Keep only the moments whose leaves are wanted."""
        self._keep(lambda due: wanted(due.leaf))

    def forget(self, rows: NDArray[np.bool_]) -> None:
        """Keep no moment of some rows, bool[rows]."""
        self._keep(lambda due: ~rows[due.row])

    def graft(self, other: Timers, to: NDArray[np.int32]) -> None:
        """Take all moments of another that has told none yet; to: int32[n], own row of each of its rows."""
        for number, parts in other._buckets.items():
            for part in parts:
                self._put(number, part._replace(row=to[part.row]))

    def _keep(self, wanted: Callable[[Due], NDArray[np.bool_]]) -> None:
        self._open = _pick(self._open, wanted(self._open))
        kept = {
            number: [_pick(part, where) for part in parts if (where := wanted(part)).any()]
            for number, parts in self._buckets.items()
        }
        self._buckets = {number: parts for number, parts in kept.items() if parts}
        self._heap = sorted(self._buckets)

    def nbytes(self) -> int:
        parts = [self._open, *(part for bucket in self._buckets.values() for part in bucket)]
        return sum(array.nbytes for part in parts for array in part)

    def _put(self, number: int, part: Due) -> None:
        if number <= self._opened:
            self._open = _sorted([self._open, part])
        elif number in self._buckets:
            self._buckets[number].append(part)
        else:
            heapq.heappush(self._heap, number)
            self._buckets[number] = [part]


def _sorted(parts: list[Due]) -> Due:
    joined = Due(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))
    return _pick(joined, np.argsort(joined.at, kind="stable"))


def _pick(due: Due, where: NDArray[np.bool_] | NDArray[np.int64] | slice) -> Due:
    return Due(due.at[where], due.row[where], due.leaf[where])
