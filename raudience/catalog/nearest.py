"""Names that are not there, and those that were perhaps meant."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Final

from raudience.catalog.entries import CatalogState
from raudience.errors import Fault

__all__ = ["no_audience", "unknown"]

_NAMED: Final = 5


def no_audience(state: CatalogState, key: str, path: str = "key") -> Fault:
    """An audience that is not there."""
    return unknown(path, "the key of an audience", key, (entry.key for entry in state.living()))


def unknown(path: str, expected: str, got: str, known: Iterable[str]) -> Fault:
    """A name that is not there: those that look like it, or the first of all, are named."""
    names = sorted(known)
    near = get_close_matches(got, names, _NAMED, 0.5) or names[:_NAMED]
    more = ", ..." if len(names) > len(near) else ""
    return Fault(path, f"{expected} ({', '.join(near) or 'there is none yet'}{more})", f"`{got}`")
