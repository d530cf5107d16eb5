"""All kept events of one key, read across many chunks at once: for filling a plan, not for the stream."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from raudience.records import Field
from raudience.shard.chunk import Chunk, SealedColumn
from raudience.shard.decimals import decimals, joined
from raudience.shard.rows import Cells

__all__ = ["Run", "Runs", "grouped"]

_GROUP = 64
"""Chunks that are read at once: some four million events, so that what is read fits well in memory."""


class _Piece(NamedTuple):
    """Events of one chunk: positions by key and, of each, in time; start: places of a run before them."""

    chunk: Chunk
    part: slice
    positions: NDArray[Any]
    start: int


class Run:
    """EventRows: the events of one key in some chunks, chunk after chunk, in each in order of time."""

    def __init__(self, key: int) -> None:
        self.size = 0
        self._key = key
        self._pieces: list[_Piece] = []
        self._rows: list[NDArray[np.int32]] = []
        self._cells: dict[Field, Cells | None] = {}

    def add(self, chunk: Chunk) -> None:
        """Take the events of one more chunk; not when something was read already."""
        part = chunk.of_key(self._key)
        if part.start == part.stop:
            return
        positions = chunk.order[part]
        self._pieces.append(_Piece(chunk, part, positions, self.size))
        self._rows.append(chunk.row.take(positions))
        self.size += len(positions)

    @property
    def keys(self) -> NDArray[Any]:
        return np.full(self.size, self._key)

    @cached_property
    def row(self) -> NDArray[np.int32]:
        """Row int32[n] of every event."""
        return np.concatenate(self._rows)

    @property
    def times(self) -> NDArray[np.int64]:
        return self.times_between(0, self.size)

    def times_between(self, first: int, last: int) -> NDArray[np.int64]:
        """Times int64[last - first] of the events [first, last)."""
        times = np.empty(last - first, np.int64)
        for chunk, _, positions, start in self._pieces:
            head, tail = max(first - start, 0), min(last - start, len(positions))
            if head < tail:
                times[start + head - first : start + tail - first] = chunk.times(positions[head:tail])
        return times

    @cached_property
    def product_event(self) -> NDArray[np.int64]:
        owners = [
            chunk.product_events(*chunk.products(part.start, part.stop)) + (start - part.start)
            for chunk, part, _, start in self._pieces
        ]
        return np.concatenate([np.zeros(0, np.int64), *owners])

    def cells(self, field: Field) -> Cells | None:
        if field not in self._cells:
            self._cells[field] = self._joined(field)
        return self._cells[field]

    def spans(self, after: int, until: int) -> list[slice]:
        """Places of the events with after < time <= until, ascending and apart."""
        cuts = [0, 0]
        for chunk, _, positions, start in self._pieces:
            if chunk.last <= after or chunk.base > until:
                continue
            head, tail = 0, len(positions)
            if chunk.base <= after or chunk.last > until:
                within = chunk.span(after, until)
                head, tail = positions.searchsorted((within.start, within.stop)).tolist()
            if cuts[-1] == start + head:
                cuts[-1] = start + tail
            else:
                cuts += (start + head, start + tail)
        return [slice(head, tail) for head, tail in zip(cuts[::2], cuts[1::2], strict=True) if head < tail]

    def _joined(self, field: Field) -> Cells | None:
        """Cells of all chunks as one."""
        products = field.namespace == "product"
        found, start = list[_Held](), 0
        for chunk, part, _, _ in self._pieces:
            first, last = chunk.products(part.start, part.stop) if products else (part.start, part.stop)
            column = chunk.column(field)
            if column is not None and (where := column.held(first, last)).start < where.stop:
                found.append(_Held(column, where, where.stop - where.start, start - first))
            start += last - first
        return _as_one(found, start) if found else None


class _Held(NamedTuple):
    """Some cells of a column; shift: from their rows there to those of a run."""

    column: SealedColumn
    where: slice
    size: int
    shift: int


def _as_one(found: list[_Held], rows: int) -> Cells:
    dense = sum(held.size for held in found) == rows
    index = None if dense else np.concatenate([held.column.places(held.where) + held.shift for held in found])
    codes = np.concatenate([held.column.codes(held.where) for held in found])
    if not any(held.column.numeric for held in found):
        return Cells(index, codes, None)
    return Cells(
        index, codes, joined([held.column.numbers(held.where) or decimals(np.zeros(held.size)) for held in found])
    )


class Runs:
    """Runs over some chunks, by key and the moment up to which its events are not needed."""

    def __init__(self, chunks: list[Chunk], wanted: Iterable[tuple[int, int]]) -> None:
        ends = np.array([chunk.last for chunk in chunks], np.int64)
        self._runs: dict[tuple[int, int], Run] = {}
        distinct: dict[tuple[int, int], tuple[int, Run]] = {}
        for key, after in wanted:
            # Moments that lie between the same two ends of chunks leave the same.
            needed = int(np.count_nonzero(ends > after))
            self._runs[key, after] = distinct.setdefault((key, needed), (after, Run(key)))[1]
        # Chunk by chunk, so that what is read of it for one key is in the cache for the next.
        for chunk in chunks:
            for after, run in distinct.values():
                if chunk.last > after:
                    run.add(chunk)

    def of(self, key: int, after: int) -> Run:
        return self._runs[key, after]


def grouped(chunks: list[Chunk], wanted: Sequence[tuple[int, int]]) -> Iterator[Runs]:
    """Runs over all chunks, some chunks at a time."""
    for start in range(0, len(chunks), _GROUP):
        yield Runs(chunks[start : start + _GROUP], wanted)
