"""What definitions cost the shards: bytes they hold, and events they read to be filled.

The formula, in bytes; equal criteria of all audiences count once:

    every profile     1/8 for each criterion and each audience, 1 for each counter (events and window of a frequency),
                      24 for each criterion on one moment (first seen, an attribute that is an age or a date), 33 for
                      each kind of cart, 4 for each sum, average or number of different values
    a user with       24 for each sum, average or number of different values, 500 for each sequence that has events of
    something in it   the user, 250 for each cart that looks at what was taken out
    an event in it    20 for each sum or average, 120 for each number of different values and step of a sequence, 200
                      for a product in a cart
    a member          14 for each audience
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, assert_never

import msgspec

from raudience.criteria.durations import Duration
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
    Matcher,
    Place,
    Plan,
    SequenceOf,
    SpanTest,
    Sum,
)

__all__ = ["Cost", "Footprint", "cost_of", "footprint"]

_MOMENT: Final = 24
_CART: Final = 33
_HELD: Final = 250
_PRODUCT: Final = 200
_PLACE: Final = 4
_TOTAL: Final = 24
_AMOUNT: Final = 20
_DIFFERENT: Final = 120
_SEQUENCE: Final = 500
_STEP: Final = 120
_MEMBER: Final = 14


class Footprint(msgspec.Struct, frozen=True):
    """Bytes that a plan takes: for every profile, for a user and for an event that its criteria keep something of, for
    a member of an audience. criteria: distinct ones."""

    criteria: int
    per_profile: float
    per_user: int
    per_event: int
    per_member: int = _MEMBER

    def expected(self, profiles: int, users: int, events: int, members: int) -> float:
        """Bytes for so many of each; users and events: of which something is kept."""
        return profiles * self.per_profile + users * self.per_user + events * self.per_event + members * self.per_member


class Cost(msgspec.Struct, frozen=True):
    """What another plan costs. new, gone: distinct criteria that come and go; those that stay cost nothing. reads: the
    kept events that are read once to fill what is new, in words."""

    new: int
    gone: int
    before: Footprint
    after: Footprint
    reads: tuple[str, ...]

    @property
    def per_profile(self) -> float:
        """Bytes more (or less) for every profile."""
        return self.after.per_profile - self.before.per_profile


def footprint(plan: Plan) -> Footprint:
    """What a plan takes, by the formula above."""
    counters = {(leaf.matcher, leaf.window) for leaf in plan.leaves if isinstance(leaf, Count)}
    moments = sum(_on_a_moment(leaf) for leaf in plan.leaves)
    carts = {(leaf.added, leaf.done, leaf.removed, leaf.other) for leaf in plan.leaves if isinstance(leaf, Cart)}
    emptied = sum(removed is not None for _, _, removed, _ in carts)
    sums, distinct = (sum(isinstance(leaf, kind) for leaf in plan.leaves) for kind in (Sum, Distinct))
    sequences = [leaf for leaf in plan.leaves if isinstance(leaf, SequenceOf)]
    steps = sum(len(leaf.steps) for leaf in sequences)
    bits = (len(plan.leaves) + len(plan.audiences)) / 8
    return Footprint(
        criteria=len(plan.leaves),
        per_profile=bits + len(counters) + _MOMENT * moments + _CART * len(carts) + _PLACE * (sums + distinct),
        per_user=_TOTAL * (sums + distinct) + _SEQUENCE * len(sequences) + _HELD * emptied,
        per_event=_AMOUNT * sums + _DIFFERENT * distinct + _STEP * steps + _PRODUCT * emptied,
    )


def cost_of(present: Plan, wanted: Plan) -> Cost:
    """What it costs to go from one plan to another."""
    before, after = frozenset(present.leaves), frozenset(wanted.leaves)
    new = sorted(after - before, key=msgspec.json.encode)
    back: dict[str, int] = {}
    for event, high in (read for leaf in new for read in _reads(leaf)):
        back[event] = max(high, back.get(event, 0))
    reads = tuple(f"{event}, {_back(back[event])}" for event in sorted(back))
    return Cost(len(new), len(before - after), footprint(present), footprint(wanted), reads)


def _on_a_moment(leaf: Leaf) -> bool:
    return isinstance(leaf, FirstSeenTest) or (
        isinstance(leaf, FieldTest) and isinstance(leaf.test, AgeTest | SpanTest)
    )


def _reads(leaf: Leaf) -> Iterator[tuple[str, int]]:
    """Which events a leaf looks at, in words, and how far back."""
    match leaf:
        case Count() | Sum() | Distinct():
            yield _events(leaf.matcher), leaf.window.high
        case SequenceOf():
            yield from ((_events(step.matcher), leaf.window.high) for step in leaf.steps)
        case Cart():
            matchers = (leaf.added, leaf.done, leaf.other, leaf.removed)
            yield from ((_events(matcher), leaf.lookback) for matcher in matchers if matcher is not None)
        case FieldTest() | FirstSeenTest() | Place() | Alive():
            return
        case _:
            assert_never(leaf)


def _events(matcher: Matcher) -> str:
    names = " or ".join(matcher.names) if matcher.names is not None and len(matcher.names) <= 2 else ""
    return " ".join(filter(None, (matcher.kind, matcher.category, names)))


def _back(high: int) -> str:
    return "all that are kept" if high >= FOREVER else f"{Duration(high)} back"
