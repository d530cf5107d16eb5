"""Lists of codes: the values of fields that are lists."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from raudience.shard.growing import expand, grown, narrow
from raudience.shard.words import TruthTable

__all__ = ["CodeLists"]


class CodeLists:
    """Lists of codes, each held where it was put; unused ones are cleared away when they are the larger part.

    What stands in the arrays is never changed, only added to or replaced: a shallow copy holds what there was.
    """

    def __init__(self) -> None:
        self.start = np.zeros(0, np.uint32)
        self.codes: NDArray[Any] = np.zeros(0, np.uint8)
        self._used = 0
        self._lists = 0

    def put(self, codes: NDArray[np.int32], offsets: NDArray[np.int32]) -> NDArray[np.int64]:
        """Positions int64[k] of k new lists."""
        count = len(offsets) - 1
        self.start = grown(self.start, self._lists + count + 1)
        self.codes = grown(_fitting(self.codes, codes), self._used + len(codes))
        self.codes[self._used : self._used + len(codes)] = codes
        places = np.arange(self._lists, self._lists + count, dtype=np.int64)
        self.start[self._lists : self._lists + count + 1] = offsets.astype(np.int64) + self._used
        self._lists += count
        self._used += len(codes)
        return places

    def put_one(self, codes: list[int]) -> int:
        """Position of one new list."""
        place, stop = self._lists, self._used + len(codes)
        if codes and max(codes) >> 8 * self.codes.itemsize:
            self.codes = _fitting(self.codes, np.array(codes, np.int32))
        self.codes, self.start = grown(self.codes, stop), grown(self.start, place + 2)
        self.codes[self._used : stop] = codes
        self.start[place], self.start[place + 1] = self._used, stop
        self._lists, self._used = place + 1, stop
        return place

    def get(self, place: int) -> NDArray[Any]:
        return self.codes[self.start[place] : self.start[place + 1]]

    def cut(self, places: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[Any]]:
        """How many elements lists have, and all their codes."""
        first = self.start[places].astype(np.int64)
        count = self.start[places + 1] - first
        return count, self.codes[expand(first, count)[1]]

    def truth(self, places: NDArray[np.int64], table: TruthTable) -> NDArray[np.bool_]:
        """bool[k]: what a test says of lists: a negative test of all of their elements, another of some."""
        first = self.start[places].astype(np.int64)
        count = self.start[places + 1] - first
        owner, position = expand(first, count)
        elements = table.elements()[self.codes[position]]
        truth = np.bincount(owner[elements != table.negative], minlength=len(places)) > 0
        if table.negative:
            truth = ~truth
        truth[count == 0] = table.of_list(())
        return truth

    def whole_truth(self, table: TruthTable) -> NDArray[np.bool_]:
        """bool[lists]: what a test says of all lists."""
        other = table.elements().take(self.codes[: self._used]) != table.negative
        before = np.zeros(self._used + 1, np.int32)
        np.cumsum(other, out=before[1:])
        before = before.take(self.start[: self._lists + 1])
        truth = before[1:] != before[:-1]
        truth ^= table.negative
        if table.of_list(()) != table.negative:
            truth[self._counts() == 0] = not table.negative
        return truth

    def _counts(self) -> NDArray[np.int64]:
        return np.diff(self.start[: self._lists + 1]).astype(np.int64)

    def kept(self, places: NDArray[np.int64]) -> NDArray[np.int64]:
        """Keep only these lists; their new positions."""
        counts, codes = self.cut(places)
        fresh = CodeLists()
        moved = fresh.put(codes.astype(np.int32), np.append(0, counts.cumsum()).astype(np.int32))
        self.start, self.codes, self._used, self._lists = fresh.start, fresh.codes, fresh._used, fresh._lists
        return moved

    def __len__(self) -> int:
        return self._lists

    def nbytes(self) -> int:
        return self.start.nbytes + self.codes.nbytes


def _fitting(held: NDArray[Any], codes: NDArray[np.int32]) -> NDArray[Any]:
    """What is held, in a type that also holds more codes."""
    fresh = narrow(codes)
    return held.astype(fresh.dtype) if fresh.dtype.itemsize > held.dtype.itemsize else held
