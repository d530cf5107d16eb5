"""A new plan is filled from what is kept, as if it had been there always."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from raudience.criteria.leaves import Cart, Count, Matcher, Plan, Window
from raudience.shard.aggregates import AggregateState
from raudience.shard.arrivals import EventDictionaries
from raudience.shard.compiled import Compiled, Fresh
from raudience.shard.contents import CartContents, product_ids
from raudience.shard.evaluation import Evaluation
from raudience.shard.fields import ProfileLeaves
from raudience.shard.formulas import evaluate
from raudience.shard.moments import MomentLeaf
from raudience.shard.profiles import NOT_YET, Profiles
from raudience.shard.registers import NEVER
from raudience.shard.runs import Runs, grouped
from raudience.shard.selecting import Found, Selector
from raudience.shard.sequences import SequenceState
from raudience.shard.store import EventStore
from raudience.shard.timers import Timers
from raudience.shard.windowed import NO_ARRIVALS, Arrived

__all__ = ["Backfill"]

Truth: TypeAlias = dict[int, NDArray[np.bool_]]
"""bool[rows] by the number of the leaf."""

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

    def run(self, plan: Plan, former: Compiled | None = None) -> Evaluation:
        """An evaluation of the plan with all its state; former: of the one whose numbers are kept."""
        self._timers.keep(lambda leaf: leaf < 0)
        evaluation = Evaluation(plan, self._profiles, self._known, former)
        self.fill(evaluation, evaluation.compiled.since(None))
        return evaluation

    def fill(self, evaluation: Evaluation, fresh: Fresh) -> None:
        """Find what is fresh in an evaluation; the rest is there."""
        # Events that are not sealed know matchers by numbers that may mean others now.
        self._store.seal()
        if any(leaf.leaf in fresh.leaves for leaf in evaluation.leaves.moment_leaves()):
            # What had the number before may have asked to be called.
            self._timers.keep(lambda leaf: ~np.isin(leaf, list(fresh.leaves)))
        membership, truth = evaluation.membership, self._truth(evaluation, fresh)
        membership.leaves.fill(truth)

        def column(leaf: int) -> NDArray[np.bool_]:
            return truth[leaf] if leaf in truth else membership.leaves.column(leaf, self._rows)

        formulas = evaluation.compiled.formulas
        membership.members.fill({number: evaluate(formulas[number], column) for number in sorted(fresh.audiences)})
        evaluation.make_room(self._rows)

    def _truth(self, evaluation: Evaluation, fresh: Fresh) -> Truth:
        truth: Truth = {}
        self._profile_leaves(evaluation.leaves, fresh.leaves, truth)
        carts = [number for number, state in enumerate(evaluation.events.carts) if state.leaves[0][0] in fresh.leaves]
        latest = self._wanted_latest(evaluation, carts)
        self._counters(evaluation, fresh, truth, latest)
        self._carts(evaluation, carts, truth, latest)
        self._aggregates(evaluation, fresh.leaves, truth)
        self._sequences(evaluation, fresh.leaves, truth)
        return truth

    def _profile_leaves(self, leaves: ProfileLeaves, fresh: frozenset[int], truth: Truth) -> None:
        for (workspace, field), asked in leaves.asked.items():
            if places := [place for place, number in enumerate(asked.leaves) if number in fresh]:
                columns = leaves.whole_field(workspace, field, self._rows, places)
                truth.update((asked.leaves[place], column) for place, column in zip(places, columns, strict=True))
        rows = self._rows
        truth.update((number, leaves.whole_place(leaf, rows)) for number, leaf in leaves.places if number in fresh)
        truth.update((number, leaves.whole_present(leaf, rows)) for number, leaf in leaves.present if number in fresh)
        for (workspace, field), aged in leaves.ages.items():
            if wanted := [leaf for leaf in aged if leaf.leaf in fresh]:
                self._moments(wanted, leaves.whole_moment(workspace, field, self._rows), truth)
        for workspace, seen in leaves.first_seen.items():
            self._profiles.workspace(workspace)
            self._profiles.make_room()
            if wanted := [leaf for leaf in seen if leaf.leaf in fresh]:
                first = self._profiles.first_seen[workspace][: self._rows]
                self._moments(wanted, np.where(first == NOT_YET, NEVER, first), truth)

    def _moments(self, leaves: list[MomentLeaf], moment: NDArray[np.int64], truth: Truth) -> None:
        truth.update((leaf.leaf, leaf.fill(moment, self._now, self._timers)) for leaf in leaves)

    def _select(self, evaluation: Evaluation, matcher: Matcher, after: int) -> Selector:
        return Selector(matcher, self._known, evaluation.plan.workspaces, after)

    def _counters(self, evaluation: Evaluation, fresh: Fresh, truth: Truth, latest: list[_Latest]) -> None:
        """Fill counters; the latest events that carts wait for are read along with the first of them."""
        compiled, counters = evaluation.compiled, evaluation.events.counters
        for number, leaves in enumerate(compiled.counter_leaves):
            if number not in fresh.counters and any(leaf in fresh.leaves for leaf, _ in leaves):
                _judge(leaves, fresh.leaves, counters.column(number, self._rows), truth)
        wanted = sorted(fresh.counters)
        for start in range(0, max(len(wanted), 1), _AT_ONCE):
            part = wanted[start : start + _AT_ONCE]
            counts = self._count(evaluation, [compiled.counters[number] for number in part], [] if start else latest)
            for number, column in zip(part, counts, strict=True):
                _judge(compiled.counter_leaves[number], fresh.leaves, column, truth)
            counters.fill(dict(zip(part, counts, strict=True)))

    def _count(
        self, evaluation: Evaluation, counters: list[tuple[int, Window]], latest: list[_Latest]
    ) -> list[NDArray[np.integer[Any]]]:
        """Counts [rows] of some counters."""
        counts = np.zeros((len(counters), self._rows), np.uint16)
        taken = [0] * len(counters)
        asked: dict[int, list[int]] = {}
        for number, (matcher, _) in enumerate(counters):
            asked.setdefault(matcher, []).append(number)
        selectors: dict[int, Selector] = {}
        for matcher, numbers in asked.items():
            after = self._now - max(counters[number][1].high for number in numbers) - 1
            selectors[matcher] = self._select(evaluation, evaluation.compiled.matchers[matcher], after)
        every = (*selectors.values(), *(each.selector for each in latest))
        for runs in grouped(self._store.chunks, [key for selector in every for key in selector.wanted]):
            for matcher, selector in selectors.items():
                for found in selector.find(runs):
                    for number in asked[matcher]:
                        taken[number] += self._add(found, counters[number][1], counts[number])
            for each in latest:
                each.read(runs, self._now)
        return [
            column if total <= _MOST or column.sum(dtype=np.int64) == total else self._large(selectors[matcher], window)
            for column, total, (matcher, window) in zip(counts, taken, counters, strict=True)
        ]

    def _add(self, found: Found, window: Window, counts: NDArray[np.uint16]) -> int:
        """Add events to counts, which may overflow; how many there were."""
        parts = found.within(self._now - window.high - 1, self._now - window.low)
        for part in parts:
            np.add.at(counts, found.row[part], np.uint16(1))
        return sum(part.stop - part.start for part in parts)

    def _large(self, selector: Selector, window: Window) -> NDArray[np.int64]:
        """Counts of which some do not fit in two bytes."""
        parts = self._found(selector, self._now - window.low, after=self._now - window.high - 1)
        return np.bincount(np.concatenate([found.row[part] for found, part in parts]), minlength=self._rows)

    def _found(self, selector: Selector, until: int, after: int | None = None) -> Iterator[tuple[Found, slice]]:
        """Events of a matcher with after < time <= until, part by part."""
        for runs in grouped(self._store.chunks, selector.wanted):
            for found in selector.find(runs):
                for part in found.within(selector.after if after is None else after, until):
                    yield found, part

    def _wanted_latest(self, evaluation: Evaluation, carts: list[int]) -> list[_Latest]:
        """What carts wait for, each matcher once. Other actions that are older than every wait change nothing."""
        after: dict[Matcher, int] = {}
        for number in carts:
            for _, leaf in evaluation.events.carts[number].leaves:
                for matcher in (leaf.added, leaf.done):
                    after[matcher] = -_EVER
                if leaf.other is not None:
                    after[leaf.other] = min(after.get(leaf.other, _EVER), self._now - leaf.wait)
        return [
            _Latest(matcher, self._select(evaluation, matcher, moment), self._rows) for matcher, moment in after.items()
        ]

    def _carts(self, evaluation: Evaluation, carts: list[int], truth: Truth, found: list[_Latest]) -> None:
        known = {each.matcher: each.held for each in found}
        for number in carts:
            state = evaluation.events.carts[number]
            leaf = state.leaves[0][1]
            never = np.full(self._rows, NEVER)
            latest = [never if matcher is None else known[matcher] for matcher in (leaf.added, leaf.done, leaf.other)]
            if leaf.removed is not None:
                latest.append(np.full(self._rows, NEVER))
                self._contents(evaluation, leaf, latest[-1], evaluation.events.contents[number])
            truth.update(zip(state.numbers.tolist(), state.fill(latest, self._now), strict=True))

    def _contents(self, evaluation: Evaluation, leaf: Cart, left: NDArray[np.int64], contents: CartContents) -> None:
        for matcher, added in ((leaf.added, True), (leaf.removed, False)):
            assert matcher is not None
            for found, part in self._found(self._select(evaluation, matcher, self._now - leaf.lookback - 1), _EVER):
                products = product_ids(found.events, found.places(part), matcher, self._known.words)
                for row, time, ids in zip(found.row[part].tolist(), found.times(part).tolist(), products, strict=True):
                    if time > self._now:
                        contents.defer(row, time, added, ids)
                    else:
                        left[row] = contents.take(row, time, added, ids)

    def _aggregates(self, evaluation: Evaluation, fresh: frozenset[int], truth: Truth) -> None:
        for state in evaluation.events.aggregates:
            if state.number in fresh:
                column = truth[state.number] = np.full(self._rows, evaluation.compiled.default[state.number])
                state.fill(self._arrived(evaluation, state, state.leaf.matcher), self._now, column)

    def _sequences(self, evaluation: Evaluation, fresh: frozenset[int], truth: Truth) -> None:
        for state in evaluation.events.sequences:
            if state.number in fresh:
                column = truth[state.number] = np.zeros(self._rows, bool)
                arrived = [self._arrived(evaluation, state, step.matcher) for step in state.leaf.steps]
                state.fill(arrived, self._now, column)

    def _arrived(self, evaluation: Evaluation, state: AggregateState | SequenceState, matcher: Matcher) -> Arrived:
        """What a state reads of the events of a matcher that are in its window or yet to come into it."""
        parts = [NO_ARRIVALS]
        selector = self._select(evaluation, matcher, self._now - state.leaf.window.high - 1)
        for found, part in self._found(selector, _EVER):
            of, value = state.read(found.events, found.places(part))
            time = found.times(part).take(of)
            parts.append(Arrived(found.row[part].take(of), time, time, value))
        return Arrived(*map(np.concatenate, zip(*parts, strict=True)))


def _judge(
    leaves: list[tuple[int, Count]], fresh: frozenset[int], counts: NDArray[np.integer[Any]], truth: Truth
) -> None:
    """What fresh leaves of a counter say of its counts [rows]."""
    for number, leaf in leaves:
        if number in fresh:
            truth[number] = counts >= leaf.least
            if leaf.most is not None:
                truth[number] &= counts <= leaf.most


class _Latest:
    """Time int64[rows] of the latest event that a selector finds, NEVER for none."""

    def __init__(self, matcher: Matcher, selector: Selector, rows: int) -> None:
        self.matcher, self.selector = matcher, selector
        self.held = np.full(rows, NEVER)

    def read(self, runs: Runs, now: int) -> None:
        """Take the events of some chunks up to now."""
        for found in self.selector.find(runs):
            for part in found.within(self.selector.after, now):
                np.maximum.at(self.held, found.row[part], found.times(part))
