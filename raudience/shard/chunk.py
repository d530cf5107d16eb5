"""A sealed part of the kept events: up to some tens of thousands, in order of time and, for attributes, of key."""

from __future__ import annotations

from bisect import bisect_left
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from raudience.records import Field
from raudience.shard.decimals import Decimals, decimals, short
from raudience.shard.growing import narrow, segments
from raudience.shard.matching import Matching
from raudience.shard.rows import Cells
from raudience.shard.words import ABSENT, NUMBER_CODE

__all__ = ["Chunk", "ChunkRows", "Matched", "SealedColumn", "seal_column"]

_NOTHING = slice(0, 0)


class SealedColumn:
    """Cells of one attribute in the order of a table: dense, or sparse with positions."""

    def __init__(self, index: NDArray[Any] | None, codes: NDArray[Any] | None, numbers: NDArray[Any] | None) -> None:
        self._index = index
        self._codes = codes
        self._numbers = None if numbers is None else decimals(numbers)

    def arrays(self) -> tuple[NDArray[Any] | None, NDArray[Any] | None, NDArray[Any] | None]:
        """Positions, codes and numbers, of four bytes where they fit: read only."""
        return self._index, self._codes, None if self._numbers is None else short(self._numbers.values())

    def cells(self) -> tuple[NDArray[Any], NDArray[np.float64] | None]:
        """Codes of all cells, and their numbers: read only."""
        return self.codes(slice(None)), None if self._numbers is None else self._numbers.values()

    @property
    def numeric(self) -> bool:
        """Whether there are numbers among the cells."""
        return self._numbers is not None

    def nbytes(self) -> int:
        held = (self._index, self._codes, None if self._numbers is None else self._numbers.held)
        return sum(array.nbytes for array in held if array is not None)

    def codes(self, where: slice) -> NDArray[Any]:
        """Codes of some of the cells."""
        if self._codes is not None:
            return self._codes[where]
        assert self._numbers is not None
        return np.full(len(self._numbers.held[where]), NUMBER_CODE, np.uint8)

    def numbers(self, where: slice) -> Decimals | None:
        """Numbers of some of the cells."""
        return None if self._numbers is None else self._numbers.part(where)

    def places(self, where: slice) -> NDArray[np.int64]:
        """Rows of some of the cells."""
        return np.arange(where.start, where.stop) if self._index is None else self._index[where].astype(np.int64)

    def between(self, first: int, last: int) -> Cells | None:
        """Cells of the rows [first, last), their positions counted from `first`."""
        held = self.held(first, last)
        if held.start == held.stop:
            return None
        index = self.places(held) - first if held.stop - held.start < last - first else None
        numbers = self.numbers(held)
        return Cells(index, self.codes(held), None if numbers is None else numbers.values())

    def held(self, first: int, last: int) -> slice:
        """Where the cells of the rows [first, last) stand among all cells."""
        index = self._index
        if index is None:
            return slice(first, last)
        places = index.data
        return slice(bisect_left(places, first), bisect_left(places, last))

    def at(self, rows: NDArray[np.int64]) -> tuple[NDArray[np.int32], NDArray[np.float64] | None]:
        """Codes int32[k], ABSENT where there is no cell, and numbers float64[k] of rows."""
        held, place = np.ones(len(rows), bool), rows
        if self._index is not None:
            place = np.minimum(np.searchsorted(self._index, rows), len(self._index) - 1)
            held = self._index.take(place) == rows
        codes = np.full(len(rows), NUMBER_CODE) if self._codes is None else self._codes.take(place)
        numbers = None if self._numbers is None else self._numbers.part(place).values()
        return np.where(held, codes, ABSENT).astype(np.int32), numbers


def seal_column(codes: NDArray[np.int32], numbers: NDArray[np.float64] | None) -> SealedColumn:
    """Pack the cells of all rows (codes int32[n], 0: absent; numbers float64[n] or None) in few bytes."""
    present = codes.nonzero()[0]
    index = None
    if len(present) < len(codes):
        index, codes = narrow(present), codes[present]
        numbers = None if numbers is None else numbers[present]
    only_numbers = numbers is not None and bool((codes == NUMBER_CODE).all())
    return SealedColumn(index, None if only_numbers else narrow(codes), numbers)


class Matched(NamedTuple):
    """Events that may satisfy matchers: positions uint[k] in time, None for all of them; patterns uint[k], 0 where an
    event satisfies none; distinct int64[p]: every pattern once."""

    positions: NDArray[Any] | None
    patterns: NDArray[Any]
    distinct: NDArray[np.int64]


