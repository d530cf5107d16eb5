"""The events of a block as the shard takes them in: its own rows, keys and codes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from raudience.records import Block, Column, EventKey, Field
from raudience.shard.rows import INPUT, Cells
from raudience.shard.words import Dictionary

__all__ = ["Arrivals", "EventDictionaries"]


class EventDictionaries:
    """Numbers of event keys and dictionaries of event attributes, in order of appearance."""

    def __init__(self) -> None:
        self.keys: list[EventKey] = []
        self.words: dict[Field, Dictionary] = {}
        self._numbers: dict[EventKey, int] = {}

    def key(self, key: EventKey) -> int:
        number = self._numbers.setdefault(key, len(self.keys))
        if number == len(self.keys):
            self.keys.append(key)
        return number

    def numbers(self, keys: tuple[EventKey, ...]) -> NDArray[np.int32]:
        """Numbers int32[k] of keys."""
        numbers = list(map(self._numbers.get, keys))
        if None in numbers:
            numbers = list(map(self.key, keys))
        return np.array(numbers, np.int32)

    def dictionary(self, field: Field) -> Dictionary:
        found = self.words.get(field)
        if found is None:
            found = self.words[field] = Dictionary()
        return found

    def nbytes(self) -> int:
        return sum(dictionary.nbytes() for dictionary in self.words.values())


class Arrivals:
    """Some events of a block, in its order: batch int[n] (row of the table of batches), row int32[n], at and times
    int64[n], keys int32[n]; all of the events when `kept` is None, else those it names."""

    def __init__(
        self, block: Block, rows: NDArray[np.int32], kept: NDArray[np.int64] | None, known: EventDictionaries
    ) -> None:
        events = block.events
        everything = kept is None
        self._where: NDArray[np.int64] | slice = slice(None) if kept is None else kept
        self.batch = events.batch[self._where]
        self.row = rows[self.batch]
        self.at = block.batches.at[self.batch]
        self.times = events.time[self._where]
        numbers = known.numbers(events.keys)
        self.keys = numbers[events.key[self._where]]
        owners = block.products.event.astype(np.int64)
        self._place = None if everything else _places(kept, len(events.batch))
        self._products = slice(None) if self._place is None else (self._place[owners] >= 0).nonzero()[0]
        kept_owners = owners[self._products]
        self.product_event = kept_owners if self._place is None else self._place[kept_owners]
        self._cells: dict[Field, Cells] = {}
        self._read(block, known)

    @property
    def size(self) -> int:
        return len(self.row)

    def cells(self, field: Field) -> Cells | None:
        return self._cells.get(field)

    def columns(self) -> dict[Field, Cells]:
        """All attributes of the events and of their products."""
        return self._cells

    def _read(self, block: Block, known: EventDictionaries) -> None:
        inputs = known.dictionary(INPUT).table(block.batches.inputs)
        self._cells[INPUT] = Cells(None, inputs[block.batches.input][self.batch], None)
        for field, column in block.batches.context:
            self._add(field, _spread(column, known.dictionary(field), self.batch))
        for field, column in block.events.columns:
            self._add(field, _subset(column, known.dictionary(field), self._where, self._place))
        place = None if self._place is None else _places(self._products, len(block.products.event))
        for field, column in block.products.columns:
            self._add(field, _subset(column, known.dictionary(field), self._products, place))

    def _add(self, field: Field, cells: Cells) -> None:
        if len(cells.codes):
            self._cells[field] = cells


def _places(kept: NDArray[np.int64] | slice | None, size: int) -> NDArray[np.int64]:
    place = np.full(size, -1)
    assert isinstance(kept, np.ndarray)
    place[kept] = np.arange(len(kept))
    return place


def _subset(
    column: Column, dictionary: Dictionary, kept: NDArray[np.int64] | slice, place: NDArray[np.int64] | None
) -> Cells:
    """Cells of the kept rows of a table, at their places among them."""
    codes = dictionary.recode(column)
    numbers = column.numbers if len(column.numbers) else None
    if column.index is None:
        return Cells(None, codes[kept], None if numbers is None else numbers[kept])
    if place is None:
        return Cells(column.index, codes, numbers)
    at = place[column.index]
    left = at >= 0
    return Cells(at[left], codes[left], None if numbers is None else numbers[left])


def _spread(column: Column, dictionary: Dictionary, batch: NDArray[np.int32]) -> Cells:
    """Cells of batches, given to each event of the batch."""
    codes = dictionary.recode(column)
    if column.index is None:
        return Cells(None, codes[batch], column.numbers[batch] if len(column.numbers) else None)
    if not len(column.index):
        return Cells(column.index, codes, None)
    of_batch = np.searchsorted(column.index, batch)
    of_batch[of_batch == len(column.index)] = 0
    has = (column.index[of_batch] == batch).nonzero()[0]
    of_batch = of_batch[has]
    return Cells(has, codes[of_batch], column.numbers[of_batch] if len(column.numbers) else None)
