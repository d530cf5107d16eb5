"""A new plan is filled from what is kept, as if it had been there always."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from raudience.criteria.leaves import Cart, Matcher, Plan, Window
from raudience.records import Changes
from raudience.shard.arrivals import EventDictionaries
from raudience.shard.carts import ADDED, DONE, OTHER
from raudience.shard.changing import ordered
from raudience.shard.contents import CartContents, product_ids
from raudience.shard.evaluation import Evaluation
from raudience.shard.formulas import evaluate
from raudience.shard.histories import HistoryState
from raudience.shard.profiles import NOT_YET, Profiles
from raudience.shard.registers import NEVER
from raudience.shard.selecting import Found, Selector
from raudience.shard.store import EventStore
from raudience.shard.timers import Timers

__all__ = ["Backfill"]

_FULL = 255
_EVER = 1 << 60


class Backfill:
    """Fills an evaluation at one moment from profiles and kept events."""

    def __init__(
        self, profiles: Profiles, store: EventStore, known: EventDictionaries, timers: Timers, now: int
    ) -> None:
        self._profiles, self._store, self._known = profiles, store, known
        self._timers, self._now = timers, now
        self._rows = profiles.rows

    def run(self, plan: Plan) -> Evaluation:
        """An evaluation of the plan with all its state."""
        self._store.seal()
        self._timers.keep(lambda leaf: leaf < 0)
        evaluation = Evaluation(plan, self._profiles, self._known)
        truth = np.zeros((len(evaluation.compiled.leaves), self._rows), bool)
        self._profile_leaves(evaluation, truth)
        self._counters(evaluation, truth)
        self._carts(evaluation, truth)
        self._histories(evaluation, truth)
        evaluation.membership.leaves.fill(truth)
        members = [evaluate(formula, truth.__getitem__) for formula in evaluation.compiled.formulas]
        evaluation.membership.members.fill(np.array(members, bool).reshape(len(members), self._rows))
        return evaluation

    def difference(self, former: Evaluation, present: Evaluation) -> Changes:
        """Changes of membership between two evaluations, at this moment; audiences that are gone are left by all."""
        parts: list[Changes] = []
        keys = sorted({*former.audiences, *present.audiences})
        for number, key in enumerate(keys):
            before, after = self._members(former, key), self._members(present, key)
            row = (before != after).nonzero()[0]
            audience, at = np.full(len(row), number, np.int32), np.full(len(row), self._now)
            parts.append(Changes((), (), audience, self._profiles.index.mpids[row], after[row], at))
        versions = {a.key: a.version for e in (former, present) for a in e.plan.audiences}
        changes = ordered(present.plan, parts)
        return Changes(
            tuple(keys),
            tuple(versions[key] for key in keys),
            changes.audience,
            changes.mpid,
            changes.entered,
            changes.at,
        )

    def _members(self, evaluation: Evaluation, key: str) -> NDArray[np.bool_]:
        column = evaluation.audiences.get(key)
        if column is None:
            return np.zeros(self._rows, bool)
        return evaluation.membership.members.column(column, self._rows)

    def _profile_leaves(self, evaluation: Evaluation, truth: NDArray[np.bool_]) -> None:
        leaves, rows = evaluation.leaves, self._rows
        for (workspace, field), asked in leaves.asked.items():
            truth[asked.numbers] = leaves.whole_field(workspace, field, rows)
        for number, place in leaves.places:
            truth[number] = leaves.whole_place(place, rows)
        for number, alive in leaves.present:
            truth[number] = leaves.whole_present(alive, rows)
        for (workspace, field), aged in leaves.ages.items():
            moment = leaves.whole_moment(workspace, field, rows)
            for leaf in aged:
                truth[leaf.leaf] = leaf.fill(moment, self._now, self._timers)
        for workspace, seen in leaves.first_seen.items():
            self._profiles.workspace(workspace)
            self._profiles.make_room()
            first = self._profiles.first_seen[workspace][:rows]
            for leaf in seen:
                truth[leaf.leaf] = leaf.fill(np.where(first == NOT_YET, NEVER, first), self._now, self._timers)

    def _select(self, evaluation: Evaluation, matcher: Matcher) -> Selector:
        return Selector(matcher, self._known, evaluation.plan.workspaces)

    def _counters(self, evaluation: Evaluation, truth: NDArray[np.bool_]) -> None:
        compiled = evaluation.compiled
        held = np.zeros((len(compiled.counters), self._rows), np.uint8)
        large: dict[tuple[int, int], int] = {}
        for number, (matcher, window) in enumerate(compiled.counters):
            counts = self._count(self._select(evaluation, compiled.matchers[matcher]), window)
            for leaf, count in compiled.counter_leaves[number]:
                truth[leaf] = counts >= count.least
                if count.most is not None:
                    truth[leaf] &= counts <= count.most
            held[number] = np.minimum(counts, _FULL)
            over = (counts > _FULL).nonzero()[0]
            large.update(
                {(row, number): count for row, count in zip(over.tolist(), counts[over].tolist(), strict=True)}
            )
        evaluation.events.counters.fill(held, large)

    def _count(self, selector: Selector, window: Window) -> NDArray[np.uint16] | NDArray[np.int64]:
        found = selector.find(self._store.chunks, self._now - window.high - 1, self._now - window.low)
        rows = [part.row for part in found]
        return np.bincount(np.concatenate([np.zeros(0, np.int32), *rows]), minlength=self._rows)

    def _carts(self, evaluation: Evaluation, truth: NDArray[np.bool_]) -> None:
        for state, contents in zip(evaluation.events.carts, evaluation.events.contents, strict=True):
            leaf = state.leaves[0][1]
            state.make_room(self._rows)
            for role, matcher in ((ADDED, leaf.added), (DONE, leaf.done), (OTHER, leaf.other)):
                if matcher is not None:
                    for found in self._select(evaluation, matcher).find(self._store.chunks, -_EVER, self._now):
                        held = state.moments[:, role]
                        held[found.row] = np.maximum(held[found.row], found.times())
            if leaf.removed is not None:
                self._contents(evaluation, leaf, state.moments, contents)
            moments = state.moments[: self._rows]
            truth[state.numbers] = state.holds(moments, self._now)

    def _contents(self, evaluation: Evaluation, leaf: Cart, moments: NDArray[np.int64], contents: CartContents) -> None:
        for matcher, added in ((leaf.added, True), (leaf.removed, False)):
            assert matcher is not None
            for found in self._select(evaluation, matcher).find(
                self._store.chunks, self._now - leaf.lookback - 1, _EVER
            ):
                products = product_ids(found.events, found.places(), matcher, self._known.words)
                for row, time, ids in zip(found.row.tolist(), found.times().tolist(), products, strict=True):
                    if time > self._now:
                        contents.defer(row, time, added, ids)
                    else:
                        moments[row, 3] = contents.take(row, time, added, ids)

    def _histories(self, evaluation: Evaluation, truth: NDArray[np.bool_]) -> None:
        for state in evaluation.events.histories:
            truth[state.number] = evaluation.compiled.default[state.number]
            for step, matcher in enumerate(state.matchers()):
                selector = self._select(evaluation, matcher)
                for found in selector.find(self._store.chunks, self._now - state.leaf.window.high - 1, _EVER):
                    self._take(state, step, found)
            for row in state.rows():
                truth[state.number, row] = state.holds(state.present(row, self._now), self._now)

    def _take(self, state: HistoryState, step: int, found: Found) -> None:
        entries = state.entries(found.events, found.places(), step, found.times())
        for row, kept in zip(found.row.tolist(), entries, strict=True):
            state.take(row, kept)
