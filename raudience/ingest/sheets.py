"""Collects the cells of one table, field by field, and makes columns of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain, compress
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from raudience.ingest.cells import Cells, Values, text_of
from raudience.records import DELETED, NUMBER, Column, Field, FieldColumn, ListColumn

__all__ = ["Sheet"]

Ints: TypeAlias = NDArray[np.int32]
Longs: TypeAlias = NDArray[np.int64]
Floats: TypeAlias = NDArray[np.float64]

_NO_SCALARS: Final = frozenset({type(None), list, dict})
_NO_NUMBERS: Final = np.empty(0, np.float64)
_NOBODY: Final = ("", "00000000-0000-0000-0000-000000000000")


class Sheet:
    """Cells of one table. Positions may come in any order; of one position, cells added later stand later."""

    def __init__(self) -> None:
        self._cells: dict[Field, Cells] = {}
        self._lists: dict[Field, list[tuple[Ints, Sequence[Sequence[Any]], Longs | None]]] = {}

    def add(self, field: Field, index: Ints, values: Values, stamps: Longs | None = None) -> None:
        """Cells of a field, scalars or, where the table has list columns, lists."""
        kinds = set(map(type, values))
        if list in kinds and field.namespace in ("user", "calculated"):
            listed = np.array([type(value) is list for value in values], np.bool_)
            own = (None, None) if stamps is None else (stamps[listed], stamps[~listed])
            self._lists.setdefault(field, []).append((index[listed], [*compress(values, listed)], own[0]))
            index, values, stamps = index[~listed], [*compress(values, ~listed)], own[1]
            kinds.discard(list)
        if kinds:
            self._cells_of(field).add(index, values, kinds, stamps)

    def add_scalars(self, field: Field, index: Ints, values: Values, stamps: Longs | None = None) -> None:
        """Cells of a field where the value is a scalar: nulls, lists and objects are as if absent."""
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

    def columns(self, rows: int) -> tuple[tuple[Field, Column], ...]:
        """One column per field, in the order of the fields; of several cells at one position the last."""
        return tuple((field, _one_per_row(_column(cells)[0], rows)) for field, cells in sorted(self._cells.items()))

    def field_columns(self, rows: int, stamps: Longs) -> tuple[FieldColumn, ...]:
        """Updates of profile fields, in the order of the fields; stamps: int64[rows], of cells without their own.

        Identities are texts. One that says "nobody" (empty, or zeros because tracking is limited) takes the former
        user identity away and is left out of device identities.
        """
        found = [FieldColumn(field, *_listed(pieces, stamps)) for field, pieces in self._lists.items()]
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


def _listed(
    pieces: list[tuple[Ints, Sequence[Sequence[Any]], Longs | None]], stamps: Longs
) -> tuple[ListColumn, Longs | None]:
    """Lists of a field by position; elements become texts, null elements are left out."""
    index = np.concatenate([piece[0] for piece in pieces])
    lists = [*chain.from_iterable(piece[1] for piece in pieces)]
    own = _stamps([piece[0] for piece in pieces], [piece[2] for piece in pieces], stamps)
    order = np.argsort(index, kind="stable")
    texts = [[*map(text_of, filter(_is_some, lists[place]))] for place in order.tolist()]
    offsets = np.zeros(len(texts) + 1, np.int32)
    np.cumsum([*map(len, texts)], out=offsets[1:])
    words, codes = _code_texts(chain.from_iterable(texts))
    return ListColumn(index[order], offsets, codes, words), None if own is None else own[order]


def _is_some(value: Any) -> bool:
    return value is not None


def _code_texts(texts: Iterator[str]) -> tuple[tuple[str, ...], Ints]:
    words: dict[str, int] = {}
    codes = [words.setdefault(text, len(words)) for text in texts]
    return tuple(words), np.array(codes, np.int32)
