"""The questions as the peers get them: leaves over codes, each distinct one once, and formulas over leaves.

Strings are resolved here, outside every timed part: a test on a category is a set of codes. This favours the peers.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Sequence
from typing import TypeAlias

import msgspec

from scripts.benchmarks import vocabulary as words
from scripts.benchmarks.questions import All, Any, Ask, Bought, Cart, Done, Member, Not, Profile, Question
from scripts.benchmarks.vocabulary import CODE, DAY, HOUR, START

LOOKBACK = 30 * DAY
ADD = CODE["add_to_cart"]
PURCHASE = CODE["purchase"]
ACTIONS = tuple(CODE[name] for name in words.PRODUCT_ACTIONS)
_EVER = 1 << 61
_OF_WORKSPACE = ("crash", "install", "uninstall", "upgrade")
"""Read whatever input they came through (semantics 16)."""


class Counted(msgspec.Struct, frozen=True):
    """At least `times` events of code `name` with low <= now - time <= high and start <= time < end.

    price: smallest price, None for any; categories, platforms: sorted codes, None for any.
    """

    name: int
    low: int
    high: int
    start: int
    end: int
    price: float | None
    categories: tuple[int, ...] | None
    platforms: tuple[int, ...] | None
    times: int

    @property
    def counter(self) -> Counted:
        """The same without its threshold: what leaves that differ only in that can share."""
        return msgspec.structs.replace(self, times=0)


class Abandoned(msgspec.Struct, frozen=True):
    """The last add is at most the lookback and at least `wait` ms old, and no purchase came at or after it.

    any_action: the last product action of any kind is at least `wait` ms old, too.
    """

    wait: int
    any_action: bool


class Attribute(msgspec.Struct, frozen=True):
    """A number in [low, high], a code in `codes`, a list with a code of `codes`, or a flag (neither given)."""

    field: str
    low: float | None = None
    high: float | None = None
    codes: tuple[int, ...] | None = None


Leaf: TypeAlias = Counted | Abandoned | Attribute
Formula: TypeAlias = "int | tuple[str, tuple[Formula, ...]]"
"""A position among the leaves, or ("and" | "or" | "not", operands)."""


class Resolved(msgspec.Struct, frozen=True):
    leaves: tuple[Leaf, ...]
    formulas: tuple[Formula, ...]


def resolve(questions: Sequence[Question]) -> Resolved:
    """Leaves in the order of their first use, and one formula per question, nested audiences written out."""
    leaves: dict[Leaf, int] = {}

    def formula(ask: Ask, inputs: tuple[str, ...]) -> Formula:
        match ask:
            case All(of):
                return "and", tuple(formula(part, inputs) for part in of)
            case Any(of):
                return "or", tuple(formula(part, inputs) for part in of)
            case Not(of):
                return "not", (formula(of, inputs),)
            case Member(audience):
                return formula(questions[audience].ask, questions[audience].inputs)
            case _:
                return leaves.setdefault(_leaf(ask, inputs), len(leaves))

    formulas = tuple(formula(question.ask, question.inputs) for question in questions)
    return Resolved(tuple(leaves), formulas)


def _leaf(ask: Done | Cart | Profile, inputs: tuple[str, ...]) -> Leaf:
    match ask:
        case Cart(wait, any_action):
            return Abandoned(wait * HOUR, any_action)
        case Profile():
            return _attribute(ask)
        case Done():
            first, last = ask.days or (0, 0)
            return Counted(
                CODE[ask.name],
                ask.since * DAY,
                ask.within * DAY,
                START + first * DAY if ask.days else -_EVER,
                START + (last + 1) * DAY if ask.days else _EVER,
                ask.price,
                _categories(ask.category),
                _platforms(ask.platforms, () if ask.name in _OF_WORKSPACE else inputs),
                ask.times,
            )


def _categories(test: Bought | None) -> tuple[int, ...] | None:
    return None if test is None else _codes(words.CATEGORIES, test.op, test.values)


def _platforms(platforms: tuple[str, ...], inputs: tuple[str, ...]) -> tuple[int, ...] | None:
    """Codes of the platforms asked for and of those behind the inputs asked for: an input is one kind of platform."""
    if not platforms and not inputs:
        return None
    behind = [words.INPUTS[code] for code in words.INPUT_OF_PLATFORM.tolist()]
    return tuple(
        code
        for code, platform in enumerate(words.PLATFORMS)
        if (not platforms or platform in platforms) and (not inputs or behind[code] in inputs)
    )


_TESTS: dict[str, Callable[[str, str], bool]] = {
    "exact_match": lambda value, operand: value == operand,
    "includes": lambda value, operand: value == operand,
    "one_of": lambda value, operand: value == operand,
    "contains": lambda value, operand: operand in value,
    "partial_match": lambda value, operand: operand in value,
    "pattern": fnmatch.fnmatchcase,
}


def _codes(table: Sequence[str], op: str, operands: Sequence[str]) -> tuple[int, ...]:
    test = _TESTS[op]
    return tuple(
        code
        for code, value in enumerate(table)
        if any(test(value.casefold(), operand.casefold()) for operand in operands)
    )


_TABLES = {"country": words.COUNTRIES, "plan": words.PLANS, "tags": words.TAGS}


def _attribute(ask: Profile) -> Attribute:
    match ask.op:
        case "exists":
            return Attribute(ask.field)
        case "greater_or_equal":
            return Attribute(ask.field, low=float(ask.values[0]))
        case "between" | "between_dates":
            low, high = ask.values
            return Attribute(ask.field, low=float(low), high=float(high))
        case op:
            return Attribute(ask.field, codes=_codes(_TABLES[ask.field], op, [str(value) for value in ask.values]))
