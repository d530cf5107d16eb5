"""Tests on one value, and lengths of time."""

import re
import unicodedata
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
WEEK = 7 * DAY
FOREVER = 1 << 60

UNITS = {"second": SECOND, "minute": MINUTE, "hour": HOUR, "day": DAY, "week": WEEK}
SHORT = {"s": SECOND, "m": MINUTE, "h": HOUR, "d": DAY, "w": WEEK}

ABSENT = ("absent",)
TAG = ("tag",)

NEGATIVE = {
    "does_not_contain": "contains",
    "does_not_match": "exact_match",
    "does_not_match_pattern": "pattern",
    "none_of": "one_of",
    "not_equals": "equals",
    "does_not_include": "includes",
    "does_not_exist": "exists",
}
"""Operators that are the complement of another."""


def duration(text):
    """Milliseconds of `6 hours`, `90m`, `unlimited`."""
    if text == "unlimited":
        return FOREVER
    number, unit = re.fullmatch(r"(\d+) ?([a-z]+)", text).groups()
    return int(number) * (SHORT.get(unit) or UNITS[unit.removesuffix("s")])


def fold(text):
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


def number_text(number):
    return str(int(number)) if number == int(number) else repr(float(number))


def cell(value):
    """A JSON value as (kind, value): word, number, tag or list."""
    match value:
        case None:
            return TAG
        case bool():
            return ("word", "true" if value else "false")
        case int() if abs(value) > 2**53:
            return ("word", str(value))
        case int() | float():
            return ("number", float(value))
        case str():
            return ("word", value)
        case list():
            return ("list", [text_of(cell(element)) for element in value])


def text_of(a_cell):
    """The text of a scalar, None when it has none."""
    match a_cell:
        case ("word", word):
            return word
        case ("number", number):
            return number_text(number)
    return None


def number_of(a_cell):
    """The number that a scalar is or reads as, None when it is none."""
    match a_cell:
        case ("number", number):
            return number
        case ("word", word) if re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", word, re.ASCII):
            return float(word)
    return None


def moment_of(a_cell):
    """Milliseconds of an ISO 8601 date or date-time in a word, None when it is none."""
    if a_cell[0] != "word":
        return None
    try:
        read = datetime.fromisoformat(a_cell[1])
    except ValueError:
        return None
    aware = read if read.tzinfo else read.replace(tzinfo=UTC)
    return (aware - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


def midnight(day):
    """00:00 UTC of YYYY-MM-DD."""
    return (date.fromisoformat(day) - date(1970, 1, 1)).days * DAY


def span_of(test):
    """[start, end) of a date operator on the calendar, None for other operators."""
    match test["op"]:
        case "before":
            return (-FOREVER, midnight(test["date"]))
        case "after":
            return (midnight(test["date"]), FOREVER)
        case "on":
            return (midnight(test["date"]), midnight(test["date"]) + DAY)
        case "between_dates":
            return (midnight(test["first"]), midnight(test["last"]) + DAY)
    return None


def ages_of(test):
    """(least, most) milliseconds before now of a recency operator, None for other operators."""
    match test["op"]:
        case "within":
            return (0, duration(test["last"]))
        case "between_ago":
            return (duration(test["least"]), duration(test["most"]))
    return None


def moment_holds(test, moment, now):
    if span := span_of(test):
        return span[0] <= moment < span[1]
    low, high = ages_of(test)
    return low <= now - moment <= high


def pattern_holds(pattern, text):
    """`*` any characters, `?` one character, a backslash makes `*`, `?` and itself literal; the whole text."""
    pieces = []
    rest = pattern
    while rest:
        if rest[0] == "\\" and rest[1:2] in ("*", "?", "\\") and len(rest) > 1:
            pieces.append(("literal", rest[1]))
            rest = rest[2:]
        else:
            pieces.append(("any", "") if rest[0] == "*" else ("one", "") if rest[0] == "?" else ("literal", rest[0]))
            rest = rest[1:]
    reached = {0}
    for kind, character in pieces:
        if kind == "any":
            reached = set(range(min(reached), len(text) + 1)) if reached else set()
        else:
            reached = {at + 1 for at in reached if at < len(text) and (kind == "one" or text[at] == character)}
    return len(text) in reached


def version_of(text):
    found = re.match(r"[0-9][0-9.]*", text)
    if not found:
        return None
    parts = [int(part or 0) for part in found[0].split(".")]
    while parts and parts[-1] == 0:
        parts.pop()
    return parts


def compare(how, left, right):
    return {
        "equals": left == right,
        "less": left < right,
        "less_or_equal": left <= right,
        "greater": left > right,
        "greater_or_equal": left >= right,
    }[how]


def number_holds(test, number):
    """A number operator on a number (exact comparison: Fraction or float)."""
    if test["op"] == "not_equals":
        return number != test["value"]
    if test["op"] == "between":
        return test["low"] <= number <= test["high"]
    return compare(test["op"], number, test["value"])


def holds(test, a_cell, now):
    """The truth of a test on a cell, ABSENT included."""
    op = test["op"]
    if op in NEGATIVE:
        return not holds({**test, "op": NEGATIVE[op]}, a_cell, now)
    if op == "exists":
        return a_cell != ABSENT
    if a_cell[0] == "list":
        return _list_holds(test, a_cell[1])
    if a_cell in (ABSENT, TAG):
        return False
    return _scalar_holds(test, a_cell, now)


def _list_holds(test, elements):
    wanted = fold(test.get("value", "")) if isinstance(test.get("value", ""), str) else None
    if test["op"] == "includes":
        return any(fold(element) == wanted for element in elements)
    if test["op"] == "partial_match":
        return any(wanted in fold(element) for element in elements)
    return False


def _scalar_holds(test, a_cell, now):
    text = text_of(a_cell)
    match test["op"]:
        case "contains":
            return fold(test["value"]) in fold(text)
        case "exact_match":
            return fold(test["value"]) == fold(text)
        case "pattern":
            return pattern_holds(fold(test["value"]), fold(text))
        case "one_of":
            return fold(text) in [fold(value) for value in test["values"]]
        case "is_true" | "is_false":
            return fold(text) == test["op"].removeprefix("is_")
        case "version":
            version = version_of(text)
            return version is not None and compare(test["compare"], version, version_of(test["value"]))
        case "before" | "after" | "on" | "between_dates" | "within" | "between_ago":
            moment = moment_of(a_cell)
            return moment is not None and moment_holds(test, moment, now)
        case "includes" | "partial_match":
            return False
    number = number_of(a_cell)
    return number is not None and number_holds(test, number)


def millionths(number):
    """A number rounded half to even to six decimals, in whole millionths."""
    return round(Fraction(number) * 10**6)
