"""What can be asked of the catalog. `by` says who asks."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from raudience.catalog.audiences import Access, Audience, Book, EventTier, Input, Settings, Workspace
from raudience.catalog.experiments import Share
from raudience.catalog.outputs import Downstream, Output, Value
from raudience.criteria.definition import Criterion

__all__ = [
    "Abandon", "Activate", "Archive", "CatalogCommand", "Clone", "Configure", "Connect", "Create", "CutOver", "Delete",
    "Departed", "Disconnect", "Edit", "EndTest", "Fault", "Filled", "Moving", "OfAudience", "OfOutputs", "PutBook",
    "PutInput", "PutOutput", "PutWorkspace", "Reconcile", "RemoveInput", "RemoveOutput", "RemoveWorkspace", "Rename",
    "Restore", "Resume", "SetAccess", "SetPurposes", "SetSettings", "SetTier", "StartTest", "Switch", "Tag",
]  # fmt: skip


class _Command(msgspec.Struct, frozen=True, tag=True):
    by: str


class SetSettings(_Command, frozen=True):
    settings: Settings


class PutWorkspace(_Command, frozen=True):
    """A new workspace, or another name for one."""

    workspace: Workspace


class RemoveWorkspace(_Command, frozen=True):
    key: str


class PutInput(_Command, frozen=True):
    """A new input, or other properties of one. secret: SHA-256, in hex, of a new secret; None leaves it as it is."""

    input: Input
    secret: str | None = None


class RemoveInput(_Command, frozen=True):
    key: str


class SetTier(_Command, frozen=True):
    """The tier of some events; personalize is how events are without a word."""

    tier: EventTier


class SetPurposes(_Command, frozen=True):
    """The purposes of GDPR consent that criteria may ask for."""

    purposes: tuple[str, ...]


class Create(_Command, frozen=True):
    """A new audience; a draft is not evaluated."""

    audience: Audience
    draft: bool = False


class Edit(_Command, frozen=True):
    """Another definition; what is None stays. hold: it is filled and then waits for CutOver."""

    key: str
    criteria: Criterion | None = None
    workspaces: tuple[str, ...] | None = None
    inputs: tuple[str, ...] | None = None
    note: str = ""
    hold: bool = False


class Restore(_Command, frozen=True):
    """An edit that brings an earlier version back, as a new one."""

    key: str
    version: int
    hold: bool = False


class CutOver(_Command, frozen=True):
    """The version that waits comes into force."""

    key: str


class Abandon(_Command, frozen=True):
    """The version that waits does not come into force; it stays in the list of versions."""

    key: str


class Rename(_Command, frozen=True):
    """The names of an audience; external_name None: none."""

    key: str
    name: str
    external_name: str | None = None


class Tag(_Command, frozen=True):
    key: str
    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()


class SetAccess(_Command, frozen=True):
    key: str
    access: Access


class Activate(_Command, frozen=True):
    """A draft, or an audience from the archive, comes into force by its latest version."""

    key: str


class Archive(_Command, frozen=True):
    """Nobody is a member any longer; the definition stays."""

    key: str


class Delete(_Command, frozen=True):
    key: str


class Clone(_Command, frozen=True):
    """A draft with the same definition and tags."""

    key: str
    new_key: str
    name: str


class StartTest(_Command, frozen=True):
    """An A/B test of an audience, with variations besides Control."""

    key: str
    variations: tuple[Share, ...]


class EndTest(_Command, frozen=True):
    """The test goes, with all its variations."""

    key: str


class PutBook(_Command, frozen=True):
    """A whole book comes into force at once; active audiences that are not in it are deleted, drafts stay."""

    book: Book


class Moving(msgspec.Struct, frozen=True):
    """How many enter and leave an audience when a version comes into force."""

    key: str
    version: int
    adds: int
    drops: int


class Filled(_Command, frozen=True):
    """The shards have found the members of every version that waited at this revision: those that are not held come
    into force together."""

    revision: int
    moving: tuple[Moving, ...] = ()


class PutOutput(_Command, frozen=True):
    """A new output, or other properties of one; its partner stays. Who made it and when is not heeded."""

    output: Output


class RemoveOutput(_Command, frozen=True):
    """An output that nothing is connected to, and downstream of which nothing is left to do."""

    key: str


class Connect(_Command, frozen=True):
    """Send an active audience, or one variation of its A/B test, to an output."""

    audience: str
    output: str
    variation: str | None = None
    settings: dict[str, Value] = {}
    active: bool = True
    flush: int | None = None
    attributes: tuple[str, ...] = ()


class Disconnect(_Command, frozen=True):
    connection: str
    downstream: Downstream = "keep"


class Switch(_Command, frozen=True):
    """Send, or do not."""

    connection: str
    active: bool


class Configure(_Command, frozen=True):
    """Other properties of a connection; what is None stays. flush: "default" is as its partner has it."""

    connection: str
    settings: dict[str, Value] | None = None
    flush: int | Literal["default"] | None = None
    attributes: tuple[str, ...] | None = None


class Fault(_Command, frozen=True):
    """The forwarder says that it has stopped, as in `outputs.Stop`. About a connection that nobody knows any longer, or
    a fault that was resumed already, it means nothing."""

    connection: str
    kind: str
    status: int
    code: str
    text: str
    at: int


class Resume(_Command, frozen=True):
    """The cause of the fault is gone."""

    connection: str


class Reconcile(_Command, frozen=True):
    """Compare all that the partner should hold with all that it has acknowledged, and send the difference. again: send
    the rest anew as well, for what was changed at the partner by others."""

    connection: str
    again: bool = False


class Departed(_Command, frozen=True):
    """Nothing is left to do downstream of a connection that is no more. Said again it means nothing."""

    connection: str


OfOutputs: TypeAlias = (
    PutOutput | RemoveOutput | Connect | Disconnect | Switch | Configure | Fault | Resume | Reconcile | Departed
)  # fmt: skip
"""About outputs and connections."""

OfAudience: TypeAlias = (
    Edit | Restore | CutOver | Abandon | Rename | Tag | SetAccess | Activate | Archive | Delete | Clone | StartTest
    | EndTest
)  # fmt: skip
"""About an audience that is there already."""

CatalogCommand: TypeAlias = (
    SetSettings | PutWorkspace | RemoveWorkspace | PutInput | RemoveInput | SetTier | SetPurposes | Create | OfAudience
    | PutBook | Filled | OfOutputs
)  # fmt: skip
