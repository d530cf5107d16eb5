"""The kept events of a shard: a growing tail in order of time, and sealed chunks before it."""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from raudience.records import Field
from raudience.shard.chunk import Chunk, SealedColumn, seal_column
from raudience.shard.growing import narrow
from raudience.shard.matching import Matching
from raudience.shard.rows import Cells
from raudience.shard.tail import Passing, Tail, Taken

__all__ = ["SEAL", "EventStore", "Incoming"]

SEAL = 65_536
"""Events above which the tail becomes a chunk: positions in a chunk then fit two bytes."""


class Incoming(Protocol):
    """Events that are to be kept: times int64[n], row and keys int32[n], product_event int64[q]."""

    @property
    def size(self) -> int: ...

    @property
    def times(self) -> NDArray[np.int64]: ...

    @property
    def row(self) -> NDArray[np.int32]: ...

    @property
    def keys(self) -> NDArray[np.int32]: ...

    @property
    def product_event(self) -> NDArray[np.int64]: ...

    def columns(self) -> dict[Field, Cells]:
        """All attributes of the events and of their products."""
        ...


class EventStore:
    """Events by time. Chunks may overlap in time: an event that comes late goes into a tail of its own until both are
    sealed together. generation: counts the changes of the list of chunks."""

    def __init__(self) -> None:
        self.generation = 0
        self.chunks: list[Chunk] = []
        self._starts = np.zeros(0, np.int64)
        self._ends = np.zeros(0, np.int64)
        self._matching: Matching | None = None
        self._reset_tails()

    def __len__(self) -> int:
        return self._taken + sum(chunk.size for chunk in self.chunks)

    def append(self, arrivals: Incoming, patterns: NDArray[np.int32], matching: Matching | None) -> None:
        """Keep events with their patterns, as `matching` found them, if it did."""
        count = arrivals.size
        if count == 0:
            return
        if self._taken > SEAL // 2 and self._taken + count > SEAL:
            self._seal_and_go_on()
        self._matching = matching
        source = np.arange(self._taken, self._taken + count, dtype=np.int32)
        taken = Taken.of(arrivals.times, arrivals.row, patterns, arrivals.keys, source)
        late = int(taken.time.searchsorted(self._recent.last)) if self._recent.size else 0
        if late:
            self._late.append(taken.part(slice(late)))
            taken = taken.part(slice(late, None))
        self._recent.append(taken)
        self._pieces.append((self._taken, arrivals.product_event + self._taken, arrivals.columns()))
        self._taken += count

    def recent(self, after: NDArray[np.int64], until: NDArray[np.int64]) -> Iterator[Passing]:
        """Events not yet sealed that satisfy some matcher, in any of the spans after < time <= until, part by part."""
        for tail in (self._recent, self._late):
            if (found := tail.passing(after, until)) is not None:
                yield found

    def between(self, after: NDArray[np.int64], until: NDArray[np.int64]) -> list[tuple[int, Chunk]]:
        """Chunks that may hold events with after < time <= until, each with the number of the span."""
        if not self.chunks:
            return []
        span, chunk = ((self._starts <= until[:, None]) & (self._ends > after[:, None])).nonzero()
        return [(number, self.chunks[at]) for number, at in zip(span.tolist(), chunk.tolist(), strict=True)]

    def next_after(self, moment: int) -> int | None:
        """Time of the earliest kept event after a moment."""
        found = [self._recent.next_after(moment), self._late.next_after(moment)]
        for number in (self._ends > moment).nonzero()[0].tolist():
            chunk = self.chunks[number]
            found.append(int(chunk.times(chunk.span(moment, chunk.last).start)))
        return min((time for time in found if time is not None), default=None)

    def seal(self) -> None:
        """Turn the tails into a chunk."""
        if self._taken == 0:
            return
        self._recent.append(self._late.all())
        held = self._recent.all()
        order = np.argsort(narrow(held.key), kind="stable")
        columns, product_event = self._sealed_columns(held.source[order])
        chunk = Chunk(held.time, held.row.copy(), held.key, order, columns, product_event)
        if self._matching is not None:
            chunk.remember(self._matching, held.pattern)
        self.chunks.append(chunk)
        self._index()
        self._reset_tails()

    def unsealed(self) -> Chunk | None:
        """What the tails hold, as a chunk of its own; they stay as they are."""
        if not self._taken:
            return None
        alone = self._with([])
        alone.seal()
        return alone.chunks[0]

    def latest(self, field: Field, most: int) -> Iterator[tuple[NDArray[Any], NDArray[Any] | None]]:
        """Codes of an attribute in the latest `most` events, and in as many more as come with them, in parts; numbers,
        where there are any, are read where the code is NUMBER_CODE."""
        cells = (columns[field] for _, _, columns in self._pieces if field in columns)
        yield from ((each.codes, each.numbers) for each in cells)
        seen = self._taken
        for chunk in sorted(self.chunks, key=lambda chunk: -chunk.last):
            if seen >= most:
                return
            seen += chunk.size
            if (column := chunk.column(field)) is not None:
                yield column.cells()

    def key_counts(self, keys: int) -> NDArray[np.int64]:
        """How many events there are of each key, int64[keys]."""
        counts = np.zeros(keys, np.int64)
        for chunk in self.chunks:
            counts[chunk.present] += chunk.sizes()
        for tail in (self._recent, self._late):
            counts += np.bincount(tail.all().key, minlength=keys)
        return counts

    def row_counts(self, wanted: NDArray[np.int32], rows: int) -> NDArray[np.int64]:
        """How many events there are of each of the wanted rows, int64[rows]; of the others 0."""
        self.seal()
        counts, mask = np.zeros(rows, np.int64), np.zeros(rows, bool)
        mask[wanted] = True
        for chunk in self.chunks:
            np.add.at(counts, chunk.row.compress(mask.take(chunk.row)), 1)
        return counts

    def give(self, dead: NDArray[np.bool_], before: int, row: int) -> None:
        """Give the events of dead rows (bool[rows]), and those older than a moment, to another row."""
        self.seal()
        for chunk in self.chunks:
            lost = dead[chunk.row]
            if chunk.base < before:
                lost[: chunk.span(chunk.base - 1, before - 1).stop] = True
            if lost.any():
                chunk.row = np.where(lost, np.int32(row), chunk.row)

    def add(self, chunks: list[Chunk]) -> None:
        """Keep chunks from elsewhere."""
        self.chunks += chunks
        self._index()

    def take_sealed(self) -> list[Chunk]:
        """The chunks, which are then no longer here."""
        chunks, self.chunks = self.chunks, []
        self._index()
        return chunks

    def twin(self) -> EventStore:
        """The events as they are now; what happens later to either changes nothing in the other."""
        # A chunk gets another array of rows when one of them changes.
        return self._with([copy(chunk) for chunk in self.chunks])

    def _with(self, chunks: list[Chunk]) -> EventStore:
        """What the tails hold, and some chunks."""
        twin = copy(self)
        twin.chunks = chunks
        twin._recent, twin._late, twin._pieces = self._recent.twin(), self._late.twin(), [*self._pieces]
        return twin

    def forget(self, before: int) -> int:
        """Drop chunks whose events are all older than a moment; their number of events."""
        if not (self._ends < before).any():
            return 0
        gone = sum(chunk.size for chunk in self.chunks if chunk.last < before)
        self.chunks = [chunk for chunk in self.chunks if chunk.last >= before]
        self._index()
        return gone

    def nbytes(self) -> int:
        pieces = sum(
            cells.codes.nbytes + (cells.numbers.nbytes if cells.numbers is not None else 0)
            for _, _, columns in self._pieces
            for cells in columns.values()
        )
        return self._recent.nbytes() + self._late.nbytes() + pieces + sum(chunk.nbytes() for chunk in self.chunks)

    def _reset_tails(self) -> None:
        self._recent, self._late = Tail(), Tail()
        self._taken = 0
        self._pieces: list[tuple[int, NDArray[np.int64], dict[Field, Cells]]] = []

    def _seal_and_go_on(self) -> None:
        """Seal, and keep the room of the tail: as many events are to come."""
        tail = self._recent
        self.seal()
        tail.clear()
        self._recent = tail

    def _index(self) -> None:
        self.generation += 1
        self._starts = np.array([chunk.base for chunk in self.chunks], np.int64)
        self._ends = np.array([chunk.last for chunk in self.chunks], np.int64)

    def _sealed_columns(self, by_key: NDArray[np.int32]) -> tuple[dict[Field, SealedColumn], NDArray[np.int64]]:
        owners = np.concatenate([owner for _, owner, _ in self._pieces])
        place = np.empty(self._taken, np.int64)
        place[by_key] = np.arange(self._taken)
        product_order = np.argsort(place[owners], kind="stable")
        starts = np.cumsum([0, *(len(owner) for _, owner, _ in self._pieces)]).tolist()
        columns: dict[Field, SealedColumn] = {}
        for field in sorted({field for _, _, cells in self._pieces for field in cells}):
            products = field.namespace == "product"
            size, order = (len(owners), product_order) if products else (self._taken, by_key)
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
