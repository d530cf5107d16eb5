"""Kept events of a matcher, read key by key from the sealed chunks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from raudience.criteria.leaves import FOREVER, Check, Matcher
from raudience.records import Field
from raudience.shard.arrivals import EventDictionaries
from raudience.shard.chunk import Chunk, ChunkRows
from raudience.shard.features import ProductFeature
from raudience.shard.matching import reads
from raudience.shard.rows import INPUT
from raudience.shard.words import Dictionary, TruthTable

__all__ = ["Found", "Selector"]


class Found(NamedTuple):
    """Matching events of one key in one chunk: row int32[k], in order of time; position int[k] in time in the chunk;
    where: their places in `events`."""

    chunk: Chunk
    row: NDArray[np.int32]
    position: NDArray[np.int64]
    events: ChunkRows
    where: NDArray[np.int64] | None

    def times(self) -> NDArray[np.int64]:
        return self.chunk.times(self.position)

    def places(self) -> NDArray[np.int64]:
        return np.arange(self.events.size) if self.where is None else self.where


class Selector:
    """Finds the events of one matcher with after < time <= until."""

    def __init__(self, matcher: Matcher, known: EventDictionaries, workspaces: dict[str, str]) -> None:
        self._matcher = matcher
        self.keys = [number for number, key in enumerate(known.keys) if reads(matcher, key)]
        self._tables = {
            check: TruthTable(check.test, known.dictionary(check.field))
            for check in matcher.checks
            if check.field.namespace != "product"
        }
        products = tuple(check for check in matcher.checks if check.field.namespace == "product")
        self._products = ProductFeature((products,), _dictionaries(products, known)) if products else None
        self._group = products
        names = known.dictionary(INPUT).words
        self._inputs = np.array([False] * 4 + [self._from(name, workspaces) for name in names], bool)

    def find(self, chunks: list[Chunk], after: int, until: int) -> Iterator[Found]:
        """Matching events, chunk by chunk and key by key."""
        after, until = max(after, self._matcher.start - 1), min(until, self._matcher.end - 1)
        for chunk in chunks:
            if chunk.base <= until and chunk.last > after:
                yield from self._find_in(chunk, after, until)

    def _find_in(self, chunk: Chunk, after: int, until: int) -> Iterator[Found]:
        for key in self.keys:
            part = chunk.of_key(key)
            if part.start == part.stop:
                continue
            events = chunk.rows(part.start, part.stop)
            where = self._within(chunk, events, after, until)
            passing = self._passing(events)
            if passing is not None:
                where = passing.nonzero()[0] if where is None else where[passing[where]]
            position = events.positions if where is None else events.positions[where]
            yield Found(chunk, chunk.row[position], position, events, where)

    def _within(self, chunk: Chunk, events: ChunkRows, after: int, until: int) -> NDArray[np.int64] | None:
        """Places of the events in the span, None for all of them."""
        if after < chunk.base and chunk.last <= until:
            return None
        span = chunk.span(max(after, -FOREVER), until)
        head, tail = np.searchsorted(events.positions, (span.start, span.stop)).tolist()
        return np.arange(head, tail)

    def _passing(self, events: ChunkRows) -> NDArray[np.bool_] | None:
        """bool[n]: which events pass the checks, None when there are none."""
        passing: NDArray[np.bool_] | None = None
        if not self._inputs[4:].all():
            cells = events.cells(INPUT)
            assert cells is not None
            passing = self._inputs[cells.codes]
        for check, table in self._tables.items():
            truth = _truth(events, check, table)
            passing = truth if passing is None else passing & truth
        if self._products is not None:
            bought = np.zeros(events.size, bool)
            bought[events.product_event[self._products.passing(events, self._group)]] = True
            passing = bought if passing is None else passing & bought
        return passing

    def _from(self, name: str, workspaces: dict[str, str]) -> bool:
        workspace = workspaces.get(name, "default")
        scoped = not self._matcher.workspaces or workspace in self._matcher.workspaces
        return scoped and (not self._matcher.inputs or name in self._matcher.inputs)


def _truth(events: ChunkRows, check: Check, table: TruthTable) -> NDArray[np.bool_]:
    cells = events.cells(check.field)
    if cells is None:
        return np.full(events.size, table.absent)
    truth = table.of(cells.codes, cells.numbers)
    if cells.index is None:
        return truth
    every = np.full(events.size, table.absent)
    every[cells.index] = truth
    return every


def _dictionaries(checks: tuple[Check, ...], known: EventDictionaries) -> dict[Field, Dictionary]:
    return {check.field: known.dictionary(check.field) for check in checks}
