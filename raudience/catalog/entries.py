"""What the catalog knows: the account, and each audience with its life, its versions and its labels."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, TypeAlias

import msgspec

from raudience.catalog.audiences import Access, Audience, Book, EventTier, Input, Settings, Workspace
from raudience.catalog.experiments import Experiment
from raudience.catalog.outputs import Connection, Departure, Output
from raudience.criteria.definition import Criterion

__all__ = ["AudienceEntry", "CatalogState", "JournalLine", "Status", "Version"]

Status: TypeAlias = Literal["draft", "active", "archived", "deleted"]


class Version(msgspec.Struct, frozen=True):
    """One form of a definition: who made it and when, in milliseconds. restores: the version it brings back, 0 for
    none. adds, drops: who was to enter and leave when it came into force, None before it was filled."""

    number: int
    criteria: Criterion
    workspaces: tuple[str, ...]
    inputs: tuple[str, ...]
    by: str
    at: int
    note: str = ""
    restores: int = 0
    adds: int | None = None
    drops: int | None = None


class AudienceEntry(msgspec.Struct, frozen=True):
    """One audience. in_force: the version that decides who is a member, 0 for none. waiting: the version that is being
    filled and comes into force next, 0 for none; held: it waits for a word. experiment: the A/B test, None without one.
    Instants are milliseconds."""

    key: str
    name: str
    external_name: str | None
    status: Status
    access: Access
    tags: tuple[str, ...]
    created_by: str
    created_at: int
    updated_by: str
    updated_at: int
    versions: tuple[Version, ...]
    in_force: int = 0
    waiting: int = 0
    held: bool = False
    experiment: Experiment | None = None

    @property
    def latest(self) -> Version:
        return self.versions[-1]

    def version(self, number: int) -> Version:
        """A version by its number; KeyError when there is none."""
        for version in self.versions:
            if version.number == number:
                return version
        raise KeyError(number)

    def as_audience(self, number: int) -> Audience:
        """The audience as a document would write it with one of its versions."""
        version = self.version(number)
        return Audience(
            key=self.key,
            name=self.name,
            criteria=version.criteria,
            external_name=self.external_name,
            workspaces=version.workspaces,
            inputs=version.inputs,
            version=number,
            tags=self.tags,
            access=self.access,
        )


class JournalLine(msgspec.Struct, frozen=True):
    """Who did what, when, to which audience or part of the account."""

    at: int
    by: str
    what: str
    key: str


class CatalogState(msgspec.Struct, frozen=True):
    """All that was decided. secrets: SHA-256, in hex, of the secret of each input that has one. connections: by id;
    departed: those that are no more, by id, the earliest first, until what is downstream is seen to; connected: how
    many connections there ever were. revision: counts the changes of what shards should evaluate."""

    settings: Settings = msgspec.field(default_factory=Settings)
    workspaces: tuple[Workspace, ...] = ()
    inputs: tuple[Input, ...] = ()
    secrets: dict[str, str] = {}
    tiers: tuple[EventTier, ...] = ()
    purposes: tuple[str, ...] = ()
    audiences: dict[str, AudienceEntry] = {}
    connections: dict[str, Connection] = {}
    revision: int = 0
    journal: tuple[JournalLine, ...] = ()
    outputs: dict[str, Output] = {}
    departed: dict[str, Departure] = {}
    connected: int = 0

    def living(self) -> list[AudienceEntry]:
        """Audiences that are not deleted, by key."""
        return [self.audiences[key] for key in sorted(self.audiences) if self.audiences[key].status != "deleted"]

    def living_one(self, key: str) -> AudienceEntry | None:
        """An audience that is not deleted; None when there is none of the key."""
        entry = self.audiences.get(key)
        return None if entry is None or entry.status == "deleted" else entry

    def book(self, audiences: Iterable[Audience] = ()) -> Book:
        """The account as a document, with some audiences."""
        return Book(tuple(audiences), self.settings, self.inputs, self.workspaces, self.tiers, self.purposes)
