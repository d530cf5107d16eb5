"""Values that a partner has acknowledged, and whose they are: compact, for millions of them.

Most stand in arrays that are sorted by user; what has changed since stands beside them, until there is enough of it to
sort anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from raudience.hashing import text_keys

__all__ = ["Held"]

_LEAST: Final = 4096
_SHARE: Final = 4
"""Of the rows, that may stand outside the arrays: one in so many. While they come each is sorted about as often."""


class Held:
    """Rows of (MPID, value, when it was sent, in seconds). A user may hold several values, a value several users. A row
    that was sent at second 0 is unsure: it was to be put or dropped, and nobody knows whether it was."""

    def __init__(self) -> None:
        self._mpids = np.zeros(0, np.int64)
        self._ends = np.zeros(0, np.int64)
        self._bytes = b""
        self._sent = np.zeros(0, np.int64).astype(np.uint32)
        self._gone = np.zeros(0, bool)
        self._keys = np.zeros(0, np.uint64)
        self._order = np.zeros(0, np.int32)
        self._left = 0
        self._fresh: dict[int, dict[bytes, int]] = {}
        self._owners: dict[bytes, int] = {}
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def values_of(self, mpid: int) -> set[bytes]:
        """The values of a user."""
        found = set(self._fresh.get(mpid, ()))
        found.update(self._value(row) for row in self._rows_of(mpid) if not self._gone[row])
        return found

    def owners_of(self, value: bytes) -> int:
        """How many users hold a value."""
        return self._owners.get(value, 0) + sum(not self._gone[row] for row in self._rows_with(value))

    def is_sure(self, value: bytes) -> bool:
        """Whether some user holds a value for sure."""
        if any(self._sent[row] > 0 and not self._gone[row] for row in self._rows_with(value)):
            return True
        return value in self._owners and any(values.get(value, 0) > 0 for values in self._fresh.values())

    def sent(self, mpid: int, value: bytes) -> int:
        """The second at which a value that a user holds was sent."""
        row = self._row(mpid, value)
        return self._fresh[mpid][value] if row is None else int(self._sent[row])

    def put(self, mpid: int, value: bytes, sent: int) -> None:
        """A user holds a value, sent at a second; one that was there already is sent anew."""
        row = self._row(mpid, value)
        if row is not None:
            self._sent[row] = sent
            return
        fresh = self._fresh.setdefault(mpid, {})
        if value not in fresh:
            self._owners[value] = self._owners.get(value, 0) + 1
            self._count += 1
        fresh[value] = sent
        self._settle()

    def drop(self, mpid: int, value: bytes) -> None:
        """A user does not hold a value any longer."""
        row = self._row(mpid, value)
        if row is not None:
            self._gone[row] = True
            self._left += 1
        elif value in self._fresh.get(mpid, ()):
            self._forget(mpid, value)
        else:
            return
        self._count -= 1
        self._settle()

    def doubt(self) -> None:
        """Every row is unsure from here on."""
        self._sent[:] = 0
        for values in self._fresh.values():
            values.update(dict.fromkeys(values, 0))

    def sent_before(self, second: int) -> list[int]:
        """Users, ascending, of whom a value was sent before a second."""
        old = self._mpids[(self._sent < second) & ~self._gone].tolist()
        fresh = (mpid for mpid, values in self._fresh.items() if min(values.values()) < second)
        return sorted({*old, *fresh})

    def users(self) -> Iterator[int]:
        """Every user who holds a value, ascending."""
        return iter(sorted({*self._mpids[~self._gone].tolist(), *self._fresh}))

    def rows(self) -> Iterator[tuple[int, bytes, int]]:
        """Every row: user, value, second."""
        for row in (~self._gone).nonzero()[0].tolist():
            yield int(self._mpids[row]), self._value(row), int(self._sent[row])
        for mpid, values in self._fresh.items():
            for value, sent in values.items():
                yield mpid, value, sent

    def nbytes(self) -> int:
        """Bytes of the arrays; what stands beside them is a small share."""
        arrays = (self._mpids, self._ends, self._sent, self._gone, self._keys, self._order)
        return len(self._bytes) + sum(array.nbytes for array in arrays)

    def load(self, mpids: NDArray[np.int64], values: list[bytes], sent: NDArray[np.uint32]) -> None:
        """Hold exactly these rows, all different."""
        ranked = np.argsort(mpids, kind="stable")
        ordered = [values[row] for row in ranked.tolist()]
        self._mpids, self._sent = mpids[ranked].astype(np.int64), sent[ranked].astype(np.uint32)
        self._ends = np.cumsum([len(value) for value in ordered], dtype=np.int64)
        self._bytes = b"".join(ordered)
        self._gone = np.zeros(len(ordered), bool)
        keys = text_keys(ordered) if ordered else np.zeros(0, np.uint64)
        self._order = np.argsort(keys, kind="stable").astype(np.int32)
        self._keys = keys[self._order]
        self._fresh, self._owners, self._left = {}, {}, 0
        self._count = len(ordered)

    def _settle(self) -> None:
        """Sort anew when too much has changed."""
        changed = self._left + len(self._fresh)
        if changed > max(_LEAST, len(self._mpids) // _SHARE):
            rows = list(self.rows())
            mpids = np.array([row[0] for row in rows], np.int64)
            self.load(mpids, [row[1] for row in rows], np.array([row[2] for row in rows], np.uint32))

    def _forget(self, mpid: int, value: bytes) -> None:
        values = self._fresh[mpid]
        del values[value]
        if not values:
            del self._fresh[mpid]
        self._owners[value] -= 1
        if not self._owners[value]:
            del self._owners[value]

    def _row(self, mpid: int, value: bytes) -> int | None:
        return next((row for row in self._rows_of(mpid) if not self._gone[row] and self._value(row) == value), None)

    def _rows_of(self, mpid: int) -> range:
        first = int(self._mpids.searchsorted(mpid))
        if first == len(self._mpids) or self._mpids[first] != mpid:
            return range(0)
        return range(first, int(self._mpids.searchsorted(mpid, "right")))

    def _rows_with(self, value: bytes) -> list[int]:
        key = text_keys([value])[0]
        first = int(self._keys.searchsorted(key))
        if first == len(self._keys) or self._keys[first] != key:
            return []
        last = int(self._keys.searchsorted(key, "right"))
        return [row for row in self._order[first:last].tolist() if self._value(row) == value]

    def _value(self, row: int) -> bytes:
        begin = int(self._ends[row - 1]) if row else 0
        return self._bytes[begin : int(self._ends[row])]
