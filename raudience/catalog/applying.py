"""A wanted book against the catalog: what differs, what was edited elsewhere, and the commands that make it so."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Final

import msgspec

from raudience.catalog.audiences import Audience, Book, Input, Workspace
from raudience.catalog.checking import known_workspaces
from raudience.catalog.commands import (
    Activate,
    CatalogCommand,
    Create,
    Delete,
    Edit,
    Filled,
    PutInput,
    PutWorkspace,
    Rename,
    SetAccess,
    SetPurposes,
    SetSettings,
    SetTier,
    Tag,
)
from raudience.catalog.comparing import DEFINITION, LABELS, Difference, compare_books, patch, same_definition
from raudience.catalog.deciding import decide, key_of
from raudience.catalog.entries import AudienceEntry, CatalogState
from raudience.catalog.folders import Folder
from raudience.catalog.refusing import refuse
from raudience.criteria.definition import And, AudienceMembership, Criterion, Exclude, Or
from raudience.errors import Fault, FixDefinition

__all__ = [
    "AS_CODE", "ROUNDS", "Aim", "Drift", "Refused", "Steps", "aim_of", "beside", "differences", "drifts", "foreseen",
    "latest_book", "next_steps", "stays",
]  # fmt: skip

AS_CODE: Final = "as code"
"""Stands in the name of who edits, and in the note of a version, when a folder was applied."""
ROUNDS: Final = 10
"""What must be in force before the rest can follow is rarely more than one round."""


class Aim(msgspec.Struct, frozen=True):
    """What is to be: book, and the keys of the audiences that the folder has; the others are as they are."""

    book: Book
    keys: frozenset[str]


class Drift(msgspec.Struct, frozen=True):
    """An audience, or settings (key ""), that the folder has otherwise, and that somebody edited elsewhere since a
    folder was applied. at: milliseconds. patch: from the form that was applied last, if there is one, to the present.
    """

    key: str
    by: str
    at: int
    patch: str


class Refused(msgspec.Struct, frozen=True):
    """A fault of what is wanted of an audience or another thing with a key."""

    key: str
    fault: Fault


class Steps(msgspec.Struct, frozen=True):
    """Commands that the catalog takes one after the other, and what it refuses now: some of that it may take when the
    others are in force. after: the catalog as they leave it, if they come at the instant 0."""

    commands: tuple[CatalogCommand, ...]
    refused: tuple[Refused, ...]
    after: CatalogState


def latest_book(state: CatalogState) -> Book:
    """Everything that is not deleted, with the latest version of each audience, in force or not."""
    return state.book(entry.as_audience(entry.latest.number) for entry in state.living())


def aim_of(folder: Folder, state: CatalogState, prune: bool) -> Aim:
    """What a folder, read within `latest_book`, is about; prune: active audiences that it does not have go."""
    keys = frozenset(folder.origins)
    gone = stays(state, keys) if prune else ()
    kept = tuple(each for each in folder.book.audiences if each.key not in gone)
    return Aim(msgspec.structs.replace(folder.book, audiences=kept), keys)


def stays(state: CatalogState, keys: Collection[str]) -> tuple[str, ...]:
    """Active audiences that a folder with these keys does not have: pruning would delete them. Drafts and the archive
    are nobody's business but that of who made them."""
    return tuple(entry.key for entry in state.living() if entry.status == "active" and entry.key not in keys)


def differences(state: CatalogState, aim: Aim) -> tuple[Difference, ...]:
    """What applying changes, that audiences of the folder become active included."""
    present = latest_book(state)
    found = [_with_former(state, aim, each) for each in compare_books(present, aim.book)]
    told = {each.key for each in found if each.what == "audience" and each.change != "affected"}
    asleep = [entry.key for entry in state.living() if entry.status != "active" and entry.key in aim.keys]
    woken = [Difference("audience", key, "edited", ("status",), True) for key in asleep if key not in told]
    return tuple(each for each in found if each.key not in {one.key for one in woken}) + tuple(woken)


def drifts(state: CatalogState, found: Collection[Difference]) -> tuple[Drift, ...]:
    """What was edited elsewhere of that which is to be edited, since a folder was applied: what no folder ever made or
    edited is anybody's."""
    settings = [drift for each in found if each.what == "settings" for drift in _settled(state)]
    edited = [each for each in found if each.what == "audience" and each.change == "edited"]
    return (*settings, *(drift for each in edited for drift in _drift(state.audiences[each.key], each)))


def beside(present: Book, wanted: Book) -> tuple[Book, dict[str, str]]:
    """The wanted audiences under keys that the present book does not have, so that both can be looked at together; and
    the new key of each."""
    taken = {audience.key for audience in present.audiences}
    prefix = "wanted"
    while any(key.startswith(prefix) for key in taken):
        prefix += "-"
    keys = {audience.key: f"{prefix}{number}" for number, audience in enumerate(wanted.audiences)}
    renamed = (
        msgspec.structs.replace(each, key=keys[each.key], criteria=_renamed(each.criteria, keys))
        for each in wanted.audiences
    )
    return msgspec.structs.replace(wanted, audiences=tuple(renamed)), keys


