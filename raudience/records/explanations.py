"""Why a user is in an audience or not."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

__all__ = [
    "AndNode", "AudienceNode", "CriterionNode", "Evidence", "ExcludeNode", "Explanation", "Node", "NotNode", "OrNode",
    "Truth",
]  # fmt: skip


class Evidence(msgspec.Struct, frozen=True):
    """Something that speaks for the answer: an event (at: its time) or the value of an attribute (at: its stamp)."""

    what: str
    at: int | None = None


class Truth(msgspec.Struct, frozen=True):
    """Answer of one criterion. found: what was found, in words (`2 events`). flips_at: the next moment, in
    milliseconds, at which the answer changes if nothing happens, None when it stays. decides: whether the other answer,
    of this criterion alone, would give the audience the other answer."""

    criterion: str
    holds: bool
    found: str
    evidence: tuple[Evidence, ...] = ()
    flips_at: int | None = None
    decides: bool = False


class _Node(msgspec.Struct, frozen=True, tag_field="type"):
    holds: bool


class CriterionNode(_Node, frozen=True, tag="criterion"):
    """number: of the criterion in `Explanation.criteria`."""

    number: int


class AndNode(_Node, frozen=True, tag="and"):
    of: tuple[Node, ...]


class OrNode(_Node, frozen=True, tag="or"):
    of: tuple[Node, ...]


class ExcludeNode(_Node, frozen=True, tag="exclude"):
    """The first, and none of the others."""

    of: tuple[Node, ...]


class NotNode(_Node, frozen=True, tag="not"):
    of: Node


class AudienceNode(_Node, frozen=True, tag="audience"):
    """Being in another audience; of: why."""

    audience: str
    of: Node


Node: TypeAlias = CriterionNode | AndNode | OrNode | ExcludeNode | NotNode | AudienceNode


class Explanation(msgspec.Struct, frozen=True):
    """Answer of one audience for one user, at one moment.

    criteria: each distinct one once. tree: how they are joined, None of a user who is not known. flips_at: the next
    moment at which the membership changes if nothing happens; flips_by: numbers of the criteria that do it then.
    """

    audience: str
    mpid: int
    at: int
    known: bool
    member: bool
    criteria: tuple[Truth, ...]
    flips_at: int | None = None
    flips_by: tuple[int, ...] = ()
    tree: Node | None = None
