"""Values that a partner has acknowledged, and whose they are: compact, for millions of them.

Rows stand in parts, each at least twice as large as the next one: what is new is a part of its own, and merged with
those before it that are not much larger.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from raudience.forward.entries import Row
from raudience.forward.rows import Rows, merged
from raudience.hashing import text_keys

__all__ = ["Held"]

_SHARE: Final = 2
"""Of the rows of a part, that may be gone before it is made anew: one in so many."""


class Held:
    """Rows of (MPID, value, when it was sent, in seconds). A user may hold several values, a value several users. A row
    that was sent at second 0 is unsure: it was to be put or dropped, and nobody knows whether it was."""

    def __init__(self) -> None:
        self._parts: list[Rows] = []

    def __len__(self) -> int:
        return sum(part.left for part in self._parts)

    def acknowledged(self) -> int:
        """How many rows are there for sure."""
        return sum(int(np.count_nonzero((part.sent > 0) & ~part.gone)) for part in self._parts)

    def of(self, mpids: Sequence[int]) -> dict[Row, int]:
        """The rows of these users, and when each was sent."""
        asked = np.array(mpids, np.int64)
        found: dict[Row, int] = {}
        for part in self._parts:
            _, rows = part.of(asked)
            owners = part.mpids[rows].tolist()
            found |= zip(zip(owners, part.values(rows), strict=True), part.sent[rows].tolist(), strict=True)
        return found

    def owners(self, values: Sequence[bytes]) -> tuple[list[int], list[bool]]:
        """How many users hold each value, and whether some of them does for sure."""
        counts, sure = np.zeros(len(values), np.int64), np.zeros(len(values), bool)
        keys = text_keys(values)
        for part in self._parts:
            places, rows = _equal(part, values, *part.having(keys))
            np.add.at(counts, places, 1)
            sure[places[part.sent[rows] > 0]] = True
        return counts.tolist(), sure.tolist()

    def put(self, rows: Sequence[Row], second: int) -> None:
        """Users hold values, sent at a second; what was there already is sent anew."""

        def send(part: Rows, there: NDArray[np.int64]) -> None:
            part.sent[there] = second

        new = self._each(rows, send)
        if new:
            self._parts.append(Rows.made_of(new, second))
            self._settle()

    def drop(self, rows: Sequence[Row]) -> None:
        """Users do not hold values any longer."""
        self._each(rows, Rows.drop)
        self._settle()

    def doubt(self) -> None:
        """Every row is unsure from here on."""
        for part in self._parts:
            part.sent[:] = 0

    def sent_before(self, second: int) -> list[int]:
        """Users, ascending, of whom a value was sent before a second."""
        return self._users(lambda part: (part.sent < second) & ~part.gone)

    def users(self) -> list[int]:
        """Every user who holds a value, ascending."""
        return self._users(lambda part: ~part.gone)

    def rows(self) -> Iterator[tuple[int, bytes, int]]:
        """Every row: user, value, second."""
        for part in self._parts:
            rows = np.flatnonzero(~part.gone)
            yield from zip(part.mpids[rows].tolist(), part.values(rows), part.sent[rows].tolist(), strict=True)

    def whole(self) -> Rows:
        """All rows as one part."""
        if len(self._parts) != 1 or self._parts[0].left < len(self._parts[0].mpids):
            self._parts = [merged(self._parts) if self._parts else Rows.made_of((), 0)]
        return self._parts[0]

    def load(self, part: Rows) -> None:
        """Hold exactly these rows."""
        self._parts = [part]

    def nbytes(self) -> int:
        """Bytes of the arrays."""
        return sum(part.nbytes() for part in self._parts)

    def _each(self, rows: Sequence[Row], do: Callable[[Rows, NDArray[np.int64]], None]) -> list[Row]:
        """Do something with those rows that are there; the others, each once."""
        left = list(dict.fromkeys(rows))
        for part in reversed(self._parts):
            if not left:
                break
            places, there = part.of(np.array([mpid for mpid, _ in left], np.int64))
            places, there = _equal(part, [value for _, value in left], places, there)
            do(part, there)
            found = set(places.tolist())
            left = [row for place, row in enumerate(left) if place not in found]
        return left

    def _settle(self) -> None:
        """Merge small parts, and leave out what is gone when that is much."""
        self._parts = [part for part in self._parts if part.left]
        for place, part in enumerate(self._parts):
            if part.left * _SHARE < len(part.mpids):
                self._parts[place] = merged([part])
        while len(self._parts) > 1 and len(self._parts[-2].mpids) < 2 * len(self._parts[-1].mpids):
            self._parts[-2:] = [merged(self._parts[-2:])]

    def _users(self, which: Callable[[Rows], NDArray[np.bool_]]) -> list[int]:
        found = [part.mpids[which(part)] for part in self._parts]
        users: list[int] = np.unique(np.concatenate([np.zeros(0, np.int64), *found])).tolist()
        return users


def _equal(
    part: Rows, values: Sequence[bytes], places: NDArray[np.int64], rows: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Of rows, and places among values, those that have the same value."""
    same = [values[place] == value for place, value in zip(places.tolist(), part.values(rows), strict=True)]
    there = np.array(same, bool)
    return places[there], rows[there]
