"""Features of an event: each attribute that some matcher asks about, reduced to a small class.

Two values of an attribute are in one class when every test on that attribute says the same of both. Classes are found
once per distinct word, once per interval between the numbers that tests name, and looked up for every event.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from raudience.criteria.leaves import Check, ValueTest
from raudience.criteria.operators import Between, Equals, Greater, GreaterOrEqual, Less, LessOrEqual, NotEquals
from raudience.criteria.values import holds_numbers
from raudience.records import Field
from raudience.shard.growing import grown
from raudience.shard.rows import EventRows
from raudience.shard.words import ABSENT, FIRST_WORD, NUMBER_CODE, Dictionary, TruthTable

__all__ = ["AttributeFeature", "Feature", "ProductFeature", "ScopeFeature", "TimeFeature", "Truths", "ValueClasses"]

Truths: TypeAlias = tuple[bool, ...]
Classes: TypeAlias = NDArray[np.int32]


class _Interned:
    """Classes of equal truths of the tests of one feature."""

    def __init__(self) -> None:
        self.truths: list[Truths] = []
        self._known: dict[Truths, int] = {}

    def number(self, truths: Truths) -> int:
        known = self._known.setdefault(truths, len(self.truths))
        if known == len(self.truths):
            self.truths.append(truths)
        return known

    def numbers(self, columns: NDArray[np.bool_]) -> Classes:
        """Classes int32[k] of truths bool[tests, k]."""
        if not columns.shape[1]:
            return np.zeros(0, np.int32)
        packed = np.packbits(columns, axis=0)
        if len(packed) > 1:
            return np.array([self.number(tuple(column)) for column in columns.T.tolist()], np.int32)
        by_byte = np.zeros(256, np.int32)
        for byte in np.bincount(packed[0], minlength=256).nonzero()[0].tolist():
            by_byte[byte] = self.number(tuple(columns[:, (packed[0] == byte).argmax()].tolist()))
        return by_byte.take(packed[0])


class Feature(Protocol):
    """classes(rows): class int[n] of every event; truths[class]: what each test of the feature says."""

    @property
    def truths(self) -> list[Truths]: ...

    def classes(self, rows: EventRows) -> Classes: ...


class ValueClasses:
    """Classes of the cells of one attribute under some tests."""

    def __init__(self, tests: Sequence[ValueTest], dictionary: Dictionary) -> None:
        self._interned = _Interned()
        self._tables = [dictionary.truth(test) for test in tests]
        self._dictionary = dictionary
        self._by_code = np.zeros(0, np.int32)
        self._known = 0
        self._numbers = _NumberClasses(tests, self._interned)
        self._matrix = np.zeros((len(tests), 0), bool)

    @property
    def truths(self) -> list[Truths]:
        return self._interned.truths

    def absent(self) -> np.int32:
        """Class of an absent attribute."""
        return self.words()[ABSENT]

    def of(self, codes: NDArray[Any], numbers: NDArray[np.float64] | None) -> Classes:
        """Classes int32[k] of cells without lists."""
        found = self.words().take(codes)
        if numbers is not None:
            at = (codes == NUMBER_CODE).nonzero()[0]
            if len(at):
                found[at] = self._numbers.classes(numbers[at])
        return found

    def of_number(self, number: float) -> int:
        """Class of one number."""
        return self._numbers.of(number)

    def truth(self, codes: NDArray[Any], numbers: NDArray[np.float64] | None) -> NDArray[np.bool_]:
        """bool[tests, k]: what the tests say of cells without lists."""
        classes = self.of(codes, numbers)
        if self._matrix.shape[1] < len(self.truths):
            self._matrix = np.array(self.truths, bool).T.copy()
        return self._matrix.take(classes, axis=1)

    def words(self) -> Classes:
        """Class by code, of all but numbers and lists."""
        known, size = self._known, len(self._dictionary)
        if known < size:
            fresh = np.stack([table.words()[known:size] for table in self._tables])
            self._by_code = grown(self._by_code, size)
            self._by_code[known:size] = self._interned.numbers(fresh)
            self._known = size
        return self._by_code[:size]


class AttributeFeature:
    """Tests on one attribute of the events."""

    def __init__(self, field: Field, tests: tuple[ValueTest, ...], dictionary: Dictionary) -> None:
        self.field = field
        self._values = ValueClasses(tests, dictionary)

    @property
    def truths(self) -> list[Truths]:
        return self._values.truths

    def classes(self, rows: EventRows) -> Classes:
        cells = rows.cells(self.field)
        if cells is None:
            return np.full(rows.size, self._values.absent(), np.int32)
        found = self._values.of(cells.codes, cells.numbers)
        if cells.index is None:
            return found
        classes = np.full(rows.size, self._values.absent(), np.int32)
        classes[cells.index] = found
        return classes


class _NumberClasses:
    """Classes of numbers, by the intervals between the numbers that the tests name."""

    def __init__(self, tests: Sequence[ValueTest], interned: _Interned) -> None:
        self._tests = tests
        self._interned = interned
        self._edges = _edges(tests)
        self._by_region = None if self._edges is None else self._of(_representatives(self._edges))
        self._bounds: list[float] = [] if self._edges is None else self._edges.tolist()
        self._regions: list[int] | None = None if self._by_region is None else self._by_region.tolist()

    def classes(self, numbers: NDArray[np.float64]) -> Classes:
        if self._edges is None or self._by_region is None:
            distinct, back = np.unique(numbers, return_inverse=True)
            return self._of(distinct)[back]
        region = np.searchsorted(self._edges, numbers, "left") + np.searchsorted(self._edges, numbers, "right")
        return self._by_region[region]

    def of(self, number: float) -> int:
        """Class of one number."""
        bounds = self._bounds
        if self._regions is None or number != number:  # noqa: PLR0124 - only what is no number differs from itself
            return int(self.classes(np.array([number]))[0])
        return self._regions[bisect_left(bounds, number) + bisect_right(bounds, number)]

    def _of(self, numbers: NDArray[np.float64]) -> Classes:
        return self._interned.numbers(np.stack([holds_numbers(test, numbers) for test in self._tests]))


def _edges(tests: Sequence[ValueTest]) -> NDArray[np.float64] | None:
    edges: set[float] = set()
    for test in tests:
        match test:
            case Equals() | NotEquals() | Less() | LessOrEqual() | Greater() | GreaterOrEqual():
                edges.add(test.value)
            case Between():
                edges.update((test.low, test.high))
            case _:
                return None
    return np.array(sorted(edges))


def _representatives(edges: NDArray[np.float64]) -> NDArray[np.float64]:
    """One number of each region: below the first edge, the edge, between it and the next, ..., above the last."""
    between = np.concatenate([[-np.inf], np.nextafter(edges, np.inf)])
    numbers = np.empty(2 * len(edges) + 1)
    numbers[0::2], numbers[1::2] = between, edges
    return numbers


class ScopeFeature:
    """Workspaces and inputs: from which of them an event came. An empty tuple stands for any."""

    def __init__(
        self, field: Field, scopes: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...], dictionary: Dictionary,
        workspaces: dict[str, str],
    ) -> None:  # fmt: skip
        self.field = field
        self._interned = _Interned()
        self._scopes = scopes
        self._dictionary = dictionary
        self._workspaces = workspaces
        self._by_code = np.zeros(FIRST_WORD, np.int32)

    @property
    def truths(self) -> list[Truths]:
        return self._interned.truths

    def classes(self, rows: EventRows) -> Classes:
        for word in self._dictionary.since(len(self._by_code)):
            self._by_code = np.append(self._by_code, np.int32(self._interned.number(self._truths(word))))
        cells = rows.cells(self.field)
        assert cells is not None
        return self._by_code[cells.codes]

    def _truths(self, name: str) -> Truths:
        workspace = self._workspaces.get(name, "default")
        return tuple(
            (not workspaces or workspace in workspaces) and (not inputs or name in inputs)
            for workspaces, inputs in self._scopes
        )


class TimeFeature:
    """Fixed spans [start, end) of the events' own time."""

    def __init__(self, spans: tuple[tuple[int, int], ...]) -> None:
        self._edges = np.array(sorted({edge for span in spans for edge in span}), np.int64)
        lowest = [int(self._edges[0]) - 1, *self._edges.tolist()]
        self.truths: list[Truths] = [tuple(start <= low < end for start, end in spans) for low in lowest]

    def classes(self, rows: EventRows) -> Classes:
        return np.searchsorted(self._edges, rows.times, "right").astype(np.int32)


