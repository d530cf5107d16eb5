"""What all tests on one field say of single cells, as the bits of a number: for updates that are taken one by one."""

from __future__ import annotations

from functools import reduce
from operator import and_, or_

import numpy as np

from raudience.shard.features import Truths, ValueClasses
from raudience.shard.words import TruthTable

__all__ = ["Masks", "bits_of"]


class Masks:
    """Bit j: what test j says."""

    def __init__(self, tables: list[TruthTable], classes: ValueClasses) -> None:
        self._tables = tables
        self._classes = classes
        self._of_class: list[int] = []
        self._of_code = np.zeros(0, np.int32)
        self._of_element: list[int] = []
        self._negative = _mask(tuple(table.negative for table in tables))
        self._of_nothing = _mask(tuple(table.of_list(()) for table in tables))

    def of(self, value: int | float | list[int]) -> int:
        """Of a cell: the code of a word or of no value, a number, or the codes of a list."""
        if isinstance(value, int):
            if value >= len(self._of_code):
                self._of_code = self._classes.words()
            found: int = self._of_code.item(value)
        elif isinstance(value, float):
            found = self._classes.of_number(value)
        else:
            return self._of_list(value)
        if found >= len(self._of_class):
            self._of_class.extend(map(_mask, self._classes.truths[len(self._of_class) :]))
        return self._of_class[found]

    def _of_list(self, elements: list[int]) -> int:
        """A negative test asks of all elements, another of some."""
        if not elements:
            return self._of_nothing
        if max(elements) >= len(self._of_element):
            self._learn()
        said = [self._of_element[code] for code in elements]
        return reduce(or_, said) & ~self._negative | reduce(and_, said) & self._negative

    def _learn(self) -> None:
        known = len(self._of_element)
        fresh = zip(*(table.elements()[known:].tolist() for table in self._tables), strict=True)
        self._of_element.extend(map(_mask, fresh))


def bits_of(mask: int) -> list[int]:
    """Numbers of the bits that are set."""
    found = []
    while mask:
        lowest = mask & -mask
        found.append(lowest.bit_length() - 1)
        mask ^= lowest
    return found


def _mask(truths: Truths) -> int:
    return sum(1 << bit for bit, truth in enumerate(truths) if truth)
