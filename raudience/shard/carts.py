"""Cart abandonment: last add, last completing action, last other action, and what is left in the cart (D17)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from raudience.criteria.leaves import Cart
from raudience.shard.bits import Bits
from raudience.shard.growing import grown, segments
from raudience.shard.registers import NEVER
from raudience.shard.toggles import Toggles, order_of, turns

__all__ = ["ADDED", "DONE", "OTHER", "CartState", "Happenings", "running_max"]

ADDED, DONE, OTHER = 0, 1, 2


class Happenings:
    """What carts hear of: row int32[k], at int64[k] when they hear it, role int8[k] (ADDED, DONE, OTHER, or -1 when
    only time has passed), time int64[k] of the event, left int64[k]: time of the latest add of which something is left
    after this (NEVER: nothing), or UNCHANGED."""

    UNCHANGED = NEVER - 1

    def __init__(
        self, row: NDArray[np.int32], at: NDArray[np.int64], role: NDArray[np.int8], time: NDArray[np.int64],
        left: NDArray[np.int64],
    ) -> None:  # fmt: skip
        order = order_of(row, at)
        self.row, self.at, self.role = row[order], at[order], role[order]
        self.time, self.left = time[order], left[order]


class CartState:
    """State that all cart leaves share which differ only in how long they wait."""

    def __init__(self, leaves: list[tuple[int, Cart]]) -> None:
        self.leaves = leaves
        self.removal = leaves[0][1].removed is not None
        self.moments = np.zeros((0, 4), np.int64)

    def make_room(self, rows: int) -> None:
        self.moments = grown(self.moments, rows, NEVER)

    def clear(self, rows: NDArray[np.int32]) -> None:
        self.moments[rows] = NEVER

    def nbytes(self) -> int:
        return self.moments.nbytes

    def holds(self, leaf: Cart, moments: NDArray[np.int64], now: NDArray[np.int64] | int) -> NDArray[np.bool_]:
        """bool[k]: truth for moments int64[k, 4] (added, done, other, left) at instants."""
        added, done, other, left = moments.T
        waited = added <= now - leaf.wait
        if leaf.other is not None:
            waited &= other <= now - leaf.wait
        if leaf.removed is not None:
            waited &= left > done
        return waited & (added > done) & (now - added <= leaf.lookback) & (added != NEVER)

    def apply(self, happened: Happenings, bits: Bits) -> list[Toggles]:
        """Take what happened and tell which leaves turned."""
        if not len(happened.row):
            return []
        after = self._after(happened)
        last = np.append(happened.row[1:] != happened.row[:-1], True)
        self.moments[happened.row[last]] = after[last]
        return [
            turns(
                happened.row, happened.at, self.holds(leaf, after, happened.at), bits.get(happened.row, number), number
            )
            for number, leaf in self.leaves
        ]

    def _after(self, happened: Happenings) -> NDArray[np.int64]:
        row = happened.row
        begins = segments(row)
        first = np.maximum.accumulate(np.where(begins, np.arange(len(row)), 0))
        after = self.moments[row]
        for role in (ADDED, DONE, OTHER):
            heard = np.where(happened.role == role, happened.time, NEVER)
            after[:, role] = running_max(np.maximum(heard, after[:, role]), begins)
        told = np.where(happened.left != Happenings.UNCHANGED, np.arange(len(row)), -1)
        latest = np.maximum.accumulate(told)
        known = latest >= first
        after[known, 3] = happened.left[latest[known]]
        return after


def running_max(values: NDArray[np.int64], begins: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Running maximum within segments."""
    if begins.all():
        return values
    order = np.argsort(values, kind="stable")
    rank = np.empty(len(values), np.int64)
    rank[order] = np.arange(len(values))
    lifted = rank + np.cumsum(begins) * len(values)
    return values[order[np.maximum.accumulate(lifted) - np.cumsum(begins) * len(values)]]
