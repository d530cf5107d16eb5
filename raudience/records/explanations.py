"""Why a user is in an audience or not."""

from __future__ import annotations

import msgspec

__all__ = ["Evidence", "Explanation", "Truth"]


class Evidence(msgspec.Struct, frozen=True):
    """Something that speaks for the answer: an event (at: its time) or the value of an attribute (at: its stamp)."""

    what: str
    at: int | None = None


class Truth(msgspec.Struct, frozen=True):
    """Answer of one criterion. found: what was found, in words (`2 events`). flips_at: the next moment, in
    milliseconds, at which the answer changes if nothing happens, None when it stays."""

    criterion: str
    holds: bool
    found: str
    evidence: tuple[Evidence, ...] = ()
    flips_at: int | None = None


class Explanation(msgspec.Struct, frozen=True):
    """Answer of one audience for one user, at one moment."""

    audience: str
    mpid: int
    at: int
    known: bool
    member: bool
    criteria: tuple[Truth, ...]
    flips_at: int | None = None
