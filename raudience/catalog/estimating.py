"""What has to be looked at to estimate an audience: a plan with one audience for each of its criteria."""

from __future__ import annotations

import re
from typing import Final

import msgspec

from raudience.catalog.audiences import Audience, Book
from raudience.catalog.entries import CatalogState
from raudience.catalog.planning import find_faults, plan
from raudience.criteria.definition import Criterion
from raudience.criteria.leaves import AndOf, NotOf, Plan, PlannedAudience
from raudience.criteria.normalise import memberships, walk
from raudience.errors import Fault, FixDefinition, FixRequest

__all__ = [
    "BOTH",
    "LEFT",
    "ONLY_LEFT",
    "ONLY_RIGHT",
    "RIGHT",
    "criteria_of",
    "drafted",
    "estimate_plan",
    "latest_of",
    "overlap_plan",
    "unknown_sources",
    "with_drafts",
]

LEFT: Final = "left"
RIGHT: Final = "right"
BOTH: Final = "both"
ONLY_LEFT: Final = "only left"
ONLY_RIGHT: Final = "only right"

_AUDIENCE: Final = re.compile(r"audiences\[(\d+)\]")
_SOURCE: Final = re.compile(r"\.(workspaces\[\d+\]|inputs\[\d+\]|workspace)$")


def drafted(in_force: Book, draft: Book) -> Book:
    """A book in force with the audiences of a draft in it: its settings and its inputs count, since the data came by
    them. Where nothing is in force, the draft as it is."""
    if not in_force.audiences and not in_force.inputs:
        return draft
    keys = {audience.key for audience in draft.audiences}
    kept = [audience for audience in in_force.audiences if audience.key not in keys]
    return msgspec.structs.replace(in_force, audiences=(*draft.audiences, *kept))


def with_drafts(book: Book, state: CatalogState) -> Book:
    """A book with what else the catalog has, drafts above all, each by its latest version."""
    keys = {audience.key for audience in book.audiences}
    drafts = (entry.as_audience(entry.latest.number) for entry in state.living() if entry.key not in keys)
    return msgspec.structs.replace(book, audiences=(*book.audiences, *drafts))


def latest_of(state: CatalogState, key: str) -> Book:
    """The latest version of an audience of the catalog, as a draft; of nothing when there is no such audience."""
    found = [entry.as_audience(entry.latest.number) for entry in state.living() if entry.key == key]
    return Book(tuple(found))


def unknown_sources(book: Book, key: str) -> tuple[Fault, ...]:
    """Workspaces and inputs that an audience, or one that it names, asks for and the book does not know: then it cannot
    be estimated. Raises FixDefinition with every fault when there are others, FixRequest when there is no such
    audience."""
    audience = book.audiences[_place(book, key)]
    keys = {key, *(named.audience for named in memberships(audience.criteria))}
    places = [place for place, each in enumerate(book.audiences) if each.key in keys]
    asked = msgspec.structs.replace(book, audiences=tuple(book.audiences[place] for place in places))
    faults = tuple(_in_the_book(fault, places) for fault in find_faults(asked))
    if not all(_SOURCE.search(fault.path) and fault.got != "nothing" for fault in faults):
        raise FixDefinition(key, faults)
    return faults


def estimate_plan(book: Book, key: str) -> Plan:
    """The plan of an audience, by the key "", and of each criterion in it, by its path (`criteria.of[0]`)."""
    audience = book.audiences[_place(book, key)]
    parts = list(criteria_of(book, key).items())
    stands_in = [
        msgspec.structs.replace(audience, key=f"{number:07d}", criteria=criterion)
        for number, (_, criterion) in enumerate(parts)
    ]
    planned = plan(msgspec.structs.replace(book, audiences=(*stands_in, *_named(book, audience, stands_in))))
    found = {each.key: each for each in planned.audiences}
    audiences = tuple(
        PlannedAudience(path, audience.version, found[stand_in.key].formula)
        for (path, _), stand_in in zip(parts, stands_in, strict=True)
    )
    return msgspec.structs.replace(planned, audiences=audiences)


def criteria_of(book: Book, key: str) -> dict[str, Criterion]:
    """What is estimated of an audience, by its path; "" is the whole."""
    (_, whole), *parts = walk(book.audiences[_place(book, key)].criteria, "criteria")
    return {"": whole, **dict(parts)}


def overlap_plan(book: Book, left: str, right: str) -> Plan:
    """The plan of two audiences and of what they share: LEFT, RIGHT, BOTH, ONLY_LEFT, ONLY_RIGHT."""
    asked = [book.audiences[_place(book, key)] for key in dict.fromkeys((left, right))]
    wanted = {audience.key for audience in asked} | {n.audience for a in asked for n in memberships(a.criteria)}
    kept = tuple(audience for audience in book.audiences if audience.key in wanted)
    planned = plan(msgspec.structs.replace(book, audiences=kept))
    one, other = (next(each.formula for each in planned.audiences if each.key == key) for key in (left, right))
    formulas = {
        LEFT: one,
        RIGHT: other,
        BOTH: AndOf((one, other)),
        ONLY_LEFT: AndOf((one, NotOf(other))),
        ONLY_RIGHT: AndOf((other, NotOf(one))),
    }
    audiences = tuple(PlannedAudience(name, 1, formula) for name, formula in formulas.items())
    return msgspec.structs.replace(planned, audiences=audiences)


def _in_the_book(fault: Fault, places: list[int]) -> Fault:
    """A fault in some audiences of a book, by their places there."""
    found = _AUDIENCE.match(fault.path)
    if found is None:
        return fault
    return msgspec.structs.replace(fault, path=f"audiences[{places[int(found[1])]}]{fault.path[found.end() :]}")


def _place(book: Book, key: str) -> int:
    for place, audience in enumerate(book.audiences):
        if audience.key == key:
            return place
    known = ", ".join(audience.key for audience in book.audiences) or "none"
    message = f"audience: expected one of {known}; got {key}"
    raise FixRequest(message)


def _named(book: Book, audience: Audience, stands_in: list[Audience]) -> list[Audience]:
    """The audiences that an audience names. Raises FixRequest when one of them has the key of a stand-in."""
    names = {named.audience for named in memberships(audience.criteria)}
    taken = names & {each.key for each in stands_in}
    if taken:
        message = f"audience: expected a key other than {min(taken)} in an audience that is estimated"
        raise FixRequest(message)
    return [each for each in book.audiences if each.key in names]
