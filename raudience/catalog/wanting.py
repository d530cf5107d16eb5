"""Which plan the shards should have next, so that what was decided comes into force."""

from __future__ import annotations

import msgspec

from raudience.catalog.audiences import Book
from raudience.catalog.entries import AudienceEntry, CatalogState
from raudience.catalog.nesting import as_book
from raudience.catalog.planning import plan, shadow_key
from raudience.criteria.leaves import Plan
from raudience.criteria.text import attribute_key

__all__ = ["Ready", "Wanted", "is_due", "next_step", "waiting_and_missing"]


class Wanted(msgspec.Struct, frozen=True):
    """A plan for the shards, of the catalog at a revision. added: versions that it fills."""

    revision: int
    book: Book
    plan: Plan
    added: int


class Ready(msgspec.Struct, frozen=True):
    """The shards have filled every version that waits: key and number of each, and of the one in force (0: none)."""

    revision: int
    waiting: tuple[tuple[str, int, int], ...]


def is_due(state: CatalogState, present: Plan | None, revision: int) -> bool:
    """Whether there is a next step."""
    waiting, missing = _waiting(state, present)
    shares = present is not None and present.shared != _shared(state)
    return shares or revision != state.revision or bool(missing) or any(not entry.held for entry in waiting)


def waiting_and_missing(state: CatalogState, present: Plan | None) -> tuple[int, int]:
    """How many versions wait, and how many of them the shards do not evaluate yet."""
    waiting, missing = _waiting(state, present)
    return len(waiting), len(missing)


def next_step(state: CatalogState, present: Plan | None, revision: int, most: int) -> Wanted | Ready | None:
    """The next step from a plan, which is in force for a revision of the catalog; None when everything is as decided.

    Versions that wait are evaluated beside those in force first, at most `most` more of them with each step: the time
    for which a step stops the shards is in the hands of who makes it.
    """
    waiting, missing = _waiting(state, present)
    shared = _shared(state)
    if revision == state.revision and not missing and (present is None or present.shared == shared):
        free = any(not entry.held for entry in waiting)
        return Ready(revision, tuple((e.key, e.waiting, e.in_force) for e in waiting)) if free else None
    later = {entry.key for entry in missing[most:]}
    filled = [entry for entry in waiting if entry.key not in later]
    book = as_book(state)
    planned = plan(
        book,
        resting={entry.key for entry in state.living() if not entry.in_force},
        shadows=tuple(entry.as_audience(entry.waiting) for entry in filled),
    )
    planned = msgspec.structs.replace(planned, shared=shared)
    return Wanted(state.revision, book, planned, len(missing) - len(later))


def _waiting(state: CatalogState, present: Plan | None) -> tuple[list[AudienceEntry], list[AudienceEntry]]:
    """Audiences with a version that waits, by key, and those of them whose version the shards do not evaluate yet."""
    shadows = {audience.key for audience in present.audiences if audience.shadow} if present is not None else set()
    waiting = [entry for entry in state.living() if entry.waiting]
    return waiting, [entry for entry in waiting if shadow_key(entry.key, entry.waiting) not in shadows]


def _shared(state: CatalogState) -> tuple[str, ...]:
    """User attributes that go along to some output."""
    return tuple(sorted({attribute_key(name) for each in state.connections.values() for name in each.attributes}))
