"""Audiences as people work with them: lists, life cycle, versions, A/B tests. Part of the client."""

from __future__ import annotations

from collections.abc import Collection
from typing import TypeAlias

import msgspec

from raudience.catalog import Audience
from raudience.catalog.audiences import Access
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
    Rename,
    Restore,
    SetAccess,
    StartTest,
    Tag,
)
from raudience.catalog.comparing import patch
from raudience.catalog.connecting import connections_by_audience
from raudience.catalog.entries import AudienceEntry, CatalogState, Status, Version
from raudience.catalog.experiments import Share
from raudience.catalog.listing import List, active_audiences, list_of, listed, workspaces_of_entry
from raudience.catalog.nearest import no_audience, unknown
from raudience.catalog.outputs import Connection
from raudience.catalog.planning import shadow_key
from raudience.clock import now_ms
from raudience.cluster.engine import Engine
from raudience.coordinator import AudienceCount
from raudience.criteria.build import Asked
from raudience.criteria.definition import Criterion
from raudience.errors import FixRequest
from raudience.records import Comparison

__all__ = ["AudienceRow", "Audiences", "Filling", "Questions"]

Questions: TypeAlias = Asked | Criterion


class Filling(msgspec.Struct, frozen=True):
    """A version that comes into force when its members are found. percent: of all versions that wait, how many are
    filled; seconds_left: by how long the last ones took, None before the first."""

    version: int
    held: bool
    percent: float
    seconds_left: float | None


class AudienceRow(msgspec.Struct, frozen=True):
    """One line of the list of audiences. faults: why connections of it are stopped. as_of: the instant of its figures,
    in milliseconds; updated_at is one of the wall clock. size and what follows are None for what is not in force;
    volatility also when nobody is in it."""

    key: str
    name: str
    external_name: str | None
    status: Status
    list: List | None
    workspaces: tuple[str, ...]
    access: Access
    tags: tuple[str, ...]
    created_by: str
    created_at: int
    updated_by: str
    updated_at: int
    version: int
    tested: bool
    connected_outputs: int
    faults: tuple[str, ...]
    as_of: int | None
    size: int | None = None
    adds_day: int | None = None
    drops_day: int | None = None
    volatility: float | None = None
    filling: Filling | None = None