class ProductFeature:
    """Groups of checks that one product of the event must pass together (semantics D21)."""

    def __init__(self, groups: tuple[tuple[Check, ...], ...], dictionaries: dict[Field, Dictionary]) -> None:
        self._groups = groups
        self._tables = {check: dictionaries[check.field].truth(check.test) for group in groups for check in group}
        self._interned = _Interned()
        self._none = self._interned.number((False,) * len(groups))

    @property
    def truths(self) -> list[Truths]:
        return self._interned.truths

    def classes(self, rows: EventRows) -> Classes:
        classes = np.full(rows.size, self._none, np.int32)
        owners = np.unique(rows.product_event)
        if not len(owners):
            return classes
        truths = np.zeros((len(self._groups), rows.size), bool)
        for number, group in enumerate(self._groups):
            truths[number, rows.product_event[self.passing(rows, group)]] = True
        distinct, back = np.unique(truths[:, owners], axis=1, return_inverse=True)
        classes[owners] = self._interned.numbers(distinct)[back.reshape(-1)]
        return classes

    def passing(self, rows: EventRows, group: tuple[Check, ...]) -> NDArray[np.bool_]:
        """bool[q]: products that pass all checks of a group."""
        passing = np.ones(len(rows.product_event), bool)
        for check in group:
            passing &= product_truth(rows, check, self._tables[check])
        return passing


def product_truth(rows: EventRows, check: Check, table: TruthTable) -> NDArray[np.bool_]:
    """bool[q]: what a test says of each product."""
    count = len(rows.product_event)
    cells = rows.cells(check.field)
    truth = np.full(count, table.absent)
    if cells is not None:
        truth[slice(None) if cells.index is None else cells.index] = table.of(cells.codes, cells.numbers)
    return truth
