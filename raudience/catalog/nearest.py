"""Names that are not there, and those that were perhaps meant."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Final

from raudience.catalog.entries import CatalogState
from raudience.errors import Fault

__all__ = ["lacking", "no_audience", "unknown"]

_NAMED: Final = 5
_LISTED: Final = 20
"""Names up to which all are told."""
_ALIKE: Final = 0.5


def no_audience(state: CatalogState, key: str, path: str = "key") -> Fault:
    """An audience that is not there."""
    return unknown(path, "the key of an audience", key, (entry.key for entry in state.living()))


def lacking(key: str, known: Iterable[str]) -> str:
    """What to tell whoever asks about an audience that is not there: those that are, and the one that looks like it."""
    names = sorted(known)
    near = get_close_matches(key, names, 1, _ALIKE)
    there = names if len(names) <= _LISTED else [*names[:_NAMED], f"... ({len(names):,} in all)"]
    meant = f"; did you mean {near[0]}?" if near else ""
    return f"audience: expected one of {', '.join(there) or 'none'}; got {key}{meant}"


def unknown(path: str, expected: str, got: str, known: Iterable[str]) -> Fault:
    """A name that is not there: those that look like it, or the first of all, are named."""
    names = sorted(known)
    near = get_close_matches(got, names, _NAMED, _ALIKE) or names[:_NAMED]
    more = ", ..." if len(names) > len(near) else ""
    return Fault(path, f"{expected} ({', '.join(near) or 'there is none yet'}{more})", f"`{got}`")
