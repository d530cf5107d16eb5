"""From Python values to columns.

Values come grouped: maps with the same keys in the same order are laid out side by side in one step (`spread`), and
all values of a column are coded in one step. Nothing here is done cell by cell except where types are mixed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain, compress, count
from operator import itemgetter
from typing import Any, Final, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from raudience.criteria.values import number_text
from raudience.records import DELETED, NULL, NUMBER, Column, Field, FieldColumn, ListColumn

__all__ = ["TAKEN", "Sheet", "Taken", "encode", "encode_lists", "pick", "present", "spread", "text_of"]

Ints: TypeAlias = NDArray[np.int32]
Longs: TypeAlias = NDArray[np.int64]
Values: TypeAlias = Sequence[Any]

_EXACT = 2.0**53
_NO_NUMBERS: Final = np.empty(0, np.float64)
_BOOLEANS: Final = ("false", "true")
_NO_SCALARS: Final = frozenset({type(None), list, dict})


class Taken:
    """Type of the value that takes an attribute away."""


TAKEN: Final = Taken()


def present(values: Values) -> tuple[Ints, Values]:
    """Positions and values of those that are not None and no empty map or list."""
    if all(values):
        return np.arange(len(values), dtype=np.int32), values
    there = [value is not None and value not in ({}, []) for value in values]
    return np.flatnonzero(there).astype(np.int32), [*compress(values, there)]


def pick(values: Values, index: Ints) -> Values:
    """The values at the positions."""
    if len(index) == len(values):
        return values
    if len(index) < 2:
        return [values[i] for i in index.tolist()]
    return itemgetter(*index.tolist())(values)  # type: ignore[no-any-return]


def spread(index: Ints, maps: Sequence[dict[str, Any]]) -> Iterator[tuple[str, Ints, Values]]:
    """Every key of the maps with the positions (out of `index`, one per map) that have it and their values."""
    shapes = [*map(tuple, maps)]
    codes = dict(zip(dict.fromkeys(shapes), count()))
    if len(codes) < 2:
        yield from _lay_out(shapes[0] if shapes else (), index, maps)
        return
    of = np.fromiter(map(codes.__getitem__, shapes), np.int32, len(shapes))
    order = np.argsort(of, kind="stable").astype(np.int32)
    edges = np.searchsorted(of[order], np.arange(1, len(codes)))
    for shape, rows in zip(codes, np.split(order, edges), strict=True):
        yield from _lay_out(shape, index[rows], pick(maps, rows))


def _lay_out(shape: tuple[str, ...], index: Ints, maps: Values) -> Iterator[tuple[str, Ints, Values]]:
    flat = [*chain.from_iterable(map(dict.values, maps))]
    for position, key in enumerate(shape):
        yield key, index, flat[position :: len(shape)]


def text_of(value: Any) -> str:
    """The text of a JSON value: numbers in their canonical form, lists and objects as JSON."""
    match value:
        case str():
            return value
        case bool():
            return _BOOLEANS[value]
        case int():
            return str(value)
        case float():
            return number_text(value)
        case _:
            return msgspec.json.encode(value).decode()


def encode(values: Values, index: Ints | None = None) -> Column:
    """Code scalar values; None becomes NULL, TAKEN becomes DELETED, lists and objects are kept as their JSON text."""
    kinds = set(map(type, values))
    if len(kinds) == 1 and str in kinds:
        return _encode_texts(values, index)
    if kinds <= {int, float} and (column := _encode_numbers(values, index)):
        return column
    if len(kinds) == 1 and bool in kinds:
        return Column(index, np.fromiter(values, np.int32, len(values)), _NO_NUMBERS, _BOOLEANS)
    return _encode_mixed(values, kinds, index)


def _encode_texts(values: Values, index: Ints | None) -> Column:
    words = dict(zip(dict.fromkeys(values), count()))
    if len(words) == len(values):
        return Column(index, np.arange(len(values), dtype=np.int32), _NO_NUMBERS, tuple(values))
    return Column(index, np.fromiter(map(words.__getitem__, values), np.int32, len(values)), _NO_NUMBERS, tuple(words))


def _encode_numbers(values: Values, index: Ints | None) -> Column | None:
    """Numbers as numbers; None when one of them is an integer that float64 does not hold exactly."""
    try:
        numbers = np.array(values, np.float64)
    except OverflowError:
        return None
    if len(numbers) and np.abs(numbers).max() >= _EXACT:
        return None
    return Column(index, np.full(len(numbers), NUMBER, np.int32), numbers, ())


def _encode_mixed(values: Values, kinds: set[type], index: Ints | None) -> Column:
    codes = np.full(len(values), NULL, np.int32)
    numbers = np.zeros(len(values), np.float64)
    words: dict[str, int] = {}
    of = np.fromiter(map(id, map(type, values)), np.int64, len(values))
    for kind in kinds - {type(None)}:
        rows = np.flatnonzero(of == id(kind)).astype(np.int32)
        codes[rows], numbers[rows] = _encode_kind(kind, pick(values, rows), words)
    return Column(index, codes, numbers if (codes == NUMBER).any() else _NO_NUMBERS, tuple(words))


def _encode_kind(kind: type, values: Values, words: dict[str, int]) -> tuple[Ints, NDArray[np.float64]]:
    """Codes and numbers of values of one type, with new words added to `words`."""
    numbers = np.zeros(len(values), np.float64)
    if kind is Taken:
        return np.full(len(values), DELETED, np.int32), numbers
    exact = [kind is float or (kind is int and abs(value) <= _EXACT) for value in values]
    codes = np.full(len(values), NUMBER, np.int32)
    for row, value in enumerate(values):
        if exact[row]:
            numbers[row] = value
        else:
            codes[row] = words.setdefault(text_of(value), len(words))
    return codes, numbers


def encode_lists(values: Sequence[Sequence[Any]], index: Ints) -> ListColumn:
    """Code list values; elements become texts, null elements are left out."""
    lists = [[text_of(element) for element in value if element is not None] for value in values]
    offsets = np.zeros(len(lists) + 1, np.int32)
    np.cumsum([*map(len, lists)], out=offsets[1:])
    elements = _encode_texts([*chain.from_iterable(lists)], None)
    return ListColumn(index, offsets, elements.codes, elements.words)


class _Piece(msgspec.Struct, frozen=True, gc=False):
    index: Ints
    values: Values
    stamps: Longs | None


class Sheet:
    """Collects the cells of one table, field by field, and codes them when all are there."""

    def __init__(self) -> None:
        self._pieces: dict[Field, list[_Piece]] = {}

    def add(self, field: Field, index: Ints, values: Values, stamps: Longs | None = None) -> None:
        """Cells of a field; of one position, those added later stand later."""
        if len(index):
            self._pieces.setdefault(field, []).append(_Piece(index, values, stamps))

    def add_scalars(self, field: Field, index: Ints, values: Values) -> None:
        """Cells of a field where the value is a scalar: nulls, lists and objects are as if absent."""
        kinds = set(map(type, values))
        odd = kinds & _NO_SCALARS
        if not odd:
            self.add(field, index, values)
        elif odd != kinds:
            kept = [type(value) not in odd for value in values]
            self.add(field, index[kept], [*compress(values, kept)])

    def columns(self, rows: int) -> tuple[tuple[Field, Column], ...]:
        """One column per field, in the order of the fields; of several cells at one position the last."""
        return tuple((field, _one_per_row(*_join(pieces)[:2], rows)) for field, pieces in sorted(self._pieces.items()))

    def field_columns(self, rows: int, stamps: Longs) -> tuple[FieldColumn, ...]:
        """Updates of profile fields, in the order of the fields; stamps: int64[rows], of cells without their own."""
        found: list[FieldColumn] = []
        for field, pieces in sorted(self._pieces.items()):
            found += _field_columns(field, *_join(pieces, stamps), rows)
        return tuple(found)


def _join(pieces: list[_Piece], stamps: Longs | None = None) -> tuple[Ints, Values, Longs | None]:
    """All cells of a field by position; own stamps only when a piece has some."""
    if len(pieces) == 1:
        return pieces[0].index, pieces[0].values, pieces[0].stamps
    index = np.concatenate([piece.index for piece in pieces])
    values = [*chain.from_iterable(piece.values for piece in pieces)]
    order = np.argsort(index, kind="stable").astype(np.int32)
    own = None
    if stamps is not None and any(piece.stamps is not None for piece in pieces):
        own = np.concatenate([stamps[piece.index] if piece.stamps is None else piece.stamps for piece in pieces])[order]
    return index[order], itemgetter(*order.tolist())(values), own


def _one_per_row(index: Ints, values: Values, rows: int) -> Column:
    last = np.append(index[1:] != index[:-1], True)
    if not last.all():
        index, values = index[last], [*compress(values, last)]
    return encode(values, None if len(index) == rows else index)


def _field_columns(field: Field, index: Ints, values: Values, stamps: Longs | None, rows: int) -> Iterator[FieldColumn]:
    """Scalars and lists of a field, each as its own column."""
    if list not in set(map(type, values)):
        full = len(index) == rows and bool((index[1:] != index[:-1]).all())
        yield FieldColumn(field, encode(values, None if full else index), stamps)
        return
    listed = np.array([type(value) is list for value in values], np.bool_)
    own = (None, None) if stamps is None else (stamps[listed], stamps[~listed])
    yield FieldColumn(field, encode_lists([*compress(values, listed)], index[listed]), own[0])
    if not listed.all():
        yield FieldColumn(field, encode([*compress(values, ~listed)], index[~listed]), own[1])
