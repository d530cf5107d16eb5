"""The events of some rows out of many chunks, as one chunk: what is looked at for a sample."""

from __future__ import annotations

from copy import copy
from typing import Final, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from raudience.records import Field
from raudience.shard.arrivals import EventDictionaries
from raudience.shard.chunk import Chunk, SealedColumn, seal_column
from raudience.shard.growing import narrow
from raudience.shard.words import FIRST_WORD, Dictionary

__all__ = ["FewWords", "Piece", "ThinChunk", "few_words"]

_LARGE: Final = 16_384
"""Words above which a test is put only to those that occur in the sample."""


class FewWords:
    """Dictionaries of events for a sample: those of the shard, but for large ones, of which it has the words that
    occur."""

    def __init__(self, known: EventDictionaries) -> None:
        self._known = known
        self._own: dict[Field, Dictionary] = {}

    def are_of(self, known: EventDictionaries) -> bool:
        return self._known is known

    def has_own(self, field: Field) -> bool:
        return field in self._known.words and len(self._known.words[field]) > _LARGE

    def codes(self, field: Field, codes: NDArray[np.int32]) -> NDArray[np.int32]:
        """Codes of the shard in those of the sample."""
        if not self.has_own(field):
            return codes
        return _translated(self._known.words[field], codes, self._own.setdefault(field, Dictionary()))

    def dictionaries(self) -> EventDictionaries:
        """All of them, for one look."""
        found = EventDictionaries()
        found.keys = self._known.keys
        found.words = {
            field: self._own.setdefault(field, Dictionary()) if self.has_own(field) else dictionary
            for field, dictionary in self._known.words.items()
        }
        return found

    def nbytes(self) -> int:
        return sum(dictionary.nbytes() for dictionary in self._own.values())


def few_words(dictionary: Dictionary, codes: NDArray[np.int32]) -> tuple[Dictionary, NDArray[np.int32]]:
    """A dictionary for codes, and the codes in it: the same, or for a large one another with the words that occur."""
    if len(dictionary) <= _LARGE:
        return dictionary, codes
    few = Dictionary()
    return few, _translated(dictionary, codes, few)


def _translated(dictionary: Dictionary, codes: NDArray[np.int32], few: Dictionary) -> NDArray[np.int32]:
    """Codes of a dictionary in those of another, which learns their words."""
    distinct, place = np.unique(codes, return_inverse=True)
    words = distinct >= FIRST_WORD
    own = distinct.astype(np.int32)
    own[words] = few.table(dictionary.words_at(distinct[words]))[: int(words.sum())]
    return own.take(place)


class Piece(NamedTuple):
    """What is wanted of one chunk: places int64[k] of events by key; products int64[q], places among all products of
    the chunk, and for each the position of its event in `places`."""

    chunk: Chunk
    places: NDArray[np.int64]
    products: NDArray[np.int64]
    owners: NDArray[np.int64]

    @classmethod
    def of(cls, chunk: Chunk, wanted: NDArray[np.bool_]) -> Self:
        """The events of wanted rows, bool[rows]."""
        places: NDArray[np.int64] = wanted.take(chunk.row).take(chunk.order).nonzero()[0]
        owners = chunk.product_events(*chunk.products(0, chunk.size))
        if not len(owners):
            return cls(chunk, places, owners, owners)
        position = np.full(chunk.size, -1)
        position[places] = np.arange(len(places))
        found = position.take(owners)
        products: NDArray[np.int64] = (found >= 0).nonzero()[0]
        return cls(chunk, places, products, found[products])


class ThinChunk(Chunk):
    """Pieces of chunks, with at least one event among them, in the rows that they have there. A column is gathered when
    somebody first asks for it."""

    def __init__(self, pieces: list[Piece], words: FewWords) -> None:
        positions = [piece.chunk.order.take(piece.places) for piece in pieces]
        times = np.concatenate([p.chunk.times(where) for p, where in zip(pieces, positions, strict=True)])
        rows = np.concatenate([p.chunk.row.take(where) for p, where in zip(pieces, positions, strict=True)])
        keys = np.concatenate([piece.chunk.keys_at(piece.places) for piece in pieces])
        by_time = np.argsort(times, kind="stable")
        order = np.argsort(narrow(keys[by_time]), kind="stable")
        self._pieces, self._words = pieces, words
        self._by_key: NDArray[np.int64] = by_time[order]
        owners = self._products_of(np.cumsum([0, *(len(piece.places) for piece in pieces)]).tolist())
        self._by_owner = np.argsort(owners, kind="stable")
        self._gathered: dict[tuple[Field, bool], SealedColumn | None] = {}
        super().__init__(times[by_time], rows[by_time], keys[by_time], order, {}, owners[self._by_owner])

    def column(self, field: Field) -> SealedColumn | None:
        asked = (field, self._words.has_own(field))
        if asked not in self._gathered:
            self._gathered[asked] = self._gather(field)
        return self._gathered[asked]

    def nbytes(self) -> int:
        gathered = sum(column.nbytes() for column in self._gathered.values() if column is not None)
        places = sum(piece.places.nbytes + piece.products.nbytes for piece in self._pieces)
        return super().nbytes() + self._by_key.nbytes + self._by_owner.nbytes + gathered + places

    def in_rows(self, place: NDArray[np.int32], before: int) -> Chunk:
        """The same events in other rows, int32[rows] by row; those older than a moment in row 0."""
        twin = copy(self)
        twin.row = place.take(self.row)
        if self.base < before:
            twin.row[: self.span(self.base - 1, before - 1).stop] = 0
        return twin

    def _products_of(self, starts: list[int]) -> NDArray[np.int64]:
        """Position by key of the event of each product, in the order of the pieces."""
        place = np.empty(len(self._by_key), np.int64)
        place[self._by_key] = np.arange(len(place))
        owners = [piece.owners + start for piece, start in zip(self._pieces, starts, strict=False)]
        return place.take(np.concatenate(owners))

    def _gather(self, field: Field) -> SealedColumn | None:
        products = field.namespace == "product"
        parts = [_cells(piece.chunk.column(field), piece.products if products else piece.places)
                 for piece in self._pieces]  # fmt: skip
        codes = np.concatenate([codes for codes, _ in parts])
        if not codes.any():
            return None
        order = self._by_owner if products else self._by_key
        numbers = None
        if any(numbers is not None for _, numbers in parts):
            numbers = np.concatenate([np.zeros(len(codes)) if found is None else found for codes, found in parts])
            numbers = numbers[order]
        return seal_column(self._words.codes(field, codes)[order], numbers)


def _cells(
    column: SealedColumn | None, places: NDArray[np.int64]
) -> tuple[NDArray[np.int32], NDArray[np.float64] | None]:
    return (np.zeros(len(places), np.int32), None) if column is None else column.at(places)
