"""All kept events of one key, read across many chunks at once: for filling a plan, not for the stream."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from raudience.records import Field
from raudience.shard.chunk import Chunk, ChunkRows
from raudience.shard.rows import Cells

__all__ = ["Run", "Runs", "grouped"]

_GROUP = 64
"""Chunks that are read at once: some four million events, so that what is read fits well in memory."""


class Run:
    """EventRows: the events of one key in some chunks, chunk after chunk, in each in order of time."""

    def __init__(self, chunks: list[Chunk], key: int) -> None:
        parts = [(chunk, chunk.of_key(key)) for chunk in chunks]
        parts = [(chunk, part) for chunk, part in parts if part.start < part.stop]
        self._chunks = [chunk for chunk, _ in parts]
        self._parts = [part for _, part in parts]
        self._positions = [chunk.order[part] for chunk, part in parts]
        self._key = key
        self._starts: list[int] = np.cumsum([0, *map(len, self._positions)]).tolist()
        self._cells: dict[Field, Cells | None] = {}

    @property
    def size(self) -> int:
        return self._starts[-1]

    @property
    def keys(self) -> NDArray[Any]:
        return np.full(self.size, self._key)

    @cached_property
    def row(self) -> NDArray[np.int32]:
        """Row int32[n] of every event."""
        row = np.empty(self.size, np.int32)
        for chunk, positions, start in zip(self._chunks, self._positions, self._starts, strict=False):
            chunk.row.take(positions, out=row[start : start + len(positions)], mode="clip")
        return row

    @cached_property
    def times(self) -> NDArray[np.int64]:
        times = np.empty(self.size, np.int64)
        for chunk, positions, start in zip(self._chunks, self._positions, self._starts, strict=False):
            times[start : start + len(positions)] = chunk.times(positions)
        return times

    @cached_property
    def product_event(self) -> NDArray[np.int64]:
        owners = [rows.product_event + start for rows, start in zip(self._rows, self._starts, strict=False)]
        return np.concatenate([np.zeros(0, np.int64), *owners])

    @cached_property
    def _rows(self) -> list[ChunkRows]:
        return [chunk.rows(part.start, part.stop) for chunk, part in zip(self._chunks, self._parts, strict=True)]

    def cells(self, field: Field) -> Cells | None:
        if field not in self._cells:
            self._cells[field] = self._joined(field)
        return self._cells[field]

    def spans(self, after: int, until: int) -> list[slice]:
        """Places of the events with after < time <= until, ascending and apart."""
        spans: list[slice] = []
        for chunk, positions, start in zip(self._chunks, self._positions, self._starts, strict=False):
            head, tail = 0, len(positions)
            if chunk.last <= after or chunk.base > until:
                continue
            if not (after < chunk.base and chunk.last <= until):
                within = chunk.span(after, until)
                head, tail = positions.searchsorted((within.start, within.stop)).tolist()
            if head == tail:
                continue
            if spans and spans[-1].stop == start + head:
                spans[-1] = slice(spans[-1].start, start + tail)
            else:
                spans.append(slice(start + head, start + tail))
        return spans

    def _joined(self, field: Field) -> Cells | None:
        sizes = [len(rows.product_event) if field.namespace == "product" else rows.size for rows in self._rows]
        starts = np.cumsum([0, *sizes]).tolist()
        found = [rows.cells(field) for rows in self._rows]
        parts = [(cells, start, size) for cells, start, size in zip(found, starts, sizes, strict=False) if cells]
        if not parts:
            return None
        dense = len(parts) == len(found) and all(cells.index is None for cells, _, _ in parts)
        index = None if dense else np.concatenate([_places(*part) for part in parts])
        codes = np.concatenate([cells.codes for cells, _, _ in parts])
        if all(cells.numbers is None for cells, _, _ in parts):
            return Cells(index, codes, None)
        return Cells(index, codes, np.concatenate([_numbers(cells) for cells, _, _ in parts]))


def _places(cells: Cells, start: int, size: int) -> NDArray[np.int64]:
    return np.arange(start, start + size) if cells.index is None else cells.index + start


def _numbers(cells: Cells) -> NDArray[np.float64]:
    return np.zeros(len(cells.codes)) if cells.numbers is None else cells.numbers


class Runs:
    """Runs over some chunks by key, each made when first asked for."""

    def __init__(self, chunks: list[Chunk], first: dict[int, int]) -> None:
        """first: for each key the moment after which its events are needed; none: all are."""
        self._chunks, self._first = chunks, first
        self._known: dict[int, Run] = {}

    def of(self, key: int) -> Run:
        run = self._known.get(key)
        if run is None:
            after = self._first.get(key)
            chunks = self._chunks if after is None else [chunk for chunk in self._chunks if chunk.last > after]
            run = self._known[key] = Run(chunks, key)
        return run


def grouped(chunks: list[Chunk], first: dict[int, int] | None = None) -> Iterator[Runs]:
    """Runs over all chunks, some chunks at a time; of each key those with events after the first moment needed."""
    for start in range(0, len(chunks), _GROUP):
        yield Runs(chunks[start : start + _GROUP], first or {})
