"""The lists of audiences that people see (semantics 10 to 12, 183)."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal, TypeAlias

from raudience.catalog.checking import workspaces_of
from raudience.catalog.entries import AudienceEntry, CatalogState

__all__ = ["List", "active_audiences", "list_of", "listed", "workspaces_of_entry"]

List: TypeAlias = Literal["single", "multi", "shared"]
"""Audiences of one workspace, of several, and of other workspaces than the viewer's."""


def listed(
    state: CatalogState, viewer: Collection[str] = (), of: List | None = None, tags: Collection[str] = ()
) -> list[AudienceEntry]:
    """Audiences that somebody may see, by key: those of the viewer's workspaces (empty: of all), and those that others
    share. of: one of the three lists; tags: only audiences with all of them."""
    found = []
    for entry in state.living():
        where = list_of(state, entry, viewer)
        if where is not None and of in (None, where) and set(tags) <= set(entry.tags):
            found.append(entry)
    return found


def list_of(state: CatalogState, entry: AudienceEntry, viewer: Collection[str] = ()) -> List | None:
    """The list in which a viewer finds an audience; None when it is private to other workspaces."""
    workspaces = workspaces_of_entry(state, entry)
    if viewer and not set(viewer) & set(workspaces):
        return None if entry.access == "private" else "shared"
    return "single" if len(workspaces) == 1 else "multi"


def workspaces_of_entry(state: CatalogState, entry: AudienceEntry) -> tuple[str, ...]:
    """The workspaces of an audience: those of its latest version, which without any has all of the account."""
    return entry.latest.workspaces or workspaces_of(state)


def active_audiences(state: CatalogState) -> int:
    """How many audiences are in use (semantics 12)."""
    return sum(entry.status == "active" for entry in state.audiences.values())
