"""Instants as people give them."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final, TypeAlias

from raudience.criteria.dates import read_moment
from raudience.errors import FixRequest

__all__ = ["Instant", "read_instant"]

Instant: TypeAlias = int | str | datetime
"""Milliseconds since 1970, ISO 8601 text, or a datetime; without a zone it is UTC."""

_MILLISECONDS: Final = re.compile(r"[0-9]{5,15}", re.ASCII)


def read_instant(instant: Instant) -> int:
    """Milliseconds since 1970 in UTC; raise FixRequest when it is no instant."""
    match instant:
        case int():
            return instant
        case datetime():
            aware = instant if instant.tzinfo else instant.replace(tzinfo=UTC)
            return round(aware.timestamp() * 1_000)
        case _:
            return _read(instant.strip())


def _read(text: str) -> int:
    moment = int(text) if _MILLISECONDS.fullmatch(text) else read_moment(text)
    if moment is None:
        message = f"expected an instant such as 2026-01-31T12:00:00Z or milliseconds since 1970, got {text}"
        raise FixRequest(message)
    return moment
