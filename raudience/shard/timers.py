"""Moments at which something must be looked at again, in buckets of about an hour."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Due", "Timers"]

_BUCKET_BITS = 22


class Due(NamedTuple):
    """Moments that have come: at int64[k], ascending; row, leaf int32[k]."""

    at: NDArray[np.int64]
    row: NDArray[np.int32]
    leaf: NDArray[np.int32]


class Timers:
    """Moments to come, each for a row and a leaf. Whoever is called at one looks whether it still matters."""

    def __init__(self) -> None:
        self._buckets: dict[int, list[Due]] = {}
        self._heap: list[int] = []

    def push(self, at: NDArray[np.int64], row: NDArray[np.int32], leaf: int) -> None:
        """Ask to be called at moments, one for each row."""
        bucket = at >> _BUCKET_BITS
        for number in np.unique(bucket).tolist():
            where = bucket == number
            part = Due(at[where], row[where], np.full(int(where.sum()), leaf, np.int32))
            self._put(number, part)

    def pop(self, until: int) -> Due:
        """Moments up to and including `until`, which are then forgotten."""
        parts: list[Due] = []
        while self._heap and self._heap[0] <= until >> _BUCKET_BITS:
            number = heapq.heappop(self._heap)
            bucket = _joined(self._buckets.pop(number))
            come = bucket.at <= until
            parts.append(_pick(bucket, come))
            if not come.all():
                self._put(number, _pick(bucket, ~come))
                break
        due = _joined(parts)
        return _pick(due, np.argsort(due.at, kind="stable"))

    def next(self) -> int | None:
        """The earliest moment to come."""
        if not self._heap:
            return None
        return min(int(part.at.min()) for part in self._buckets[self._heap[0]])

    def keep(self, leaf: Callable[[NDArray[np.int32]], NDArray[np.bool_]]) -> None:
        """Keep only the moments whose leaves pass."""
        joined = {number: _joined(parts) for number, parts in self._buckets.items()}
        kept = {number: _pick(bucket, leaf(bucket.leaf)) for number, bucket in joined.items()}
        self._buckets = {number: [bucket] for number, bucket in kept.items() if len(bucket.at)}
        self._heap = sorted(self._buckets)

    def nbytes(self) -> int:
        return sum(part.at.nbytes + part.row.nbytes + part.leaf.nbytes for b in self._buckets.values() for part in b)

    def _put(self, number: int, part: Due) -> None:
        if number not in self._buckets:
            heapq.heappush(self._heap, number)
            self._buckets[number] = []
        self._buckets[number].append(part)


def _joined(parts: list[Due]) -> Due:
    if len(parts) == 1:
        return parts[0]
    return Due(
        np.concatenate([np.zeros(0, np.int64), *(part.at for part in parts)]),
        np.concatenate([np.zeros(0, np.int32), *(part.row for part in parts)]),
        np.concatenate([np.zeros(0, np.int32), *(part.leaf for part in parts)]),
    )


def _pick(due: Due, where: NDArray[np.bool_] | NDArray[np.int64]) -> Due:
    return Due(due.at[where], due.row[where], due.leaf[where])
