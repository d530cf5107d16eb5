"""Which fields of profiles and events somebody asks about: a replay, which knows its questions, keeps no others."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from raudience.criteria.leaves import Plan, event_fields, profile_fields
from raudience.ingest.spellings import PRIORITY, canonical
from raudience.records import Field

__all__ = ["ALL", "Wanted", "wanted_by"]


class Wanted(msgspec.Struct, frozen=True):
    """Some fields, by the namespaces of `records.Field`; None: all of them.

    A field of a device or an application is both a profile's (of its namespace) and its events' (namespace event).
    """

    fields: frozenset[Field] | None = None

    def has(self, field: Field) -> bool:
        return self.fields is None or field in self.fields

    def names(self, namespace: str, names: Iterable[str]) -> tuple[str, ...]:
        """Those of the names that are wanted."""
        return tuple(name for name in names if self.has(Field(namespace, name)))

    def all_names(self, *namespaces: str) -> tuple[str, ...] | None:
        """Every wanted name of the namespaces, in order; None: any."""
        if self.fields is None:
            return None
        return tuple(sorted({field.name for field in self.fields if field.namespace in namespaces}))

    def some(self, *namespaces: str) -> bool:
        """Whether any field of the namespaces is wanted."""
        return self.all_names(*namespaces) != ()


ALL: Final = Wanted()


def wanted_by(plan: Plan, identities: Iterable[str] = ()) -> Wanted:
    """The fields that a plan reads, the identities of these names, and those by which a user is found."""
    named = {*map(canonical, identities), *PRIORITY}
    found = {Field(namespace, name) for name in named for namespace in ("identity", "device_id")}
    found.add(Field("status", "opted_out"))
    for leaf in plan.leaves:
        found.update(event_fields(leaf), (field for _, field in profile_fields(leaf)))
    return Wanted(frozenset(found))
