"""Tests on one value: what stands under `test:` in a definition.

The name of an operator fixes the type that the value is read as (semantics D8): text, number, boolean, date, version
or list. A value that cannot be read as that type satisfies no positive operator; a negative operator is the exact
complement of its positive one, so it also holds where the attribute is absent (D7).
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from raudience.criteria.durations import Duration

__all__ = [
    "After",
    "Before",
    "Between",
    "BetweenAgo",
    "BetweenDates",
    "Contains",
    "Equals",
    "ExactMatch",
    "Exists",
    "Greater",
    "GreaterOrEqual",
    "Includes",
    "IsFalse",
    "IsTrue",
    "Less",
    "LessOrEqual",
    "NoneOf",
    "NotContains",
    "NotEquals",
    "NotExists",
    "NotIncludes",
    "NotMatch",
    "NotPattern",
    "On",
    "OneOf",
    "PartialMatch",
    "Pattern",
    "Test",
    "Version",
    "Within",
]  # fmt: skip


class _Test(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="op", order=True):
    pass


class Contains(_Test, frozen=True, tag="contains"):
    value: str


class NotContains(_Test, frozen=True, tag="does_not_contain"):
    value: str


class ExactMatch(_Test, frozen=True, tag="exact_match"):
    value: str


class NotMatch(_Test, frozen=True, tag="does_not_match"):
    value: str


class Pattern(_Test, frozen=True, tag="pattern"):
    """`*` any number of characters, `?` exactly one, a backslash makes `*`, `?` and itself literal; whole value."""

    value: str


class NotPattern(_Test, frozen=True, tag="does_not_match_pattern"):
    value: str


class OneOf(_Test, frozen=True, tag="one_of"):
    """Exact match with at least one of the values."""

    values: tuple[str, ...]


class NoneOf(_Test, frozen=True, tag="none_of"):
    values: tuple[str, ...]


class Equals(_Test, frozen=True, tag="equals"):
    value: float


class NotEquals(_Test, frozen=True, tag="not_equals"):
    value: float


class Less(_Test, frozen=True, tag="less"):
    value: float


class LessOrEqual(_Test, frozen=True, tag="less_or_equal"):
    value: float


class Greater(_Test, frozen=True, tag="greater"):
    value: float


class GreaterOrEqual(_Test, frozen=True, tag="greater_or_equal"):
    value: float


class Between(_Test, frozen=True, tag="between"):
    """Number between two numbers, both included."""

    low: float
    high: float


class IsTrue(_Test, frozen=True, tag="is_true"):
    pass


class IsFalse(_Test, frozen=True, tag="is_false"):
    pass


class Before(_Test, frozen=True, tag="before"):
    """Before 00:00 UTC of the date (YYYY-MM-DD), not inclusive."""

    date: str


class After(_Test, frozen=True, tag="after"):
    """From 00:00 UTC of the date on, inclusive."""

    date: str


class On(_Test, frozen=True, tag="on"):
    date: str


class BetweenDates(_Test, frozen=True, tag="between_dates"):
    """From 00:00 UTC of `first` to the end of the day `last`."""

    first: str
    last: str


class Within(_Test, frozen=True, tag="within"):
    """Not later than now and at most `last` before now, both edges included."""

    last: Duration


class BetweenAgo(_Test, frozen=True, tag="between_ago"):
    """At least `least` and at most `most` before now, both edges included."""

    least: Duration
    most: Duration


class Includes(_Test, frozen=True, tag="includes"):
    """The list has an element that equals the value (whole element, case ignored)."""

    value: str


class NotIncludes(_Test, frozen=True, tag="does_not_include"):
    value: str


class PartialMatch(_Test, frozen=True, tag="partial_match"):
    """The list has an element that contains the value."""

    value: str


class Version(_Test, frozen=True, tag="version"):
    """Dotted version number against another, part by part: 2.10 is greater than 2.9, 2 equals 2.0."""

    compare: Literal["equals", "less", "less_or_equal", "greater", "greater_or_equal"]
    value: str


class Exists(_Test, frozen=True, tag="exists"):
    """The key is there, with any value, null included."""


class NotExists(_Test, frozen=True, tag="does_not_exist"):
    pass


Test: TypeAlias = (
    Contains | NotContains | ExactMatch | NotMatch | Pattern | NotPattern | OneOf | NoneOf | Equals | NotEquals | Less
    | LessOrEqual | Greater | GreaterOrEqual | Between | IsTrue | IsFalse | Before | After | On | BetweenDates | Within
    | BetweenAgo | Includes | NotIncludes | PartialMatch | Version | Exists | NotExists
)  # fmt: skip
