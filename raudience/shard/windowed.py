"""Values of events in order of time, as they come into a window and leave it again."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from raudience.criteria.leaves import FOREVER, Window
from raudience.shard.amounts import Values
from raudience.shard.growing import grown, order_by

__all__ = ["NO_ARRIVALS", "Arrived", "Passed", "Windowed"]

_FEW = 1_024
_SHARE = 8


class Arrived(NamedTuple):
    """Values that arrive: row int32[k], time int64[k] of the event, at int64[k] of its arrival, value."""

    row: NDArray[np.int32]
    time: NDArray[np.int64]
    at: NDArray[np.int64]
    value: Values

    def pick(self, where: NDArray[Any]) -> Arrived:
        return Arrived(*(column[where] for column in self))


class Passed(NamedTuple):
    """Values that come into the window (sign 1) or leave it (-1): row int32[k], at int64[k], value, sign int64[k]."""

    row: NDArray[np.int32]
    at: NDArray[np.int64]
    value: Values
    sign: NDArray[np.int64]


class _Ordered:
    """Growing columns, ascending in time, that lose their oldest."""

    def __init__(self) -> None:
        self._start = self._end = 0
        self._time, self._row = np.zeros(64, np.int64), np.zeros(64, np.int32)
        self._value: Values = np.zeros(64, np.int64)

    def __len__(self) -> int:
        return self._end - self._start

    def columns(self) -> tuple[NDArray[np.int64], NDArray[np.int32], Values]:
        part = slice(self._start, self._end)
        return self._time[part], self._row[part], self._value[part]

    def append(self, time: NDArray[np.int64], row: NDArray[np.int32], value: Values) -> None:
        """Add values that are not older than those that are there."""
        end = self._end + len(time)
        self._time, self._row = grown(self._time, end), grown(self._row, end)
        if value.dtype != self._value.dtype:
            self._value = self._value.astype(object)
        self._value = grown(self._value, end)
        self._time[self._end : end], self._row[self._end : end], self._value[self._end : end] = time, row, value
        self._end = end

    def replace(self, time: NDArray[np.int64], row: NDArray[np.int32], value: Values) -> None:
        """Hold these instead."""
        self._start, self._end = 0, len(time)
        self._time, self._row, self._value = time, row, value

    def forget(self, until: int) -> None:
        """Lose what is not younger."""
        self._start += int(self.columns()[0].searchsorted(until, "right"))
        if self._start > len(self) + _FEW:
            time, row, value = self.columns()
            self.replace(time.copy(), row.copy(), value.copy())

    def between(self, after: int, until: int) -> tuple[NDArray[np.int64], NDArray[np.int32], Values]:
        """Those with after < time <= until."""
        time, row, value = self.columns()
        part = slice(*time.searchsorted((after, until), "right").tolist())
        return time[part], row[part], value[part]

    def next_after(self, moment: int) -> int | None:
        """The earliest time after a moment."""
        time = self.columns()[0]
        place = int(time.searchsorted(moment, "right"))
        return int(time[place]) if place < len(time) else None

    def nbytes(self) -> int:
        return self._time.nbytes + self._row.nbytes + self._value.nbytes


class Windowed:
    """All that has not left the window yet. What comes late is kept apart until it is much.

    now: up to when all has happened.
    """

    def __init__(self, window: Window) -> None:
        self._window = window
        self._main, self._late = _Ordered(), _Ordered()
        self.now = -FOREVER

    def step(self, after: int, until: int, arrived: Arrived | None) -> Passed:
        """What happens in (after, until]; each such interval begins where the one before ended."""
        low, end, self.now = self._window.low, self._window.high + 1, until
        parts = [self._crossing(after, until, low, 1)]
        if end < FOREVER:
            parts.append(self._crossing(after, until, end, -1))
            self._main.forget(until - end)
            self._late.forget(until - end)
        if arrived is not None:
            parts += self._arrive(arrived, until)
        return Passed(*map(np.concatenate, zip(*parts, strict=True)))

    def fill(self, arrived: Arrived, now: int) -> Passed:
        """Take values that came before `now`, up to which all has happened; those of them in the window."""
        self.now = now
        held = arrived.pick(self.may_hold(arrived.time))
        self._put(held)
        inside = held.pick(held.time <= now - self._window.low)
        return Passed(inside.row, np.full(len(inside.row), now), inside.value, np.ones(len(inside.row), np.int64))

    def next_after(self, now: int) -> int | None:
        """The next moment at which something comes in or leaves."""
        edges = [edge for edge in (self._window.low, self._window.high + 1) if edge < FOREVER]
        found = [(held.next_after(now - edge), edge) for held in (self._main, self._late) for edge in edges]
        return min((time + edge for time, edge in found if time is not None), default=None)

    def may_hold(self, latest: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Whether something of rows can be here whose latest events are of these times."""
        return latest >= self.now - self._window.high

    def forget(self, gone: NDArray[np.bool_]) -> None:
        """Lose what belongs to rows; gone: bool[rows]."""
        for held in (self._main, self._late):
            time, row, value = held.columns()
            kept = ~gone[row]
            held.replace(time[kept], row[kept], value[kept])

    def all(self) -> tuple[NDArray[np.int32], NDArray[np.int64], Values]:
        """Row, time and value of everything, in no order."""
        time, row, value = _joined([self._main.columns(), self._late.columns()])
        return row, time, value

    def nbytes(self) -> int:
        return self._main.nbytes() + self._late.nbytes()

    def _crossing(self, after: int, until: int, edge: int, sign: int) -> Passed:
        parts: list[tuple[Any, ...]] = [
            held.between(after - edge, until - edge) for held in (self._main, self._late) if len(held)
        ]
        if not parts:
            return _NOTHING
        time, row, value = _joined(parts)
        return Passed(row, time + edge, value, np.full(len(row), sign))

    def _arrive(self, arrived: Arrived, until: int) -> list[Passed]:
        low, end = self._window.low, self._window.high + 1
        fits = arrived.at - arrived.time < end
        if not fits.all():
            arrived = arrived.pick(fits)
        row, time, at, value = arrived
        comes, leaves = np.maximum(at, time + low), time + end
        into, out, stays = comes <= until, leaves <= until, leaves > until
        self._put(arrived if stays.all() else arrived.pick(stays))
        parts = [Passed(row[into], comes[into], value[into], np.ones(int(into.sum()), np.int64))]
        if out.any():
            parts.append(Passed(row[out], leaves[out], value[out], np.full(int(out.sum()), -1)))
        return parts

    def _put(self, arrived: Arrived) -> None:
        order = order_by(arrived.time)
        time, row, value = arrived.time[order], arrived.row[order], arrived.value[order]
        last = self._main.columns()[0][-1:]
        late = int(time.searchsorted(last[0])) if len(last) else 0
        if late:
            _merge(self._late, (time[:late], row[:late], value[:late]))
        self._main.append(time[late:], row[late:], value[late:])
        if len(self._late) > _FEW + len(self._main) // _SHARE:
            _merge(self._main, self._late.columns())
            self._late = _Ordered()


def _joined(parts: list[tuple[Any, ...]]) -> tuple[Any, ...]:
    return tuple(map(np.concatenate, zip(*parts, strict=True)))


def _merge(held: _Ordered, more: tuple[Any, ...]) -> None:
    time, row, value = _joined([held.columns(), more])
    order = order_by(time)
    held.replace(time[order], row[order], value[order])


_LONGS = np.zeros(0, np.int64)
_NOTHING = Passed(np.zeros(0, np.int32), _LONGS, _LONGS, _LONGS)
NO_ARRIVALS = Arrived(np.zeros(0, np.int32), _LONGS, _LONGS, _LONGS)
