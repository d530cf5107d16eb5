"""What aggregates read of events: amounts in whole millionths, or texts by number."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from raudience.criteria.leaves import Matcher, Sum
from raudience.criteria.text import fold
from raudience.criteria.values import number_text, read_number
from raudience.records import Field
from raudience.shard.features import ProductFeature
from raudience.shard.rows import EventRows
from raudience.shard.words import FIRST_WORD, NUMBER_CODE, Dictionary

__all__ = ["LARGE", "MILLION", "Amounts", "Read", "Texts", "Values", "millionths"]

Longs: TypeAlias = NDArray[np.int64]
Values: TypeAlias = NDArray[Any]
"""Whole numbers: int64, or Python's where some are too large for that."""
Dictionaries: TypeAlias = dict[Field, Dictionary]

MILLION: Final = 1_000_000
LARGE: Final = 1 << 62
"""Numbers that are less than this, and sums of two of them, fit into int64."""
_DOUBT: Final = 2.0**-51
_HUGE: Final = 2.0**40
"""A number from which on its millionths may not fit into int64."""


class Read(NamedTuple):
    """Values of events: of int64[k], ascending, whose value it is; value: k of them."""

    of: Longs
    value: Values


class _Cells(NamedTuple):
    """Cells that hold something: of int64[k], whose they are; codes int[k]; numbers float64[k], read where the code
    says so."""

    of: Longs
    codes: NDArray[np.int64]
    numbers: NDArray[np.float64]


class Amounts:
    """Reads a number of each event, rounded half to even to whole millionths; of products the sum over those that
    pass. Events without such a number have no value."""

    def __init__(self, leaf: Sum, dictionaries: Dictionaries) -> None:
        self._leaf, self._dictionaries = leaf, dictionaries

    def read(self, rows: EventRows, where: Longs) -> Read:
        """Values of the events at the positions; `of` counts in `where`."""
        cells = _cells(rows, where, self._leaf.matcher, self._leaf.field, self._dictionaries)
        numbers, known = cells.numbers.copy(), cells.codes == NUMBER_CODE
        words = (~known).nonzero()[0]
        if len(words):
            codes, back = np.unique(cells.codes[words], return_inverse=True)
            read = [read_number(self._dictionaries[self._leaf.field].word(code)) for code in codes.tolist()]
            numbers[words] = np.array([number or 0.0 for number in read])[back]
            known[words] = np.array([number is not None for number in read])[back]
        of, value = cells.of[known], millionths(numbers[known])
        return Read(of, value) if self._leaf.field.namespace != "product" else _summed(of, value)


class Texts:
    """Reads the folded texts of an attribute of each event, or of its products that pass, and numbers them."""

    def __init__(self, field: Field, dictionaries: Dictionaries, matcher: Matcher | None = None) -> None:
        """matcher: whose checks products have to pass."""
        self._field, self._matcher, self._dictionaries = field, matcher, dictionaries
        self._numbers: dict[str, int] = {}

    def read(self, rows: EventRows, where: Longs) -> Read:
        """Values of the events at the positions, as many as they have; `of` counts in `where`."""
        cells = _cells(rows, where, self._matcher, self._field, self._dictionaries)
        value = np.zeros(len(cells.of), np.int64)
        of_numbers = cells.codes == NUMBER_CODE
        numbers, back = np.unique(cells.numbers[of_numbers], return_inverse=True)
        value[of_numbers] = self._numbered(map(number_text, numbers.tolist()))[back]
        codes, back = np.unique(cells.codes[~of_numbers], return_inverse=True)
        words = map(self._dictionaries[self._field].word, codes.tolist()) if len(codes) else ()
        value[~of_numbers] = self._numbered(map(fold, words))[back]
        return Read(cells.of, value)

    def learn(self, other: Texts) -> Longs:
        """Own number of each text of another, int64[n]."""
        return self._numbered(other._numbers)

    def _numbered(self, texts: Iterable[str]) -> Longs:
        return np.array([self._numbers.setdefault(text, len(self._numbers)) for text in texts], np.int64)


def millionths(numbers: NDArray[np.float64]) -> Values:
    """Numbers as whole millionths, half to even, of their exact values."""
    scaled = np.where(np.abs(numbers) < _HUGE, numbers, 0.5) * MILLION
    whole = np.rint(scaled)
    doubtful = np.abs(np.abs(scaled - whole) - 0.5) <= np.abs(scaled) * _DOUBT
    doubtful |= np.abs(numbers) >= _HUGE
    places = doubtful.nonzero()[0].tolist()
    exact = {place: round(Fraction(float(numbers[place])) * MILLION) for place in places}
    whole[places] = 0
    value: Values = whole.astype(np.int64)
    if any(abs(amount) >= LARGE for amount in exact.values()):
        value = value.astype(object)
    for place, amount in exact.items():
        value[place] = amount
    return value


def _cells(
    rows: EventRows, where: Longs, matcher: Matcher | None, field: Field, dictionaries: Dictionaries
) -> _Cells:  # fmt: skip
    """Cells of a field at events, or at their products that pass the checks of a matcher, that hold a value."""
    cells = rows.cells(field)
    if cells is None:
        return _Cells(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))
    place = np.full(rows.size, -1)
    place[where] = np.arange(len(where))
    index = np.arange(len(cells.codes)) if cells.index is None else cells.index.astype(np.int64)
    if field.namespace == "product":
        checks = tuple(check for check in matcher.checks if check.field.namespace == "product") if matcher else ()
        passing = ProductFeature((checks,), dictionaries).passing(rows, checks).take(index)
        of = np.where(passing, place.take(rows.product_event.take(index)), -1)
    else:
        of = place.take(index)
    codes = cells.codes.astype(np.int64)
    held = ((of >= 0) & ((codes == NUMBER_CODE) | (codes >= FIRST_WORD))).nonzero()[0]
    held = held[np.argsort(of.take(held), kind="stable")]
    numbers = np.zeros(len(held)) if cells.numbers is None else cells.numbers.take(held)
    return _Cells(of.take(held), codes.take(held), numbers)


def _summed(of: Longs, value: Values) -> Read:
    """One value of each event, the sum of its values."""
    owners, back = np.unique(of, return_inverse=True)
    if value.dtype != object and len(value) and int(np.abs(value).max()) * len(value) >= LARGE:
        value = value.astype(object)
    total: Values = np.zeros(len(owners), value.dtype)
    np.add.at(total, back, value)
    return Read(owners, total)
