"""The book: settings, inputs and audiences, as a document holds them."""

from __future__ import annotations

import msgspec

from raudience.clock import DAY
from raudience.criteria.definition import Criterion
from raudience.criteria.durations import Duration

__all__ = ["Audience", "Book", "Input", "Settings"]


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


class Input(_Base, frozen=True):
    """A platform or feed: the key by which batches name it (`api_key`, or the `--input` of a replay), its workspace."""

    key: str
    workspace: str = "default"


class Audience(_Base, frozen=True):
    """key: permanent name for machines. workspaces: sources of user-based criteria (empty: all of the document).
    inputs: sources of event-based criteria (empty: all inputs of the workspaces)."""

    key: str
    name: str
    criteria: Criterion
    external_name: str | None = None
    workspaces: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    version: int = 1


class Book(_Base, frozen=True):
    audiences: tuple[Audience, ...]
    settings: Settings = msgspec.field(default_factory=Settings)
    inputs: tuple[Input, ...] = ()
