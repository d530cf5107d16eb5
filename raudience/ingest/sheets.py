"""Collects the cells of one table, field by field, and makes columns of them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import compress
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from raudience.ingest.cells import Cells, Lists, Values, text_of
from raudience.ingest.wanted import ALL, Wanted
from raudience.records import DELETED, NUMBER, Column, Field, FieldColumn, ListColumn
from raudience.records.ranges import ranges

__all__ = ["Sheet"]

Ints: TypeAlias = NDArray[np.int32]
Longs: TypeAlias = NDArray[np.int64]
Floats: TypeAlias = NDArray[np.float64]

_NO_SCALARS: Final = frozenset({type(None), list, dict})
_NO_NUMBERS: Final = np.empty(0, np.float64)
_FEW: Final = 16
"""How many times fewer rows than a table has are looked up one by one."""
_NOBODY: Final = ("", "00000000-0000-0000-0000-000000000000")


class Sheet:
    """Cells of one table. Positions may come in any order; of one position, cells added later stand later. Cells of
    fields that are not wanted are not kept."""

    def __init__(self, wanted: Wanted = ALL) -> None:
        self._wanted = wanted
        self._cells: dict[Field, Cells] = {}
        self._lists: dict[Field, Lists] = {}

    def add(self, field: Field, index: Ints, values: Values, stamps: Longs | None = None) -> None:
        """Cells of a field, scalars or, where the table has list columns, lists."""
        if not self._wanted.has(field):
            return
        kinds = set(map(type, values))
        if list in kinds and field.namespace in ("user", "calculated"):
            listed = np.array([type(value) is list for value in values], np.bool_)
            own = (None, None) if stamps is None else (stamps[listed], stamps[~listed])
            self._lists_of(field).add(index[listed], [*compress(values, listed)], own[0])
            index, values, stamps = index[~listed], [*compress(values, ~listed)], own[1]
            kinds.discard(list)
        if kinds:
            self._cells_of(field).add(index, values, kinds, stamps)

    def add_scalars(self, field: Field, index: Ints, values: Values, stamps: Longs | None = None) -> None:
        """Cells of a field where the value is a scalar: nulls, lists and objects are as if absent."""
        if not self._wanted.has(field):
            return
        kinds = set(map(type, values))
        odd = kinds & _NO_SCALARS
        if odd == kinds:
            return
        if odd:
            kept = [type(value) not in odd for value in values]
            index, values = index[kept], [*compress(values, kept)]
            stamps = None if stamps is None else stamps[kept]
        self._cells_of(field).add(index, values, kinds - odd, stamps)

    def _cells_of(self, field: Field) -> Cells:
        cells = self._cells.get(field)
        if cells is None:
            cells = self._cells[field] = Cells()
        return cells

    def _lists_of(self, field: Field) -> Lists:
        lists = self._lists.get(field)
        if lists is None:
            lists = self._lists[field] = Lists()
        return lists

    def repeat(self, other: Sheet, of: Ints, count: int) -> None:
        """Give every row the cells of a row of another table, before all cells it has; of: int32[rows], the row of the
        other table, which has `count`."""
        for field, cells in other._cells.items():
            cells.settle()
            rows, taken = _repeated(cells.index[0], of, count)
            if len(rows):
                numbers = cells.numbers[0]
                some = None if numbers is None else numbers[taken]
                self._cells_of(field).put_first(rows, some, *cells.used(cells.codes[0][taken]))
        for field, lists in other._lists.items():
            lists.settle()
            rows, taken = _repeated(lists.index[0], of, count)
            if len(rows):
                lengths = lists.lengths[0][taken]
                codes = lists.codes[0][ranges(lists.starts[taken], lengths)]
                self._lists_of(field).put_first(rows, lengths, *lists.used(codes))

    def columns(self, rows: int) -> tuple[tuple[Field, Column], ...]:
        """One column per field, in the order of the fields; of several cells at one position the last."""
        return tuple((field, _one_per_row(_column(cells)[0], rows)) for field, cells in sorted(self._cells.items()))

    def field_columns(self, rows: int, stamps: Longs) -> tuple[FieldColumn, ...]:
        """Updates of profile fields, in the order of the fields; stamps: int64[rows], of cells without their own.

        Identities are texts. One that says "nobody" (empty, or zeros because tracking is limited) takes the former
        user identity away and is left out of device identities.
        """
        found = [FieldColumn(field, *_listed(lists, stamps)) for field, lists in self._lists.items()]
        for field, cells in self._cells.items():
            column, own = _column(cells, stamps)
            if field.namespace in ("identity", "device_id"):
                column, own = _identities(column, own, drop=field.namespace == "device_id")
            found.append(FieldColumn(field, _complete(column, rows), own))
        return tuple(sorted(found, key=_field_of))


def _field_of(update: FieldColumn) -> tuple[Field, bool]:
    return update.field, isinstance(update.column, Column)


def _column(cells: Cells, stamps: Longs | None = None) -> tuple[Column, Longs | None]:
    """All cells of a field by position, with own stamps only when some cell has one."""
    index, codes, numbers = np.concatenate(cells.index), np.concatenate(cells.codes), _numbers(cells)
    own = _stamps(cells.index, cells.stamps, stamps)
    if len(index) and (index[1:] < index[:-1]).any():
        order = np.argsort(index, kind="stable")
        index, codes, numbers = index[order], codes[order], numbers[order] if len(numbers) else numbers
        own = None if own is None else own[order]
    return Column(index, codes, numbers, tuple(cells.words)), own


def _numbers(cells: Cells) -> Floats:
    if all(some is None for some in cells.numbers):
        return _NO_NUMBERS
    parts = zip(cells.codes, cells.numbers, strict=True)
    return np.concatenate([np.zeros(len(codes)) if some is None else some for codes, some in parts])


def _stamps(index: list[Ints], own: Sequence[Longs | None], stamps: Longs | None) -> Longs | None:
    if stamps is None or all(some is None for some in own):
        return None
    parts = zip(index, own, strict=True)
    return np.concatenate([stamps[rows] if some is None else some for rows, some in parts])


def _one_per_row(column: Column, rows: int) -> Column:
    assert column.index is not None
    last = np.append(column.index[1:] != column.index[:-1], True)
    return _complete(column if last.all() else _keep(column, last), rows)


def _keep(column: Column, kept: NDArray[np.bool_]) -> Column:
    assert column.index is not None
    numbers = column.numbers[kept] if len(column.numbers) else column.numbers
    return Column(column.index[kept], column.codes[kept], numbers, column.words)


def _complete(column: Column, rows: int) -> Column:
    """Without index when every row has exactly one cell."""
    index = column.index
    if index is None or len(index) != rows or bool((index[1:] == index[:-1]).any()):
        return column
    return Column(None, column.codes, column.numbers, column.words)


def _identities(column: Column, stamps: Longs | None, drop: bool) -> tuple[Column, Longs | None]:
    if (column.codes == NUMBER).any():
        column = _as_texts(column)
    nobody = [code for code, word in enumerate(column.words) if word in _NOBODY]
    gone = (column.codes < 0) | np.isin(column.codes, nobody)
    if not gone.any():
        return column, stamps
    if drop:
        return _keep(column, ~gone), None if stamps is None else stamps[~gone]
    codes = np.where(gone, np.int32(DELETED), column.codes).astype(np.int32)
    return Column(column.index, codes, column.numbers, column.words), stamps


def _as_texts(column: Column) -> Column:
    """A column whose numbers have become texts."""
    words = {word: code for code, word in enumerate(column.words)}
    codes = column.codes.copy()
    for place in np.flatnonzero(codes == NUMBER).tolist():
        codes[place] = words.setdefault(text_of(float(column.numbers[place])), len(words))
    return Column(column.index, codes, _NO_NUMBERS, tuple(words))


def _listed(lists: Lists, stamps: Longs | None = None) -> tuple[ListColumn, Longs | None]:
    """Lists of a field by position."""
    own = _stamps(lists.index, lists.stamps, stamps)
    if own is not None:
        index = np.concatenate(lists.index)
        own = own[np.argsort(index, kind="stable")]
    lists.settle()
    offsets = np.concatenate([lists.starts, [len(lists.codes[0])]]).astype(np.int32)
    return ListColumn(lists.index[0], offsets, lists.codes[0], tuple(lists.words)), own


def _repeated(index: Ints, of: Ints, count: int) -> tuple[Ints, Longs]:
    """Rows that get cells and which cell each gets, when row i is like row of[i] of a table of `count` rows with cells
    at `index` (ascending)."""
    if len(of) * _FEW < count:
        first = np.searchsorted(index, of, "left")
        cells = np.searchsorted(index, of, "right") - first
    else:
        counts = np.bincount(index, minlength=count)
        first, cells = (np.cumsum(counts) - counts)[of], counts[of]
    if cells.max(initial=0) <= 1:
        rows = np.flatnonzero(cells)
        return rows.astype(np.int32), first[rows]
    return np.repeat(np.arange(len(of), dtype=np.int32), cells), ranges(first, cells)
