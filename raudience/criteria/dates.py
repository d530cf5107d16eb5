"""Dates and moments of ISO 8601, always in UTC, as milliseconds since 1970 (semantics rows 88 to 99)."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache
from typing import Final

from raudience.clock import DAY
from raudience.criteria.leaves import FOREVER, SpanTest
from raudience.criteria.operators import After, Before, BetweenDates, On

__all__ = ["read_date", "read_moment", "span", "write_moment"]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_DATE: Final = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})", re.ASCII)
_MOMENT: Final = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})"
    r"(?:[Tt ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:[.,]([0-9]+))?)?([Zz]|[+-][0-9]{2}(?::?[0-9]{2})?)?)?",
    re.ASCII,
)


@lru_cache(maxsize=65_536)
def read_moment(word: str) -> int | None:
    """Moment of a date or date-time such as `2016-12-01`, `2016-12-01T10:30`, `2016-12-01 10:30:00.5+02:00`.

    Without zone it is UTC, a date is its 00:00 UTC; fractions below a millisecond are cut off. None: not a date.
    """
    form = _MOMENT.fullmatch(word)
    if form is None:
        return None
    try:
        return _moment(form)
    except (ValueError, OverflowError):
        return None


def read_date(text: str) -> int | None:
    """00:00 UTC of a date `YYYY-MM-DD`; None: not such a date."""
    return read_moment(text) if _DATE.fullmatch(text) else None


def span(test: Before | After | On | BetweenDates) -> SpanTest:
    """The moments that a test on dates takes; raise ValueError when a date cannot be read."""
    match test:
        case Before():
            return SpanTest(-FOREVER, _start(test.date))
        case After():
            return SpanTest(_start(test.date), FOREVER)
        case On():
            return SpanTest(_start(test.date), _start(test.date) + DAY)
        case BetweenDates():
            return SpanTest(_start(test.first), _start(test.last) + DAY)


def write_moment(moment: int) -> str:
    """`2016-12-01T10:30:00.500Z`."""
    return (_EPOCH + timedelta(milliseconds=moment)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _start(date: str) -> int:
    start = read_date(date)
    if start is None:
        message = f"a date such as 2018-09-09, got `{date}`"
        raise ValueError(message)
    return start


def _moment(form: re.Match[str]) -> int:
    year, month, day, hour, minute, second = (int(part or 0) for part in form.groups()[:6])
    moment = datetime(year, month, day, hour, minute, second, tzinfo=_zone(form[8]))
    return (moment - _EPOCH) // timedelta(milliseconds=1) + int(f"{form[7] or ''}000"[:3])


def _zone(text: str | None) -> timezone:
    if text is None or text in "Zz":
        return UTC
    digits = text[1:].replace(":", "")
    ahead = timedelta(hours=int(digits[:2]), minutes=int(digits[2:] or 0))
    return timezone(-ahead if text[0] == "-" else ahead)