def next_steps(state: CatalogState, aim: Aim, by: str) -> Steps:
    """The commands that bring the catalog nearer to what is aimed at, in an order in which it takes them; none when it
    is there."""
    author = f"{by}, {AS_CODE}" if by else AS_CODE
    waiting = [command for each in differences(state, aim) for command in _commands(state, aim.book, each, author)]
    taken: list[CatalogCommand] = []
    refused: list[Refused] = []
    while waiting:
        refused, left = [], []
        for command in waiting:
            try:
                refuse(state, command)
            except FixDefinition as error:
                refused += [Refused(key_of(command), fault) for fault in error.faults]
                left.append(command)
                continue
            state = decide(state, command, 0)
            taken.append(command)
        if len(left) == len(waiting):
            break
        waiting = left
    return Steps(tuple(taken), tuple(refused), state)


def foreseen(state: CatalogState, aim: Aim) -> tuple[Refused, ...]:
    """What the catalog would refuse for good: also when everything else is in force."""
    for _ in range(ROUNDS):
        steps = next_steps(state, aim, "")
        if not steps.commands:
            break
        state = decide(steps.after, Filled("", steps.after.revision), 0)
    return steps.refused


def _with_former(state: CatalogState, aim: Aim, each: Difference) -> Difference:
    """Also what stays in the catalog and came from a folder that does not have it any more has another key now."""
    if each.what != "audience" or each.change != "added" or each.renamed_from is not None:
        return each
    (added,) = (one for one in aim.book.audiences if one.key == each.key)
    left = [state.audiences[key] for key in stays(state, aim.keys) if _by_folder(state.audiences[key].created_by)]
    former = next((one.key for one in left if same_definition(one.latest, added)), None)
    return msgspec.structs.replace(each, renamed_from=former)


def _by_folder(by: str) -> bool:
    return by == AS_CODE or by.endswith(f", {AS_CODE}")


def _drift(entry: AudienceEntry, each: Difference) -> Iterator[Drift]:
    latest = entry.latest
    applied = next((one for one in reversed(entry.versions) if _by_folder(one.by)), None)
    if applied is None:
        return
    if set(DEFINITION) & set(each.parts) and not _by_folder(latest.by):
        present = entry.as_audience(latest.number)
        yield Drift(entry.key, latest.by, latest.at, patch(entry.as_audience(applied.number), present))
    elif set(LABELS) & set(each.parts) and not _by_folder(entry.updated_by):
        yield Drift(entry.key, entry.updated_by, entry.updated_at, "")


def _settled(state: CatalogState) -> Iterator[Drift]:
    lines = [line for line in state.journal if line.what in ("SetSettings", "PutBook")]
    if any(_by_folder(line.by) for line in lines) and not _by_folder(lines[-1].by):
        yield Drift("", lines[-1].by, lines[-1].at, "")


def _commands(state: CatalogState, wanted: Book, each: Difference, by: str) -> Iterator[CatalogCommand]:
    match each.what:
        case "audience":
            yield from _of_audience(state, wanted, each, by)
        case "settings":
            yield SetSettings(by, wanted.settings)
        case "workspace":
            yield from (PutWorkspace(by, one) for one in wanted.workspaces if one.key == each.key)
        case "input":
            yield from (
                command for one in wanted.inputs if one.key == each.key for command in _of_input(state, one, by)
            )
        case "tier":
            yield from (SetTier(by, one) for one in wanted.tiers if one not in state.tiers)
        case "purposes":
            yield SetPurposes(by, wanted.purposes)


def _of_input(state: CatalogState, source: Input, by: str) -> Iterator[CatalogCommand]:
    """A book may name a workspace by an input alone; for the catalog it must be there."""
    if source.workspace not in known_workspaces(state):
        yield PutWorkspace(by, Workspace(source.workspace))
    yield PutInput(by, source)


def _of_audience(state: CatalogState, wanted: Book, each: Difference, by: str) -> Iterator[CatalogCommand]:
    if each.change == "removed":
        yield Delete(by, each.key)
        return
    (audience,) = (one for one in wanted.audiences if one.key == each.key)
    if each.change == "added":
        yield Create(by, msgspec.structs.replace(audience, version=1))
    elif each.change == "edited":
        yield from _edits(state.audiences[each.key], audience, by)


def _edits(entry: AudienceEntry, audience: Audience, by: str) -> Iterator[CatalogCommand]:
    if entry.status != "active":
        yield Activate(by, entry.key)
    if not same_definition(entry.latest, audience):
        yield Edit(by, entry.key, audience.criteria, audience.workspaces, audience.inputs, AS_CODE)
    if (audience.name, audience.external_name) != (entry.name, entry.external_name):
        yield Rename(by, entry.key, audience.name, audience.external_name)
    added = tuple(tag for tag in audience.tags if tag not in entry.tags)
    gone = tuple(tag for tag in entry.tags if tag not in audience.tags)
    if added or gone:
        yield Tag(by, entry.key, added, gone)
    if audience.access != entry.access:
        yield SetAccess(by, entry.key, audience.access)


def _renamed(criterion: Criterion, keys: Mapping[str, str]) -> Criterion:
    match criterion:
        case And() | Or() | Exclude():
            return type(criterion)(tuple(_renamed(part, keys) for part in criterion.of))
        case AudienceMembership():
            return AudienceMembership(keys[criterion.audience])
        case _:
            return criterion
