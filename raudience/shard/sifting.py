"""Some events of a chunk, on their way into another one."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from raudience.records import Field
from raudience.shard.chunk import Chunk
from raudience.shard.index import NOBODY
from raudience.shard.rows import Cells
from raudience.shard.store import SEAL, EventStore

__all__ = ["Sifted", "drop_nobody", "join_thin", "sifted"]

_FEW = SEAL // 8


class Sifted:
    """The events of a chunk that are kept, by key, with the rows that they have elsewhere.

    row: int32[n], kept: bool[n], both in order of time.
    """

    def __init__(self, chunk: Chunk, row: NDArray[np.int32], kept: NDArray[np.bool_]) -> None:
        events = chunk.rows(0, chunk.size)
        self._where: NDArray[np.int64] = kept.take(chunk.order).nonzero()[0]
        positions = chunk.order.take(self._where)
        self.times = chunk.times(positions)
        self.row = row.take(positions)
        self.keys: NDArray[np.int32] = events.keys.take(self._where).astype(np.int32)
        owners = events.product_event
        place = _places(self._where, chunk.size)
        self._products: NDArray[np.int64] = (place.take(owners) >= 0).nonzero()[0]
        self.product_event: NDArray[np.int64] = place.take(owners.take(self._products))
        product_place = _places(self._products, len(owners))
        self._columns = {
            field: _cut(
                cells, *((self._products, product_place) if field.namespace == "product" else (self._where, place))
            )
            for field in chunk.fields()
            if (cells := events.cells(field)) is not None
        }

    @property
    def size(self) -> int:
        return len(self.row)

    def columns(self) -> dict[Field, Cells]:
        return {field: cells for field, cells in self._columns.items() if len(cells.codes)}


def sifted(parts: Iterator[Sifted]) -> Iterator[Chunk]:
    """Events in chunks of the usual size."""
    store = EventStore()
    for part in parts:
        store.append(part, np.zeros(part.size, np.int32), None)
        yield from store.take_sealed()
    store.seal()
    yield from store.take_sealed()


def join_thin(store: EventStore) -> None:
    """Join chunks of which little is left, without what nobody owns."""
    left = [(chunk, int(np.count_nonzero(chunk.row != NOBODY))) for chunk in store.take_sealed()]
    thin = [chunk for chunk, count in left if count < _FEW or count * 2 < chunk.size]
    whole = [chunk for chunk, count in left if count >= _FEW and count * 2 >= chunk.size]
    store.add([*whole, *sifted(Sifted(chunk, chunk.row, chunk.row != NOBODY) for chunk in thin)])


def drop_nobody(store: EventStore) -> None:
    """Have no event that nobody owns."""
    chunks = store.take_sealed()
    mixed = [bool((chunk.row == NOBODY).any()) for chunk in chunks]
    whole = [chunk for chunk, some in zip(chunks, mixed, strict=True) if not some]
    parts = (chunk for chunk, some in zip(chunks, mixed, strict=True) if some)
    store.add([*whole, *sifted(Sifted(chunk, chunk.row, chunk.row != NOBODY) for chunk in parts)])


def _places(where: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    place = np.full(size, -1)
    place[where] = np.arange(len(where))
    return place


def _cut(cells: Cells, where: NDArray[np.int64], place: NDArray[np.int64]) -> Cells:
    """Cells of some rows of a table, at their places among them."""
    if cells.index is None:
        return Cells(None, cells.codes[where], None if cells.numbers is None else cells.numbers[where])
    at = place.take(cells.index)
    left = at >= 0
    return Cells(at[left], cells.codes[left], None if cells.numbers is None else cells.numbers[left])
