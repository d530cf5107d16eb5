"""Dictionaries of the words of one attribute, and what tests say of each of them.

Cells of attributes are codes: ABSENT, NULL (a tag), LIST, NUMBER (the value stands in an array of numbers) or
FIRST_WORD + position of the word in the dictionary. A test is evaluated once per word.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from raudience.criteria.leaves import AgeTest, ValueTest
from raudience.criteria.operators import Exists, NotExists
from raudience.criteria.values import holds_absent, holds_list, holds_numbers, holds_set, holds_word, is_negative
from raudience.records import Column

__all__ = ["ABSENT", "FIRST_WORD", "LIST", "NULL_CODE", "NUMBER_CODE", "Dictionary", "TruthTable"]

ABSENT: Final = 0
NULL_CODE: Final = 1
LIST: Final = 2
NUMBER_CODE: Final = 3
FIRST_WORD: Final = 4

_FEW = 6
"""Codes that are sooner compared one by one than looked up in a table."""


class Dictionary:
    """Words of one attribute in the order in which they first came."""

    def __init__(self) -> None:
        self.words: list[str] = []
        self._codes: dict[str, int] = {}

    def __len__(self) -> int:
        return FIRST_WORD + len(self.words)

    def code(self, word: str) -> int:
        """Code of a word; a new word gets the next one."""
        code = self._codes.get(word)
        if code is None:
            code = FIRST_WORD + len(self.words)
            self._codes[word] = code
            self.words.append(word)
        return code

    def word(self, code: int) -> str:
        return self.words[code - FIRST_WORD]

    def recode(self, column: Column) -> NDArray[np.int32]:
        """Codes int32[k] of this dictionary for the cells of a column of a block."""
        return self.table(column.words)[column.codes]

    def table(self, words: tuple[str, ...]) -> NDArray[np.int32]:
        """Codes of words; read with the negative codes of a block it gives NUMBER, NULL and (DELETED) ABSENT."""
        codes = list(map(self._codes.get, words))
        if None in codes:
            codes = list(map(self.code, words))
        return np.array([*codes, ABSENT, NULL_CODE, NUMBER_CODE], np.int32)

    def nbytes(self) -> int:
        return sum(len(word) for word in self.words) + 200 * len(self.words)


class TruthTable:
    """What one test says of every cell of one attribute."""

    def __init__(self, test: ValueTest, dictionary: Dictionary) -> None:
        assert not isinstance(test, AgeTest)
        self.test = test
        self.absent = holds_absent(test)
        self._dictionary = dictionary
        self.negative = is_negative(test)
        self._elements = np.zeros(0, bool)
        self._table = np.array([self.absent, holds_word(test, None), False, False], bool)

    def words(self) -> NDArray[np.bool_]:
        """bool[len(dictionary)]: truth by code; LIST and NUMBER are not decided here."""
        known, size = len(self._table), len(self._dictionary)
        if known < size:
            self._table = np.concatenate([self._table, self._fresh(known, size)])
        return self._table

    def _fresh(self, known: int, size: int) -> NDArray[np.bool_]:
        if isinstance(self.test, Exists | NotExists):
            return np.full(size - known, not self.absent)
        words = self._dictionary.words[known - FIRST_WORD :]
        return np.array([holds_word(self.test, word) for word in words], bool)

    def of_codes(self, codes: NDArray[Any]) -> NDArray[np.bool_]:
        """bool[k]: truth of cells as far as their codes say it: of all but LIST and NUMBER."""
        if isinstance(self.test, Exists | NotExists):
            return (codes == ABSENT) == self.absent
        table = self.words()
        holds = table.nonzero()[0]
        if len(holds) > _FEW:
            return table.take(codes)
        truth = np.zeros(len(codes), bool)
        for code in holds[holds <= np.iinfo(codes.dtype).max].tolist():
            truth |= codes == codes.dtype.type(code)
        return truth

    def of(self, codes: NDArray[Any], numbers: NDArray[np.float64] | None) -> NDArray[np.bool_]:
        """bool[k]: truth of cells without lists; numbers: float64[k], read where the code is NUMBER."""
        if numbers is None:
            return self.of_codes(codes)
        numeric = codes == NUMBER_CODE
        if numeric.all():
            return holds_numbers(self.test, numbers)
        truth = self.of_codes(codes)
        truth[numeric] = holds_numbers(self.test, numbers[numeric])
        return truth

    def elements(self) -> NDArray[np.bool_]:
        """bool[len(dictionary)]: truth of a list of one element, by the code of the element."""
        known, size = len(self._elements), len(self._dictionary)
        if known < size:
            words = self._dictionary.words[max(known - FIRST_WORD, 0) :]
            fresh = [False] * (FIRST_WORD - known) + [holds_list(self.test, (word,)) for word in words]
            self._elements = np.concatenate([self._elements, np.array(fresh, bool)])
        return self._elements

    def of_list(self, words: tuple[str, ...]) -> bool:
        """Truth of one list."""
        return holds_list(self.test, words)

    def of_set(self, codes: list[int]) -> bool:
        """Truth of a set of values, given their codes: of some value, or of all for a negative test."""
        return holds_set(self.test, [self._dictionary.word(code) for code in codes])
