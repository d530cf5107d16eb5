"""Instants as people give them are UTC milliseconds."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from raudience.cluster.instants import read_instant
from raudience.errors import FixRequest

NOON = 1_769_860_800_000


@pytest.mark.parametrize(
    "instant",
    [
        NOON,
        "1769860800000",
        "2026-01-31T12:00:00Z",
        "2026-01-31T12:00",
        " 2026-01-31T14:00:00+02:00 ",
        datetime(2026, 1, 31, 12, tzinfo=UTC),
        datetime(2026, 1, 31, 12),
        datetime(2026, 1, 31, 7, tzinfo=timezone(timedelta(hours=-5))),
    ],
)
def test_one_instant_in_many_forms(instant):
    assert read_instant(instant) == NOON


def test_a_date_is_its_midnight():
    assert read_instant("2026-01-31") == NOON - 12 * 3_600_000


@pytest.mark.parametrize("text", ["yesterday", "", "2026-13-01", "12", "2026-01-31T25:00"])
def test_what_is_no_instant_is_refused_with_an_example(text):
    with pytest.raises(FixRequest, match="such as 2026-01-31T12:00:00Z"):
        read_instant(text)
