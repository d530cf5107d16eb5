"""The moment that the value of a field speaks of, for every row, in six bytes."""

from __future__ import annotations

from copy import copy
from typing import Final

import numpy as np
from numpy.typing import NDArray

from raudience.shard.growing import grown, segments

__all__ = ["NEVER", "Stamps"]

NEVER: Final = -(1 << 61)

_HALF = 32
_ZERO = 1 << 47
"""What is held is a moment and this, in 48 bits: 4,000 years before and after 1970. 0 stands for NEVER."""


class Stamps:
    """int64 by row, NEVER where there is none. A moment that six bytes cannot hold makes all of them eight."""

    def __init__(self) -> None:
        self._low = np.zeros(0, np.uint32)
        self._high = np.zeros(0, np.uint16)
        self._wide: NDArray[np.int64] | None = None

    def __len__(self) -> int:
        return len(self._low if self._wide is None else self._wide)

    def make_room(self, rows: int) -> None:
        if self._wide is None:
            self._low, self._high = grown(self._low, rows), grown(self._high, rows)
        else:
            self._wide = grown(self._wide, rows, NEVER)

    def of(self, rows: NDArray[np.integer]) -> NDArray[np.int64]:
        """Stamps int64[k] of rows."""
        if self._wide is not None:
            return self._wide.take(rows)
        found = self._high.take(rows).astype(np.int64)
        found <<= _HALF
        found |= self._low.take(rows)
        found -= _ZERO
        found[found == -_ZERO] = NEVER
        return found

    def item(self, row: int) -> int:
        """Stamp of one row."""
        if self._wide is not None:
            return self._wide.item(row)
        held: int = self._high.item(row) << _HALF | self._low.item(row)
        return held - _ZERO if held else NEVER

    def put(self, rows: NDArray[np.integer], stamps: NDArray[np.int64]) -> None:
        """Set the stamps of rows."""
        if len(rows) and (int(stamps.min()) <= -_ZERO or int(stamps.max()) >= _ZERO):
            self._widen()
        if self._wide is not None:
            self._wide[rows] = stamps
            return
        held = stamps + _ZERO
        self._low[rows] = held & 0xFFFF_FFFF
        self._high[rows] = held >> _HALF

    def put_one(self, row: int, stamp: int) -> None:
        """Set the stamp of one row."""
        if self._wide is None and not -_ZERO < stamp < _ZERO:
            self._widen()
        if self._wide is not None:
            self._wide[row] = stamp
            return
        held = stamp + _ZERO
        self._low[row], self._high[row] = held & 0xFFFF_FFFF, held >> _HALF

    def rise(self, rows: NDArray[np.integer], stamps: NDArray[np.int64]) -> None:
        """Set the stamps of rows where they are later; the entries of one row stand together."""
        starts = segments(rows).nonzero()[0]
        if len(starts):
            rows = rows.take(starts)
            self.put(rows, np.maximum(self.of(rows), np.maximum.reduceat(stamps, starts)))

    def clear(self, rows: NDArray[np.integer]) -> None:
        if self._wide is not None:
            self._wide[rows] = NEVER
        else:
            self._low[rows] = self._high[rows] = 0

    def twin(self) -> Stamps:
        """The stamps as they are now."""
        twin = copy(self)
        twin._low, twin._high = self._low.copy(), self._high.copy()
        twin._wide = None if self._wide is None else self._wide.copy()
        return twin

    def nbytes(self) -> int:
        return self._low.nbytes + self._high.nbytes + (0 if self._wide is None else self._wide.nbytes)

    def _widen(self) -> None:
        if self._wide is None:
            self._wide = self.of(np.arange(len(self._low)))
            self._low, self._high = self._low[:0].copy(), self._high[:0].copy()
