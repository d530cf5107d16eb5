"""Counts of matching events in windows: one byte per profile and counter, larger counts aside."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from raudience.criteria.leaves import Count
from raudience.shard.growing import grown, segments
from raudience.shard.toggles import Toggles

__all__ = ["Counters"]

_FULL = 255
_KEY_BITS = 63
_MOST_LEAVES = 63
_BLOCK = 65_536
_SPARE = 8
"""Counters that are added find room for so many at once: making it copies all counts."""


class Counters:
    """counts[row, counter], and which leaves turn when a count moves.

    `leaves` gives, for each counter, its Count leaves with their numbers. width: counters that there is room for.
    """

    def __init__(self, leaves: list[list[tuple[int, Count]]]) -> None:
        self.width = len(leaves)
        self._counts = np.zeros((0, self.width), np.uint8)
        self._large: dict[int, int] = {}
        self._leaves = _matrix([[number for number, _ in group] for group in leaves])
        self._truths = _truths(leaves)
        self._bit = np.arange(self._leaves.shape[1], dtype=np.uint64)[:, None]

    def make_room(self, rows: int) -> None:
        self._counts = grown(self._counts, rows)

    def nbytes(self) -> int:
        return self._counts.nbytes + 120 * len(self._large)

    def column(self, counter: int, rows: int) -> NDArray[np.int64]:
        """Counts int64[rows] of one counter."""
        return self._get(np.arange(rows, dtype=np.int64) * self.width + counter)

    def of_row(self, row: int) -> list[int]:
        """Counts of a row."""
        return [int(count) for count in self._get(row * np.int64(self.width) + np.arange(self.width))]

    def fill(self, counts: Mapping[int, NDArray[np.integer[Any]]]) -> None:
        """Set the counts [rows] of some counters for all rows."""
        if not counts:
            return
        numbers = list(counts)
        rows = len(counts[numbers[0]])
        self.make_room(rows)
        self._large = {place: count for place, count in self._large.items() if place % self.width not in counts}
        large = [number for number, column in counts.items() if int(column.max()) > _FULL]
        for number in large:
            for row in (counts[number] > _FULL).nonzero()[0].tolist():
                self._large[row * self.width + number] = int(counts[number][row])
        some = {number: np.minimum(column, _FULL) if number in large else column for number, column in counts.items()}
        for start in range(0, rows, _BLOCK):
            part = slice(start, min(start + _BLOCK, rows))
            for number, column in some.items():
                self._counts[part, number] = column[part]

    def take_over(self, other: Counters) -> None:
        """Hold what another holds, which has as many counters or fewer and must not be used any more."""
        if self.width <= other.width:
            self.width, self._counts, self._large = other.width, other._counts, other._large
            return
        self.width = -(-self.width // _SPARE) * _SPARE
        self._counts = np.zeros((len(other._counts), self.width), np.uint8)
        self._counts[:, : other.width] = other._counts
        self._large = {
            place // other.width * self.width + place % other.width: count for place, count in other._large.items()
        }

    def clear(self, rows: NDArray[np.int32]) -> None:
        """Zero the counts of rows that are given to other profiles."""
        self._counts[rows] = 0
        if self._large:
            cleared = set(rows.tolist())
            self._large = {place: count for place, count in self._large.items() if place // self.width not in cleared}

    def graft(self, other: Counters, to: NDArray[np.int32]) -> None:
        """Take the rows of another of the same counters, but for NOBODY; to: int32[n], own row of each of them."""
        self._counts[to[1:], : other.width] = other._counts[1 : len(to)]
        for place, count in other._large.items():
            row, counter = divmod(place, other.width)
            if row:
                self._large[int(to[row]) * self.width + counter] = count

    def apply(self, row: NDArray[np.int32], at: NDArray[np.int64], entry: NDArray[np.int32]) -> Toggles:
        """Move counts and tell which leaves turned at which instant. entry: counter * 2, plus 1 for a loss."""
        if not len(row):
            return Toggles(row, at, entry[:0])
        first = int(at.min())
        bits = (int(at.max()) - first).bit_length() + 1
        flat = row * np.int64(self.width)
        flat += entry >> 1
        if bits + int(flat.max()).bit_length() > _KEY_BITS:
            instants, rank = np.unique(at, return_inverse=True)
            toggles = self.apply(row, rank.reshape(-1), entry)
            return toggles._replace(at=instants[toggles.at])
        flat <<= bits
        moves = at - first
        moves <<= 1
        moves |= flat
        moves |= entry & 1
        moves.sort()
        return self._turned(moves, bits, first)

    def _turned(self, moves: NDArray[np.int64], bits: int, start: int) -> Toggles:
        flat, instants = moves >> bits, moves >> 1
        begins = segments(flat).nonzero()[0]
        stops = np.append(begins[1:], len(flat))
        places = flat.take(begins)
        held = self._get(places)
        moves &= 1
        delta = np.subtract(1, 2 * moves)
        after = delta.cumsum()
        base = held - after.take(begins)
        base += delta.take(begins)
        after += base.repeat(stops - begins)
        self._set(places, after.take(stops - 1))
        # A leaf that turns and turns back within an instant is told twice.
        former = after - delta
        instants &= (1 << (bits - 1)) - 1
        instants += start
        return self._leaves_turned(flat, former, after, instants)

    def _leaves_turned(
        self, flat: NDArray[np.int64], former: NDArray[np.int64], after: NDArray[np.int64], at: NDArray[np.int64]
    ) -> Toggles:
        counter = flat % self.width
        width = self._truths.shape[1]
        first, truths = counter * width, self._truths.reshape(-1)
        turned = truths.take(first + np.minimum(former, width - 1))
        turned ^= truths.take(first + np.minimum(after, width - 1))
        moved = turned.nonzero()[0]
        counter, turned, at = counter.take(moved), turned.take(moved), at.take(moved)
        row = (flat.take(moved) // self.width).astype(np.int32)
        leaves = self._leaves.shape[1]
        if leaves == 1:
            return Toggles(row, at, self._leaves.reshape(-1).take(counter))
        bit, where = ((turned >> self._bit) & np.uint64(1)).nonzero()
        place = counter.take(where) * leaves + bit
        return Toggles(row.take(where), at.take(where), self._leaves.reshape(-1).take(place))

    def _get(self, flat: NDArray[np.int64]) -> NDArray[np.int64]:
        counts = self._counts.reshape(-1).take(flat).astype(np.int64)
        if self._large:
            for place in (counts == _FULL).nonzero()[0].tolist():
                counts[place] = self._large.get(int(flat[place]), _FULL)
        return counts

    def _set(self, flat: NDArray[np.int64], counts: NDArray[np.int64]) -> None:
        held = self._counts.reshape(-1)
        if self._large:
            for place in flat[held[flat] == _FULL].tolist():
                self._large.pop(place, None)
        if int(counts.max()) > _FULL:
            for place in (counts > _FULL).nonzero()[0].tolist():
                self._large[int(flat[place])] = int(counts[place])
            counts = np.minimum(counts, _FULL)
        held[flat] = counts


def _matrix(groups: list[list[int]]) -> NDArray[np.int32]:
    matrix = np.zeros((len(groups), max(map(len, groups), default=0)), np.int32)
    for number, group in enumerate(groups):
        matrix[number, : len(group)] = group
    return matrix


def _truths(leaves: list[list[tuple[int, Count]]]) -> NDArray[np.uint64]:
    """uint64[counters, counts]: bit j says whether leaf j of the counter holds at a count (the last: or above)."""
    assert max(map(len, leaves), default=0) <= _MOST_LEAVES
    bounds = [bound for group in leaves for _, leaf in group for bound in (leaf.least, leaf.most or 0)]
    counts = np.arange(max(bounds, default=0) + 2)
    truths = np.zeros((len(leaves), len(counts)), np.uint64)
    for number, group in enumerate(leaves):
        for bit, (_, leaf) in enumerate(group):
            holds = (counts >= leaf.least) & (counts <= (counts[-1] if leaf.most is None else leaf.most))
            truths[number] |= holds.astype(np.uint64) << np.uint64(bit)
    return truths
