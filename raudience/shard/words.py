"""Dictionaries of the words of one attribute, and what tests say of each of them.

Cells of attributes are codes: ABSENT, NULL (a tag), LIST, NUMBER (the value stands in an array of numbers) or
FIRST_WORD + position of the word in the dictionary. A test is evaluated once per word.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from typing import Any, Final
from weakref import WeakValueDictionary

import numpy as np
from numpy.typing import NDArray

from raudience.criteria.leaves import AgeTest, ValueTest
from raudience.criteria.operators import Exists, NotExists
from raudience.criteria.values import (
    holds_absent,
    holds_list,
    holds_numbers,
    holds_set,
    holds_word,
    holds_words,
    is_negative,
)  # fmt: skip
from raudience.records import Column
from raudience.records.texts import Texts, taken, texts_of
from raudience.shard.arena import Arena
from raudience.shard.growing import grown

__all__ = ["ABSENT", "FIRST_WORD", "LIST", "NULL_CODE", "NUMBER_CODE", "Dictionary", "TruthTable"]

ABSENT: Final = 0
NULL_CODE: Final = 1
LIST: Final = 2
NUMBER_CODE: Final = 3
FIRST_WORD: Final = 4
# Snapshots hold these numbers: they never change.

_MANY = 16_384
"""Words above which a dictionary keeps them in an arena: slower to look up, a quarter of the memory."""

_FEW = 6
"""Codes that are sooner compared one by one than looked up in a table."""


class Dictionary:
    """Words of one attribute in the order in which they first came."""

    def __init__(self) -> None:
        self._words: list[str] = []
        self._codes: dict[str, int] = {}
        self._arena: Arena | None = None
        """In the place of the two, once there are many words."""
        self._tables = WeakValueDictionary[ValueTest, TruthTable]()

    def __len__(self) -> int:
        return FIRST_WORD + len(self._words if self._arena is None else self._arena)

    @property
    def words(self) -> list[str]:
        return self.since(FIRST_WORD)

    def since(self, code: int) -> list[str]:
        """Words from a code on."""
        start = max(code - FIRST_WORD, 0)
        return self._words[start:] if self._arena is None else self._arena.words(start)

    def code(self, word: str) -> int:
        """Code of a word; a new word gets the next one."""
        return int(self.table((word,))[0])

    def word(self, code: int) -> str:
        place = code - FIRST_WORD
        return self._words[place] if self._arena is None else self._arena.word(place)

    def words_at(self, codes: NDArray[Any]) -> tuple[str, ...]:
        """Words of codes."""
        places = codes.astype(np.int64) - FIRST_WORD
        if self._arena is not None:
            return tuple(self._arena.words_at(places))
        return tuple(map(self._words.__getitem__, places.tolist()))

    def texts(self, codes: NDArray[Any]) -> Texts:
        """Texts of words by their codes."""
        places = codes.astype(np.int64) - FIRST_WORD
        if self._arena is not None:
            return self._arena.texts(places)
        used = np.bincount(places, minlength=len(self._words)).nonzero()[0]
        number = np.zeros(len(self._words), np.int64)
        number[used] = np.arange(len(used))
        return taken(texts_of([self._words[place] for place in used.tolist()]), number[places])

    def truth(self, test: ValueTest) -> TruthTable:
        """The table of a test: one for all who ask, as long as somebody has it."""
        table = self._tables.get(test)
        if table is None:
            table = self._tables[test] = TruthTable(test, self)
        return table

    def twin(self) -> Dictionary:
        """The words as they are now: what is learned later is not in it. It is read only."""
        twin = copy(self)
        twin._arena, twin._tables = copy(self._arena), WeakValueDictionary()
        return twin

    def add(self, words: Sequence[str]) -> None:
        """Words that are distinct and not there get the next codes."""
        if self._arena is None:
            self._learn(words)
        else:
            self._arena.add(words)

    def recode(self, column: Column) -> NDArray[np.int32]:
        """Codes int32[k] of this dictionary for the cells of a column of a block."""
        return self.table(column.words)[column.codes]

    def table(self, words: tuple[str, ...]) -> NDArray[np.int32]:
        """Codes of words; read with the negative codes of a block it gives NUMBER, NULL and (DELETED) ABSENT."""
        if self._arena is not None:
            return _with_marks(_places(self._arena, words) + FIRST_WORD)
        codes = list(map(self._codes.get, words))
        if None in codes:
            self._learn(words)
            return self.table(words)
        return np.array([*codes, ABSENT, NULL_CODE, NUMBER_CODE], np.int32)

    def codes(self, words: tuple[str, ...]) -> list[int]:
        """`table` as a list."""
        codes = list(map(self._codes.get, words))
        if None in codes or self._arena is not None:
            return list(self.table(words).tolist())
        return [*codes, ABSENT, NULL_CODE, NUMBER_CODE]  # type: ignore[list-item]

    def nbytes(self) -> int:
        if self._arena is not None:
            return self._arena.nbytes()
        return sum(len(word) for word in self._words) + 200 * len(self._words)

    def _learn(self, words: Sequence[str]) -> None:
        fresh = [word for word in dict.fromkeys(words) if word not in self._codes]
        self._words += fresh
        if len(self._words) > _MANY:
            self._arena = Arena(self._words)
            self._words, self._codes = [], {}
        else:
            first = len(self) - len(fresh)
            self._codes.update(zip(fresh, range(first, len(self)), strict=True))


def _places(arena: Arena, words: tuple[str, ...]) -> NDArray[np.int64]:
    """Places of words in an arena, to which new ones are added."""
    places = arena.find(words)
    missing = (places < 0).nonzero()[0].tolist()
    if missing:
        arena.add(list(dict.fromkeys(words[at] for at in missing)))
        places[missing] = arena.find([words[at] for at in missing])
    return places


def _with_marks(codes: NDArray[np.int64]) -> NDArray[np.int32]:
    return np.concatenate([codes, (ABSENT, NULL_CODE, NUMBER_CODE)]).astype(np.int32)


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
        self._known = FIRST_WORD

    def words(self) -> NDArray[np.bool_]:
        """bool[len(dictionary)]: truth by code; LIST and NUMBER are not decided here."""
        known, size = self._known, len(self._dictionary)
        if known < size:
            self._table = grown(self._table, size)
            self._table[known:size] = self._fresh(known, size)
            self._known = size
        return self._table[:size]

    def _fresh(self, known: int, size: int) -> NDArray[np.bool_]:
        if isinstance(self.test, Exists | NotExists):
            return np.full(size - known, not self.absent)
        return holds_words(self.test, self._dictionary.since(known))

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
            words = self._dictionary.since(known)
            fresh = [False] * (FIRST_WORD - known) + [holds_list(self.test, (word,)) for word in words]
            self._elements = np.concatenate([self._elements, np.array(fresh, bool)])
        return self._elements

    def of_list(self, words: tuple[str, ...]) -> bool:
        """Truth of one list."""
        return holds_list(self.test, words)

    def of_set(self, codes: list[int]) -> bool:
        """Truth of a set of values, given their codes: of some value, or of all for a negative test."""
        return holds_set(self.test, [self._dictionary.word(code) for code in codes])
