"""Texts by frequency, found by how they begin and by what they contain, whatever their case."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from raudience.criteria.text import fold

__all__ = ["LONGEST", "WordIndex"]

LONGEST: Final = 200
"""Characters of a text beyond which it is not suggested."""

_END: Final = "\n"


class WordIndex:
    """Some texts, the most frequent first. They stand folded in one text, one behind the other, so that a search from
    its beginning meets them in this order and ends with the last one that is wanted."""

    def __init__(self, words: Sequence[str]) -> None:
        self._words = list(words)
        if max(map(len, self._words), default=0) > LONGEST:
            self._words = [word for word in self._words if len(word) <= LONGEST]
        text = _END.join(self._words)
        if text.count(_END) >= len(self._words):
            text = _END.join(word.replace(_END, " ") for word in self._words)
        self._text = _END + fold(text) + _END
        every = np.frombuffer(self._text.encode("utf-32-le", "surrogatepass"), np.uint32)
        self._ends: list[int] = (every == ord(_END)).nonzero()[0].tolist()

    def __len__(self) -> int:
        return len(self._words)

    def find(self, typed: str, most: int) -> list[str]:
        """Up to `most` texts: those that begin with what was typed, then those that contain it elsewhere."""
        wanted = fold(typed.replace(_END, " "))
        found = list(self._first(self._beginning(wanted), most))
        held = set(found)
        inside = (place for place in self._containing(wanted) if place not in held)
        return [self._words[place] for place in [*found, *self._first(inside, most - len(found))]]

    def nbytes(self) -> int:
        return len(self._text) + sum(map(len, self._words)) + 100 * len(self._words)

    def _first(self, places: Iterator[int], most: int) -> Iterator[int]:
        for _ in range(most):
            if (place := next(places, None)) is None:
                return
            yield place

    def _beginning(self, wanted: str) -> Iterator[int]:
        at = self._text.find(_END + wanted)
        while 0 <= at < self._ends[-1] and self._words:
            yield bisect_left(self._ends, at)
            at = self._text.find(_END + wanted, at + 1)

    def _containing(self, wanted: str) -> Iterator[int]:
        at = self._text.find(wanted, 1)
        while 0 <= at < self._ends[-1] and self._words:
            place = bisect_right(self._ends, at) - 1
            yield place
            at = self._text.find(wanted, self._ends[place + 1] + 1)
