"""What callers give, checked before anything is asked: MPIDs and names of identities."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Final, SupportsIndex

from raudience.criteria.identities import identity_field, similar_identity
from raudience.errors import FixRequest

__all__ = ["read_identities", "read_mpid"]

_MOST: Final = 2**63


def read_mpid(given: SupportsIndex | str) -> int:
    """An MPID, as a number or as its digits. Raises FixRequest for anything else."""
    try:
        mpid = _whole(given) if isinstance(given, str) else operator.index(given)
    except (TypeError, ValueError):
        mpid = _MOST
    if isinstance(given, bool) or not -_MOST <= mpid < _MOST:
        message = f"mpid: expected an MPID, a signed 64-bit whole number, got {given!r}"
        raise FixRequest(message)
    return mpid


def read_identities(given: Sequence[str]) -> tuple[str, ...]:
    """Identities by their names of the Events API, whichever spelling was given. Raises FixRequest for what is none."""
    if isinstance(given, str):
        message = f"identities: expected a list of names, got the text {given!r}; put it into a list"
        raise FixRequest(message)
    return tuple(map(_identity, given))


def _identity(name: str) -> str:
    field = identity_field(name)
    if field is None:
        close = similar_identity(name)
        hint = f"; did you mean {close}?" if close else ""
        message = f"identities: expected a user or device identity, such as email, got {name}{hint}"
        raise FixRequest(message)
    return field.name


def _whole(text: str) -> int:
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdecimal()):
        raise ValueError
    return int(text)
