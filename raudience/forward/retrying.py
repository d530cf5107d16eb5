"""When to try again: full jitter, and what the partner asks for (seed, "Audience faults")."""

from __future__ import annotations

from typing import Final

from raudience.clock import MINUTE, SECOND
from raudience.forward.kinds import Failure, RateLimited, Retry

__all__ = ["MOST_ATTEMPTS", "next_attempt"]

MOST_ATTEMPTS: Final = 8
"""After so many in a row the connection is faulted."""
_FIRST: Final = SECOND
_LONGEST: Final = 10 * MINUTE


def next_attempt(failure: Failure, attempts: int, now: int, chance: float) -> int | None:
    """The instant of the next attempt after so many that failed in a row; None when it is over.

    chance: in [0, 1). Each wait may be twice as long as the one before, and is no shorter than half of what it may be,
    so that waits grow (semantics 189); a time that the partner names is never anticipated.
    """
    if not isinstance(failure, Retry | RateLimited) or attempts >= MOST_ATTEMPTS:
        return None
    longest = min(_FIRST << attempts, _LONGEST)
    waited = now + int(longest * (0.5 + chance / 2))
    return waited if failure.until is None else max(failure.until, now) + int(_FIRST * chance)
