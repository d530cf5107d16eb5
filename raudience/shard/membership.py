"""From turned leaves to changes of membership."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from raudience.shard.bits import Bits
from raudience.shard.formulas import Formulas
from raudience.shard.growing import expand, segments
from raudience.shard.toggles import Toggles, order_of

__all__ = ["Membership", "Turns"]


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

    def apply(self, toggles: Toggles) -> Turns:
        """Turn leaves and tell who entered and left what, at each instant."""
        if not len(toggles.row):
            return Turns(toggles.leaf, toggles.row, np.zeros(0, bool), toggles.at)
        order = order_of(toggles.row, toggles.at)
        row, at, leaf = toggles.row[order], toggles.at[order], toggles.leaf[order]
        states = self._states(row, leaf)
        last = np.append((row[1:] != row[:-1]) | (at[1:] != at[:-1]), True)
        group = np.cumsum(last) - last
        ends = last.nonzero()[0]
        final = np.append(row[1:] != row[:-1], True)
        self.leaves.bytes[row[final]] = states[final]
        return self._evaluate(
            row[ends], at[ends], states.take(ends, axis=0), self._asked(leaf, group, len(ends)), len(ends)
        )

    def _states(self, row: NDArray[np.int32], leaf: NDArray[np.int32]) -> NDArray[np.uint8]:
        """uint8[k, bytes]: leaves of the row after each toggle, in the order of the toggles."""
        masks = np.zeros((len(row), self.leaves.bytes.shape[1]), np.uint8)
        masks[np.arange(len(row)), leaf >> 3] = np.uint8(1) << (leaf & 7).astype(np.uint8)
        turned = np.bitwise_xor.accumulate(masks, axis=0)
        begins = segments(row).nonzero()[0]
        base = self.leaves.bytes.take(row[begins], axis=0)
        base ^= turned[begins] ^ masks[begins]
        turned ^= np.repeat(base, np.diff(np.append(begins, len(row))), axis=0)
        return turned

    def _asked(self, leaf: NDArray[np.int32], group: NDArray[np.int64], groups: int) -> NDArray[np.int64]:
        """Distinct audience * groups + group that must be evaluated, ascending."""
        owner, position = expand(self._reader_start[leaf], self._reader_count[leaf])
        asked = np.sort(self._readers[position] * groups + group[owner])
        return asked[segments(asked)]

    def _evaluate(
        self, row: NDArray[np.int32], at: NDArray[np.int64], states: NDArray[np.uint8], asked: NDArray[np.int64],
        groups: int,
    ) -> Turns:  # fmt: skip
        audience, group = np.divmod(asked, groups)
        truth = self._formulas.of(audience, states, group)
        rows = row[group]
        column = audience.astype(np.int32)
        first = np.append(True, (audience[1:] != audience[:-1]) | (rows[1:] != rows[:-1])) if len(rows) else truth
        before = np.empty(len(truth), bool)
        before[1:] = truth[:-1]
        begins = first.nonzero()[0]
        before[begins] = self._is_member(rows[begins], column[begins])
        turned = (truth != before).nonzero()[0]
        self.members.flip(rows[turned], column[turned])
        return Turns(column[turned], rows[turned], truth[turned], at[group[turned]])

    def _is_member(self, rows: NDArray[np.int32], audience: NDArray[np.int32]) -> NDArray[np.bool_]:
        held = self.members.bytes[rows, audience >> 3]
        return (held >> (audience & 7).astype(np.uint8)) & np.uint8(1) != 0
