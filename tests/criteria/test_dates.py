"""Dates are UTC's, whatever the machine: semantics section 8."""

import pytest

from raudience.criteria.dates import read_date, read_moment, span, write_moment
from raudience.criteria.operators import After, Before, BetweenDates, On

BEFORE, AFTER, ON = Before("2018-09-09"), After("2018-09-09"), On("2018-09-09")
DAYS = BetweenDates("2018-09-07", "2018-09-09")


@pytest.mark.parametrize(
    ("test", "moment", "expected"),
    [
        pytest.param(BEFORE, "2018-09-08T23:59:59.999Z", True, id="88-last-moment-before"),
        pytest.param(BEFORE, "2018-09-09T00:00:00.000Z", False, id="88-not-inclusive"),
        pytest.param(AFTER, "2018-09-09T00:00:00.000Z", True, id="89-inclusive"),
        pytest.param(AFTER, "2018-09-08T23:59:59.999Z", False, id="89-moment-before"),
        pytest.param(ON, "2018-09-09T00:00:00.000Z", True, id="90-first-moment"),
        pytest.param(ON, "2018-09-09T23:59:59.999Z", True, id="90-last-moment"),
        pytest.param(ON, "2018-09-10T00:00:00.000Z", False, id="90-next-day"),
        pytest.param(ON, "2018-09-09T23:59:30.000Z", True, id="91-last-minute"),
        pytest.param(DAYS, "2018-09-07T00:00:00.000Z", True, id="92-first-day"),
        pytest.param(DAYS, "2018-09-09T23:59:59.999Z", True, id="92-last-day"),
        pytest.param(DAYS, "2018-09-06T23:59:59.999Z", False, id="92-day-before"),
        pytest.param(DAYS, "2018-09-10T00:00Z", False, id="92-day-after"),
        pytest.param(AFTER, "2018-09-08T20:00:00-05:00", True, id="96-utc-calendar"),
        pytest.param(On("2024-02-29"), "2024-02-29T23:59:59.999Z", True, id="97-leap-day"),
        pytest.param(On("2024-02-29"), "2024-03-01T00:00Z", False, id="97-after-leap-day"),
    ],
)
def test_dates(test: Before | After | On | BetweenDates, moment: str, expected: bool) -> None:
    taken = span(test)
    at = read_moment(moment)
    assert at is not None
    assert (taken.start <= at < taken.end) is expected


def test_93_one_day_between_is_on_that_day() -> None:
    assert span(BetweenDates("2018-09-09", "2018-09-09")) == span(ON)


@pytest.mark.parametrize(
    ("word", "moment"),
    [
        ("1970-01-01", 0),
        ("2016-12-01", 1_480_550_400_000),
        ("2016-12-01T10:30", 1_480_588_200_000),
        ("2016-12-01 10:30:00.5", 1_480_588_200_500),
        ("2016-12-01T10:30:00,123999Z", 1_480_588_200_123),
        ("2016-12-01T12:30:00+02:00", 1_480_588_200_000),
        ("2016-12-01T12:30:00+0200", 1_480_588_200_000),
        ("2016-12-01T12:30+02", 1_480_588_200_000),
        ("1969-12-31T23:59:59.9999Z", -1),
    ],
)
def test_99_a_date_or_date_time_is_a_moment(word: str, moment: int) -> None:
    assert read_moment(word) == moment


@pytest.mark.parametrize(
    "word",
    ["", "soon", "2016-13-01", "2016-02-30", "12/01/2016", "2016-12-01 ", "20161201", "2016-12-01T25:00", "0000-01-01",
     "2016-12-01T10", "2016-12-01T10:00+99:00", "٢٠١٦-١٢-٠١"],
)  # fmt: skip
def test_99_a_text_that_is_no_date_is_none(word: str) -> None:
    assert read_moment(word) is None


def test_a_date_of_a_definition_has_no_time() -> None:
    assert read_date("2018-09-09T00:00") is None


def test_moments_are_written_in_utc() -> None:
    assert write_moment(1_480_588_200_123) == "2016-12-01T10:30:00.123Z"
