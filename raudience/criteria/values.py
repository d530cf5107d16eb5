"""Whether a value satisfies a test (semantics sections 4 to 6, D7, D8).

A value that cannot be read as the type of the operator satisfies no positive operator and every negative one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, assert_never

import numpy as np
from numpy.typing import NDArray

from raudience.criteria.dates import read_moment, span
from raudience.criteria.leaves import AgeTest, SpanTest, ValueTest
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
    Version,
    Within,
)
from raudience.criteria.patterns import matches
from raudience.criteria.text import fold
from raudience.criteria.versions import compare, read_version
from raudience.errors import ReportBug

__all__ = [
    "NumberTest", "holds_absent", "holds_list", "holds_numbers", "holds_set", "holds_word", "holds_words",
    "is_negative", "number_text", "read_number",
]  # fmt: skip

NumberTest = Equals | NotEquals | Less | LessOrEqual | Greater | GreaterOrEqual | Between

_NUMBER: Final = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?", re.ASCII)


def number_text(x: float) -> str:
    """The text of a number: `42` for 42.0, `0.5` for 0.5, the shortest that reads back as the same float64."""
    return str(int(x)) if x.is_integer() else repr(x)


def read_number(word: str) -> float | None:
    """The number that a text is, in the notation of JSON (a plus sign and `.5` are taken too), None when it is none."""
    if not _NUMBER.fullmatch(word):
        return None
    number = float(word)
    return number if np.isfinite(number) else None


def is_negative(test: ValueTest) -> bool:
    """Whether the test is the complement of a positive one, so that it holds where nothing can be read."""
    return isinstance(test, NotContains | NotMatch | NotPattern | NoneOf | NotEquals | NotIncludes | NotExists)


def holds_absent(test: ValueTest) -> bool:
    """Truth for a profile or event without the attribute."""
    return is_negative(test)


def holds_word(test: ValueTest, word: str | None) -> bool:
    """Truth for one value that is there, as text; None: there without a value (null, a tag). Not for AgeTest."""
    if isinstance(test, Exists | NotExists):
        return isinstance(test, Exists)
    if word is None:
        return is_negative(test)
    return _holds_text(test, word)


def holds_words(test: ValueTest, words: Sequence[str]) -> NDArray[np.bool_]:
    """`holds_word` of each text, bool[k]."""
    if isinstance(test, SpanTest):
        found = map(read_moment, words)
        moments = np.array([test.end if moment is None else moment for moment in found], np.int64)
        return np.asarray((moments >= test.start) & (moments < test.end), dtype=np.bool_)
    return np.array([holds_word(test, word) for word in words], dtype=np.bool_)


def holds_numbers(test: ValueTest, numbers: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Truth per value, bool[k], for values that came as numbers, float64[k]. Not for AgeTest."""
    if isinstance(test, NumberTest):
        return _compare(test, numbers)
    distinct, inverse = np.unique(numbers, return_inverse=True)
    truths = np.array([holds_word(test, number_text(float(number))) for number in distinct], dtype=np.bool_)
    return np.asarray(truths[inverse], dtype=np.bool_)


def holds_list(test: ValueTest, words: Sequence[str]) -> bool:
    """Truth for a list value; an operator on single values cannot read a list."""
    match test:
        case Exists():
            return True
        case Includes():
            return fold(test.value) in map(fold, words)
        case NotIncludes():
            return fold(test.value) not in map(fold, words)
        case PartialMatch():
            operand = fold(test.value)
            return any(operand in fold(word) for word in words)
        case NotExists():
            return False
        case _:
            return is_negative(test)


def holds_set(test: ValueTest, words: Sequence[str]) -> bool:
    """Truth for a field that holds several values at once (device ids): one of them satisfies the test; a negative
    test is the complement. Without any value the field is absent."""
    if not words:
        return holds_absent(test)
    truths = (holds_word(test, word) for word in words)
    return all(truths) if is_negative(test) else any(truths)


def _holds_text(test: ValueTest, word: str) -> bool:
    match test:
        case Contains():
            holds = fold(test.value) in fold(word)
        case ExactMatch():
            holds = fold(test.value) == fold(word)
        case Pattern():
            holds = matches(test.value, word)
        case OneOf():
            holds = fold(word) in map(fold, test.values)
        case NotContains() | NotMatch() | NotPattern() | NoneOf():
            holds = not _holds_text(_positive(test), word)
        case _:
            holds = _holds_typed(test, word)
    return holds


def _positive(test: NotContains | NotMatch | NotPattern | NoneOf) -> ValueTest:
    match test:
        case NotContains():
            return Contains(test.value)
        case NotMatch():
            return ExactMatch(test.value)
        case NotPattern():
            return Pattern(test.value)
        case NoneOf():
            return OneOf(test.values)
        case _:
            assert_never(test)


def _holds_typed(test: ValueTest, word: str) -> bool:
    match test:
        case IsTrue():
            holds = fold(word) == "true"
        case IsFalse():
            holds = fold(word) == "false"
        case SpanTest():
            moment = read_moment(word)
            holds = moment is not None and test.start <= moment < test.end
        case Before() | After() | On() | BetweenDates():
            holds = _holds_typed(span(test), word)
        case Version():
            value, operand = read_version(word), read_version(test.value)
            holds = value is not None and operand is not None and compare(test.compare, value, operand)
        case _:
            holds = _holds_number(test, word)
    return holds


def _holds_number(test: ValueTest, word: str) -> bool:
    if isinstance(test, AgeTest | Within | BetweenAgo):
        message = f"a test on age was asked without a moment: {test}"
        raise ReportBug(message)
    number = read_number(word) if isinstance(test, NumberTest) else None
    if number is None:
        return is_negative(test)
    return bool(holds_numbers(test, np.array([number]))[0])


def _compare(test: NumberTest, numbers: NDArray[np.float64]) -> NDArray[np.bool_]:
    truths: NDArray[np.bool_]
    match test:
        case Between():
            truths = (numbers >= test.low) & (numbers <= test.high)
        case Equals():
            truths = numbers == test.value
        case NotEquals():
            truths = numbers != test.value
        case Less():
            truths = numbers < test.value
        case LessOrEqual():
            truths = numbers <= test.value
        case Greater():
            truths = numbers > test.value
        case GreaterOrEqual():
            truths = numbers >= test.value
        case _:
            assert_never(test)
    return truths
