"""Events that have lately arrived, in order of time."""

from __future__ import annotations

from copy import copy
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from raudience.shard.growing import expand, grown

__all__ = ["Passing", "Tail", "Taken"]


class Passing(NamedTuple):
    """Events that satisfy some matcher: row int32[k], time int64[k], pattern int32[k], span int64[k]: which of the
    spans it is in that were asked about."""

    row: NDArray[np.int32]
    time: NDArray[np.int64]
    pattern: NDArray[np.int32]
    span: NDArray[np.int64]


class Taken(NamedTuple):
    """Events on their way into a tail: time int64[k]; row, pattern, key, source int32[k] (source: order of arrival)."""

    time: NDArray[np.int64]
    row: NDArray[np.int32]
    pattern: NDArray[np.int32]
    key: NDArray[np.int32]
    source: NDArray[np.int32]

    def pick(self, where: NDArray[np.int64] | slice) -> Taken:
        return Taken(self.time[where], self.row[where], self.pattern[where], self.key[where], self.source[where])


class Tail:
    """Growing columns, ascending in time."""

    def __init__(self) -> None:
        self.size = 0
        self._time = np.zeros(256, np.int64)
        self._row, self._pattern, self._key, self._source = (np.zeros(256, np.int32) for _ in range(4))

    @property
    def last(self) -> int:
        """Time of the latest event."""
        return int(self._time[self.size - 1])

    def append(self, taken: Taken) -> None:
        """Add events in order of time; those that belong before others are put there, behind those of equal time."""
        count = len(taken.time)
        if self.size and count and taken.time[0] < self.last:
            whole = Taken(*(np.concatenate(arrays) for arrays in zip(self.all(), taken, strict=True)))  # type: ignore[arg-type]
            taken, self.size = whole.pick(np.argsort(whole.time, kind="stable")), 0
        start, self.size = self.size, self.size + len(taken.time)
        self._time, self._row = grown(self._time, self.size), grown(self._row, self.size)
        self._pattern, self._key = grown(self._pattern, self.size), grown(self._key, self.size)
        self._source = grown(self._source, self.size)
        new = slice(start, self.size)
        self._time[new], self._row[new], self._pattern[new] = taken.time, taken.row, taken.pattern
        self._key[new], self._source[new] = taken.key, taken.source

    def all(self) -> Taken:
        """All events."""
        held = slice(0, self.size)
        return Taken(self._time[held], self._row[held], self._pattern[held], self._key[held], self._source[held])

    def passing(self, after: NDArray[np.int64], until: NDArray[np.int64]) -> Passing | None:
        """Events that satisfy some matcher in any of the spans after < time <= until; None when there is none."""
        if not self.size or not len(after):
            return None
        time = self._time[: self.size]
        start = time.searchsorted(after, "right")
        count = time.searchsorted(until, "right") - start
        if not count.any():
            return None
        span, position = expand(start, count)
        pattern = self._pattern.take(position)
        where = pattern.nonzero()[0]
        position = position.take(where)
        return Passing(self._row.take(position), time.take(position), pattern.take(where), span.take(where))

    def next_after(self, moment: int) -> int | None:
        """Time of the earliest event after a moment."""
        at = int(self._time[: self.size].searchsorted(moment, "right"))
        return int(self._time[at]) if at < self.size else None

    def twin(self) -> Tail:
        """The events as they are now."""
        twin = copy(self)
        held = self.all()
        twin._time, twin._row, twin._pattern = held.time.copy(), held.row.copy(), held.pattern.copy()
        twin._key, twin._source = held.key.copy(), held.source.copy()
        return twin

    def nbytes(self) -> int:
        return sum(array.nbytes for array in (self._time, self._row, self._pattern, self._key, self._source))
