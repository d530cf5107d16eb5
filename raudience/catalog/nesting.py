"""Audiences within audiences: who uses whom, and the rules of it (semantics 120 to 127)."""

from __future__ import annotations

from raudience.catalog.audiences import Audience, Book, EventTier
from raudience.catalog.checking import workspaces_of
from raudience.catalog.entries import AudienceEntry, CatalogState
from raudience.catalog.planning import faults_at
from raudience.criteria.dates import write_moment
from raudience.criteria.definition import Aggregate, Consent, Criterion, Event, Sequence
from raudience.criteria.draft import Draft
from raudience.criteria.normalise import memberships, walk
from raudience.errors import Fault

__all__ = ["as_book", "faults_of", "held_by", "holders"]


def as_book(state: CatalogState) -> Book:
    """Everything that is not deleted, as a document: audiences with the version in force, without one the latest."""
    return state.book(entry.as_audience(entry.in_force or entry.latest.number) for entry in state.living())


def holders(state: CatalogState, key: str) -> list[AudienceEntry]:
    """Audiences that use an audience in the version in force, in one that waits, or in the latest."""
    return [entry for entry in state.living() if entry.key != key and key in _used(entry)]


def held_by(state: CatalogState, key: str) -> list[Fault]:
    """One fault for each audience that uses this one (seed, "Delete an audience")."""
    return [
        Fault(
            "key",
            "an audience that no other one references",
            f"`{key}`, referenced from `{entry.key}` ({_described(state, entry)})",
            f"take it out of {entry.key} first; {entry.created_by or 'its creator'} can be told that it goes",
        )
        for entry in holders(state, key)
    ]


def faults_of(state: CatalogState, audience: Audience) -> list[Fault]:
    """All that is wrong with an audience as it would stand beside the others."""
    others = tuple(each for each in as_book(state).audiences if each.key != audience.key)
    book = state.book((*others, audience))
    prefix = f"audiences[{len(others)}]."
    found = [fault for fault in faults_at(book, len(others)) if fault.path.startswith(prefix)]
    own = [Fault(fault.path.removeprefix(prefix), fault.expected, fault.got, fault.hint) for fault in found]
    return [*own, *_nested_twice(state, audience), *_unusable(state, audience), *_not_offered(book, audience)]


def _used(entry: AudienceEntry) -> set[str]:
    numbers = {entry.in_force, entry.waiting, entry.latest.number} - {0}
    return {each.audience for number in numbers for each in memberships(entry.version(number).criteria)}


def _described(state: CatalogState, entry: AudienceEntry) -> str:
    workspaces = ", ".join(entry.latest.workspaces or workspaces_of(state))
    outputs = len({each.output for each in state.connections.values() if each.audience == entry.key})
    creator = entry.created_by or "nobody named"
    return (
        f"{entry.name}; workspace {workspaces}; connected outputs {outputs}; created by {creator}; last updated "
        f"{write_moment(entry.updated_at)}"
    )


def _nested_twice(state: CatalogState, audience: Audience) -> list[Fault]:
    """An audience that others use must not use any itself (semantics 122)."""
    above = holders(state, audience.key) if memberships(audience.criteria) else []
    if not above:
        return []
    names = ", ".join(f"`{entry.key}`" for entry in above)
    return [Fault("criteria", "no audience in an audience that is used itself", f"one, while {names} uses it",
                  "nesting is one level deep")]  # fmt: skip


def _unusable(state: CatalogState, audience: Audience) -> list[Fault]:
    """What is private, or only for looking at, is not used from other workspaces (semantics 10)."""
    mine = set(audience.workspaces)
    faults = []
    for criterion in memberships(audience.criteria):
        entry = state.audiences.get(criterion.audience)
        theirs = set(entry.latest.workspaces) if entry else set()
        if entry and entry.access != "usable" and mine and theirs and mine.isdisjoint(theirs):
            got = f"`{entry.key}`, which is {entry.access} for other workspaces than {', '.join(sorted(theirs))}"
            faults.append(Fault("criteria", "audiences that may be used", got))
    return faults


def _not_offered(book: Book, audience: Audience) -> list[Fault]:
    """Events of another tier and purposes that nobody asks consent for cannot be chosen (semantics 27)."""
    closed = [each for each in book.tiers if each.tier != "personalize"]
    tiers: dict[tuple[str, str | None], EventTier] = {(each.kind, each.name): each for each in closed}
    draft = Draft()
    for path, criterion in walk(audience.criteria, "criteria"):
        match criterion:
            case Consent(regulation="gdpr") if book.purposes and criterion.purpose not in book.purposes:
                draft.wrong(
                    f"{path}.purpose", f"a purpose of the account ({', '.join(book.purposes)})", criterion.purpose
                )
            case _:
                for place, kind, name, category in _events(criterion):
                    tier = tiers.get((kind, name))
                    if tier and tier.category in (None, category):
                        expected = "an event of tier personalize"
                        draft.fault(f"{path}{place}.name", expected, f"`{name}`, which is of tier {tier.tier}")
    return draft.faults


def _events(criterion: Criterion) -> list[tuple[str, str, str | None, str | None]]:
    """Place below the criterion, kind, name and category of the events that it names."""
    match criterion:
        case Event() | Aggregate():
            return [("", criterion.kind, criterion.name, criterion.category)]
        case Sequence():
            return [(f".steps[{n}]", step.kind, step.name, step.category) for n, step in enumerate(criterion.steps)]
        case _:
            return []
