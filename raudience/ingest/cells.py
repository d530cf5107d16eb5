"""From Python values to columns.

Values come grouped: maps with the same keys in the same order are laid out side by side in one step (`spread`), and
all values of one field in a slice of batches are coded in one step. Nothing is done cell by cell except where types
are mixed. Slices are small (see `batches.SLICE`): their objects are dropped before they leave the processor's cache.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterator, Sequence
from itertools import chain, compress, count
from operator import itemgetter
from typing import Any, Final, TypeAlias, TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from raudience.criteria.values import number_text
from raudience.records import DELETED, NULL, NUMBER
from raudience.records.ranges import ranges

__all__ = [
    "TAKEN",
    "Cells",
    "Lists",
    "Taken",
    "Words",
    "number",
    "pick",
    "present",
    "spread",
    "text_of",
    "used_words",
]

Ints: TypeAlias = NDArray[np.int32]
Longs: TypeAlias = NDArray[np.int64]
Floats: TypeAlias = NDArray[np.float64]
Values: TypeAlias = Sequence[Any]
Words: TypeAlias = defaultdict[str, int]
Name = TypeVar("Name", bound=Hashable)

_EXACT: Final = 2.0**53
_BOOLEANS: Final = ("false", "true")


class Taken:
    """Type of the value that takes an attribute away."""


TAKEN: Final = Taken()


def present(index: Ints, values: Values) -> tuple[Ints, Values]:
    """Positions (out of `index`) and values of those that are not None or empty."""
    if all(values):
        return index, values
    there = [*map(bool, values)]
    return (index[there], [*compress(values, there)]) if any(there) else (index[:0], [])


def pick(values: Values, index: Ints) -> Values:
    """The values at the positions."""
    if len(index) == len(values):
        return values
    if len(index) < 2:
        return [values[i] for i in index.tolist()]
    return itemgetter(*index.tolist())(values)


def number(values: Sequence[Name]) -> tuple[tuple[Name, ...], Ints]:
    """The distinct values by first appearance, and the position of each value among them."""
    codes: defaultdict[Name, int] = defaultdict(count().__next__)
    of = np.fromiter(map(codes.__getitem__, values), np.int32, len(values))
    return tuple(codes), of


def spread(index: Ints, maps: Sequence[dict[str, Any]]) -> Iterator[tuple[str, Ints, Values]]:
    """Every key of the maps with the positions (out of `index`, one per map) that have it and their values."""
    if not maps:
        return
    shapes = [*map(tuple, maps)]
    if shapes.count(shapes[0]) == len(shapes):
        yield from _lay_out(shapes[0], index, maps)
        return
    codes, of = number(shapes)
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


class _Coded:
    """Words of the cells of one field by first appearance."""

    def __init__(self) -> None:
        self.words: Words = defaultdict(count().__next__)
        self._named: list[str] = []

    def used(self, codes: Ints) -> tuple[Ints, Sequence[str]]:
        """The codes, and the words, without words that no code stands for."""
        if len(self._named) < len(self.words):
            self._named = [*self.words]
        return used_words(codes, self._named)


class Cells(_Coded):
    """Scalar cells of one field, coded as they come.

    index, codes, numbers, stamps: one array per addition; numbers None where no cell of it is a number, stamps None
    where the cells have none of their own. words: code of every text, by first appearance.
    """

    def __init__(self) -> None:
        super().__init__()
        self.index: list[Ints] = []
        self.codes: list[Ints] = []
        self.numbers: list[Floats | None] = []
        self.stamps: list[Longs | None] = []

    def add(self, index: Ints, values: Values, kinds: set[type], stamps: Longs | None = None) -> None:
        """Code values of the types `kinds`: None becomes NULL, TAKEN DELETED, lists and objects their JSON text."""
        codes, numbers = self._code_kind(next(iter(kinds)), values) if len(kinds) == 1 else self._code(values, kinds)
        self.index.append(index)
        self.codes.append(codes)
        self.numbers.append(numbers)
        self.stamps.append(stamps)

    def settle(self) -> None:
        """Make one addition of all, by position; without stamps."""
        if len(self.index) > 1:
            numbers = self._joined_numbers()
            index, codes = np.concatenate(self.index), np.concatenate(self.codes)
            if (index[1:] < index[:-1]).any():
                order = np.argsort(index, kind="stable")
                index, codes, numbers = index[order], codes[order], None if numbers is None else numbers[order]
            self.index, self.codes, self.numbers, self.stamps = [index], [codes], [numbers], [None]

    def _joined_numbers(self) -> Floats | None:
        if all(some is None for some in self.numbers):
            return None
        parts = zip(self.codes, self.numbers, strict=True)
        return np.concatenate([np.zeros(len(codes)) if some is None else some for codes, some in parts])

    def put_first(self, index: Ints, numbers: Floats | None, codes: Ints, words: Sequence[str]) -> None:
        """Put cells, coded by other words, before those that are there."""
        self.index.insert(0, index)
        self.codes.insert(0, recode(codes, words, self.words))
        self.numbers.insert(0, numbers)
        self.stamps.insert(0, None)

    def _code(self, values: Values, kinds: set[type]) -> tuple[Ints, Floats | None]:
        """Each type by itself."""
        codes, numbers = np.empty(len(values), np.int32), np.zeros(len(values), np.float64)
        of = [*map(type, values)]
        for kind in sorted(kinds, key=_name_of):
            rows = np.flatnonzero([each is kind for each in of]).astype(np.int32)
            codes[rows], some = self._code_kind(kind, pick(values, rows))
            if some is not None:
                numbers[rows] = some
        return codes, numbers if (codes == NUMBER).any() else None

    def _code_kind(self, kind: type, values: Values) -> tuple[Ints, Floats | None]:
        """Values of one type."""
        if kind is str:
            return np.fromiter(map(self.words.__getitem__, values), np.int32, len(values)), None
        if kind is float:
            return np.full(len(values), NUMBER, np.int32), np.array(values, np.float64)
        if kind is int:
            return self._code_whole(values)
        if kind is bool:
            words = np.array([self.words[text] for text in _BOOLEANS], np.int32)
            return words[np.array(values, np.intp)], None
        if kind is type(None) or kind is Taken:
            return np.full(len(values), DELETED if kind is Taken else NULL, np.int32), None
        return self._code_kind(str, [*map(text_of, values)])

    def _code_whole(self, values: Values) -> tuple[Ints, Floats | None]:
        """Whole numbers; those that float64 cannot hold are kept as texts."""
        if min(values) >= -_EXACT and max(values) <= _EXACT:
            return np.full(len(values), NUMBER, np.int32), np.array(values, np.float64)
        small = [abs(value) <= _EXACT for value in values]
        codes = [NUMBER if fits else self.words[str(value)] for value, fits in zip(values, small, strict=True)]
        numbers = [float(value) if fits else 0.0 for value, fits in zip(values, small, strict=True)]
        return np.array(codes, np.int32), np.array(numbers, np.float64)


class Lists(_Coded):
    """List cells of one field, coded as they come: elements become texts, null elements are left out.

    index, lengths, codes, stamps: one array per addition (codes of all elements, list after list); words as in `Cells`.
    """

    def __init__(self) -> None:
        super().__init__()
        self.index: list[Ints] = []
        self.lengths: list[Longs] = []
        self.codes: list[Ints] = []
        self.stamps: list[Longs | None] = []
        self.starts: Longs = np.empty(0, np.int64)

    def add(self, index: Ints, lists: Sequence[Sequence[Any]], stamps: Longs | None = None) -> None:
        elements = [*chain.from_iterable(lists)]
        if set(map(type, elements)) - {str}:
            lists = [[text_of(element) for element in each if element is not None] for each in lists]
            elements = [*chain.from_iterable(lists)]
        self.index.append(index)
        self.lengths.append(np.fromiter(map(len, lists), np.int64, len(lists)))
        self.codes.append(np.fromiter(map(self.words.__getitem__, elements), np.int32, len(elements)))
        self.stamps.append(stamps)

    def settle(self) -> None:
        """Make one addition of all, by position, without stamps; `starts` is where the codes of each list start."""
        if len(self.index) > 1:
            index, lengths = np.concatenate(self.index), np.concatenate(self.lengths)
            codes = np.concatenate(self.codes)
            if (index[1:] < index[:-1]).any():
                order = np.argsort(index, kind="stable")
                codes = codes[ranges((np.cumsum(lengths) - lengths)[order], lengths[order])]
                index, lengths = index[order], lengths[order]
            self.index, self.lengths, self.codes, self.stamps = [index], [lengths], [codes], [None]
        if len(self.starts) < len(self.index[0]):
            self.starts = np.cumsum(self.lengths[0]) - self.lengths[0]

    def put_first(self, index: Ints, lengths: Longs, codes: Ints, words: Sequence[str]) -> None:
        """Put lists, coded by other words, before those that are there."""
        self.index.insert(0, index)
        self.lengths.insert(0, lengths)
        self.codes.insert(0, recode(codes, words, self.words))
        self.stamps.insert(0, None)


def used_words(codes: Ints, words: Sequence[str]) -> tuple[Ints, Sequence[str]]:
    """Codes and words without the words that no code stands for."""
    there = np.zeros(len(words) + 1, np.bool_)
    there[np.maximum(codes, -1)] = True
    there = there[:-1]
    if there.all():
        return codes, words
    used = np.flatnonzero(there).astype(np.int32)
    new = (np.cumsum(there, dtype=np.int32) - np.int32(1)).astype(np.int32)
    return np.where(codes >= 0, new[np.maximum(codes, 0)], codes).astype(np.int32), pick(words, used)


def recode(codes: Ints, words: Sequence[str], known: Words) -> Ints:
    """Codes by one table of words as codes by another, which learns them; what is no word stays."""
    new = np.fromiter(map(known.__getitem__, words), np.int32, len(words))
    if (new == np.arange(len(new))).all():
        return codes
    return np.where(codes >= 0, new[np.maximum(codes, 0)], codes).astype(np.int32)


def _name_of(kind: type) -> str:
    return kind.__name__
