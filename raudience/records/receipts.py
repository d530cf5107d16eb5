"""What is kept of a user who is forgotten, or who opted out: that it was done, and nothing of the user."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

__all__ = ["Kind", "Receipt", "Removed", "Request"]

Kind: TypeAlias = Literal["erasure", "opt_out", "opt_in"]


class Removed(msgspec.Struct, frozen=True):
    """How much was removed: profiles, kept events, memberships, attributes (identities among them), and identities that
    led to the user."""

    profiles: int = 0
    events: int = 0
    memberships: int = 0
    attributes: int = 0
    links: int = 0


class Receipt(msgspec.Struct, frozen=True):
    """user: the MPID under a hash with the key of this engine. at: the instant of the engine; asked_at: of the wall
    clock. by: whoever asked. removed: of an erasure. purged_at: since when, by the wall clock, nothing that was written
    before holds the user any more; None: not yet, or there is nothing to purge."""

    id: str
    kind: Kind
    user: str
    at: int
    asked_at: int
    by: str
    removed: Removed | None = None
    purged_at: int | None = None


class Request(msgspec.Struct, frozen=True):
    """Something to be done for users, by whoever writes to the engine."""

    id: str
    kind: Kind
    mpids: tuple[int, ...]
    by: str
    asked_at: int
