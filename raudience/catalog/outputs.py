"""Outputs, which are accounts at partners, and connections, which say what goes there."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

__all__ = ["Connection", "Departure", "Downstream", "Ending", "Output", "Stop", "Value"]

Value: TypeAlias = str | bool | int
"""Of a setting."""

Downstream: TypeAlias = Literal["keep", "remove"]
"""What becomes of what a partner holds when a connection goes and the audience stays."""

Ending: TypeAlias = Literal["deleted", "keep", "remove"]
"""How a connection ended. deleted: with its audience or variation, so the partner's own rule counts (semantics 173 to
176); the others: by a word of somebody."""


class Output(msgspec.Struct, frozen=True):
    """A configured account at a partner. settings: by name, defaults filled in, without secrets. sealed: the secret
    ones, encrypted. The catalog fills in who made it and who changed it last; instants are milliseconds."""

    key: str
    name: str
    partner: str
    settings: dict[str, Value] = {}
    sealed: dict[str, str] = {}
    created_by: str = ""
    created_at: int = 0
    updated_by: str = ""
    updated_at: int = 0


class Stop(msgspec.Struct, frozen=True):
    """Why nothing is forwarded any longer. kind: what has to be done about it, a name of `forward.kinds`. status: of
    HTTP, 0 without an answer; code, text: the partner's own; at: milliseconds."""

    kind: str
    status: int
    code: str
    text: str
    at: int

    def __str__(self) -> str:
        answer = " ".join(each for each in (str(self.status or ""), self.code) if each)
        told = f" ({answer})" if answer else ""
        return f"{self.kind}{told}: {self.text}" if self.text else f"{self.kind}{told}"


class Connection(msgspec.Struct, frozen=True):
    """An audience, or one variation of its A/B test, that goes to an output. variation: None for the whole audience.
    active: it sends (semantics 131). flush: milliseconds for which changes are gathered, None: as the partner has it.
    attributes: names of those that go along (semantics 195). stop: the fault, None while all is well. resumed: `at` of
    the last fault of which somebody said that its cause is gone, 0 before the first. recheck: when it was asked for the
    last time that all of it be compared anew; resend: that all of it be sent anew; 0: never."""

    id: str
    audience: str
    variation: str | None
    output: str
    settings: dict[str, Value] = {}
    active: bool = True
    flush: int | None = None
    attributes: tuple[str, ...] = ()
    stop: Stop | None = None
    resumed: int = 0
    recheck: int = 0
    resend: int = 0
    created_by: str = ""
    created_at: int = 0
    updated_by: str = ""
    updated_at: int = 0


class Departure(msgspec.Struct, frozen=True):
    """A connection that is no more, as it was, and the name by which the partner knows the audience. It is kept until
    the forwarder has seen to what is downstream."""

    connection: Connection
    forwarded: str
    ending: Ending
    by: str
    at: int
