"""Cart abandonment: last add, last completing action, last other action, and what is left in the cart (D17)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from raudience.criteria.leaves import Cart
from raudience.shard.bits import Bits
from raudience.shard.growing import grown, segments
from raudience.shard.registers import NEVER
from raudience.shard.toggles import Toggles, order_of, turns

__all__ = ["ADDED", "DONE", "OTHER", "CartState", "Happenings", "running_max"]

ADDED, DONE, OTHER = 0, 1, 2
_LEFT = 3
_KEY_BITS = 63


class Happenings:
    """What carts hear of: row int32[k], at int64[k] when they hear it, role int8[k] (ADDED, DONE, OTHER, or -1 when
    only time has passed), time int64[k] of the event, left int64[k]: time of the latest add of which something is left
    after this (NEVER: nothing), or UNCHANGED."""

    UNCHANGED = NEVER - 1

    def __init__(
        self, row: NDArray[np.int32], at: NDArray[np.int64], role: NDArray[np.int8], time: NDArray[np.int64],
        left: NDArray[np.int64],
    ) -> None:  # fmt: skip
        self.row, self.at, self.role, self.time, self.left = row, at, role, time, left

    def pick(self, where: NDArray[np.int64]) -> Happenings:
        """Those at positions, in that order."""
        row, at, role = self.row.take(where), self.at.take(where), self.role.take(where)
        return Happenings(row, at, role, self.time.take(where), self.left.take(where))


class CartState:
    """State that all cart leaves share which differ only in how long they wait and whether other actions count.

    The first leaf is one for which they do, if there is one.
    """

    def __init__(self, leaves: list[tuple[int, Cart]]) -> None:
        self.leaves = leaves
        self.numbers = np.array([number for number, _ in leaves], np.int32)
        self.removal = leaves[0][1].removed is not None
        self._others = np.array([[leaf.other is not None] for _, leaf in leaves])
        self._wait = np.array([[leaf.wait] for _, leaf in leaves], np.int64)
        self._lookback = np.array([[leaf.lookback] for _, leaf in leaves], np.int64)
        self._width = 4 if self.removal else 3
        self.moments = np.zeros((0, self._width), np.int64)
        self._adding = np.zeros(0, bool)

    def make_room(self, rows: int) -> None:
        self.moments = grown(self.moments, rows, NEVER)
        self._adding = grown(self._adding, rows)

    def clear(self, rows: NDArray[np.int32]) -> None:
        self.moments[rows] = NEVER

    def take_over(self, other: CartState) -> None:
        """Hold what another of the same leaves holds, which must not be used any more."""
        self.moments, self._adding = other.moments, other._adding

    def graft(self, other: CartState, to: NDArray[np.int32]) -> None:
        """Take the rows of another, but for NOBODY; to: int32[n], own row of each of them."""
        self.moments[to[1:]] = other.moments[1 : len(to)]

    def nbytes(self) -> int:
        return self.moments.nbytes + self._adding.nbytes

    def fill(self, latest: Sequence[NDArray[np.int64]], now: int) -> NDArray[np.bool_]:
        """Set the moments of all rows, int64[rows] of each role and, with removal, of what is left; the truth of the n
        leaves, bool[n, rows]."""
        self.moments = np.stack(latest, axis=1)
        self._adding = np.zeros(len(self.moments), bool)
        truth = np.zeros((len(self.numbers), len(self.moments)), bool)
        going = (latest[ADDED] > latest[DONE]).nonzero()[0]
        moments = np.array([column.take(going) for column in latest]).T
        for column, held in zip(truth, self.holds(moments, now), strict=True):
            column[going] = held
        return truth

    def holds(self, moments: NDArray[np.int64], now: NDArray[np.int64] | int) -> NDArray[np.bool_]:
        """bool[n, k]: truth of the n leaves for moments int64[k, 3 or 4] (added, done, other, left) at instants."""
        columns = moments.T
        added, done = columns[ADDED], columns[DONE]
        going = (added > done) & (added != NEVER)
        if self.removal:
            going = going & (columns[_LEFT] > done) & (columns[_LEFT] >= now - self._lookback)
        since = np.where(self._others, np.maximum(added, columns[OTHER]), added)
        return going & (since <= now - self._wait) & (added >= now - self._lookback)

    def apply(self, happened: Happenings, bits: Bits) -> list[Toggles]:
        """Take what happened and tell which leaves turned."""
        going = self._going(happened)
        if not len(going):
            return []
        happened = happened.pick(going.take(order_of(happened.row.take(going), happened.at.take(going))))
        begins = segments(happened.row)
        after = self._after(happened, begins)
        last = np.append(begins[1:], True).nonzero()[0]
        self.moments[happened.row.take(last)] = after.take(last, axis=0)
        return [turns(happened.row, happened.at, self.holds(after, happened.at), self.numbers, bits, begins)]

    def _going(self, happened: Happenings) -> NDArray[np.int64]:
        """Note what happened to rows that have nothing in a cart, where no leaf can turn; positions of the others."""
        row, role = happened.row, happened.role
        place = row * np.int64(self._width)
        moments = self.moments.reshape(-1)
        open_cart = moments.take(place) != NEVER
        added = row.compress(role == ADDED)
        if len(added):
            self._adding[added] = True
            open_cart |= self._adding.take(row)
            self._adding[added] = False
        where = ((role >= DONE) > open_cart).nonzero()[0]
        if len(where):
            np.maximum.at(moments, place.take(where) + role.take(where), happened.time.take(where))
        return open_cart.nonzero()[0]

    def _after(self, happened: Happenings, begins: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Moments int64[k, 3 or 4] after each happening."""
        row = happened.row
        after = self.moments.take(row, axis=0)
        moments, heard = after.reshape(-1), (happened.role >= 0).nonzero()[0]
        place = heard * self._width + happened.role.take(heard)
        moments[place] = np.maximum(moments.take(place), happened.time.take(heard))
        inner, reach = (~begins).nonzero()[0], 1
        while len(inner):
            after[inner] = np.maximum(after.take(inner, axis=0), after.take(inner - reach, axis=0))
            reach *= 2
            inner = inner[inner >= reach]
            inner = inner.compress(row.take(inner) == row.take(inner - reach))
        if self.removal:
            self._leave(happened, after, begins)
        return after

    def _leave(self, happened: Happenings, after: NDArray[np.int64], begins: NDArray[np.bool_]) -> None:
        places = np.arange(len(begins))
        latest = np.maximum.accumulate(np.where(happened.left != Happenings.UNCHANGED, places, -1))
        known = latest >= np.maximum.accumulate(np.where(begins, places, 0))
        after[known, _LEFT] = happened.left[latest[known]]


def running_max(values: NDArray[np.int64], begins: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Running maximum within segments."""
    if begins.all():
        return values
    floor = int(values.min(where=values != NEVER, initial=1 << 61)) - 1
    bits = (int(values.max()) - floor).bit_length() if floor < 1 << 60 else 0
    if bits + len(values).bit_length() >= _KEY_BITS:
        return _running_max_by_rank(values, begins)
    lifted = np.where(values == NEVER, 0, values - floor)
    lift = np.cumsum(begins) << bits
    lifted = np.maximum.accumulate(lifted + lift) - lift
    return np.where(lifted == 0, NEVER, lifted + floor)


def _running_max_by_rank(values: NDArray[np.int64], begins: NDArray[np.bool_]) -> NDArray[np.int64]:
    order = np.argsort(values, kind="stable")
    rank = np.empty(len(values), np.int64)
    rank[order] = np.arange(len(values))
    lift = np.cumsum(begins) * len(values)
    return values[order[np.maximum.accumulate(rank + lift) - lift]]
