"""Why a user is in an audience or not, what speaks for it, and when that changes if nothing happens."""

from __future__ import annotations

from collections.abc import Callable
from typing import assert_never

import numpy as np

from raudience.criteria.dates import read_moment
from raudience.criteria.leaves import (
    FOREVER,
    AgeTest,
    Alive,
    AndOf,
    Cart,
    Count,
    Distinct,
    FieldTest,
    FirstSeenTest,
    Formula,
    Leaf,
    NotOf,
    OrOf,
    Place,
    SequenceOf,
    Sum,
)  # fmt: skip
from raudience.criteria.words import describe
from raudience.records import EventKey, Evidence, Explanation, Field, Truth
from raudience.shard.arrivals import EventDictionaries
from raudience.shard.evaluation import Evaluation
from raudience.shard.facts import Kept, UserEvents
from raudience.shard.formulas import leaves_of
from raudience.shard.moments import MomentLeaf
from raudience.shard.profiles import NOT_YET, Profiles
from raudience.shard.store import EventStore

__all__ = ["Explainer"]

_SHOWN = 10


class Explainer:
    """Explains one user at one moment."""

    def __init__(
        self,
        row: int,
        profiles: Profiles,
        store: EventStore,
        known: EventDictionaries,
        evaluation: Evaluation,
        now: int,
    ) -> None:
        self._row, self._now = row, now
        self._profiles, self._evaluation = profiles, evaluation
        self._events = UserEvents(row, store, evaluation, known, now)

    def explain(self, mpid: int, audience: str) -> Explanation:
        """Every criterion of the audience, and the audience."""
        number = self._evaluation.audiences[audience]
        formula = self._evaluation.compiled.formulas[number]
        asked = {leaf: self._answers(self._evaluation.compiled.leaves[leaf], leaf) for leaf in leaves_of(formula)}
        moments = sorted({moment for _, flips in asked.values() for moment in flips if moment > self._now})

        def member(moment: int) -> bool:
            return _holds(formula, lambda leaf: asked[leaf][0](moment))

        return Explanation(
            audience=audience,
            mpid=mpid,
            at=self._now,
            known=True,
            member=member(self._now),
            criteria=tuple(self._truth(leaf, *answers) for leaf, answers in asked.items()),
            flips_at=_first_flip(member, self._now, moments),
        )

    def _truth(self, number: int, holds: Callable[[int], bool], flips: list[int]) -> Truth:
        leaf = self._evaluation.compiled.leaves[number]
        found, evidence = self._found(leaf)
        moments = sorted({moment for moment in flips if moment > self._now})
        return Truth(describe(leaf), holds(self._now), found, evidence, _first_flip(holds, self._now, moments))

    def _answers(self, leaf: Leaf, number: int) -> tuple[Callable[[int], bool], list[int]]:
        """Truth at a moment from now on if nothing happens, and the moments at which it may change."""
        match leaf:
            case Count():
                times = [event.time for event in self._events.matching(leaf.matcher)]
                return lambda now: _counted(leaf, times, now), _edges(times, (leaf.window.low, leaf.window.high + 1))
            case Sum() | Distinct() | SequenceOf():
                return self._history(number, leaf)
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

    def _standing(self, number: int) -> tuple[Callable[[int], bool], list[int]]:
        held = bool(self._evaluation.membership.leaves.get(np.array([self._row], np.int32), number)[0])
        return lambda _: held, []

    def _alive(self, number: int) -> tuple[Callable[[int], bool], list[int]]:
        held, retention = self._standing(number)[0], self._evaluation.plan.retention
        if retention is None:
            return held, []
        end = int(self._profiles.last[self._row]) + retention
        return lambda now: held(now) and now <= end, [end + 1]

    def _history(self, number: int, leaf: Sum | Distinct | SequenceOf) -> tuple[Callable[[int], bool], list[int]]:
        state = next(state for state in self._evaluation.events.histories if state.number == number)
        entries, window = self._events.entries(state), leaf.window

        def holds(now: int) -> bool:
            return state.holds([e for e in entries if window.low <= now - e.time <= window.high], now)

        return holds, _edges([entry.time for entry in entries], (window.low, window.high + 1))

    def _cart(self, leaf: Cart) -> tuple[Callable[[int], bool], list[int]]:
        added, done = self._events.kept(leaf.added), self._events.kept(leaf.done)
        other, removed = self._events.kept(leaf.other), self._events.kept(leaf.removed)
        times = [kept.time for kept in (*added, *done, *other, *removed)]
        return (
            lambda now: _abandoned(leaf, (added, done, other, removed), now),
            _edges(times, (0, leaf.wait, leaf.lookback + 1)),
        )

    def _found(self, leaf: Leaf) -> tuple[str, tuple[Evidence, ...]]:
        match leaf:
            case Count() | Sum() | Distinct():
                window = leaf.window
                events = [
                    e for e in self._events.matching(leaf.matcher) if window.low <= self._now - e.time <= window.high
                ]
                return _counted_text(len(events), "event"), _evidence([(e.time, e.key) for e in events])
            case SequenceOf():
                matched = [e for step in leaf.steps for e in self._events.matching(step.matcher)]
                return _counted_text(len(matched), "event"), _evidence([(e.time, e.key) for e in matched])
            case Cart():
                events = self._events.matching(leaf.added)
                return _counted_text(len(events), "add"), _evidence([(e.time, e.key) for e in events])
            case FieldTest():
                return self._field_found(leaf.workspace, leaf.field)
            case Place():
                names = ("latitude", "longitude")
                words = [self._profiles.words_of(leaf.workspace, Field("location", name), self._row) for name in names]
                return ", ".join(word[0] for word in words if word) or "no location", ()
            case FirstSeenTest():
                first = int(self._profiles.first_seen[leaf.workspace][self._row])
                return ("not seen", ()) if first == NOT_YET else ("first seen", (Evidence("first seen", first),))
            case Alive():
                last = int(self._profiles.last[self._row])
                return "known", (Evidence("latest activity", last),)
            case _:
                assert_never(leaf)

    def _field_found(self, workspace: str, field: Field) -> tuple[str, tuple[Evidence, ...]]:
        words = self._profiles.words_of(workspace, field, self._row)
        if words is None:
            return "absent", ()
        register = self._profiles.registers.get((workspace, field))
        stamp = register.stamp_of(self._row) if register else None
        text = ", ".join(words) if words else "no value"
        return text, (Evidence(f"{field.namespace} {field.name} = {text}", stamp),)


