"""The book: settings, sources and audiences, as a document holds them."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from raudience.clock import DAY
from raudience.criteria.definition import Criterion, EventKind
from raudience.criteria.durations import Duration

__all__ = ["Access", "Audience", "Book", "EventTier", "Input", "Settings", "Tier", "Workspace"]

Access: TypeAlias = Literal["private", "view_only", "usable"]
"""What people of other workspaces may do with an audience: nothing, look at it, use it (semantics 10)."""

Tier: TypeAlias = Literal["personalize", "preserve", "connect"]
"""What an event is kept for. Only events of tier personalize count for criteria (semantics 27, 28)."""


class _Base(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    pass


class Settings(_Base, frozen=True):
    """All may be `unlimited`. lookback: how far back events count (semantics D1). retention: how long a profile without
    activity is kept, the lookback when not given (D15). The other two: how long ids of events and batches are
    remembered (D12)."""

    # Factories: msgspec cannot write a default of its own kind into a JSON Schema.
    lookback: Duration = msgspec.field(default_factory=lambda: Duration(30 * DAY))
    retention: Duration | None = None
    remember_messages: Duration = msgspec.field(default_factory=lambda: Duration(2 * DAY))
    remember_batches: Duration = msgspec.field(default_factory=lambda: Duration(30 * DAY))


class Workspace(_Base, frozen=True):
    """A place where inputs and audiences belong; name: for people, the key when not given."""

    key: str
    name: str | None = None


class Input(_Base, frozen=True):
    """A platform or feed: the key by which batches name it (`api_key`, or the `--input` of a replay), its workspace."""

    key: str
    workspace: str = "default"
    name: str | None = None
    kind: Literal["platform", "feed"] = "platform"


class EventTier(_Base, frozen=True):
    """The tier of the events of one kind and name; category None: of every category. Without one: personalize."""

    kind: EventKind
    name: str
    tier: Tier
    category: str | None = None


class Audience(_Base, frozen=True):
    """key: permanent name for machines. workspaces: sources of user-based criteria (empty: all of the document).
    inputs: sources of event-based criteria (empty: all inputs of the workspaces). tags: labels, 18 characters each."""

    key: str
    name: str
    criteria: Criterion
    external_name: str | None = None
    workspaces: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    version: int = 1
    tags: tuple[str, ...] = ()
    access: Access = "usable"


class Book(_Base, frozen=True):
    """workspaces: those that stand there beside the workspaces of the inputs. purposes: of GDPR consent that may be
    asked for (empty: any)."""

    audiences: tuple[Audience, ...]
    settings: Settings = msgspec.field(default_factory=Settings)
    inputs: tuple[Input, ...] = ()
    workspaces: tuple[Workspace, ...] = ()
    tiers: tuple[EventTier, ...] = ()
    purposes: tuple[str, ...] = ()
