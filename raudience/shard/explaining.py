"""Why a user is in an audience or not, what speaks for it, and when that changes if nothing happens."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import assert_never

from raudience.criteria.leaves import AndOf, Formula, Leaf, NotOf, OrOf, leaves_of
from raudience.criteria.outlines import All, Any, Ask, Except, Member, Not, Outline, asked_in, outline_of
from raudience.criteria.words import describe
from raudience.records import (
    AndNode,
    AudienceNode,
    CriterionNode,
    ExcludeNode,
    Explanation,
    Node,
    NotNode,
    OrNode,
    Truth,
)
from raudience.shard.answers import Answer, Answers, first_flip
from raudience.shard.arrivals import EventDictionaries
from raudience.shard.evaluation import Evaluation
from raudience.shard.facts import UserEvents
from raudience.shard.findings import Findings
from raudience.shard.profiles import Profiles
from raudience.shard.store import EventStore

__all__ = ["Explainer"]


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
        self._now, self._plan = now, evaluation.plan
        self._formulas = {planned.key: planned.formula for planned in evaluation.plan.audiences}
        events = UserEvents(row, store, evaluation, known, now)
        self._answers = Answers(row, profiles, evaluation, events)
        self._findings = Findings(row, profiles, events, now)

    def explain(self, mpid: int, audience: str, outline: Outline | None = None) -> Explanation:
        """Every criterion of the audience, and the audience. outline: how it was written; one that asks for something
        else than the plan is not followed."""
        formula, leaves = self._formula(audience), self._plan.leaves
        if outline is None or {*asked_in(outline)} != {leaves[leaf] for leaf in leaves_of(formula)}:
            outline = outline_of(formula, leaves)
        numbers = {leaf: number for number, leaf in enumerate(dict.fromkeys(asked_in(outline)))}
        answers = [self._answers.of(leaf) for leaf in numbers]
        state = _State(formula, [numbers.get(leaf) for leaf in leaves], answers, self._now)
        return Explanation(
            audience=audience,
            mpid=mpid,
            at=self._now,
            known=True,
            member=state.member(self._now),
            criteria=tuple(self._truth(leaf, state, number) for leaf, number in numbers.items()),
            flips_at=state.flips_at,
            flips_by=state.flips_by(),
            tree=_node(outline, numbers, [answer.holds(self._now) for answer in answers]),
        )

    def flips_at(self, audience: str) -> int | None:
        """The next moment at which the membership changes if nothing happens."""
        formula = self._formula(audience)
        read = {leaf: place for place, leaf in enumerate(leaves_of(formula))}
        answers = [self._answers.of(self._plan.leaves[leaf]) for leaf in read]
        return _State(formula, [read.get(leaf) for leaf in range(len(self._plan.leaves))], answers, self._now).flips_at

    def _formula(self, audience: str) -> Formula:
        return self._formulas[audience]

    def _truth(self, leaf: Leaf, state: _State, number: int) -> Truth:
        found, evidence = self._findings.of(leaf)
        holds, moments = state.answers[number]
        ahead = sorted({moment for moment in moments if moment > self._now})
        return Truth(
            describe(leaf),
            holds(self._now),
            found,
            evidence,
            first_flip(holds, self._now, ahead),
            state.decides(number, self._now),
        )


class _State:
    """A formula over answers from a moment on. numbers: of the answer of each leaf of the plan that is read."""

    def __init__(self, formula: Formula, numbers: list[int | None], answers: list[Answer], now: int) -> None:
        self.answers = answers
        self._formula, self._numbers = formula, numbers
        moments = sorted({moment for answer in answers for moment in answer.moments if moment > now})
        self.flips_at = first_flip(self.member, now, moments)

    def member(self, now: int) -> bool:
        return self._holds(lambda number: self.answers[number].holds(now))

    def decides(self, number: int, now: int) -> bool:
        """Whether the other answer to one question alone would turn the whole."""
        other = self._holds(lambda each: self.answers[each].holds(now) != (each == number))
        return other != self.member(now)

    def flips_by(self) -> tuple[int, ...]:
        """Answers that turn at the next flip: those of which one alone is enough, if there are such."""
        if self.flips_at is None:
            return ()
        before, after = self.flips_at - 1, self.flips_at
        turned = [number for number, answer in enumerate(self.answers) if answer.holds(before) != answer.holds(after)]
        return tuple(number for number in turned if self.decides(number, before)) or tuple(turned)

    def _holds(self, truth: Callable[[int], bool]) -> bool:
        def of_leaf(leaf: int) -> bool:
            number = self._numbers[leaf]
            return number is not None and truth(number)

        return _holds(self._formula, of_leaf)


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


def _node(outline: Outline, numbers: Mapping[Leaf, int], truths: list[bool]) -> Node:
    match outline:
        case Ask():
            number = numbers[outline.leaf]
            return CriterionNode(truths[number], number)
        case Not():
            opposite = _node(outline.of, numbers, truths)
            return NotNode(not opposite.holds, opposite)
        case Member():
            inner = _node(outline.of, numbers, truths)
            return AudienceNode(inner.holds, outline.audience, inner)
        case All() | Any() | Except():
            return _group(outline, tuple(_node(part, numbers, truths) for part in outline.of))
        case _:
            assert_never(outline)


def _group(outline: All | Any | Except, parts: tuple[Node, ...]) -> Node:
    match outline:
        case All():
            return AndNode(all(part.holds for part in parts), parts)
        case Any():
            return OrNode(any(part.holds for part in parts), parts)
        case Except():
            return ExcludeNode(parts[0].holds and not any(part.holds for part in parts[1:]), parts)
        case _:
            assert_never(outline)
