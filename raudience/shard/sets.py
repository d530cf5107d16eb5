"""Profile fields that gather values: the device ids of all devices of a user."""

from __future__ import annotations

from copy import copy

import numpy as np
from numpy.typing import NDArray

from raudience.records.texts import Texts
from raudience.shard.growing import grown
from raudience.shard.words import ABSENT, FIRST_WORD, Dictionary, TruthTable

__all__ = ["SetRegister", "SetUpdates"]


class SetUpdates:
    """Sets after each update that added something, in the order of the updates: row int32[k], at int64[k], codes."""

    def __init__(self, row: NDArray[np.int32], at: NDArray[np.int64], codes: list[list[int]]) -> None:
        self.row, self.at, self.codes = row, at, codes

    def truth(self, table: TruthTable) -> NDArray[np.bool_]:
        return np.array([table.of_set(codes) for codes in self.codes], bool)


class SetRegister:
    """One gathering field of all profiles: a first value for each, further ones aside."""

    def __init__(self) -> None:
        self.dictionary = Dictionary()
        self._first = np.zeros(0, np.uint32)
        # Tuples are never changed, so that a twin may share them.
        self._more: dict[int, tuple[int, ...]] = {}

    def make_room(self, rows: int) -> None:
        self._first = grown(self._first, rows)

    def update(self, row: NDArray[np.int32], at: NDArray[np.int64], codes: NDArray[np.int32]) -> SetUpdates:
        """Add values by their codes in `dictionary`; row, at: [k], at ascending."""
        added = [
            place
            for place in ((codes >= FIRST_WORD) & (codes != self._first[row])).nonzero()[0].tolist()
            if self._add(int(row[place]), int(codes[place]))
        ]
        return SetUpdates(row[added], at[added], self._sets_after(row[added].tolist(), codes[added].tolist()))

    def whole(self, table: TruthTable, rows: int) -> NDArray[np.bool_]:
        """bool[rows]: what a test says of every row."""
        self.make_room(rows)
        truth = table.of_codes(self._first[:rows])
        for row in self._more:
            truth[row] = table.of_set(self.codes_of(row))
        return truth

    def codes_of(self, row: int) -> list[int]:
        first = int(self._first[row]) if row < len(self._first) else ABSENT
        return [first, *self._more.get(row, ())] if first != ABSENT else []

    def words_of(self, row: int) -> tuple[str, ...] | None:
        """Values of a row in the order in which they came, None when there is none."""
        return tuple(map(self.dictionary.word, self.codes_of(row))) or None

    def texts(self, rows: NDArray[np.int32]) -> tuple[NDArray[np.int64], Texts]:
        """Texts of the values of rows, as `words_of` has them: places among the rows, int64[k] ascending, and a text
        for each."""
        held = (rows < len(self._first)).nonzero()[0]
        positions, sizes, codes = self.cut(rows[held].astype(np.int64))
        return held[positions].repeat(sizes), self.dictionary.texts(codes)

    def put(self, rows: NDArray[np.int32], sizes: NDArray[np.int64], codes: NDArray[np.int32]) -> None:
        """Give sets, one after the other in `codes`, to rows that have none."""
        ends = sizes.cumsum()
        self._first[rows] = codes[ends - sizes]
        for place in (sizes > 1).nonzero()[0].tolist():
            held = codes[ends[place] - sizes[place] + 1 : ends[place]]
            self._more[int(rows[place])] = tuple(held.tolist())

    def cut(self, rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int32]]:
        """Of some rows those that have values: their positions among them, how many each has, and all codes."""
        rows = rows[rows < len(self._first)]
        held = self._first[rows].nonzero()[0]
        sets = [
            (first, *self._more.get(row, ()))
            for row, first in zip(rows[held].tolist(), self._first[rows[held]].tolist(), strict=True)
        ]
        sizes = np.fromiter(map(len, sets), np.int64, len(sets))
        codes = np.fromiter((code for codes in sets for code in codes), np.int32, int(sizes.sum()))
        return held, sizes, codes

    def counts(self) -> NDArray[np.int64]:
        """How many rows hold each code, int64[len(dictionary)]."""
        more = np.fromiter((code for codes in self._more.values() for code in codes), np.int64)
        counts = np.bincount(self._first, minlength=len(self.dictionary)) + np.bincount(
            more, minlength=len(self.dictionary)
        )
        counts[ABSENT] = 0
        return counts

    def held(self) -> int:
        """How many rows have a value."""
        return int(np.count_nonzero(self._first))

    def twin(self) -> SetRegister:
        """The sets as they are now; read only."""
        twin = copy(self)
        twin.dictionary, twin._first, twin._more = self.dictionary.twin(), self._first.copy(), self._more.copy()
        return twin

    def clear(self, rows: NDArray[np.int32]) -> None:
        self._first[rows[rows < len(self._first)]] = ABSENT
        for row in rows.tolist():
            self._more.pop(row, None)

    def nbytes(self) -> int:
        return self._first.nbytes + 120 * len(self._more) + self.dictionary.nbytes()

    def _add(self, row: int, code: int) -> bool:
        if code in self.codes_of(row):
            return False
        if self._first[row] == ABSENT:
            self._first[row] = code
        else:
            self._more[row] = (*self._more.get(row, ()), code)
        return True

    def _sets_after(self, rows: list[int], codes: list[int]) -> list[list[int]]:
        """The set of a row just after each of its additions: all that it holds up to the value added."""
        held = [self.codes_of(row) for row in rows]
        return [codes_held[: codes_held.index(code) + 1] for codes_held, code in zip(held, codes, strict=True)]
