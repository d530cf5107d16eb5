"""A whole book at once: what `define` puts in force."""

from __future__ import annotations

from msgspec.structs import replace

from raudience.catalog.audiences import Audience, Book
from raudience.catalog.commands import PutBook
from raudience.catalog.entries import AudienceEntry, CatalogState, Version
from raudience.catalog.life import gone

__all__ = ["numbered", "put_book"]


def numbered(state: CatalogState, book: Book) -> Book:
    """The book with the versions that its audiences get: a definition that is in force keeps its number, another one
    gets the next; a higher number in the book counts."""
    return replace(book, audiences=tuple(replace(each, version=_number(state, each)) for each in book.audiences))


def put_book(state: CatalogState, command: PutBook, at: int) -> CatalogState:
    """The book in force, and nothing else; drafts and the archive stay. Whoever sends this has planned the book."""
    book = numbered(state, command.book)
    given = {audience.key: _entry(state, audience, command.by, at) for audience in book.audiences}
    rest = {entry.key: _gone(entry, command.by, at) for entry in state.audiences.values() if entry.key not in given}
    return replace(
        state,
        settings=book.settings,
        workspaces=book.workspaces,
        inputs=book.inputs,
        tiers=book.tiers,
        purposes=book.purposes,
        audiences=rest | given,
    )


def _number(state: CatalogState, audience: Audience) -> int:
    entry = state.audiences.get(audience.key)
    if entry is None:
        return audience.version
    if entry.in_force and _same(entry.version(entry.in_force), audience):
        return max(entry.in_force, audience.version)
    return max(entry.latest.number + 1, audience.version)


def _same(version: Version, audience: Audience) -> bool:
    return (version.criteria, version.workspaces, version.inputs) == (
        audience.criteria,
        audience.workspaces,
        audience.inputs,
    )


def _entry(state: CatalogState, audience: Audience, by: str, at: int) -> AudienceEntry:
    before, living = state.audiences.get(audience.key), state.living_one(audience.key)
    entry = AudienceEntry(
        key=audience.key,
        name=audience.name,
        external_name=audience.external_name,
        status="active",
        access=audience.access,
        tags=audience.tags,
        created_by=living.created_by if living else by,
        created_at=living.created_at if living else at,
        updated_by=by,
        updated_at=at,
        versions=_versions(before.versions if before else (), audience, by, at),
        in_force=audience.version,
        experiment=living.experiment if living else None,
    )
    signed = before and replace(entry, updated_by=before.updated_by, updated_at=before.updated_at)
    return before if before is not None and signed == before else entry


def _versions(former: tuple[Version, ...], audience: Audience, by: str, at: int) -> tuple[Version, ...]:
    if any(version.number == audience.version for version in former):
        return former
    made = Version(audience.version, audience.criteria, audience.workspaces, audience.inputs, by, at)
    return (*former, made)


def _gone(entry: AudienceEntry, by: str, at: int) -> AudienceEntry:
    if entry.status != "active":
        return entry
    return replace(gone(entry), updated_by=by, updated_at=at)
