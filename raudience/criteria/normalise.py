"""From criteria as they are written to formulas over leaves: the same question becomes the same leaf."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias, assert_never

from raudience.criteria.aggregates import normal_aggregate
from raudience.criteria.definition import (
    Aggregate,
    And,
    AudienceMembership,
    CartAbandonment,
    Criterion,
    Event,
    Exclude,
    Identity,
    Or,
    Sequence,
)
from raudience.criteria.draft import Draft, Scope, both, either, negation
from raudience.criteria.leaves import Formula
from raudience.criteria.occurrences import normal_cart, normal_event, normal_sequence
from raudience.criteria.profiles import normal_identity, normal_profile

__all__ = ["Membership", "memberships", "normalise", "walk"]

Membership: TypeAlias = Callable[[AudienceMembership, str], Formula]
"""Gives the formula of another audience; the text is the path of the criterion that names it."""


def normalise(draft: Draft, scope: Scope, criterion: Criterion, path: str, member: Membership) -> Formula:
    """The formula of a criterion over the leaves of `draft`, which takes the faults too, with paths below `path`."""
    match criterion:
        case And() | Or() | Exclude():
            return _group(draft, scope, criterion, path, member)
        case AudienceMembership():
            return member(criterion, path)
        case Event() | Aggregate() | Sequence() | CartAbandonment():
            return _event_criterion(draft, scope, criterion, path)
        case Identity():
            return normal_identity(draft, criterion, path)
        case _:
            return normal_profile(draft, scope, criterion, path)


def memberships(criterion: Criterion) -> list[AudienceMembership]:
    """The criteria in a tree that name other audiences, in the order of the tree."""
    return [each for _, each in walk(criterion, "") if isinstance(each, AudienceMembership)]


def walk(criterion: Criterion, path: str) -> Iterator[tuple[str, Criterion]]:
    """A criterion and all that are in it, each with its path, groups before their parts."""
    yield path, criterion
    if isinstance(criterion, And | Or | Exclude):
        for place, part in enumerate(criterion.of):
            yield from walk(part, f"{path}.of[{place}]")


def _event_criterion(
    draft: Draft, scope: Scope, criterion: Event | Aggregate | Sequence | CartAbandonment, path: str
) -> Formula:
    match criterion:
        case Event():
            return normal_event(draft, scope, criterion, path)
        case Aggregate():
            return normal_aggregate(draft, scope, criterion, path)
        case Sequence():
            return normal_sequence(draft, scope, criterion, path)
        case CartAbandonment():
            return normal_cart(draft, scope, criterion, path)
        case _:
            assert_never(criterion)


def _group(draft: Draft, scope: Scope, group: And | Or | Exclude, path: str, member: Membership) -> Formula:
    least = 2 if isinstance(group, Exclude) else 1
    if len(group.of) < least:
        expected = "at least two criteria" if least > 1 else "at least one criterion"
        draft.wrong(f"{path}.of", expected, len(group.of))
        return 0
    parts = [normalise(draft, scope, part, f"{path}.of[{place}]", member) for place, part in enumerate(group.of)]
    match group:
        case And():
            return both(parts)
        case Or():
            return either(parts)
        case Exclude():
            return both([parts[0], *map(negation, parts[1:])])
        case _:
            assert_never(group)
