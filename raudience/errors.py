"""The one tree of errors, named by what a person must do.

    RaudienceError
    ├── FixDefinition      a document of definitions is wrong: every fault in it, each with its path
    ├── FixInput           an input (a line, a batch, a file) is wrong
    ├── FixRequest         a call or a command asks for something that is not there or cannot be
    ├── FixStore           the place where state is kept does not take it or does not answer
    ├── StateDamaged       kept state disagrees with itself: restore it
    ├── Superseded         somebody else has taken over: stop
    └── ReportBug          an invariant does not hold

Every class passes all its fields to `super().__init__`, so that it survives the way between processes.
"""

from __future__ import annotations

import msgspec

__all__ = [
    "Fault",
    "FixDefinition",
    "FixInput",
    "FixRequest",
    "FixStore",
    "RaudienceError",
    "ReportBug",
    "StateDamaged",
    "Superseded",
]


class Fault(msgspec.Struct, frozen=True, order=True):
    """One thing that is wrong: where, what was expected, what came."""

    path: str
    expected: str
    got: str
    hint: str = ""

    def __str__(self) -> str:
        hint = f"; {self.hint}" if self.hint else ""
        return f"{self.path}: expected {self.expected}, got {self.got}{hint}"


class RaudienceError(Exception):
    """Base of all errors that raudience raises on purpose."""


class FixDefinition(RaudienceError):
    """A document of definitions is refused; `faults` holds every fault of it, in the order of the document."""

    def __init__(self, source: str, faults: tuple[Fault, ...]) -> None:
        super().__init__(source, faults)
        self.source = source
        self.faults = faults

    def __str__(self) -> str:
        lines = "\n".join(f"  {fault}" for fault in self.faults)
        return f"{self.source}: {len(self.faults)} fault(s)\n{lines}"


class FixInput(RaudienceError):
    """An input is refused: `source` is a file and line or a batch, `fault` says what is wrong with it."""

    def __init__(self, source: str, fault: Fault) -> None:
        super().__init__(source, fault)
        self.source = source
        self.fault = fault

    def __str__(self) -> str:
        return f"{self.source}: {self.fault}"


class FixRequest(RaudienceError):
    """A call or command cannot be carried out as asked."""


class FixStore(RaudienceError):
    """The place where state is kept is full, read-only, of another version or out of reach. Nothing that was
    acknowledged is lost, and nothing that failed was acknowledged."""


class StateDamaged(RaudienceError):
    """Kept state disagrees with itself or with its checksum."""


class Superseded(RaudienceError):
    """Somebody else writes now: whoever gets this has no say any more and ends."""


class ReportBug(RaudienceError):
    """An invariant of raudience does not hold."""
