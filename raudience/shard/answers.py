"""What criteria say of one user from a moment on, if nothing happens."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, assert_never

import numpy as np

from raudience.criteria.dates import read_moment
from raudience.criteria.leaves import (
    FOREVER,
    AgeTest,
    Alive,
    Cart,
    Count,
    Distinct,
    FieldTest,
    FirstSeenTest,
    Leaf,
    Place,
    SequenceOf,
    Sum,
)  # fmt: skip
from raudience.shard.compiled import OPTED_OUT
from raudience.shard.evaluation import Evaluation
from raudience.shard.facts import Kept, UserEvents
from raudience.shard.moments import MomentLeaf
from raudience.shard.profiles import NOT_YET, Profiles

__all__ = ["Answer", "Answers", "first_flip"]


class Answer(NamedTuple):
    """holds: truth at a moment from now on; moments: those at which it may change."""

    holds: Callable[[int], bool]
    moments: list[int]


class Answers:
    """Answers for the user of a row at one moment."""

    def __init__(self, row: int, profiles: Profiles, evaluation: Evaluation, events: UserEvents) -> None:
        self._row, self._profiles, self._evaluation, self._events = row, profiles, evaluation, events

    def of(self, leaf: Leaf) -> Answer:
        """The answer of a leaf of the plan. Who is alive has not opted out."""
        number = self._evaluation.compiled.numbers[leaf]
        match leaf:
            case Count():
                times = [event.time for event in self._events.matching(leaf.matcher)]
                edges = _edges(times, (leaf.window.low, leaf.window.high + 1))
                return Answer(lambda now: _counted(leaf, times, now), edges)
            case Sum() | Distinct():
                return self._aggregate(number, leaf)
            case SequenceOf():
                return self._sequence(number, leaf)
            case Cart():
                return self._cart(leaf)
            case FirstSeenTest():
                first = self._profiles.first_seen.get(leaf.workspace)
                moment = NOT_YET if first is None else int(first[self._row])
                return _aged(MomentLeaf(number, leaf.test), None if moment == NOT_YET else moment)
            case FieldTest():
                if isinstance(leaf.test, AgeTest):
                    words = self._profiles.words_of(leaf.workspace, leaf.field, self._row)
                    return _aged(MomentLeaf(number, leaf.test), read_moment(words[0]) if words else None)
                return self._standing(number)
            case Place():
                return self._standing(number)
            case Alive():
                return self._alive(number)
            case _:
                assert_never(leaf)

    def _standing(self, number: int) -> Answer:
        held = bool(self._evaluation.membership.leaves.get(np.array([self._row], np.int32), number)[0])
        return Answer(lambda _: held, [])

    def _alive(self, number: int) -> Answer:
        """Standing leaves say who was active and who has opted out."""
        opted_out = self._evaluation.compiled.numbers[OPTED_OUT]
        held = self._standing(number).holds(0) and not self._standing(opted_out).holds(0)
        retention = self._evaluation.plan.retention
        if retention is None:
            return Answer(lambda _: held, [])
        end = int(self._profiles.last[self._row]) + retention
        return Answer(lambda now: held and now <= end, [end + 1])

    def _aggregate(self, number: int, leaf: Sum | Distinct) -> Answer:
        state = next(state for state in self._evaluation.events.aggregates if state.number == number)
        times, values = self._events.values(state)

        def holds(now: int) -> bool:
            ages = now - times
            return state.holds(values[(leaf.window.low <= ages) & (ages <= leaf.window.high)])

        return Answer(holds, _edges(times.tolist(), (leaf.window.low, leaf.window.high + 1)))

    def _sequence(self, number: int, leaf: SequenceOf) -> Answer:
        state = next(state for state in self._evaluation.events.sequences if state.number == number)
        events, window = self._events.steps(state), leaf.window

        def holds(now: int) -> bool:
            return state.holds([e for e in events if window.low <= now - e.time <= window.high])

        return Answer(holds, _edges([event.time for event in events], (window.low, window.high + 1)))

    def _cart(self, leaf: Cart) -> Answer:
        added, done = self._events.kept(leaf.added), self._events.kept(leaf.done)
        other, removed = self._events.kept(leaf.other), self._events.kept(leaf.removed)
        times = [kept.time for kept in (*added, *done, *other, *removed)]
        return Answer(
            lambda now: _abandoned(leaf, (added, done, other, removed), now),
            _edges(times, (0, leaf.wait, leaf.lookback + 1)),
        )


def first_flip(holds: Callable[[int], bool], now: int, moments: list[int]) -> int | None:
    """The first of some ascending moments at which the truth is not that of now."""
    present = holds(now)
    return next((moment for moment in moments if holds(moment) != present), None)


def _edges(times: list[int], ages: tuple[int, ...]) -> list[int]:
    return [time + age for time in times for age in ages if age < FOREVER]


def _counted(leaf: Count, times: list[int], now: int) -> bool:
    count = sum(leaf.window.low <= now - time <= leaf.window.high for time in times)
    return leaf.least <= count and (leaf.most is None or count <= leaf.most)


def _aged(leaf: MomentLeaf, moment: int | None) -> Answer:
    if moment is None:
        return Answer(lambda _: False, [])
    moments = np.array([moment], np.int64)
    return Answer(lambda now: bool(leaf.holds(moments, now)[0]), [int(flip[0]) for flip in leaf.flips(moments)])


def _abandoned(leaf: Cart, kept: tuple[list[Kept], ...], now: int) -> bool:
    added, done, other, removed = ([event for event in part if event.time <= now] for part in kept)
    if not added:
        return False
    last = added[-1].time
    waited = last <= now - leaf.wait and now - last <= leaf.lookback and not any(e.time >= last for e in done)
    if leaf.other is not None:
        waited = waited and not any(event.time > now - leaf.wait for event in other)
    return waited and (
        leaf.removed is None or _something_left([e for e in added if now - e.time <= leaf.lookback], done, removed)
    )


def _something_left(added: list[Kept], done: list[Kept], removed: list[Kept]) -> bool:
    finished = max((event.time for event in done), default=None)
    return any(
        (finished is None or event.time > finished)
        and not any(out.time >= event.time and product in out.products for out in removed)
        for event in added
        for product in event.products
    )