class Audiences:
    """The audiences of one engine. by: who asks, as the journal and the versions will say.

    Every method that changes something returns when that lasts, and raises FixDefinition with every fault of what was
    asked; then nothing has changed. It is in force then too, unless another driver may be writing to the engine.
    """

    def __init__(self, engine: Engine, by: str) -> None:
        self._engine, self._by = engine, by

    def rows(
        self, viewer: Collection[str] = (), of: List | None = None, tags: Collection[str] = ()
    ) -> list[AudienceRow]:
        """The list of audiences with their figures: those that a viewer from some workspaces (empty: from all) may see,
        of one of the three lists, with all of the tags."""
        catalog = self._engine.catalog()
        return self._rows(catalog, listed(catalog, viewer, of, tags), viewer)

    def row(self, key: str) -> AudienceRow:
        """The line of one audience."""
        catalog = self._engine.catalog()
        (row,) = self._rows(catalog, [_entry(catalog, key)], ())
        return row

    def active(self) -> int:
        """How many audiences are in use."""
        return active_audiences(self._engine.catalog())

    def entry(self, key: str) -> AudienceEntry:
        """Everything that was decided about an audience. Raises FixRequest when there is none."""
        return _entry(self._engine.catalog(), key)

    def create(self, audience: Audience, draft: bool = False) -> AudienceEntry:
        """A new audience. A draft is kept to work on later; nobody is in it."""
        return self._decided(Create(self._by, audience, draft), audience.key)

    def edit(
        self,
        key: str,
        criteria: Questions | None = None,
        workspaces: tuple[str, ...] | None = None,
        inputs: tuple[str, ...] | None = None,
        note: str = "",
        hold: bool = False,
    ) -> AudienceEntry:
        """Another definition, as a new version; what is None stays. The version is filled beside the one in force, then
        it takes over in one step, and only the difference is told. hold: it waits for `cut_over`; `preview` shows who
        would move."""
        asked = criteria.criterion if isinstance(criteria, Asked) else criteria
        return self._decided(Edit(self._by, key, asked, workspaces, inputs, note, hold), key)

    def restore(self, key: str, version: int, hold: bool = False) -> AudienceEntry:
        """An earlier version again, as a new one."""
        return self._decided(Restore(self._by, key, version, hold), key)

    def versions(self, key: str) -> tuple[Version, ...]:
        """Every version with who made it and when, the oldest first."""
        return self.entry(key).versions

    def difference(self, key: str, former: int, later: int) -> str:
        """Two versions, line by line, as a patch; "" when they say the same. Raises FixRequest for another number."""
        entry = self.entry(key)
        numbers = [str(version.number) for version in entry.versions]
        for number in map(str, (former, later)):
            if number not in numbers:
                raise FixRequest(str(unknown("version", "the number of a version", number, numbers)))
        return patch(entry.as_audience(former), entry.as_audience(later))

    def preview(self, key: str, most: int = 10) -> Comparison:
        """Who enters and who leaves when the version that waits takes over, exactly as of now, with a sample of up to
        `most` users each way. Raises FixRequest when none waits, or when it is not filled yet."""
        entry = self.entry(key)
        if not entry.waiting:
            message = f"{key}: expected an audience with a version that waits, got none; edit it with `hold`"
            raise FixRequest(message)
        shadow = shadow_key(key, entry.waiting)
        if entry.in_force:
            return self._engine.compare(key, shadow, most)
        new = self._engine.compare(shadow, shadow, most)
        return Comparison(new.both, 0, 0, self._engine.members(shadow)[:most], new.leaving)

    def cut_over(self, key: str) -> AudienceEntry:
        """The version that waits takes over."""
        return self._decided(CutOver(self._by, key), key)

    def abandon(self, key: str) -> AudienceEntry:
        """The version that waits does not take over."""
        return self._decided(Abandon(self._by, key), key)

    def rename(self, key: str, name: str, external_name: str | None = None) -> AudienceEntry:
        """Its name, and the name that outputs get, if that is another one."""
        return self._decided(Rename(self._by, key, name, external_name), key)

    def tag(self, key: str, add: Collection[str] = (), remove: Collection[str] = ()) -> AudienceEntry:
        """Put tags on it and take some off."""
        return self._decided(Tag(self._by, key, tuple(add), tuple(remove)), key)

    def share(self, key: str, access: Access) -> AudienceEntry:
        """What people of other workspaces may do with it."""
        return self._decided(SetAccess(self._by, key, access), key)

    def activate(self, key: str) -> AudienceEntry:
        """Put a draft, or an audience from the archive, in force."""
        return self._decided(Activate(self._by, key), key)

    def archive(self, key: str) -> AudienceEntry:
        """All members leave; the definition stays and can be activated again."""
        return self._decided(Archive(self._by, key), key)

    def delete(self, key: str) -> None:
        """All members leave. Refused while another audience uses it; every one that does is named."""
        self._engine.decide(Delete(self._by, key), now_ms())

    def clone(self, key: str, new_key: str, name: str) -> AudienceEntry:
        """A draft with the same definition and tags."""
        return self._decided(Clone(self._by, key, new_key, name), new_key)

    def start_test(self, key: str, variations: Collection[Share]) -> AudienceEntry:
        """Split the members; Control is what the variations leave over."""
        return self._decided(StartTest(self._by, key, tuple(variations)), key)

    def end_test(self, key: str) -> AudienceEntry:
        """Delete the test with all its variations."""
        return self._decided(EndTest(self._by, key), key)

    def _decided(self, command: CatalogCommand, key: str) -> AudienceEntry:
        return self._engine.decide(command, now_ms()).audiences[key]

    def _rows(
        self, catalog: CatalogState, entries: Collection[AudienceEntry], viewer: Collection[str]
    ) -> list[AudienceRow]:
        figures = {each.audience: each for each in self._engine.figures()}
        connections = connections_by_audience(catalog)
        filled = self._engine.filled() if any(entry.waiting for entry in entries) else (0, 0, None)
        return [
            self._row(catalog, entry, viewer, figures.get(entry.key), connections.get(entry.key, ()), filled)
            for entry in entries
        ]

    def _row(
        self,
        catalog: CatalogState,
        entry: AudienceEntry,
        viewer: Collection[str],
        counted: AudienceCount | None,
        connections: Collection[Connection],
        filled: tuple[int, int, float | None],
    ) -> AudienceRow:
        return AudienceRow(
            key=entry.key,
            name=entry.name,
            external_name=entry.external_name,
            status=entry.status,
            list=list_of(catalog, entry, viewer),
            workspaces=workspaces_of_entry(catalog, entry),
            access=entry.access,
            tags=entry.tags,
            created_by=entry.created_by,
            created_at=entry.created_at,
            updated_by=entry.updated_by,
            updated_at=entry.updated_at,
            version=entry.in_force or entry.latest.number,
            tested=entry.experiment is not None,
            connected_outputs=len({each.output for each in connections}),
            faults=tuple(f"{each.output}: {each.stop}" for each in connections if each.stop is not None),
            as_of=self._engine.now,
            size=counted.size if counted else None,
            adds_day=counted.adds_day if counted else None,
            drops_day=counted.drops_day if counted else None,
            volatility=counted.volatility if counted else None,
            filling=_filling(entry, *filled),
        )


def _filling(entry: AudienceEntry, filled: int, waiting: int, seconds: float | None) -> Filling | None:
    if not entry.waiting:
        return None
    percent = 100 * filled / waiting if waiting else 100.0
    return Filling(entry.waiting, entry.held, percent, seconds)


def _entry(catalog: CatalogState, key: str) -> AudienceEntry:
    found = catalog.living_one(key)
    if found is None:
        raise FixRequest(str(no_audience(catalog, key)))
    return found
