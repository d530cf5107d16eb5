"""Versions compare part by part."""

import pytest

from raudience.criteria.versions import compare, read_version


@pytest.mark.parametrize(
    ("value", "operator", "operand", "expected"),
    [
        pytest.param("2.1", "greater_or_equal", "2.0", True, id="34-version"),
        ("2.10", "greater", "2.9", True),
        ("2", "equals", "2.0.0", True),
        ("2.0.1", "less_or_equal", "2", False),
        ("02.1", "equals", "2.01", True),
        ("10", "less", "9", False),
        ("7.2-beta.9", "equals", "7.2", True),
        ("1" + "0" * 5000, "greater", "9" * 5000, True),
        ("0", "less", "0.0.1", True),
    ],
)
def test_version(value: str, operator: str, operand: str, expected: bool) -> None:
    left, right = read_version(value), read_version(operand)
    assert left is not None
    assert right is not None
    assert compare(operator, left, right) is expected


@pytest.mark.parametrize("word", ["", "v2", "beta", ".1", "٢"])
def test_a_version_begins_with_a_digit(word: str) -> None:
    assert read_version(word) is None
