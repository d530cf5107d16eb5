"""What auto-complete is asked, and what it answers."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from raudience.records.blocks import Field

__all__ = ["CategoriesOf", "EventsOf", "Kinds", "NamesIn", "Suggestion", "Topic", "ValuesOf"]


class _Topic(msgspec.Struct, frozen=True, tag=True):
    pass


class ValuesOf(_Topic, frozen=True):
    """Values of an attribute, in any workspace."""

    field: Field


class NamesIn(_Topic, frozen=True):
    """Names of the attributes in a namespace."""

    namespace: str


class EventsOf(_Topic, frozen=True):
    """Names of events; of a kind, or of any (None)."""

    kind: str | None = None


class CategoriesOf(_Topic, frozen=True):
    """Categories of events (`custom_event_type`); of a kind, or of any (None)."""

    kind: str | None = None


class Kinds(_Topic, frozen=True):
    """Kinds of events."""


Topic: TypeAlias = ValuesOf | NamesIn | EventsOf | CategoriesOf | Kinds


class Suggestion(msgspec.Struct, frozen=True):
    """A text that was seen. count: how often, in profiles that have it now or in the latest events, as it was counted
    last."""

    text: str
    count: int
