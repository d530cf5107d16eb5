"""Leaves that add up or tell apart what events hold: sums, averages, numbers of different values.

Like counts they move only by what comes into the window and what leaves it, whatever else a user has done.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from raudience.criteria.leaves import Distinct, Sum
from raudience.records import Field
from raudience.shard.amounts import Amounts, Read, Texts, Values
from raudience.shard.bits import Bits
from raudience.shard.index import NOBODY
from raudience.shard.rows import EventRows
from raudience.shard.tallies import Different, Moved, Tally, distinct_judge, sum_judge
from raudience.shard.toggles import Toggles, turns
from raudience.shard.windowed import Arrived, Passed, Windowed
from raudience.shard.words import Dictionary

__all__ = ["AggregateLeaf", "AggregateState"]

AggregateLeaf: TypeAlias = Sum | Distinct


class AggregateState:
    """One leaf, for all rows."""

    def __init__(self, number: int, leaf: AggregateLeaf, dictionaries: dict[Field, Dictionary]) -> None:
        self.number = number
        self.leaf = leaf
        self._reader = (
            Amounts(leaf, dictionaries) if isinstance(leaf, Sum) else Texts(leaf.field, dictionaries, leaf.matcher)
        )
        self._judge = sum_judge(leaf) if isinstance(leaf, Sum) else distinct_judge(leaf)
        self._windowed, self._tally = Windowed(leaf.window), Tally(self._judge)
        self._different = Different()

    def read(self, rows: EventRows, where: NDArray[np.int64]) -> Read:
        """Values of the events at the positions; `of` counts in `where`."""
        return self._reader.read(rows, where)

    def step(self, after: int, until: int, arrived: Arrived | None, bits: Bits) -> Toggles | None:
        """What turns in (after, until]; each such interval begins where the one before ended."""
        if arrived is not None:
            arrived = arrived.pick(arrived.row != NOBODY)
            self._tally.note(arrived.row, arrived.time)
        passed = self._windowed.step(after, until, arrived)
        if not len(passed.row):
            return None
        row, at, truth, begins = self._move(passed)
        return turns(row, at, truth[None], np.array([self.number], np.int32), bits, begins)

    def fill(self, arrived: Arrived, now: int, column: NDArray[np.bool_]) -> None:
        """Begin with all that was ever there, in a new state; column: bool[rows], where the truth goes."""
        arrived = arrived.pick(arrived.row != NOBODY)
        self._tally.note(arrived.row, arrived.time)
        self._move(self._windowed.fill(arrived, now))
        rows = self._tally.rows()
        column[rows] = self._tally.truth(rows)

    def holds(self, value: Values) -> bool:
        """Truth of a user with these values in the window."""
        if isinstance(self.leaf, Distinct):
            value = np.unique(value)
        total = sum(value.tolist()) if isinstance(self.leaf, Sum) else len(value)
        return bool(self._judge(np.array([total], object), np.array([len(value)]))[0])

    def next_edge(self, now: int) -> int | None:
        """The next moment at which something comes into the window or leaves it."""
        return self._windowed.next_after(now)

    def clear(self, rows: NDArray[np.int32]) -> None:
        """Forget rows that are given to other profiles."""
        rows, latest = self._tally.latest(rows)
        if not len(rows):
            return
        if self._windowed.may_hold(latest).any():
            gone = np.zeros(int(self._tally.rows().max()) + 1, bool)
            gone[rows] = True
            self._windowed.forget(gone)
            self._different.forget(rows)
        self._tally.clear(rows)

    def take_over(self, other: AggregateState) -> None:
        """Hold what another of the same leaf holds, which must not be used any more."""
        self._reader, self._windowed = other._reader, other._windowed
        self._tally, self._different = other._tally, other._different

    def graft(self, other: AggregateState, to: NDArray[np.int32]) -> None:
        """Take the rows of another, of which nothing is left there; to: int32[n], own row of each of them."""
        row, time, value = other._windowed.all()
        if isinstance(self._reader, Texts) and isinstance(other._reader, Texts):
            value = self._reader.learn(other._reader).take(value)
        self._tally.note(to[row], time)
        self._move(self._windowed.fill(Arrived(to[row], time, time, value), other._windowed.now))

    def nbytes(self) -> int:
        return self._windowed.nbytes() + self._tally.nbytes() + self._different.nbytes()

    def _move(self, passed: Passed) -> Moved:
        return self._tally.move(self._different.moves(passed) if isinstance(self.leaf, Distinct) else passed)
