"""The only wall clock. Everything below the edges gets the time as an argument."""

from __future__ import annotations

import time
from typing import Final

__all__ = ["DAY", "HOUR", "MINUTE", "SECOND", "WEEK", "monotonic", "now_ms"]

SECOND: Final = 1_000
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR
WEEK: Final = 7 * DAY


def now_ms() -> int:
    """Milliseconds since 1970-01-01T00:00:00Z, by this machine's clock."""
    return time.time_ns() // 1_000_000


def monotonic() -> float:
    """Seconds since an arbitrary moment; never goes back. For durations that people see."""
    return time.monotonic()
