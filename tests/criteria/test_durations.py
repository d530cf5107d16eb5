"""Lengths of time."""

import pytest

from raudience.clock import DAY, HOUR, MINUTE, SECOND, WEEK
from raudience.criteria.durations import UNLIMITED, Duration


@pytest.mark.parametrize(
    ("text", "length"),
    [
        pytest.param("24 hours", DAY, id="86-hours"),
        pytest.param("1 day", DAY, id="86-day"),
        pytest.param("7 days", WEEK, id="D3-days"),
        pytest.param("1 week", WEEK, id="D3-week"),
        ("90 minutes", HOUR + 30 * MINUTE),
        ("30s", 30 * SECOND),
        ("0 days", 0),
        ("unlimited", UNLIMITED),
        ("99999999999999999999 weeks", UNLIMITED),
    ],
)
def test_length(text: str, length: int) -> None:
    assert Duration.parse(text) == length


@pytest.mark.parametrize("text", ["", "5", "days", "-1 day", "1.5 days", "5 fortnights", "1 day 2 hours", "s", "5 s s"])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="a length of time"):
        Duration.parse(text)


@pytest.mark.parametrize("text", ["6 hours", "1 day", "2 weeks", "90 minutes", "unlimited", "1 second", "0 seconds"])
def test_a_length_is_written_as_it_is_read(text: str) -> None:
    assert str(Duration.parse(text)) == text
