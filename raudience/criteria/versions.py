"""Dotted version numbers, compared part by part: 2.10 is greater than 2.9, 2 equals 2.0."""

from __future__ import annotations

import re
from typing import Final, TypeAlias

__all__ = ["Parts", "compare", "read_version"]

Parts: TypeAlias = tuple[tuple[int, str], ...]
"""Per part the number of its digits and the digits, without leading zeros: they order as the numbers do."""

_LEADING: Final = re.compile(r"[0-9][0-9.]*", re.ASCII)


def read_version(word: str) -> Parts | None:
    """The leading digits and dots of a value, the rest is ignored; None when it does not begin with a digit."""
    leading = _LEADING.match(word)
    if leading is None:
        return None
    parts = [_part(digits) for digits in leading[0].split(".")]
    while parts and parts[-1] == (0, ""):
        parts.pop()
    return tuple(parts)


def compare(operator: str, value: Parts, operand: Parts) -> bool:
    """`value <operator> operand`; the operators are those of `operators.Version`."""
    answers = {
        "equals": value == operand,
        "less": value < operand,
        "less_or_equal": value <= operand,
        "greater": value > operand,
        "greater_or_equal": value >= operand,
    }
    return answers[operator]


def _part(digits: str) -> tuple[int, str]:
    significant = digits.lstrip("0")
    return len(significant), significant
