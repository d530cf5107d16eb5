"""Whose batch it is when it carries no MPID (semantics D18).

Identities are walked in `spellings.PRIORITY`; the first one that is known decides. When none is known the first one
makes a new MPID: the signed 64-bit `text_key` of `<name>:<value>`. A batch with an MPID makes its identities known for
that MPID, whatever they led to before; a batch without one makes those of its identities known that were not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Final, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from raudience.hashing import text_keys
from raudience.ingest.keys import message_keys
from raudience.ingest.spellings import PRIORITY
from raudience.records import Block, Column, FieldColumn

__all__ = ["Links", "Resolver", "with_identity"]

Ints: TypeAlias = NDArray[np.int32]
Longs: TypeAlias = NDArray[np.int64]
Flags: TypeAlias = NDArray[np.bool_]

_RANK: Final = {name: rank for rank, name in enumerate(PRIORITY)}


class _Keys(msgspec.Struct, frozen=True):
    """Identities of one name: rows int32[k], ascending; keys, signed: int64[k] each."""

    rows: Ints
    keys: Longs


class Links(msgspec.Struct, frozen=True):
    """Identities that lead to MPIDs: keys, mpids: int64[n]."""

    keys: Longs
    mpids: Longs


class Resolver:
    """Remembers which MPID each identity leads to: one number per distinct identity seen.

    links: what was known before. With them, what is learned from then on is kept apart for `take_learned`.
    """

    def __init__(self, links: Links | None = None) -> None:
        self._known: dict[int, int] = {}
        self._learned: dict[int, int] | None = None
        if links is not None:
            self._known.update(zip(links.keys.tolist(), links.mpids.tolist(), strict=True))
            self._learned = {}

    def take_learned(self) -> Links | None:
        """What was learned since the last call; None when that is nothing, or is not kept apart."""
        if not self._learned:
            return None
        count = len(self._learned)
        keys = np.fromiter(self._learned, np.int64, count)
        learned = Links(keys, np.fromiter(self._learned.values(), np.int64, count))
        self._learned = {}
        return learned

    def forget(self, mpids: set[int]) -> None:
        """Know no identity that leads to one of these any more."""
        self._known = {key: mpid for key, mpid in self._known.items() if mpid not in mpids}
        if self._learned is not None:
            self._learned = {key: mpid for key, mpid in self._learned.items() if mpid not in mpids}

    def counts(self, mpids: set[int]) -> Counter[int]:
        """How many identities lead to each of some MPIDs."""
        return Counter(mpid for mpid in self._known.values() if mpid in mpids)

    def resolve(self, block: Block, nameless: Flags) -> Block:
        """The block with an MPID for every batch. Its batches come in order, after those of the calls before; every
        nameless one (bool[n]) has an identity."""
        columns = [_keys(update) for update in sorted(filter(_leads, block.batches.fields), key=_rank)]
        mpid = block.batches.mpid.copy()
        done = 0
        for row in np.flatnonzero(nameless).tolist():
            self._teach(columns, mpid, done, row)
            mpid[row] = self._find(columns, row)
            done = row + 1
        self._teach(columns, mpid, done, len(mpid))
        return _named(block, mpid, nameless) if done else block

    def _teach(self, columns: list[_Keys], mpid: Longs, first: int, last: int) -> None:
        for column in columns if last > first else ():
            head, tail = np.searchsorted(column.rows, (first, last)).tolist()
            self._learn(zip(column.keys[head:tail].tolist(), mpid[column.rows[head:tail]].tolist(), strict=True))

    def _find(self, columns: list[_Keys], row: int) -> int:
        keys: list[int] = []
        for column in columns:
            head, tail = np.searchsorted(column.rows, (row, row + 1)).tolist()
            keys += column.keys[head:tail].tolist()
        found = next((self._known[key] for key in keys if key in self._known), keys[0])
        for key in keys:
            self._learn([(key, self._known.get(key, found))])
        return found

    def _learn(self, links: Iterable[tuple[int, int]]) -> None:
        if self._learned is None:
            self._known.update(links)
            return
        new = {key: mpid for key, mpid in dict(links).items() if self._known.get(key) != mpid}
        self._known.update(new)
        self._learned.update(new)


def with_identity(fields: tuple[FieldColumn, ...], count: int) -> Flags:
    """Which of `count` batches have an identity that can lead to an MPID: bool[count]."""
    there = np.zeros(count, np.bool_)
    for update in filter(_leads, fields):
        there[_cells(update)[0]] = True
    return there


def _leads(update: FieldColumn) -> bool:
    return update.field.namespace in ("identity", "device_id") and update.field.name in _RANK


def _rank(update: FieldColumn) -> int:
    return _RANK[update.field.name]


def _cells(update: FieldColumn) -> tuple[Ints, Column]:
    """Rows of the cells that hold a text, and their column."""
    column = update.column
    assert isinstance(column, Column)
    index = np.arange(len(column.codes), dtype=np.int32) if column.index is None else column.index
    return index[column.codes >= 0], column


def _keys(update: FieldColumn) -> _Keys:
    rows, column = _cells(update)
    of_words = text_keys(f"{update.field.name}:{word}".encode() for word in column.words).view(np.int64)
    return _Keys(rows, of_words[column.codes[column.codes >= 0]] if len(of_words) else np.empty(0, np.int64))


def _named(block: Block, mpid: Longs, nameless: Flags) -> Block:
    batch = block.events.batch
    late = np.where(nameless, mpid, 0)[batch]
    batches = msgspec.structs.replace(block.batches, mpid=mpid)
    events = msgspec.structs.replace(block.events, message=message_keys(block.events.message, late))
    return Block(batches, events, block.products)
