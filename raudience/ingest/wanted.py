"""Which fields of profiles and events somebody asks about: a replay, which knows its questions, keeps no others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, assert_never

import msgspec

from raudience.criteria.leaves import (
    Alive,
    Cart,
    Count,
    Distinct,
    FieldTest,
    FirstSeenTest,
    Leaf,
    Matcher,
    Place,
    Plan,
    SequenceOf,
    Sum,
)  # fmt: skip
from raudience.ingest.spellings import PRIORITY, canonical
from raudience.records import Field

__all__ = ["ALL", "Wanted", "wanted_by"]

_PRODUCT_ID: Final = Field("product", "id")
_COORDINATES: Final = (Field("location", "latitude"), Field("location", "longitude"))


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
        found.update(_fields_of(leaf))
    return Wanted(frozenset(found))


def _fields_of(leaf: Leaf) -> Iterator[Field]:
    match leaf:
        case Count():
            yield from _checked(leaf.matcher)
        case Sum() | Distinct():
            yield from (*_checked(leaf.matcher), leaf.field)
        case SequenceOf():
            yield from () if leaf.same is None else (leaf.same,)
            yield from (field for step in leaf.steps for field in _checked(step.matcher))
        case Cart():
            yield from () if leaf.removed is None else (_PRODUCT_ID,)
            yield from (field for matcher in (leaf.added, leaf.done, leaf.other, leaf.removed) if matcher
                        for field in _checked(matcher))  # fmt: skip
        case FieldTest():
            yield leaf.field
        case Place():
            yield from _COORDINATES
        case FirstSeenTest() | Alive():
            pass
        case _:
            assert_never(leaf)


def _checked(matcher: Matcher) -> Iterator[Field]:
    return (check.field for check in matcher.checks)
