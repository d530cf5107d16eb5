"""What a shard evaluates: normalised questions ("leaves") and the formulas of audiences over them.

Equal questions have equal leaves, whatever way they were written; the canonical text of a leaf is its JSON. Durations
and moments are int milliseconds, text operands are folded (`text.fold`), dates are moments.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Final, TypeAlias, assert_never

import msgspec

from raudience.criteria.operators import Test
from raudience.records import Field

__all__ = [
    "FOREVER", "LATITUDE", "LONGITUDE", "PRODUCT_ID", "AgeTest", "Alive", "AndOf", "Cart", "Check", "Count", "Distinct",
    "FieldTest", "FirstSeenTest", "Formula", "Leaf", "Matcher", "NotOf", "OrOf", "Place", "Plan", "PlannedAudience",
    "SequenceOf", "SpanTest", "StepOf", "Sum", "ValueTest", "Window",
    "event_fields", "leaves_of", "profile_fields",
]  # fmt: skip

FOREVER: Final = 1 << 61
"""Milliseconds that no clock reaches; stands for "no edge"."""

LATITUDE: Final = Field("location", "latitude")
LONGITUDE: Final = Field("location", "longitude")
PRODUCT_ID: Final = Field("product", "id")


class _Leaf(msgspec.Struct, frozen=True, tag=True, order=True):
    pass


class SpanTest(_Leaf, frozen=True, tag_field="op"):
    """A moment in [start, end); the value is read as a date."""

    start: int
    end: int


class AgeTest(_Leaf, frozen=True, tag_field="op"):
    """A moment at least `low` and at most `high` before now; the value is read as a date."""

    low: int
    high: int


ValueTest: TypeAlias = Test | SpanTest | AgeTest
"""A test as leaves hold it: date operators have become SpanTest or AgeTest."""


class Check(msgspec.Struct, frozen=True):
    """A test on one attribute of an event: field.namespace is custom, event or product."""

    field: Field
    test: ValueTest


class Matcher(msgspec.Struct, frozen=True):
    """Which events: kind, category and one of the names (None: any), from one of the workspaces and inputs (empty:
    any), with time in [start, end), that pass all checks; those of namespace product by one and the same product.
    without: category ("" for any) and name of events that do not count."""

    kind: str
    category: str | None = None
    names: tuple[str, ...] | None = None
    workspaces: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    start: int = -FOREVER
    end: int = FOREVER
    checks: tuple[Check, ...] = ()
    without: tuple[tuple[str, str], ...] = ()


class Window(msgspec.Struct, frozen=True):
    """An event of time t is in the window at now when low <= now - t <= high."""

    low: int
    high: int


class Count(_Leaf, frozen=True):
    """Number of matching events in the window is in [least, most] (most None: no upper bound)."""

    matcher: Matcher
    window: Window
    least: int
    most: int | None


class Sum(_Leaf, frozen=True):
    """Sum, or average, of a numeric attribute over the matching events that have it as a number.

    Each value counts rounded half to even to six decimals (sums are whole millionths, so they are exact and do not
    depend on order). The average is the sum divided by the number of those events, as float64; of none it satisfies no
    positive test. A product attribute sums over all products of the event that pass the product checks.
    """

    matcher: Matcher
    window: Window
    field: Field
    average: bool
    test: ValueTest


class Distinct(_Leaf, frozen=True):
    """Number of distinct folded texts of an attribute over the matching events in the window is in [least, most]."""

    matcher: Matcher
    window: Window
    field: Field
    least: int
    most: int | None


class StepOf(msgspec.Struct, frozen=True):
    """One step of a sequence; within: longest time since the step before, None for any."""

    matcher: Matcher
    within: int | None


class SequenceOf(_Leaf, frozen=True):
    """Some chain e1 < e2 < ... of matching events, strictly in time, in each step within its time, all in the window,
    with one folded text of `same` in common when it is given."""

    steps: tuple[StepOf, ...]
    same: Field | None
    window: Window


class Cart(_Leaf, frozen=True):
    """Cart abandonment (semantics D17).

    added: the last matching add is at or before now - wait and at most `lookback` before now. done: none at or after
    that add. other: when given, its last event is at or before now - wait as well. removed: when given, some matching
    add at or after the last `done` has a product that no `removed` event took out at or after that add; products are
    told apart by their id (an event without products counts as one product without id).
    """

    added: Matcher
    done: Matcher
    other: Matcher | None
    removed: Matcher | None
    wait: int
    lookback: int


class FieldTest(_Leaf, frozen=True):
    """A test on a profile field. workspace "" for fields of the whole account (identity, device_id)."""

    workspace: str
    field: Field
    test: ValueTest


class FirstSeenTest(_Leaf, frozen=True):
    """A test on the earliest event time of the profile in the workspace."""

    workspace: str
    test: SpanTest | AgeTest


class Place(_Leaf, frozen=True):
    """Latest coordinates of the user in the workspace are at most `meters` from a point, on the sphere."""

    workspace: str
    latitude: float
    longitude: float
    meters: float


class Alive(_Leaf, frozen=True):
    """The profile had activity in one of the workspaces (empty: any), is kept, and has not opted out."""

    workspaces: tuple[str, ...]


Leaf: TypeAlias = Count | Sum | Distinct | SequenceOf | Cart | FieldTest | FirstSeenTest | Place | Alive


class AndOf(_Leaf, frozen=True):
    of: tuple[Formula, ...]


class OrOf(_Leaf, frozen=True):
    of: tuple[Formula, ...]


class NotOf(_Leaf, frozen=True):
    of: Formula


Formula: TypeAlias = int | AndOf | OrOf | NotOf
"""A position in `Plan.leaves`, or a combination."""


def event_fields(leaf: Leaf) -> Iterator[Field]:
    """Attributes of events and products that a leaf reads."""
    match leaf:
        case Count():
            yield from _checked(leaf.matcher)
        case Sum() | Distinct():
            yield from (*_checked(leaf.matcher), leaf.field)
        case SequenceOf():
            yield from () if leaf.same is None else (leaf.same,)
            yield from _checked(*(step.matcher for step in leaf.steps))
        case Cart():
            yield from () if leaf.removed is None else (PRODUCT_ID,)
            yield from _checked(leaf.added, leaf.done, leaf.other, leaf.removed)
        case FieldTest() | FirstSeenTest() | Place() | Alive():
            pass
        case _:
            assert_never(leaf)


def profile_fields(leaf: Leaf) -> tuple[tuple[str, Field], ...]:
    """Workspace and field of what a leaf reads of profiles, but for what they did."""
    match leaf:
        case FieldTest():
            return ((leaf.workspace, leaf.field),)
        case Place():
            return (leaf.workspace, LATITUDE), (leaf.workspace, LONGITUDE)
        case _:
            return ()


def _checked(*matchers: Matcher | None) -> Iterator[Field]:
    return (check.field for matcher in matchers if matcher is not None for check in matcher.checks)


@lru_cache(maxsize=16_384)
def leaves_of(formula: Formula) -> tuple[int, ...]:
    """Distinct leaves of a formula, ascending."""
    match formula:
        case int():
            return (formula,)
        case NotOf():
            return leaves_of(formula.of)
        case AndOf() | OrOf():
            return tuple(sorted({leaf for part in formula.of for leaf in leaves_of(part)}))
        case _:
            assert_never(formula)


class PlannedAudience(msgspec.Struct, frozen=True):
    """key: the audience's permanent key. version: of its definition, from 1 on. formula: includes who is alive.

    shadow: evaluated like every other, but never counted and never told; by convention its key is `<key>@<version>`, of
    the audience and version that it stands for until that is in force.
    """

    key: str
    version: int
    formula: Formula
    shadow: bool = False


class Plan(msgspec.Struct, frozen=True, tag=True):
    """All that a shard needs of the book.

    leaves: distinct, sorted by canonical text. audiences: in the order of their keys. workspaces: workspace of each
    known input; an unknown input belongs to the workspace "default". Milliseconds: lookback (None: unlimited) bounds
    every event window already; retention (None: for ever) is how long a profile is kept without activity;
    remember_messages, remember_batches are how long ids are remembered. shared: user attributes that go to outputs,
    ascending; of members in whom one of them becomes another is told.
    """

    leaves: tuple[Leaf, ...]
    audiences: tuple[PlannedAudience, ...]
    workspaces: dict[str, str]
    lookback: int | None
    retention: int | None
    remember_messages: int
    remember_batches: int
    shared: tuple[str, ...] = ()

    def oldest(self, now: int) -> int:
        """The earliest time of an event that the lookback reaches at a moment."""
        return -FOREVER if self.lookback is None else now - self.lookback

    @property
    def shown(self) -> tuple[PlannedAudience, ...]:
        """Audiences that are no shadows."""
        return tuple(audience for audience in self.audiences if not audience.shadow)
