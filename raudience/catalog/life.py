"""What commands make of single audiences: from draft to deleted, and their versions. `refusing` has said yes."""

from __future__ import annotations

from msgspec.structs import replace

from raudience.catalog.commands import Clone, Create, Edit, Filled, Rename, Restore, SetAccess, StartTest, Tag
from raudience.catalog.entries import AudienceEntry, CatalogState, Version
from raudience.catalog.experiments import make_experiment

__all__ = [
    "abandon", "activate", "archive", "clone", "create", "cut_over", "delete", "edit", "end_test", "filled", "gone",
    "put", "rename", "restore", "set_access", "start_test", "tag",
]  # fmt: skip


def put(state: CatalogState, entry: AudienceEntry) -> CatalogState:
    """The state with an audience in place of what had its key."""
    return replace(state, audiences={**state.audiences, entry.key: entry})


def create(state: CatalogState, command: Create, at: int) -> CatalogState:
    """A new audience. The key of a deleted one may be used again: its versions go on."""
    asked = command.audience
    before = state.audiences.get(asked.key)
    former = before.versions if before else ()
    number = former[-1].number + 1 if former else asked.version
    version = Version(number, asked.criteria, asked.workspaces, asked.inputs, command.by, at)
    entry = AudienceEntry(
        key=asked.key,
        name=asked.name,
        external_name=asked.external_name,
        status="draft" if command.draft else "active",
        access=asked.access,
        tags=asked.tags,
        created_by=command.by,
        created_at=at,
        updated_by=command.by,
        updated_at=at,
        versions=(*former, version),
        waiting=0 if command.draft else number,
    )
    return put(state, entry)


def edit(state: CatalogState, command: Edit, at: int) -> CatalogState:
    """A new version; nothing when the latest one says the same."""
    entry = state.audiences[command.key]
    latest = entry.latest
    asked = replace(
        latest,
        criteria=latest.criteria if command.criteria is None else command.criteria,
        workspaces=latest.workspaces if command.workspaces is None else command.workspaces,
        inputs=latest.inputs if command.inputs is None else command.inputs,
    )
    if asked == latest:
        return state
    made = replace(asked, by=command.by, at=at, note=command.note, restores=0, adds=None, drops=None)
    return _with_version(state, entry, made, command.hold)


def restore(state: CatalogState, command: Restore, at: int) -> CatalogState:
    """An earlier version again, under a number of its own."""
    entry = state.audiences[command.key]
    former = entry.version(command.version)
    made = replace(former, by=command.by, at=at, note="", restores=command.version, adds=None, drops=None)
    return _with_version(state, entry, made, command.hold)


def activate(state: CatalogState, key: str) -> CatalogState:
    entry = state.audiences[key]
    return put(state, replace(entry, status="active", in_force=0, waiting=entry.latest.number, held=False))


def archive(state: CatalogState, key: str) -> CatalogState:
    return put(state, replace(state.audiences[key], status="archived", in_force=0, waiting=0, held=False))


def delete(state: CatalogState, key: str) -> CatalogState:
    return put(state, gone(state.audiences[key]))


def gone(entry: AudienceEntry) -> AudienceEntry:
    """What is left of an audience that is deleted: its names and versions, so that no number means something else."""
    return replace(entry, status="deleted", in_force=0, waiting=0, held=False, experiment=None)


def clone(state: CatalogState, command: Clone, at: int) -> CatalogState:
    """A draft with the same definition and tags (seed, "Audience tags")."""
    entry = state.audiences[command.key]
    twin = replace(entry.as_audience(entry.latest.number), key=command.new_key, name=command.name, version=1)
    return create(state, Create(command.by, replace(twin, external_name=None), draft=True), at)


def rename(state: CatalogState, command: Rename) -> CatalogState:
    entry = state.audiences[command.key]
    return put(state, replace(entry, name=command.name, external_name=command.external_name))


def tag(state: CatalogState, command: Tag) -> CatalogState:
    entry = state.audiences[command.key]
    kept = (each for each in entry.tags if each not in command.remove)
    return put(state, replace(entry, tags=tuple(dict.fromkeys((*kept, *command.add)))))


def set_access(state: CatalogState, command: SetAccess) -> CatalogState:
    return put(state, replace(state.audiences[command.key], access=command.access))


def start_test(state: CatalogState, command: StartTest, at: int) -> CatalogState:
    experiment = make_experiment(command.key, command.variations, command.by, at)
    return put(state, replace(state.audiences[command.key], experiment=experiment))


def end_test(state: CatalogState, key: str) -> CatalogState:
    return put(state, replace(state.audiences[key], experiment=None))


def cut_over(state: CatalogState, key: str) -> CatalogState:
    return put(state, replace(state.audiences[key], held=False))


def abandon(state: CatalogState, key: str) -> CatalogState:
    """The version that waits is let go; an audience that never was in force becomes a draft."""
    entry = state.audiences[key]
    return put(state, replace(entry, waiting=0, held=False, status="active" if entry.in_force else "draft"))


def filled(state: CatalogState, command: Filled) -> CatalogState:
    """Versions that waited come into force together; nothing when other decisions came between."""
    if command.revision != state.revision:
        return state
    moving = {(each.key, each.version): each for each in command.moving}
    for entry in [each for each in state.audiences.values() if each.waiting]:
        told = moving.get((entry.key, entry.waiting))
        if told is not None:
            measured = replace(entry.version(entry.waiting), adds=told.adds, drops=told.drops)
            versions = tuple(measured if each.number == measured.number else each for each in entry.versions)
            entry = replace(entry, versions=versions)
        state = put(state, entry if entry.held else replace(entry, in_force=entry.waiting, waiting=0))
    return state


def _with_version(state: CatalogState, entry: AudienceEntry, made: Version, hold: bool) -> CatalogState:
    """The audience with one version more, which waits when the audience is active."""
    made = replace(made, number=entry.latest.number + 1)
    changed = replace(entry, versions=(*entry.versions, made))
    if entry.status == "active":
        changed = replace(changed, waiting=made.number, held=hold)
    return put(state, changed)
