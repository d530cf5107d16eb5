"""The kept events of a shard: a growing tail in order of time, and sealed chunks before it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from raudience.records import Field
from raudience.shard.arrivals import Arrivals
from raudience.shard.chunk import Chunk, SealedColumn, seal_column
from raudience.shard.growing import grown, narrow
from raudience.shard.matching import Matching
from raudience.shard.rows import Cells

__all__ = ["SEAL", "EventStore", "Passing"]

SEAL = 65_536
"""Events above which the tail becomes a chunk: positions in a chunk then fit two bytes."""


class Passing(NamedTuple):
    """Events that pass an edge of a window: row int32[k], time int64[k], pattern int32[k]."""

    row: NDArray[np.int32]
    time: NDArray[np.int64]
    pattern: NDArray[np.int32]


class EventStore:
    """Events by time. Chunks may overlap in time: an event that comes late joins the tail."""

    def __init__(self) -> None:
        self.chunks: list[Chunk] = []
        self._starts = np.zeros(0, np.int64)
        self._ends = np.zeros(0, np.int64)
        self._size = 0
        self._matching: Matching | None = None
        self._time = np.zeros(0, np.int64)
        self._row, self._pattern, self._key, self._source = (np.zeros(0, np.int32) for _ in range(4))
        self._pieces: list[tuple[int, NDArray[np.int64], dict[Field, Cells]]] = []

    def __len__(self) -> int:
        return self._size + sum(chunk.size for chunk in self.chunks)

    def append(self, arrivals: Arrivals, patterns: NDArray[np.int32], matching: Matching) -> None:
        """Keep events with their patterns, as `matching` found them."""
        count = arrivals.size
        if count == 0:
            return
        if self._size > SEAL // 2 and self._size + count > SEAL:
            self.seal()
        self._matching = matching
        held = self._size
        self._room(held + count)
        source = np.arange(held, held + count, dtype=np.int32)
        new: tuple[NDArray[Any], ...] = (arrivals.times, arrivals.row, patterns, arrivals.keys, source)
        if not bool((new[0][1:] >= new[0][:-1]).all()):
            order = np.argsort(new[0], kind="stable")
            new = tuple(array[order] for array in new)
        self._merge(new, held, count)
        self._pieces.append((held, arrivals.product_event + held, arrivals.columns()))

    def passing(self, after: int, until: int, matching: Matching) -> Iterator[Passing]:
        """Events with after < time <= until that satisfy some matcher, part by part."""
        if self._size and self._time[0] <= until and self._time[self._size - 1] > after:
            head, tail = np.searchsorted(self._time[: self._size], (after, until), "right").tolist()
            if head < tail:
                part = slice(head, tail)
                pattern = self._pattern[part]
                where = pattern.nonzero()[0]
                yield Passing(self._row[part][where], self._time[part][where], pattern[where])
        for number in ((self._starts <= until) & (self._ends > after)).nonzero()[0].tolist():
            chunk = self.chunks[number]
            part = chunk.span(after, until)
            if part.start < part.stop:
                position, pattern = chunk.relevant(part, matching)
                yield Passing(chunk.row[position], chunk.times(position), pattern)

    def next_after(self, moment: int) -> int | None:
        """Time of the earliest kept event after a moment."""
        found: list[int] = []
        at = int(np.searchsorted(self._time[: self._size], moment, "right"))
        if at < self._size:
            found.append(int(self._time[at]))
        for number in (self._ends > moment).nonzero()[0].tolist():
            chunk = self.chunks[number]
            found.append(int(chunk.times(chunk.span(moment, chunk.last).start)))
        return min(found, default=None)

    def seal(self) -> None:
        """Turn the tail into a chunk."""
        size = self._size
        if size == 0:
            return
        source, keys = self._source[:size], self._key[:size]
        order = np.argsort(narrow(keys), kind="stable")
        by_key = source[order]
        columns, product_event = self._sealed_columns(by_key)
        chunk = Chunk(self._time[:size].copy(), self._row[:size].copy(), keys, order, columns, product_event)
        if self._matching is not None:
            chunk.remember(self._matching, self._pattern[:size])
        self.chunks.append(chunk)
        self._index()
        self._reset_tail()

    def give(self, dead: NDArray[np.bool_], before: int, row: int) -> None:
        """Give the events of dead rows (bool[rows]), and those older than a moment, to another row."""
        self.seal()
        for chunk in self.chunks:
            lost = dead[chunk.row]
            if chunk.base < before:
                lost[: chunk.span(chunk.base - 1, before - 1).stop] = True
            chunk.row[lost] = row

    def forget(self, before: int) -> int:
        """Drop chunks whose events are all older than a moment; their number of events."""
        gone = [chunk for chunk in self.chunks if chunk.last < before]
        if gone:
            self.chunks = [chunk for chunk in self.chunks if chunk.last >= before]
            self._index()
        return sum(chunk.size for chunk in gone)

    def nbytes(self) -> int:
        tail = (self._time, self._row, self._pattern, self._key, self._source)
        pieces = sum(
            cells.codes.nbytes + (cells.numbers.nbytes if cells.numbers is not None else 0)
            for _, _, columns in self._pieces
            for cells in columns.values()
        )
        return sum(array.nbytes for array in tail) + pieces + sum(chunk.nbytes() for chunk in self.chunks)

    def _reset_tail(self) -> None:
        self._size = 0
        self._time = np.zeros(1024, np.int64)
        self._row, self._pattern, self._key, self._source = (np.zeros(1024, np.int32) for _ in range(4))
        self._pieces = []

    def _room(self, size: int) -> None:
        self._time = grown(self._time, size)
        self._row, self._pattern = grown(self._row, size), grown(self._pattern, size)
        self._key, self._source = grown(self._key, size), grown(self._source, size)

    def _merge(self, new: tuple[NDArray[Any], ...], held: int, count: int) -> None:
        """Put events, in order of time, where they belong in the tail; of equal times they come after those held."""
        late = int(np.searchsorted(new[0], self._time[held - 1])) if held else 0
        place = np.searchsorted(self._time[:held], new[0][:late], "right")
        first = int(place[0]) if late else held
        tail: tuple[NDArray[Any], ...] = (self._time, self._row, self._pattern, self._key, self._source)
        for array, values in zip(tail, new, strict=True):
            if late:
                array[first : held + late] = np.insert(array[first:held], place - first, values[:late])
            array[held + late : held + count] = values[late:]
        self._size = held + count

    def _index(self) -> None:
        self._starts = np.array([chunk.base for chunk in self.chunks], np.int64)
        self._ends = np.array([chunk.last for chunk in self.chunks], np.int64)

    def _sealed_columns(self, by_key: NDArray[np.int32]) -> tuple[dict[Field, SealedColumn], NDArray[np.int64]]:
        owners = np.concatenate([owner for _, owner, _ in self._pieces])
        place = np.empty(self._size, np.int64)
        place[by_key] = np.arange(self._size)
        product_order = np.argsort(place[owners], kind="stable")
        starts = np.cumsum([0, *(len(owner) for _, owner, _ in self._pieces)]).tolist()
        columns: dict[Field, SealedColumn] = {}
        for field in sorted({field for _, _, cells in self._pieces for field in cells}):
            products = field.namespace == "product"
            size, order = (len(owners), product_order) if products else (self._size, by_key)
            at = starts if products else [held for held, _, _ in self._pieces]
            columns[field] = self._sealed_column(field, size, order, at)
        return columns, place[owners][product_order]

    def _sealed_column(
        self, field: Field, size: int, order: NDArray[np.int64] | NDArray[np.int32], starts: list[int]
    ) -> SealedColumn:
        codes = np.zeros(size, np.int32)
        numbers: NDArray[np.float64] | None = None
        ends = [*starts[1:], size][: len(self._pieces)]
        for (_, _, cells), start, end in zip(self._pieces, starts, ends, strict=False):
            if (found := cells.get(field)) is None:
                continue
            where = slice(start, end) if found.index is None else found.index + start
            codes[where] = found.codes
            if found.numbers is not None:
                numbers = np.zeros(size) if numbers is None else numbers
                numbers[where] = found.numbers
        return seal_column(codes[order], None if numbers is None else numbers[order])
