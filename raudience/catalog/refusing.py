"""What the catalog refuses, with every fault of what was asked, before anything changes."""

from __future__ import annotations

from typing import assert_never

from raudience.catalog.audiences import Input
from raudience.catalog.checking import check_book, check_name, check_tags, known_workspaces
from raudience.catalog.commands import (
    Abandon,
    Activate,
    Archive,
    CatalogCommand,
    Clone,
    Create,
    CutOver,
    Delete,
    Edit,
    EndTest,
    Filled,
    OfAudience,
    OfOutputs,
    PutBook,
    PutInput,
    PutWorkspace,
    RemoveInput,
    RemoveWorkspace,
    Rename,
    Restore,
    SetAccess,
    SetPurposes,
    SetSettings,
    SetTier,
    StartTest,
    Tag,
)
from raudience.catalog.deciding import decide, key_of
from raudience.catalog.entries import AudienceEntry, CatalogState
from raudience.catalog.experiments import check_experiment
from raudience.catalog.nearest import no_audience, unknown
from raudience.catalog.nesting import faults_of, held_by
from raudience.catalog.refusing_outputs import output_faults, same_names
from raudience.criteria.draft import Draft
from raudience.errors import Fault, FixDefinition

__all__ = ["refuse"]


def refuse(state: CatalogState, command: CatalogCommand) -> None:
    """Raise FixDefinition with every fault of a command; return when it may be decided."""
    if faults := tuple(_faults(state, command)):
        about = key_of(command)
        raise FixDefinition(f"{type(command).__name__} {about}".strip(), faults)


def _faults(state: CatalogState, command: CatalogCommand) -> list[Fault]:
    if isinstance(command, OfOutputs):
        return output_faults(state, command)
    match command:
        case PutBook() | Filled():
            return []
        case SetSettings() | PutWorkspace() | SetTier() | SetPurposes():
            return _account_faults(decide(state, command, 0))
        case PutInput():
            return _homeless(state, command.input) or _account_faults(decide(state, command, 0))
        case RemoveWorkspace() | RemoveInput():
            return _still_used(state, command)
        case Create():
            return _taken(state, command.audience.key) or faults_of(state, command.audience)
        case _:
            entry = state.living_one(command.key)
            if entry is None:
                return [no_audience(state, command.key)]
            return _untimely(command, entry) or _wrong(state, command, entry)


def _untimely(command: OfAudience, entry: AudienceEntry) -> list[Fault]:
    """What cannot be asked of the audience as it stands."""
    match command:
        case Edit() | Restore() if entry.status == "archived":
            return [_other(entry, "a draft or an active audience", "which is archived", "activate it first")]
        case Activate() if entry.status == "active":
            return [_other(entry, "a draft or an archived audience", "which is active")]
        case Archive() if entry.status != "active":
            return [_other(entry, "an active audience", f"which is of status {entry.status}")]
        case CutOver() | Abandon() if not entry.waiting:
            return [_other(entry, "an audience with a version that waits", "which has none")]
        case StartTest() if entry.experiment is not None:
            return [_other(entry, "an audience without an A/B test", "which has one", "end it first")]
        case EndTest() if entry.experiment is None:
            return [_other(entry, "an audience with an A/B test", "which has none")]
        case _:
            return []


def _wrong(state: CatalogState, command: OfAudience, entry: AudienceEntry) -> list[Fault]:
    """What is wrong with what is asked."""
    match command:
        case Restore() if command.version not in (numbers := [each.number for each in entry.versions]):
            return [unknown("version", "the number of a version", str(command.version), map(str, numbers))]
        case Edit() | Restore() | Activate():
            return _standing(state, command, entry.key)
        case Rename():
            return _name_faults(command) or same_names(decide(state, command, 0), entry.key)
        case Clone():
            return _taken(state, command.new_key, "new_key") or _standing(state, command, command.new_key)
        case Archive() | Delete():
            return held_by(state, entry.key)
        case StartTest():
            return check_experiment(command.variations)
        case Tag():
            return _tag_faults(command, entry)
        case CutOver() | Abandon() | SetAccess() | EndTest():
            return []
        case _:
            assert_never(command)


def _standing(state: CatalogState, command: Edit | Restore | Activate | Clone, key: str) -> list[Fault]:
    """What is wrong with an audience as the command would leave it."""
    entry = decide(state, command, 0).audiences[key]
    return faults_of(state, entry.as_audience(entry.latest.number))


def _taken(state: CatalogState, key: str, path: str = "key") -> list[Fault]:
    entry = state.living_one(key)
    if entry is None:
        return []
    return [Fault(path, "a key of its own", f"`{key}`", f"`{entry.name}` has it; edit that one, or choose another key")]


def _other(entry: AudienceEntry, expected: str, got: str, hint: str = "") -> Fault:
    return Fault("key", expected, f"`{entry.key}`, {got}", hint)


def _name_faults(command: Rename) -> list[Fault]:
    draft = Draft()
    check_name(draft, command.name, "name")
    if command.external_name is not None:
        check_name(draft, command.external_name, "external_name")
    return draft.faults


def _tag_faults(command: Tag, entry: AudienceEntry) -> list[Fault]:
    draft = Draft()
    check_tags(draft, command.add, "add")
    missing = [each for each in command.remove if each not in entry.tags]
    return [*draft.faults, *(unknown("remove", "a tag of the audience", each, entry.tags) for each in missing)]


def _account_faults(state: CatalogState) -> list[Fault]:
    draft = Draft()
    check_book(draft, state.book())
    return draft.faults


def _homeless(state: CatalogState, source: Input) -> list[Fault]:
    known = known_workspaces(state)
    if source.workspace in known:
        return []
    return [unknown("input.workspace", "the key of a workspace", source.workspace, known)]


def _still_used(state: CatalogState, command: RemoveWorkspace | RemoveInput) -> list[Fault]:
    key = command.key
    if isinstance(command, RemoveWorkspace):
        known, expected = [each.key for each in state.workspaces], "a workspace without inputs and audiences"
        users = [f"input `{each.key}`" for each in state.inputs if each.workspace == key]
        users += [f"audience `{entry.key}`" for entry in state.living() if key in entry.latest.workspaces]
    else:
        known, expected = [each.key for each in state.inputs], "an input that no audience reads"
        users = [f"audience `{entry.key}`" for entry in state.living() if key in entry.latest.inputs]
    if key not in known:
        kind = "a workspace" if isinstance(command, RemoveWorkspace) else "an input"
        return [unknown("key", f"the key of {kind}", key, known)]
    return [Fault("key", expected, f"`{key}`, which {user} uses") for user in users]
