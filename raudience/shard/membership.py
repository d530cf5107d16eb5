"""From turned leaves to changes of membership."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from raudience.shard.bits import BIT, Bits
from raudience.shard.formulas import Formulas
from raudience.shard.growing import expand, segments
from raudience.shard.toggles import Toggles, order_of

__all__ = ["Membership", "Turns"]


_PIECE = 1 << 20
"""Bytes of states that are worked at a time."""


class Turns(NamedTuple):
    """Rows that entered or left audiences: audience, row int32[k], entered bool[k], at int64[k]."""

    audience: NDArray[np.int32]
    row: NDArray[np.int32]
    entered: NDArray[np.bool_]
    at: NDArray[np.int64]


class Membership:
    """Truth of all leaves and membership in all audiences of all rows.

    After every instant at which a leaf turned, each audience that reads it is evaluated for that row, and only those.
    """

    def __init__(self, default: NDArray[np.bool_], formulas: Formulas) -> None:
        self.leaves = Bits(default)
        self.members = Bits(np.zeros(len(formulas.formulas), bool))
        self._formulas = formulas
        readers = [formulas.readers.get(leaf, []) for leaf in range(len(default))]
        self._reader_count = np.array([len(read) for read in readers], np.int64)
        self._reader_start = np.cumsum(self._reader_count) - self._reader_count
        self._readers = np.array([audience for read in readers for audience in read], np.int64)

    def make_room(self, rows: int) -> None:
        self.leaves.make_room(rows)
        self.members.make_room(rows)

    def reset(self, rows: NDArray[np.int32]) -> None:
        """Give rows the leaves of a profile without data."""
        self.leaves.reset(rows)

    def forget(self, rows: NDArray[np.int32]) -> None:
        """Nobody is there any more, and nobody has left."""
        self.leaves.reset(rows)
        self.members.reset(rows)

    def graft(self, other: Membership, to: NDArray[np.int32]) -> None:
        """Take the rows of another of the same plan; to: int32[n], own row of each."""
        self.leaves.graft(other.leaves, to)
        self.members.graft(other.members, to)

    def apply(self, toggles: Toggles) -> Turns:
        """Turn leaves and tell who entered and left what, at each instant."""
        if not len(toggles.row):
            return Turns(toggles.leaf, toggles.row, np.zeros(0, bool), toggles.at)
        order = order_of(toggles.row, toggles.at)
        row, at, leaf = toggles.row.take(order), toggles.at.take(order), toggles.leaf.take(order)
        parts = [self._turn(row[part], at[part], leaf[part]) for part in self._pieces(row)]
        return parts[0] if len(parts) == 1 else Turns(*map(np.concatenate, zip(*parts, strict=True)))

    def _pieces(self, row: NDArray[np.int32]) -> list[slice]:
        """Whole rows, as many at a time as leave their states in the cache."""
        most = _PIECE // (self.leaves.bytes.shape[1] + 8)
        if len(row) <= most:
            return [slice(None)]
        wanted = np.arange(most, len(row), most)
        cuts = np.unique(row.searchsorted(row.take(wanted))).tolist()
        return [slice(start, stop) for start, stop in zip([0, *cuts], [*cuts, len(row)], strict=True) if start < stop]

    def _turn(self, row: NDArray[np.int32], at: NDArray[np.int64], leaf: NDArray[np.int32]) -> Turns:
        """Turn leaves, sorted by (row, at)."""
        states = self._states(row, leaf)
        last = np.append(row[1:] != row[:-1], True)
        final = last.nonzero()[0]
        self.leaves.bytes[row.take(final)] = states[:, : self.leaves.bytes.shape[1]].take(final, axis=0)
        last[:-1] |= at[1:] != at[:-1]
        group = last.cumsum() - last
        ends = last.nonzero()[0]
        return self._evaluate(
            row.take(ends), at.take(ends), states.take(ends, axis=0), self._asked(leaf, group, len(ends)), len(ends)
        )

    def _states(self, row: NDArray[np.int32], leaf: NDArray[np.int32]) -> NDArray[np.uint8]:
        """uint8[k, bytes, filled up to eights]: leaves of the row after each toggle, in the order of the toggles."""
        width = self.leaves.bytes.shape[1]
        masks = np.zeros((len(row), (width + 7) // 8), np.uint64)
        place = np.arange(0, masks.nbytes, 8 * masks.shape[1])
        place += leaf >> 3
        masks.view(np.uint8).reshape(-1)[place] = BIT.take(leaf & 7)
        turned = np.bitwise_xor.accumulate(masks, axis=0)
        starts = segments(row)
        begins = starts.nonzero()[0]
        base = turned.take(begins, axis=0)
        base ^= masks.take(begins, axis=0)
        base.view(np.uint8)[:, :width] ^= self.leaves.bytes.take(row.take(begins), axis=0)
        turned ^= base.take(starts.cumsum() - 1, axis=0)
        return turned.view(np.uint8)

    def _asked(self, leaf: NDArray[np.int32], group: NDArray[np.int64], groups: int) -> NDArray[np.int64]:
        """Distinct audience * groups + group that must be evaluated, ascending."""
        owner, position = expand(self._reader_start.take(leaf), self._reader_count.take(leaf))
        asked = self._readers.take(position)
        asked *= groups
        asked += group.take(owner)
        asked.sort()
        return asked.compress(segments(asked))

    def _evaluate(
        self, row: NDArray[np.int32], at: NDArray[np.int64], states: NDArray[np.uint8], asked: NDArray[np.int64],
        groups: int,
    ) -> Turns:  # fmt: skip
        audience = asked // groups
        group = asked - audience * groups
        truth = self._formulas.of(audience, states, group)
        rows = row.take(group)
        column = audience.astype(np.int32)
        first = np.append(True, (audience[1:] != audience[:-1]) | (rows[1:] != rows[:-1])) if len(rows) else truth
        before = np.empty(len(truth), bool)
        before[1:] = truth[:-1]
        begins = first.nonzero()[0]
        before[begins] = self.members.each(rows.take(begins), column.take(begins))
        turned = (truth != before).nonzero()[0]
        column, rows = column.take(turned), rows.take(turned)
        self.members.flip(rows, column)
        return Turns(column, rows, truth.take(turned), at.take(group.take(turned)))
