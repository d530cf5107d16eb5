"""From one plan to the next: what both ask goes on, the rest is filled, and what that changes is told."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from raudience.criteria.leaves import Plan
from raudience.records import Changes
from raudience.shard.arrivals import EventDictionaries
from raudience.shard.backfill import Backfill
from raudience.shard.bits import Columns
from raudience.shard.compiled import Fresh
from raudience.shard.evaluation import Evaluation
from raudience.shard.profiles import Profiles

__all__ = ["Adopted", "Adoption", "can_extend"]

_FEW = 64
"""Leaves that may go on though nobody asks for them any longer, beside as many as are asked for."""


class Adopted(NamedTuple):
    """What evaluates the next plan, and what changes with it."""

    evaluation: Evaluation
    changes: Changes


class Moved(NamedTuple):
    """MPIDs int64[k], ascending, of those who enter or leave an audience; entered: bool[k]."""

    mpid: NDArray[np.int64]
    entered: NDArray[np.bool_]


def can_extend(former: Plan, leaves: int, plan: Plan) -> bool:
    """Whether what so many leaves have found under one plan holds under the next, and is worth going on with."""
    unread = (former.workspaces, former.lookback, former.retention) != (plan.workspaces, plan.lookback, plan.retention)
    return not unread and bool(former.audiences) and leaves <= 2 * len(plan.leaves) + _FEW


class Adoption:
    """Brings a plan into force at one moment, in the place of the former evaluation."""

    def __init__(self, former: Evaluation, plan: Plan, profiles: Profiles, now: int) -> None:
        self._former, self._plan, self._profiles, self._now = former, plan, profiles, now

    def refill(self, backfill: Backfill) -> Adopted:
        """Fill everything; the former evaluation stays as it is."""
        present = backfill.run(self._plan)
        keys = sorted({*self._former.shown, *present.shown})
        return Adopted(present, self._told(present, keys, self._members(self._former, keys)))

    def extend(self, backfill: Backfill, known: EventDictionaries) -> Adopted:
        """Fill what is new and go on with the rest of the former evaluation, which must not be used any more."""
        former = self._former
        present = Evaluation(self._plan, self._profiles, known, former.compiled)
        fresh = present.compiled.since(former.compiled)
        keys = _touched(former, present, fresh)
        before = list(self._members(former, keys))
        present.take_over(former, fresh)
        backfill.fill(present, fresh)
        return Adopted(present, self._told(present, keys, before))

    def _members(self, evaluation: Evaluation, keys: list[str]) -> Iterator[NDArray[np.bool_]]:
        """bool[rows] of each audience: its members, nobody where it is not shown."""
        rows = self._profiles.rows
        columns, nobody = Columns(evaluation.membership.members, rows), np.zeros(rows, bool)
        for key in keys:
            number = evaluation.shown.get(key)
            yield nobody if number is None else columns.of(number)

    def _told(self, present: Evaluation, changing: list[str], before: Iterable[NDArray[np.bool_]]) -> Changes:
        """Changes of membership at this moment, given who was in the audiences that can have changed; those that are
        gone are left by all, and of shadows nothing is told."""
        versions = {a.key: a.version for plan in (self._former.plan, self._plan) for a in plan.shown}
        keys = sorted(versions)
        after = self._members(present, changing)
        moved = {key: self._moved(*members) for key, *members in zip(changing, before, after, strict=True)}
        parts = [moved.get(key, _NOBODY) for key in keys]
        count = [len(part.mpid) for part in parts]
        return Changes(
            tuple(keys),
            tuple(versions[key] for key in keys),
            np.arange(len(keys), dtype=np.int32).repeat(count),
            np.concatenate([_NOBODY.mpid, *(part.mpid for part in parts)]),
            np.concatenate([_NOBODY.entered, *(part.entered for part in parts)]),
            np.full(sum(count), self._now),
        )

    def _moved(self, before: NDArray[np.bool_], after: NDArray[np.bool_]) -> Moved:
        row = (before != after).nonzero()[0]
        mpids, entered = self._profiles.index.mpids.take(row), after.take(row)
        if entered.all():
            return Moved(np.sort(mpids), entered)
        order = np.argsort(mpids)
        return Moved(mpids[order], entered[order])


def _touched(former: Evaluation, present: Evaluation, fresh: Fresh) -> list[str]:
    """Keys of audiences whose members must be looked at anew, or that are not shown as they were."""
    shown = former.shown.keys() | present.shown.keys()
    return sorted(key for key in shown if present.shown.get(key, -1) in fresh.audiences
                  or former.shown.get(key) != present.shown.get(key))  # fmt: skip


_NOBODY = Moved(np.zeros(0, np.int64), np.zeros(0, bool))
