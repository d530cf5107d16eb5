"""mParticle's comparisons of a value with a literal, as tests; what has no equal here is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NoReturn

from raudience.catalog.parsing import described
from raudience.criteria.dates import read_moment, write_moment
from raudience.criteria.operators import (
    After,
    Before,
    Contains,
    Equals,
    ExactMatch,
    Greater,
    GreaterOrEqual,
    IsFalse,
    IsTrue,
    Less,
    LessOrEqual,
    NoneOf,
    NotContains,
    NotEquals,
    NotMatch,
    NotPattern,
    OneOf,
    Pattern,
    Test,
)
from raudience.errors import Fault

__all__ = ["Refused", "absolute_date", "number_test", "refuse", "value_test"]

_DAY: Final = 86_400_000
_NUMBERS: Final[dict[str, Callable[[float], Test]]] = {
    "equals": Equals,
    "not_equals": NotEquals,
    "less_than": Less,
    "less_than_equal": LessOrEqual,
    "greater_than": Greater,
    "greater_than_equal": GreaterOrEqual,
}
_TEXTS: Final[dict[str, Callable[[str], Test]]] = {
    "equals": ExactMatch,
    "not_equals": NotMatch,
    "contains": Contains,
    "not_contains": NotContains,
    "starts_with": lambda text: Pattern(_literal(text) + "*"),
    "not_starts_with": lambda text: NotPattern(_literal(text) + "*"),
    "ends_with": lambda text: Pattern("*" + _literal(text)),
    "not_ends_with": lambda text: NotPattern("*" + _literal(text)),
}
_DATES: Final[dict[str, Callable[[str], Test]]] = {"less_than": Before, "greater_than_equal": After}
_HINTS: Final = {
    "matches": "it takes a regular expression; write a `pattern` with * and ?",
    "not_matches": "it takes a regular expression; write `does_not_match_pattern` with * and ?",
    "between": "whether its ends count is not said; write two comparisons",
}


class Refused(Exception):
    """One expression has no equal here."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault)
        self.fault = fault


def refuse(path: str, expected: str, got: str, hint: str = "") -> NoReturn:
    raise Refused(Fault(path, expected, got, hint))


def value_test(operator: Any, right: Any, path: str) -> Test:
    """The test of `value <operator> right`; raise Refused when there is none."""
    if isinstance(operator, str) and operator in _HINTS:
        return refuse(f"{path}.operator", "an operator that means the same here", f"`{operator}`", _HINTS[operator])
    match right:
        case bool():
            return _boolean_test(operator, right, path)
        case int() | float():
            return number_test(operator, right, path)
        case str():
            return _made(_TEXTS, operator, right, path, "texts")
        case list():
            return _list_test(operator, right, path)
        case {"date": {"absolute": str(date)}}:
            return _made(_DATES, operator, absolute_date(date, f"{path}.right.date.absolute"), path, "dates")
        case {"date": _}:
            hint = (
                "dates in the future count there and not in `within`; write `within` or `between_ago` if that is right"
            )
            return refuse(f"{path}.right.date", "an absolute date for an attribute", "a relative one", hint)
        case _:
            return refuse(f"{path}.right", "a text, a number, a boolean, a list of texts or a date", described(right))


def number_test(operator: Any, right: Any, path: str) -> Test:
    """The test of `number <operator> right`."""
    if not isinstance(right, int | float) or isinstance(right, bool):
        return refuse(f"{path}.right", "a number", described(right))
    return _made(_NUMBERS, operator, float(right), path, "numbers")


def absolute_date(text: str, path: str) -> str:
    """The date of a moment that is 00:00 UTC: dates here are whole days."""
    moment = read_moment(text)
    if moment is None or moment % _DAY:
        return refuse(path, "a date, or a date-time at 00:00 UTC", f"`{text}`", "dates are whole days in UTC")
    return write_moment(moment)[:10]


def _made(makers: dict[str, Callable[[Any], Test]], operator: Any, right: Any, path: str, of: str) -> Test:
    make = makers.get(operator) if isinstance(operator, str) else None
    if make is None:
        return refuse(f"{path}.operator", f"an operator on {of} ({', '.join(makers)})", described(operator))
    return make(right)


def _boolean_test(operator: Any, right: bool, path: str) -> Test:
    match operator:
        case "equals":
            return IsTrue() if right else IsFalse()
        case "not_equals":
            # Booleans are the words true and false, so this is the exact complement.
            return NotMatch("true" if right else "false")
        case _:
            return refuse(f"{path}.operator", "equals or not_equals with true and false", described(operator))


def _list_test(operator: Any, right: list[Any], path: str) -> Test:
    if operator not in ("in", "not_in"):
        return refuse(f"{path}.operator", "in or not_in with a list", described(operator))
    if not right or not all(isinstance(value, str) for value in right):
        return refuse(f"{path}.right", "a list of texts", "an empty one" if not right else "a list of something else")
    return OneOf(tuple(right)) if operator == "in" else NoneOf(tuple(right))


def _literal(text: str) -> str:
    return "".join("\\" + character if character in "*?\\" else character for character in text)
