"""Leaves in plain English, one line each, for explanations."""

from __future__ import annotations

from typing import Final, assert_never

from raudience.clock import DAY
from raudience.criteria.dates import write_moment
from raudience.criteria.durations import Duration
from raudience.criteria.leaves import (
    FOREVER,
    AgeTest,
    Alive,
    Cart,
    Check,
    Count,
    Distinct,
    FieldTest,
    FirstSeenTest,
    Leaf,
    Matcher,
    Place,
    SequenceOf,
    SpanTest,
    Sum,
    ValueTest,
    Window,
)
from raudience.criteria.operators import Between, BetweenAgo, BetweenDates, NoneOf, OneOf, Test, Version, Within
from raudience.criteria.values import number_text
from raudience.records import Field

__all__ = ["describe", "describe_test"]

_PHRASES: Final = {
    "contains": "contains",
    "does_not_contain": "does not contain",
    "exact_match": "is",
    "does_not_match": "is not",
    "pattern": "matches",
    "does_not_match_pattern": "does not match",
    "equals": "=",
    "not_equals": "≠",
    "less": "<",
    "less_or_equal": "≤",
    "greater": ">",
    "greater_or_equal": "≥",
    "is_true": "is true",
    "is_false": "is false",
    "before": "is before",
    "after": "is not before",
    "on": "is on",
    "includes": "includes",
    "does_not_include": "does not include",
    "partial_match": "has an element that contains",
    "exists": "exists",
    "does_not_exist": "does not exist",
}
_NAMESPACES: Final = {
    "user": "user attribute",
    "calculated": "calculated attribute",
    "identity": "identity",
    "device_id": "identity",
    "device": "device",
    "application": "application",
    "consent": "consent",
    "location": "location",
    "attribution": "attribution",
    "status": "status",
    "custom": "attribute",
    "event": "event's",
    "product": "product's",
}


def describe(leaf: Leaf) -> str:
    """What a leaf asks, such as `commerce purchase at least 3 times in the last 7 days`."""
    match leaf:
        case Count() | Sum() | Distinct() | SequenceOf() | Cart():
            return _event_words(leaf)
        case FieldTest():
            return f"{_field(leaf.field)} {describe_test(leaf.test)}{_among((leaf.workspace,))}"
        case FirstSeenTest():
            return f"first seen {_moment(leaf.test)}{_among((leaf.workspace,))}"
        case Place():
            center = f"{leaf.latitude:g}, {leaf.longitude:g}"
            return f"last seen within {leaf.meters / 1000:g} km of {center}{_among((leaf.workspace,))}"
        case Alive():
            return f"active{_among(leaf.workspaces)}, not opted out"
        case _:
            assert_never(leaf)


def describe_test(test: ValueTest) -> str:
    """What a test asks of a value, such as `contains "blue"`."""
    match test:
        case SpanTest() | AgeTest():
            return f"is {_moment(test)}"
        case Between():
            return f"is from {number_text(test.low)} to {number_text(test.high)}"
        case OneOf() | NoneOf():
            choice = ", ".join(f'"{value}"' for value in test.values)
            return f"is {'one' if isinstance(test, OneOf) else 'none'} of {choice}"
        case Version():
            return f"{_PHRASES[test.compare]} version {test.value}"
        case _:
            return _simple(test)


def _event_words(leaf: Count | Sum | Distinct | SequenceOf | Cart) -> str:
    match leaf:
        case Count():
            return f"{_events(leaf.matcher)} {_times(leaf.least, leaf.most)}{_window(leaf.window)}"
        case Sum():
            what = f"{'average' if leaf.average else 'sum'} of {_field(leaf.field)} over {_events(leaf.matcher)}"
            return f"{what}{_window(leaf.window)} {describe_test(leaf.test)}"
        case Distinct():
            number = _numbers(leaf.least, leaf.most)
            return (
                f"{number} distinct values of {_field(leaf.field)} over {_events(leaf.matcher)}{_window(leaf.window)}"
            )
        case SequenceOf():
            return f"{_steps(leaf)}{_window(leaf.window)}"
        case Cart():
            what = "any product action" if leaf.other else "purchase"
            return f"{_events(leaf.added)} without {what} for {Duration(leaf.wait)}"
        case _:
            assert_never(leaf)


def _steps(leaf: SequenceOf) -> str:
    first, *others = leaf.steps
    words = _events(first.matcher)
    for step in others:
        within = f" within {Duration(step.within)}" if step.within is not None else ""
        words += f", then {_events(step.matcher)}{within}"
    return words + (f", with the same {_field(leaf.same)}" if leaf.same else "")


def _simple(test: Test | SpanTest | AgeTest) -> str:
    """An operator with one operand or none."""
    if isinstance(test, SpanTest | AgeTest | BetweenDates | Within | BetweenAgo):
        return str(test)
    phrase = _PHRASES[str(type(test).__struct_config__.tag)]
    operand = next((getattr(test, name) for name in test.__struct_fields__), None)
    match operand:
        case None:
            return phrase
        case str():
            return f'{phrase} "{operand}"'
        case _:
            return f"{phrase} {number_text(float(operand))}"


def _events(matcher: Matcher) -> str:
    names = " or ".join(matcher.names) if matcher.names is not None and len(matcher.names) <= 2 else ""
    words = " ".join(part for part in (matcher.kind, matcher.category, names) if part)
    if matcher.checks:
        words += " with " + " and ".join(map(_check, matcher.checks))
    if (matcher.start, matcher.end) != (-FOREVER, FOREVER):
        words += f" {_moment(SpanTest(matcher.start, matcher.end))}"
    if matcher.inputs:
        return f"{words} through {', '.join(matcher.inputs)}"
    return words + _among(matcher.workspaces)


def _check(check: Check) -> str:
    return f"{_field(check.field)} {describe_test(check.test)}"


def _field(field: Field) -> str:
    return f"{_NAMESPACES.get(field.namespace, field.namespace)} {field.name}"


def _times(least: int, most: int | None) -> str:
    if (least, most) == (0, 0):
        return "never"
    number = _numbers(least, most)
    return f"{number} time" if number.endswith(" 1") else f"{number} times"


def _numbers(least: int, most: int | None) -> str:
    if most is None:
        return f"at least {least}"
    if least == most:
        return f"exactly {least}"
    return f"{least} to {most}" if least else f"at most {most}"


def _window(window: Window) -> str:
    return "" if (window.low, window.high) == (0, FOREVER) else f" {_moment(AgeTest(window.low, window.high))}"


def _moment(test: SpanTest | AgeTest) -> str:
    match test:
        case AgeTest(low=0):
            return f"in the last {Duration(test.high)}" if test.high < FOREVER else "at any time"
        case AgeTest():
            low = Duration(test.low)
            return f"between {low} and {Duration(test.high)} ago" if test.high < FOREVER else f"{low} ago or earlier"
        case SpanTest(start=start, end=end) if start <= -FOREVER:
            return f"before {_date(end)}"
        case SpanTest(start=start, end=end) if end >= FOREVER:
            return f"from {_date(start)} on"
        case SpanTest(start=start, end=end) if end - start == DAY:
            return f"on {_date(start)}"
        case SpanTest():
            return f"from {_date(test.start)} to {_date(test.end - 1)}"


def _date(moment: int) -> str:
    return write_moment(moment)[:10]


def _among(workspaces: tuple[str, ...]) -> str:
    """Where a criterion looks; the workspace of a book that has no other is not worth a word."""
    return "" if workspaces in (("",), ("default",), ()) else f" in {' or '.join(workspaces)}"
