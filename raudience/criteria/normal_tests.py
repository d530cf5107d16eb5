"""Tests in their normal form: operands folded, dates as moments, one form for tests that mean the same."""

from __future__ import annotations

import math
from typing import assert_never

from raudience.criteria.dates import read_date, span
from raudience.criteria.draft import Draft
from raudience.criteria.leaves import FOREVER, AgeTest, SpanTest, ValueTest
from raudience.criteria.operators import (
    After,
    Before,
    Between,
    BetweenAgo,
    BetweenDates,
    Contains,
    Equals,
    ExactMatch,
    Exists,
    Greater,
    GreaterOrEqual,
    Includes,
    IsFalse,
    IsTrue,
    Less,
    LessOrEqual,
    NoneOf,
    NotContains,
    NotEquals,
    NotExists,
    NotIncludes,
    NotMatch,
    NotPattern,
    On,
    OneOf,
    PartialMatch,
    Pattern,
    Test,
    Version,
    Within,
)
from raudience.criteria.patterns import canonical
from raudience.criteria.text import fold
from raudience.criteria.versions import read_version

__all__ = ["normal_moment", "normal_test", "operator_name"]


def operator_name(test: Test) -> str:
    """The name under which a definition writes the operator."""
    return str(type(test).__struct_config__.tag)


def normal_test(draft: Draft, test: Test, path: str) -> ValueTest:
    """The normal form of a test; faults are noted with their paths below `path`."""
    match test:
        case Contains() | NotContains() | Pattern() | NotPattern() | Includes() | NotIncludes() | PartialMatch():
            return _operand(draft, test, path)
        case ExactMatch() | NotMatch():
            return type(test)(fold(test.value))
        case OneOf() | NoneOf():
            return _choice(draft, test, path)
        case _:
            return _normal_typed(draft, test, path)


def normal_moment(
    draft: Draft, test: Before | After | On | BetweenDates | Within | BetweenAgo, path: str
) -> SpanTest | AgeTest:
    """The normal form of a test on a moment."""
    match test:
        case Within():
            if test.last <= 0:
                draft.wrong(f"{path}.last", "a length of time above 0", str(test.last))
            return AgeTest(0, min(int(test.last), FOREVER))
        case BetweenAgo():
            if test.least > test.most:
                draft.wrong(path, "least not longer than most", f"{test.least} and {test.most}", "exchange the two")
            return AgeTest(int(test.least), min(int(test.most), FOREVER))
        case Before() | After() | On() | BetweenDates():
            return _normal_span(draft, test, path)
        case _:
            assert_never(test)


def _normal_typed(draft: Draft, test: Test, path: str) -> ValueTest:
    match test:
        case Between():
            return _range(draft, test, path)
        case Equals() | NotEquals() | Less() | LessOrEqual() | Greater() | GreaterOrEqual():
            return type(test)(_number(draft, test.value, f"{path}.value"))
        case Before() | After() | On() | BetweenDates() | Within() | BetweenAgo():
            return normal_moment(draft, test, path)
        case Version():
            return _version(draft, test, path)
        case IsTrue() | IsFalse() | Exists() | NotExists():
            return test
        case _:
            message = f"no normal form for {test}"
            raise TypeError(message)


def _operand(
    draft: Draft,
    test: Contains | NotContains | Pattern | NotPattern | Includes | NotIncludes | PartialMatch,
    path: str,
) -> ValueTest:
    if not test.value:
        draft.fault(f"{path}.value", "a text", "an empty one", "only exact_match and does_not_match take an empty text")
    form = canonical if isinstance(test, Pattern | NotPattern) else fold
    return type(test)(form(test.value))


def _choice(draft: Draft, test: OneOf | NoneOf, path: str) -> ValueTest:
    if not test.values:
        draft.fault(f"{path}.values", "at least one text", "an empty list")
    values = tuple(sorted(set(map(fold, test.values))))
    if len(values) == 1:
        return ExactMatch(values[0]) if isinstance(test, OneOf) else NotMatch(values[0])
    return type(test)(values)


def _range(draft: Draft, test: Between, path: str) -> ValueTest:
    low, high = _number(draft, test.low, f"{path}.low"), _number(draft, test.high, f"{path}.high")
    if low > high:
        draft.wrong(path, "low not above high", f"{test.low} and {test.high}", "exchange the two")
    return Equals(low) if low == high else Between(low, high)


def _number(draft: Draft, value: float, path: str) -> float:
    """The operand as float64; zero has no sign."""
    if not math.isfinite(value):
        draft.wrong(path, "a finite number", value)
    return float(value) + 0.0


def _normal_span(draft: Draft, test: Before | After | On | BetweenDates, path: str) -> SpanTest:
    names = ("first", "last") if isinstance(test, BetweenDates) else ("date",)
    wrong = [name for name in names if read_date(getattr(test, name)) is None]
    for name in wrong:
        draft.wrong(f"{path}.{name}", "a date such as 2018-09-09", getattr(test, name))
    if wrong:
        return SpanTest(0, 0)
    normal = span(test)
    if normal.start >= normal.end:
        draft.wrong(
            path, "first not after last", " and ".join(getattr(test, name) for name in names), "exchange the two"
        )
    return normal


def _version(draft: Draft, test: Version, path: str) -> ValueTest:
    parts = read_version(test.value)
    if parts is None:
        draft.wrong(f"{path}.value", "a version such as 2.10", test.value)
        return test
    return Version(test.compare, ".".join(digits or "0" for _, digits in parts) or "0")
