"""The tree of a definition as people wrote it, over leaves: for explanations, not for evaluation.

A formula (`leaves.Formula`) says the same, but takes groups into each other and audiences into those that name them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias, assert_never

import msgspec

from raudience.criteria.leaves import AndOf, Formula, Leaf, NotOf, OrOf

__all__ = ["All", "Any", "Ask", "Except", "Member", "Not", "Outline", "asked_in", "outline_of"]


class _Part(msgspec.Struct, frozen=True, tag=True):
    pass


class Ask(_Part, frozen=True):
    leaf: Leaf


class All(_Part, frozen=True):
    of: tuple[Outline, ...]


class Any(_Part, frozen=True):
    of: tuple[Outline, ...]


class Except(_Part, frozen=True):
    """The first, and none of the others."""

    of: tuple[Outline, ...]


class Not(_Part, frozen=True):
    of: Outline


class Member(_Part, frozen=True):
    """Being in another audience, which is outlined."""

    audience: str
    of: Outline


Outline: TypeAlias = Ask | All | Any | Except | Not | Member


def outline_of(formula: Formula, leaves: tuple[Leaf, ...]) -> Outline:
    """What a formula over some leaves says of how it was written: what keeps some out reads as an exclusion."""
    match formula:
        case int():
            return Ask(leaves[formula])
        case NotOf():
            return Not(outline_of(formula.of, leaves))
        case OrOf():
            return Any(tuple(outline_of(part, leaves) for part in formula.of))
        case AndOf():
            return _all_of(formula, leaves)
        case _:
            assert_never(formula)


def asked_in(outline: Outline) -> Iterator[Leaf]:
    """Leaves of an outline, in its order, with repetitions."""
    match outline:
        case Ask():
            yield outline.leaf
        case All() | Any() | Except():
            for part in outline.of:
                yield from asked_in(part)
        case Not() | Member():
            yield from asked_in(outline.of)
        case _:
            assert_never(outline)


def _all_of(formula: AndOf, leaves: tuple[Leaf, ...]) -> Outline:
    inside = [outline_of(part, leaves) for part in formula.of if not isinstance(part, NotOf)]
    outside = [outline_of(part.of, leaves) for part in formula.of if isinstance(part, NotOf)]
    if not inside or not outside:
        return All(tuple(inside) or tuple(Not(part) for part in outside))
    return Except((inside[0] if len(inside) == 1 else All(tuple(inside)), *outside))
