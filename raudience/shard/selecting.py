"""Kept events of a matcher, read key by key from the sealed chunks."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from raudience.criteria.leaves import FOREVER, Check, Matcher
from raudience.records import Field
from raudience.shard.arrivals import EventDictionaries
from raudience.shard.features import ProductFeature
from raudience.shard.matching import reads
from raudience.shard.rows import INPUT
from raudience.shard.runs import Run, Runs
from raudience.shard.words import Dictionary, TruthTable

__all__ = ["Found", "Selector"]


class Found:
    """Matching events of one key: row int32[k], in the order of the run `events`, with their places in it."""

    def __init__(self, events: Run, where: NDArray[np.int64] | None, start: int, end: int) -> None:
        self.events = events
        self.row = events.row if where is None else events.row.take(where)
        self._where = where
        self._start, self._end = start, end

    def within(self, after: int, until: int) -> list[slice]:
        """Which of the events have after < time <= until."""
        spans = self.events.spans(max(after, self._start - 1, -FOREVER), min(until, self._end - 1))
        if self._where is None:
            return spans
        ends = [np.searchsorted(self._where, (span.start, span.stop)).tolist() for span in spans]
        return [slice(head, tail) for head, tail in ends if head < tail]

    def places(self, part: slice) -> NDArray[np.int64]:
        """Places int64[k] in the run of a part of the events."""
        return np.arange(part.start, part.stop) if self._where is None else self._where[part]

    def times(self, part: slice) -> NDArray[np.int64]:
        """Times int64[k] of a part of the events, which has some."""
        if self._where is None:
            return self.events.times_between(part.start, part.stop)
        places = self._where[part]
        first, last = int(places[0]), int(places[-1])
        return self.events.times_between(first, last + 1).take(places - first)


class Selector:
    """Finds the events of one matcher after a moment. wanted: what it reads, as `Runs` has it."""

    def __init__(self, matcher: Matcher, known: EventDictionaries, workspaces: dict[str, str], after: int) -> None:
        self._matcher = matcher
        self.after = after
        self.wanted = [(number, after) for number, key in enumerate(known.keys) if reads(matcher, key)]
        self._tables = {
            check: known.dictionary(check.field).truth(check.test)
            for check in matcher.checks
            if check.field.namespace != "product"
        }
        products = tuple(check for check in matcher.checks if check.field.namespace == "product")
        self._products = ProductFeature((products,), _dictionaries(products, known)) if products else None
        self._group = products
        names = known.dictionary(INPUT).words
        self._inputs = np.array([False] * 4 + [self._from(name, workspaces) for name in names], bool)

    def find(self, runs: Runs) -> Iterator[Found]:
        """Matching events, key by key; some may be of before the moment."""
        for key in self.wanted:
            events = runs.of(*key)
            if events.size:
                passing = self._passing(events)
                where = None if passing is None else passing.nonzero()[0]
                yield Found(events, where, self._matcher.start, self._matcher.end)

    def _passing(self, events: Run) -> NDArray[np.bool_] | None:
        """bool[n]: which events pass the checks, None when there are none."""
        passing: NDArray[np.bool_] | None = None
        if not self._inputs[4:].all():
            cells = events.cells(INPUT)
            assert cells is not None
            passing = self._inputs.take(cells.codes)
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


def _truth(events: Run, check: Check, table: TruthTable) -> NDArray[np.bool_]:
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