def _holds(formula: Formula, truth: Callable[[int], bool]) -> bool:
    match formula:
        case int():
            return truth(formula)
        case NotOf():
            return not _holds(formula.of, truth)
        case AndOf():
            return all(_holds(part, truth) for part in formula.of)
        case OrOf():
            return any(_holds(part, truth) for part in formula.of)
        case _:
            assert_never(formula)


def _first_flip(holds: Callable[[int], bool], now: int, moments: list[int]) -> int | None:
    present = holds(now)
    return next((moment for moment in moments if holds(moment) != present), None)


def _edges(times: list[int], ages: tuple[int, ...]) -> list[int]:
    return [time + age for time in times for age in ages if age < FOREVER]


def _counted(leaf: Count, times: list[int], now: int) -> bool:
    count = sum(leaf.window.low <= now - time <= leaf.window.high for time in times)
    return leaf.least <= count and (leaf.most is None or count <= leaf.most)


def _aged(leaf: MomentLeaf, moment: int | None) -> tuple[Callable[[int], bool], list[int]]:
    if moment is None:
        return lambda _: False, []
    moments = np.array([moment], np.int64)
    return lambda now: bool(leaf.holds(moments, now)[0]), [int(flip[0]) for flip in leaf.flips(moments)]


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


def _counted_text(count: int, noun: str) -> str:
    return f"{count} {noun}" + ("" if count == 1 else "s")


def _evidence(events: list[tuple[int, EventKey]]) -> tuple[Evidence, ...]:
    latest = sorted(events, key=lambda event: event[0])[-_SHOWN:]
    return tuple(Evidence(" ".join(filter(None, (key.kind, key.category, key.name))), time) for time, key in latest)
