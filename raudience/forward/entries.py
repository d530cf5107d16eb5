"""What the log of a forwarder says: everything that it must know again after a crash."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from raudience.forward.kinds import Failure

__all__ = [
    "Acknowledged",
    "Entry",
    "Faulted",
    "Filling",
    "Heard",
    "Listed",
    "Lost",
    "Rechecked",
    "Refused",
    "Resumed",
    "Row",
    "Settled",
    "Snapped",
]

Row: TypeAlias = tuple[int, bytes]
"""A user and a value."""


class _Entry(msgspec.Struct, frozen=True, tag=True):
    pass


class Heard(_Entry, frozen=True):
    """Up to `position` of the changes these users may stand otherwise than the partner knows."""

    position: int
    mpids: tuple[int, ...]


class Filling(_Entry, frozen=True):
    """These users have to be looked at as well, when there is time: all members at a connect, or a refresh."""

    mpids: tuple[int, ...]


class Listed(_Entry, frozen=True):
    """The partner has a list of this id and name for a kind of identity."""

    kind: str
    list_id: str
    name: str


class Lost(_Entry, frozen=True):
    """The list of a kind is gone at the partner, with everything on it."""

    kind: str


class Sending(_Entry, frozen=True):
    """These rows of a kind are about to be put or dropped: until that is acknowledged nobody knows how they are. at:
    the instant at which that was planned, in milliseconds."""

    kind: str
    rows: tuple[Row, ...]
    at: int = 0


class Acknowledged(_Entry, frozen=True):
    """The partner has taken rows of a kind, sent at a second, or there was nothing to send for them; and users who are
    as they should be now."""

    kind: str
    puts: tuple[Row, ...]
    drops: tuple[Row, ...]
    second: int


class Settled(_Entry, frozen=True):
    """Nothing is left to do for these users."""

    mpids: tuple[int, ...]


class Refused(_Entry, frozen=True):
    """The partner does not take these values; they are not sent again."""

    kind: str
    values: tuple[bytes, ...]
    failure: Failure


class Faulted(_Entry, frozen=True):
    """Nothing is sent from now on."""

    failure: Failure
    at: int


class Resumed(_Entry, frozen=True):
    """Somebody says that the cause of the fault is gone."""


class Rechecked(_Entry, frozen=True):
    """What was asked for up to an instant is noted: all users are to be looked at. again: whatever was acknowledged is
    unsure from here on, and what was refused is tried once more. attributes: that go along from here on."""

    at: int
    again: bool = False
    attributes: tuple[str, ...] = ()


class Snapped(_Entry, frozen=True):
    """The snapshot that was due at an instant is written."""

    at: int


Entry: TypeAlias = (
    Heard | Filling | Listed | Lost | Sending | Acknowledged | Settled | Refused | Faulted | Resumed | Rechecked
    | Snapped
)  # fmt: skip
