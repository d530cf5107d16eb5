"""Leaves about one moment of the user: first seen, and attributes that are dates."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from raudience.criteria.leaves import FOREVER, AgeTest, SpanTest
from raudience.shard.bits import Bits
from raudience.shard.growing import grown, segments
from raudience.shard.registers import NEVER
from raudience.shard.timers import Timers
from raudience.shard.toggles import Toggles, order_of, turns

__all__ = ["MomentLeaf"]


class MomentLeaf:
    """A test on one moment per row; NEVER where there is none. Its truth changes as the moment changes and ages."""

    def __init__(self, leaf: int, test: SpanTest | AgeTest) -> None:
        self.leaf = leaf
        self._test = test
        self._moment = np.zeros(0, np.int64)

    def make_room(self, rows: int) -> None:
        self._moment = grown(self._moment, rows, NEVER)

    def holds(self, moment: NDArray[np.int64], now: NDArray[np.int64] | int) -> NDArray[np.bool_]:
        """bool[k]: truth of moments at instants."""
        if isinstance(self._test, SpanTest):
            return (moment != NEVER) & (self._test.start <= moment) & (moment < self._test.end)
        age = now - moment
        return (moment != NEVER) & (self._test.low <= age) & (age <= self._test.high)

    def flips(self, moment: NDArray[np.int64]) -> tuple[NDArray[np.int64], ...]:
        """Instants int64[k] at which the truth of moments changes by time alone."""
        if isinstance(self._test, SpanTest):
            return ()
        edges = (self._test.low, self._test.high + 1)
        return tuple(np.where(moment == NEVER, NEVER, moment + edge) for edge in edges if edge < FOREVER)

    def fill(self, moment: NDArray[np.int64], now: int, timers: Timers) -> NDArray[np.bool_]:
        """Set the moments of all rows; their truth at `now`."""
        self._moment = moment.copy()
        self._arm(np.arange(len(moment), dtype=np.int32), moment, now, timers)
        return self.holds(moment, now)

    def apply(
        self, row: NDArray[np.int32], at: NDArray[np.int64], moment: NDArray[np.int64],
        due_row: NDArray[np.int32], due_at: NDArray[np.int64], bits: Bits, now: int, timers: Timers,
    ) -> Toggles:  # fmt: skip
        """Take new moments at instants and look again at rows whose time has come; `bits` holds the truth of before."""
        flips = self.flips(moment)
        inside = [((at < flip) & (flip <= now)).nonzero()[0] for flip in flips]
        rows = np.concatenate([due_row, *(row[where] for where in inside), row])
        ats = np.concatenate([due_at, *(flip[where] for flip, where in zip(flips, inside, strict=True)), at])
        given = np.concatenate([np.full(len(rows) - len(row), -1), np.arange(len(row))])
        order = order_of(rows, ats)
        rows, ats, given = rows[order], ats[order], given[order]
        stands = self._standing(rows, given, moment)
        self._keep(row, moment, rows, stands, now, timers)
        return turns(rows, ats, self.holds(stands, ats)[None], np.array([self.leaf], np.int32), bits)

    def clear(self, rows: NDArray[np.int32]) -> None:
        self._moment[rows] = NEVER

    def take_over(self, other: MomentLeaf) -> None:
        """Hold what another of the same test holds, which must not be used any more."""
        self._moment = other._moment

    def graft(self, other: MomentLeaf, to: NDArray[np.int32]) -> None:
        """Take the rows of another, but for NOBODY; to: int32[n], own row of each of them."""
        self._moment[to[1:]] = other._moment[1 : len(to)]

    def nbytes(self) -> int:
        return self._moment.nbytes

    def _standing(
        self, rows: NDArray[np.int32], given: NDArray[np.int64], moment: NDArray[np.int64]
    ) -> NDArray[np.int64]:
        place = np.where(given >= 0, np.arange(len(rows)), -1)
        last = np.maximum.accumulate(place)
        first = np.maximum.accumulate(np.where(segments(rows), np.arange(len(rows)), 0))
        return np.where(last >= first, moment[given[last]] if len(moment) else NEVER, self._moment[rows])

    def _keep(
        self, row: NDArray[np.int32], moment: NDArray[np.int64], rows: NDArray[np.int32],
        stands: NDArray[np.int64], now: int, timers: Timers,
    ) -> None:  # fmt: skip
        self._moment[rows] = stands
        self._arm(row, moment, now, timers)

    def _arm(self, row: NDArray[np.int32], moment: NDArray[np.int64], now: int, timers: Timers) -> None:
        for flip in self.flips(moment):
            ahead = flip > now
            timers.push(flip[ahead], row[ahead], self.leaf)
