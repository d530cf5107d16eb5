"""What whoever sees to the connections of an engine can be asked, wherever they are at work."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

import msgspec

from raudience.forward.figures import Figures

__all__ = ["Report", "Sending", "Setup"]


class Sending(Protocol):
    """All connections of an engine at work. Instants are int milliseconds of the wall clock."""

    def work(self, hurry: bool = ...) -> int | None:
        """See to all of them; the instant at which the first goes on, None when all wait for something to happen.
        hurry: what is gathered for later goes now."""

    def settle(self, most: int = ...) -> bool:
        """Work until every connection waits for something to happen, or is faulted; False when `most` looks or a wait
        for time come before that. What is gathered for later goes now."""

    def run(self, until: Callable[[], bool]) -> None:
        """Work until somebody says that it is enough."""

    def rest(self) -> None:
        """Pause, until something may have happened."""

    def due(self, at: int) -> bool:
        """Whether an instant has come."""

    def figures(self) -> tuple[Figures, ...]:
        """How every connection stands, also those that are no more and have something left downstream."""

    def troubles(self) -> dict[str, str]:
        """What keeps an output, or one connection, from being seen to, by who it is. It is tried again."""

    def close(self) -> None:
        """Send no more."""


class Report(msgspec.Struct, frozen=True):
    """How the connections of one output stand. following: as `Sending.work` says. working: something is under way.
    trouble: what keeps them from being at work, "" when nothing does. superseded: somebody else writes their logs.
    looks: how often they were seen to. setbacks: what has stopped single connections."""

    figures: tuple[Figures, ...] = ()
    following: int | None = None
    working: bool = True
    trouble: str = ""
    superseded: bool = False
    looks: int = 0
    setbacks: Mapping[str, str] = {}


class Setup(msgspec.Struct, frozen=True):
    """What who sends to an output is told at birth. engine: its name on Ray. instead: see `wire.Wire`. key: of the
    secrets, "" for that of its own environment; not shown by repr."""

    engine: str
    output: str
    instead: tuple[tuple[str, str], ...] = ()
    key: str = ""

    def suits(self, other: Setup) -> bool:
        """Whether somebody who says another may go on with this one: who has no key leaves that to others."""
        return msgspec.structs.replace(other, key=other.key or self.key) == self

    def __repr__(self) -> str:
        return f"Setup({self.engine!r}, {self.output!r}, ...)"