class Chunk:
    """Events in two orders.

    In order of time: time uint32/int64[n] after `base`, row int32[n], pattern (made when first asked for). In order of
    (key, time): the attributes; `order[j]` is the position in time of the j-th event by key, and the events of key k
    stand at [offsets[k], offsets[k + 1]).
    """

    def __init__(
        self, times: NDArray[np.int64], rows: NDArray[np.int32], keys: NDArray[np.int32], order: NDArray[np.int64],
        columns: dict[Field, SealedColumn], product_event: NDArray[np.int64],
    ) -> None:  # fmt: skip
        self.base, self.last = int(times[0]), int(times[-1])
        offset = times - self.base
        self._time: NDArray[Any] = offset.astype(np.uint32) if self.last - self.base < 1 << 32 else offset
        self.row = rows
        self.order = narrow(order)
        by_key = keys.take(order)
        begins = segments(by_key).nonzero()[0]
        self.present = by_key.take(begins)
        self._offsets = np.append(begins, len(keys))
        ends = self._offsets.tolist()
        self._of_key = {key: slice(*ends[at : at + 2]) for at, key in enumerate(self.present.tolist())}
        self._columns = columns
        self._product_event = narrow(product_event)
        self._matched: tuple[Matching, Matched] | None = None

    @property
    def size(self) -> int:
        return len(self.row)

    def nbytes(self) -> int:
        fixed = self._time.nbytes + self.row.nbytes + self.order.nbytes + self._product_event.nbytes
        patterns = sum(array.nbytes for array in self._matched[1] if array is not None) if self._matched else 0
        return fixed + patterns + sum(column.nbytes() for column in self._columns.values())

    def span(self, after: int, until: int) -> slice:
        """Positions in time of the events with after < time <= until."""
        return slice(self._up_to(after), self._up_to(until))

    def _up_to(self, moment: int) -> int:
        """Number of events at or before a moment."""
        if moment < self.base:
            return 0
        if moment >= self.last:
            return self.size
        return int(self._time.searchsorted(self._time.dtype.type(moment - self.base), "right"))

    def times(self, where: Any) -> NDArray[np.int64]:
        """Times int64[k] of positions in time."""
        found = (self._time[where] if isinstance(where, slice) else self._time.take(where)).astype(np.int64)
        found += self.base
        return found

    def matched(self, matching: Matching) -> Matched:
        """What was found of the events."""
        if self._matched is None or self._matched[0] is not matching:
            by_time = np.empty(self.size, np.int32)
            by_time[self.order] = matching.classify(self.rows(0, self.size))
            self.remember(matching, by_time)
        assert self._matched is not None
        return self._matched[1]

    def remember(self, matching: Matching, by_time: NDArray[np.int32]) -> None:
        """Keep the patterns int32[n] of all events, in order of time."""
        positions = by_time.nonzero()[0]
        dense = len(positions) * 2 > self.size
        patterns = narrow(by_time if dense else by_time.take(positions))
        distinct = np.bincount(patterns).nonzero()[0]
        self._matched = (matching, Matched(None if dense else narrow(positions), patterns, distinct))

    def of_key(self, key: int) -> slice:
        """Positions by key of the events of a key."""
        return self._of_key.get(key, _NOTHING)

    def rows(self, first: int, last: int) -> ChunkRows:
        """Events [first, last) by key, as matching sees them."""
        return ChunkRows(self, first, last)

    def key_of(self, first: int, last: int) -> NDArray[Any]:
        """Keys int[k] of the positions [first, last) by key."""
        return self.present[self.number_of(first, last)]

    def sizes(self) -> NDArray[np.int64]:
        """How many events there are of each key in `present`."""
        return self._offsets[1:] - self._offsets[:-1]

    def keys_at(self, places: NDArray[np.int64]) -> NDArray[np.int32]:
        """Keys int32[k] of events by their positions by key."""
        return self.present.take(np.searchsorted(self._offsets, places, "right") - 1)

    def number_of(self, first: int, last: int) -> NDArray[np.int64]:
        """The same as positions in `present`."""
        return np.searchsorted(self._offsets, np.arange(first, last), "right") - 1

    def column(self, field: Field) -> SealedColumn | None:
        return self._columns.get(field)

    def fields(self) -> tuple[Field, ...]:
        return tuple(self._columns)

    def products(self, first: int, last: int) -> tuple[int, int]:
        """Positions of the products of the events [first, last) by key."""
        if not len(self._product_event):
            return 0, 0
        head, tail = np.searchsorted(self._product_event, (first, last)).tolist()
        return head, tail

    def product_events(self, head: int, tail: int) -> NDArray[np.int64]:
        return self._product_event[head:tail].astype(np.int64)


class ChunkRows:
    """EventRows over the positions [first, last) by key of a chunk."""

    def __init__(self, chunk: Chunk, first: int, last: int) -> None:
        self._chunk = chunk
        self._first, self._last = first, last
        self._products = chunk.products(first, last)

    @property
    def size(self) -> int:
        return self._last - self._first

    @property
    def keys(self) -> NDArray[Any]:
        return self._chunk.key_of(self._first, self._last)

    @property
    def positions(self) -> NDArray[Any]:
        """Positions in time of these events, ascending within a key."""
        return self._chunk.order[self._first : self._last]

    @property
    def times(self) -> NDArray[np.int64]:
        return self._chunk.times(self.positions)

    @property
    def product_event(self) -> NDArray[np.int64]:
        return self._chunk.product_events(*self._products) - self._first

    def cells(self, field: Field) -> Cells | None:
        column = self._chunk.column(field)
        if column is None:
            return None
        first, last = self._products if field.namespace == "product" else (self._first, self._last)
        return column.between(first, last)
