"""Events that have lately arrived, in order of time."""

from __future__ import annotations

from copy import copy
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from raudience.shard.growing import expand, grown, order_by

__all__ = ["Passing", "Tail", "Taken"]


class Passing(NamedTuple):
    """Events that satisfy some matcher: row int32[k], time int64[k], pattern int32[k], span int64[k]: which of the
    spans it is in that were asked about."""

    row: NDArray[np.int32]
    time: NDArray[np.int64]
    pattern: NDArray[np.int32]
    span: NDArray[np.int64]


class Taken(NamedTuple):
    """Events on their way into a tail: time int64[k]; held int32[4, k]: row, pattern, key, source (their number in the
    order of arrival)."""

    time: NDArray[np.int64]
    held: NDArray[np.int32]

    @classmethod
    def of(cls, time: NDArray[np.int64], *held: NDArray[np.int32]) -> Taken:
        """In the order of their times."""
        columns = np.array(held)
        if bool((time[1:] >= time[:-1]).all()):
            return cls(time, columns)
        order = order_by(time)
        return cls(time.take(order), columns.take(order, axis=1))

    @property
    def row(self) -> NDArray[np.int32]:
        return self.held[0]

    @property
    def pattern(self) -> NDArray[np.int32]:
        return self.held[1]

    @property
    def key(self) -> NDArray[np.int32]:
        return self.held[2]

    @property
    def source(self) -> NDArray[np.int32]:
        return self.held[3]

    def part(self, where: slice) -> Taken:
        return Taken(self.time[where], self.held[:, where])


class Tail:
    """Growing columns, ascending in time."""

    def __init__(self) -> None:
        self.size = 0
        self._time = np.zeros(256, np.int64)
        self._held = np.zeros((4, 256), np.int32)

    @property
    def last(self) -> int:
        """Time of the latest event."""
        return self._time.item(self.size - 1)

    def append(self, taken: Taken) -> None:
        """Add events in order of time; those that belong before others are put there, behind those of equal time."""
        count = len(taken.time)
        if not count:
            return
        if self.size and taken.time.item(0) < self.last:
            before = self.all()
            time, held = np.concatenate([before.time, taken.time]), np.concatenate([before.held, taken.held], axis=1)
            order = np.argsort(time, kind="stable")
            taken, self.size = Taken(time.take(order), held.take(order, axis=1)), 0
        start, self.size = self.size, self.size + len(taken.time)
        self._fit()
        self._time[start : self.size] = taken.time
        self._held[:, start : self.size] = taken.held

    def clear(self) -> None:
        """Hold nothing. What was read of it before is void."""
        self.size = 0

    def all(self) -> Taken:
        """All events."""
        return Taken(self._time, self._held).part(slice(0, self.size))

    def _fit(self) -> None:
        if self.size > len(self._time):
            self._time = grown(self._time, self.size)
            wider = np.zeros((4, len(self._time)), np.int32)
            wider[:, : self._held.shape[1]] = self._held
            self._held = wider

    def passing(self, after: NDArray[np.int64], until: NDArray[np.int64]) -> Passing | None:
        """Events that satisfy some matcher in any of the spans after < time <= until; None when there is none."""
        if not self.size or not len(after):
            return None
        time = self._time[: self.size]
        start = time.searchsorted(after, "right")
        span, position = expand(start, time.searchsorted(until, "right") - start)
        if not len(position):
            return None
        pattern = self._held[1].take(position)
        where = pattern.nonzero()[0]
        position = position.take(where)
        return Passing(self._held[0].take(position), time.take(position), pattern.take(where), span.take(where))

    def next_after(self, moment: int) -> int | None:
        """Time of the earliest event after a moment."""
        at = int(self._time[: self.size].searchsorted(moment, "right"))
        return int(self._time[at]) if at < self.size else None

    def twin(self) -> Tail:
        """The events as they are now."""
        twin, held = copy(self), self.all()
        twin._time, twin._held = held.time.copy(), held.held.copy()
        return twin

    def nbytes(self) -> int:
        return self._time.nbytes + self._held.nbytes
