"""What answers say whoever the partner is."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import Any, Final, TypeVar

import msgspec

from raudience.clock import SECOND
from raudience.forward.kinds import BadItems, OurBug, Outcome
from raudience.forward.partner import Response

__all__ = ["asked_to_wait", "content", "without_items"]

T = TypeVar("T", bound=Outcome)

_LONGEST: Final = 10
"""Digits of seconds; more are no time to wait."""


def asked_to_wait(response: Response) -> int | None:
    """The instant before which nothing is to be asked, by `retry-after`, a date or seconds (RFC 9110, 10.2.3); None
    when it is not told. Never too early: the date of an answer is cut to whole seconds."""
    after = response.headers.get("retry-after", "").strip()
    if not (after.isascii() and after.isdigit()):
        return _moment(after)
    date = _moment(response.headers.get("date", ""))
    return None if date is None or len(after) > _LONGEST else date + (int(after) + 1) * SECOND


def content(response: Response) -> dict[str, Any]:
    """The object of JSON in the body; empty when there is none."""
    try:
        read = msgspec.json.decode(response.body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return {}
    return read if isinstance(read, dict) else {}


def without_items(outcome: T) -> T | OurBug:
    """What an answer means to a request that had no items: a refusal is of the request itself."""
    if isinstance(outcome, BadItems):
        return OurBug(outcome.status, outcome.code, outcome.text)
    return outcome


def _moment(date: str) -> int | None:
    try:
        return int(parsedate_to_datetime(date).timestamp()) * SECOND
    except (ValueError, OverflowError):
        return None
