"""Many distinct words in few bytes each: their UTF-8 one behind the other, found by hash."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from raudience.hashing import text_keys
from raudience.records.texts import Texts, texts_in
from raudience.shard.growing import expand, grown

__all__ = ["Arena"]

_HIGH = np.uint64(32)
_END = 10


class Arena:
    """Words by their place, in the order in which they were added. A word found by its hash is compared as text."""

    def __init__(self, words: Sequence[str]) -> None:
        self._text = np.zeros(0, np.uint8)
        self._ends: NDArray[Any] = np.zeros(1, np.uint32)
        self._tags = np.zeros(0, np.uint32)
        self._count = 0
        self._table = np.zeros(1 << 12, np.uint32)
        self.add(words)

    def __len__(self) -> int:
        return self._count

    def word(self, place: int) -> str:
        return self._text[self._ends[place] : self._ends[place + 1]].tobytes().decode("utf-8", "surrogatepass")

    def words(self, start: int) -> list[str]:
        """Words from a place on."""
        ends = self._ends[start : self._count + 1].tolist()
        text, base = self._text[ends[0] : ends[-1]].tobytes(), ends[0]
        return [text[head - base : tail - base].decode("utf-8", "surrogatepass") for head, tail in pairwise(ends)]

    def texts(self, places: NDArray[np.int64]) -> Texts:
        """Words at some places, as bytes."""
        ends = self._ends
        return texts_in(self._text, ends[places].astype(np.int64), ends[places + 1].astype(np.int64))

    def words_at(self, places: NDArray[np.int64]) -> list[str]:
        """Words at some places, read together: a line end stands between them on the way."""
        head = self._ends.take(places).astype(np.int64)
        owner, source = expand(head, self._ends.take(places + 1) - head)
        text = np.full(len(source) + len(places), _END, np.uint8)
        text[owner + np.arange(len(source))] = self._text.take(source)
        words = text.tobytes().decode("utf-8", "surrogatepass").split(chr(_END))[:-1]
        return words if len(words) == len(places) else list(map(self.word, places.tolist()))

    def find(self, words: Sequence[str]) -> NDArray[np.int64]:
        """Places int64[n] of words, -1 where there is none."""
        texts = [word.encode("utf-8", "surrogatepass") for word in words]
        keys = text_keys(texts)
        tags, slot, mask = _tags(keys), self._slots(keys), len(self._table) - 1
        found = np.full(len(words), -1)
        pending = np.arange(len(words))
        while len(pending):
            place = self._table.take(slot).astype(np.int64) - 1
            used = place >= 0
            same = (used & (self._tags.take(np.maximum(place, 0)) == tags[pending])).nonzero()[0]
            for at in same.tolist():
                if self._is(int(place[at]), texts[pending[at]]):
                    found[pending[at]] = place[at]
            left = (used & (found[pending] < 0)).nonzero()[0]
            pending, slot = pending[left], (slot[left] + 1) & mask
        return found

    def add(self, words: Sequence[str]) -> None:
        """Add words that are distinct and not there."""
        texts = [word.encode("utf-8", "surrogatepass") for word in words]
        first, self._count = self._count, self._count + len(texts)
        ends = np.cumsum([int(self._ends[first]), *map(len, texts)])
        self._text = grown(self._text, int(ends[-1]))
        self._text[ends[0] : ends[-1]] = np.frombuffer(b"".join(texts), np.uint8)
        self._ends = grown(self._ends.astype(np.int64) if ends[-1] >> 32 else self._ends, self._count + 1)
        self._ends[first : self._count + 1] = ends
        self._tags = grown(self._tags, self._count)
        keys = text_keys(texts)
        self._tags[first : self._count] = _tags(keys)
        if self._count * 4 > len(self._table) * 3:
            self._table = np.zeros(1 << (self._count * 4 // 3).bit_length(), np.uint32)
            first, keys = 0, text_keys(self._all())
        self._insert(np.arange(first + 1, self._count + 1, dtype=np.uint32), self._slots(keys))

    def nbytes(self) -> int:
        return self._text.nbytes + self._ends.nbytes + self._tags.nbytes + self._table.nbytes

    def _is(self, place: int, text: bytes) -> bool:
        return self._text[self._ends[place] : self._ends[place + 1]].tobytes() == text

    def _all(self) -> list[bytes]:
        ends = self._ends[: self._count + 1].tolist()
        text = self._text.tobytes()
        return [text[head:tail] for head, tail in pairwise(ends)]

    def _slots(self, keys: NDArray[np.uint64]) -> NDArray[np.int64]:
        return (keys & np.uint64(len(self._table) - 1)).view(np.int64)

    def _insert(self, entries: NDArray[np.uint32], slot: NDArray[np.int64]) -> None:
        mask = len(self._table) - 1
        while len(entries):
            free = (self._table.take(slot) == 0).nonzero()[0]
            self._table[slot[free]] = entries[free]
            lost = (self._table.take(slot) != entries).nonzero()[0]
            entries, slot = entries[lost], (slot[lost] + 1) & mask


def _tags(keys: NDArray[np.uint64]) -> NDArray[np.uint32]:
    return (keys >> _HIGH).astype(np.uint32)
