"""A new plan is filled from what is kept, as if it had been there always."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from raudience.criteria.leaves import Cart, Matcher, Plan, Window
from raudience.records import Changes
from raudience.shard.arrivals import EventDictionaries
from raudience.shard.carts import ADDED, DONE, OTHER
from raudience.shard.contents import CartContents, product_ids
from raudience.shard.evaluation import Evaluation
from raudience.shard.formulas import evaluate
from raudience.shard.histories import HistoryState
from raudience.shard.profiles import NOT_YET, Profiles
from raudience.shard.registers import NEVER
from raudience.shard.runs import Runs, grouped
from raudience.shard.selecting import Found, Selector
from raudience.shard.store import EventStore
from raudience.shard.timers import Timers

__all__ = ["Backfill"]

_AT_ONCE = 128
"""Counters that are filled at once: two bytes each for every row."""

_MOST = (1 << 16) - 1
"""Events that two bytes can count."""

_EVER = 1 << 60


class Backfill:
    """Fills an evaluation at one moment from profiles and kept events."""

    def __init__(
        self, profiles: Profiles, store: EventStore, known: EventDictionaries, timers: Timers, now: int
    ) -> None:
        self._profiles, self._store, self._known = profiles, store, known
        self._timers, self._now = timers, now
        self._rows = profiles.rows
        self._filled: dict[str, NDArray[np.bool_]] = {}

    def run(self, plan: Plan) -> Evaluation:
        """An evaluation of the plan with all its state."""
        self._store.seal()
        self._timers.keep(lambda leaf: leaf < 0)
        evaluation = Evaluation(plan, self._profiles, self._known)
        truth = np.zeros((len(evaluation.compiled.leaves), self._rows), bool)
        self._profile_leaves(evaluation, truth)
        latest = self._wanted_latest(evaluation)
        self._counters(evaluation, truth, latest)
        self._carts(evaluation, truth, latest)
        self._histories(evaluation, truth)
        evaluation.membership.leaves.fill(truth)
        members = [evaluate(formula, truth.__getitem__) for formula in evaluation.compiled.formulas]
        evaluation.membership.members.fill(members)
        self._filled = dict(zip(evaluation.audiences, members, strict=True))
        return evaluation

    def difference(self, former: Evaluation, present: Evaluation) -> Changes:
        """Changes of membership from an evaluation to the one that was filled, at this moment; audiences that are gone
        are left by all. Of shadows nothing is told."""
        versions = {a.key: a.version for e in (former, present) for a in e.plan.shown}
        keys = sorted(versions)
        parts = [self._turned(former, key) if key in present.shown else self._gone(former, key) for key in keys]
        count = [len(mpids) for mpids, _ in parts]
        return Changes(
            tuple(keys),
            tuple(versions[key] for key in keys),
            np.arange(len(keys), dtype=np.int32).repeat(count),
            np.concatenate([np.zeros(0, np.int64), *(mpids for mpids, _ in parts)]),
            np.concatenate([np.zeros(0, bool), *(entered for _, entered in parts)]),
            np.full(sum(count), self._now),
        )

    def _turned(self, former: Evaluation, key: str) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """MPIDs int64[k], ascending, of those who enter or leave an audience; bool[k]: who enters."""
        after, column = self._filled[key], former.shown.get(key)
        if column is None:
            return np.sort(self._profiles.index.mpids.take(after.nonzero()[0])), np.ones(np.count_nonzero(after), bool)
        before = former.membership.members.column(column, self._rows)
        row = (before != after).nonzero()[0]
        mpids = self._profiles.index.mpids.take(row)
        order = np.argsort(mpids)
        return mpids[order], ~before[row[order]]

    def _gone(self, former: Evaluation, key: str) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """The same for an audience that is no longer shown."""
        before = former.membership.members.column(former.shown[key], self._rows)
        mpids = np.sort(self._profiles.index.mpids.take(before.nonzero()[0]))
        return mpids, np.zeros(len(mpids), bool)

    def _profile_leaves(self, evaluation: Evaluation, truth: NDArray[np.bool_]) -> None:
        leaves, rows = evaluation.leaves, self._rows
        for (workspace, field), asked in leaves.asked.items():
            for number, column in zip(asked.numbers, leaves.whole_field(workspace, field, rows), strict=True):
                truth[number] = column
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

    def _counters(self, evaluation: Evaluation, truth: NDArray[np.bool_], latest: list[_Latest]) -> None:
        """Fill counters; the latest events that carts wait for are read along with the first of them."""
        compiled = evaluation.compiled
        for first in range(0, max(len(compiled.counters), 1), _AT_ONCE):
            part = compiled.counters[first : first + _AT_ONCE]
            counts = self._count(evaluation, part, latest if first == 0 else [])
            for number, column in enumerate(counts, first):
                for leaf, count in compiled.counter_leaves[number]:
                    np.greater_equal(column, count.least, out=truth[leaf])
                    if count.most is not None:
                        truth[leaf] &= column <= count.most
            if part:
                evaluation.events.counters.fill(first, counts)

    def _count(
        self, evaluation: Evaluation, counters: list[tuple[int, Window]], latest: list[_Latest]
    ) -> list[NDArray[np.integer[Any]]]:
        """Counts [rows] of some counters."""
        counts = np.zeros((len(counters), self._rows), np.uint16)
        taken = [0] * len(counters)
        selectors: dict[int, Selector] = {}
        for matcher in sorted({matcher for matcher, _ in counters}):
            selectors[matcher] = self._select(evaluation, evaluation.compiled.matchers[matcher])
        first = self._first_needed(counters, selectors, latest)
        for runs in grouped(self._store.chunks, first):
            for matcher, selector in selectors.items():
                for found in selector.find(runs):
                    for number, (read, window) in enumerate(counters):
                        if read == matcher:
                            taken[number] += self._add(found, window, counts[number])
            for each in latest:
                each.read(runs, self._now)
        return [
            column if total <= _MOST or column.sum(dtype=np.int64) == total else self._large(selectors[matcher], window)
            for column, total, (matcher, window) in zip(counts, taken, counters, strict=True)
        ]

    def _first_needed(
        self, counters: list[tuple[int, Window]], selectors: dict[int, Selector], latest: list[_Latest]
    ) -> dict[int, int]:
        """For each key the moment after which its events are needed."""
        first: dict[int, int] = {}
        needed = [(selectors[matcher], self._now - window.high - 1) for matcher, window in counters]
        for selector, after in (*needed, *((each.selector, each.after) for each in latest)):
            for key in selector.keys:
                first[key] = min(after, first.get(key, after))
        return first

    def _add(self, found: Found, window: Window, counts: NDArray[np.uint16]) -> int:
        """Add events to counts, which may overflow; how many there were."""
        parts = found.within(self._now - window.high - 1, self._now - window.low)
        for part in parts:
            np.add.at(counts, found.row[part], np.uint16(1))
        return sum(part.stop - part.start for part in parts)

    def _large(self, selector: Selector, window: Window) -> NDArray[np.int64]:
        """Counts of which some do not fit in two bytes."""
        rows = [
            found.row[part]
            for runs in grouped(self._store.chunks)
            for found in selector.find(runs)
            for part in found.within(self._now - window.high - 1, self._now - window.low)
        ]
        return np.bincount(np.concatenate(rows), minlength=self._rows)

    def _found(self, selector: Selector, after: int, until: int) -> Iterator[tuple[Found, slice]]:
        """Events of a matcher with after < time <= until, part by part."""
        for runs in grouped(self._store.chunks):
            for found in selector.find(runs):
                for part in found.within(after, until):
                    yield found, part

    def _wanted_latest(self, evaluation: Evaluation) -> list[_Latest]:
        """What carts wait for, each matcher once. Other actions that are older than every wait change nothing."""
        after: dict[Matcher, int] = {}
        for state in evaluation.events.carts:
            for _, leaf in state.leaves:
                for matcher in (leaf.added, leaf.done):
                    after[matcher] = -_EVER
                if leaf.other is not None:
                    after[leaf.other] = min(after.get(leaf.other, _EVER), self._now - leaf.wait)
        return [
            _Latest(matcher, self._select(evaluation, matcher), moment, self._rows) for matcher, moment in after.items()
        ]

    def _carts(self, evaluation: Evaluation, truth: NDArray[np.bool_], found: list[_Latest]) -> None:
        known = {each.matcher: each.held for each in found}
        for state, contents in zip(evaluation.events.carts, evaluation.events.contents, strict=True):
            leaf = state.leaves[0][1]
            latest = np.full((4, self._rows), NEVER)
            for role, matcher in ((ADDED, leaf.added), (DONE, leaf.done), (OTHER, leaf.other)):
                if matcher is not None:
                    latest[role] = known[matcher]
            if leaf.removed is not None:
                self._contents(evaluation, leaf, latest[3], contents)
            truth[state.numbers] = state.fill(latest, self._now)

    def _contents(self, evaluation: Evaluation, leaf: Cart, left: NDArray[np.int64], contents: CartContents) -> None:
        for matcher, added in ((leaf.added, True), (leaf.removed, False)):
            assert matcher is not None
            for found, part in self._found(self._select(evaluation, matcher), self._now - leaf.lookback - 1, _EVER):
                products = product_ids(found.events, found.places(part), matcher, self._known.words)
                for row, time, ids in zip(found.row[part].tolist(), found.times(part).tolist(), products, strict=True):
                    if time > self._now:
                        contents.defer(row, time, added, ids)
                    else:
                        left[row] = contents.take(row, time, added, ids)

    def _histories(self, evaluation: Evaluation, truth: NDArray[np.bool_]) -> None:
        for state in evaluation.events.histories:
            truth[state.number] = evaluation.compiled.default[state.number]
            for step, matcher in enumerate(state.matchers()):
                selector = self._select(evaluation, matcher)
                for found, part in self._found(selector, self._now - state.leaf.window.high - 1, _EVER):
                    self._take(state, step, found, part)
            for row in state.rows():
                truth[state.number, row] = state.holds(state.present(row, self._now), self._now)

    def _take(self, state: HistoryState, step: int, found: Found, part: slice) -> None:
        entries = state.entries(found.events, found.places(part), step, found.times(part))
        for row, kept in zip(found.row[part].tolist(), entries, strict=True):
            state.take(row, kept)


class _Latest:
    """Time int64[rows] of the latest event of a matcher after a moment, NEVER for none."""

    def __init__(self, matcher: Matcher, selector: Selector, after: int, rows: int) -> None:
        self.matcher, self.selector, self.after = matcher, selector, after
        self.held = np.full(rows, NEVER)
        self._last = NEVER

    def read(self, runs: Runs, now: int) -> None:
        """Take the events of some chunks up to now."""
        for found in self.selector.find(runs):
            for part in found.within(self.after, now):
                self._take(found.row[part], found.times(part))

    def _take(self, row: NDArray[np.int32], time: NDArray[np.int64]) -> None:
        if not bool((time[1:] >= time[:-1]).all()):
            order = np.argsort(time, kind="stable")
            row, time = row[order], time[order]
        # Of equal rows the last assignment stays.
        self.held[row] = time if time[0] >= self._last else np.maximum(self.held.take(row), time)
        self._last = max(self._last, int(time[-1]))
