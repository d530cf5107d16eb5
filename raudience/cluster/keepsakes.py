"""Where an engine keeps what must last, in a form that travels to its actors."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol, TypeAlias

import msgspec

from raudience.cluster.keeping import SNAPSHOT_BYTES, Keeper
from raudience.criteria.dates import write_moment
from raudience.durability.holding import Holder, this_process
from raudience.durability.log import Logs
from raudience.durability.places import open_logs, open_snapshots, without_secrets
from raudience.durability.snapshots import Snapshots
from raudience.errors import FixRequest

__all__ = ["Failpoint", "Keepsake", "Place", "Stores", "no_failure", "place_named", "place_of"]

Failpoint: TypeAlias = Callable[[str], None]
"""Called at the named points of a shell where a crash is at its worst; it does something in tests of crashes only."""


class Stores(Protocol):
    """Where logs and snapshots are."""

    def logs(self) -> Logs: ...

    def snapshots(self) -> Snapshots: ...


class Place(msgspec.Struct, frozen=True):
    """state: a directory, or `nats://...` for the logs. objects: a directory or the address of an object storage for
    the snapshots; none: beside the logs, in the directory."""

    state: str
    objects: str | None = None

    def __str__(self) -> str:
        """As it may be shown and logged."""
        return without_secrets(self.state)

    def logs(self) -> Logs:
        return open_logs(self.state)

    def snapshots(self) -> Snapshots:
        return open_snapshots(self.objects or self.state)


def place_of(state: str | os.PathLike[str], objects: str | os.PathLike[str] | None = None) -> Place:
    """A place by the names that somebody gave; directories are those of who asks, wherever they are used."""
    return Place(_absolute(state), None if objects is None else _absolute(objects))


def place_named(state: str | os.PathLike[str] | None, objects: str | os.PathLike[str] | None = None) -> Place | None:
    """A place, none without a state. Raises FixRequest when only a place for snapshots is named."""
    if state is None and objects is not None:
        message = f"snapshots {os.fspath(objects)}: expected a state as well, got none; say where the log is to be"
        raise FixRequest(message)
    return None if state is None else place_of(state, objects)


def _absolute(name: str | os.PathLike[str]) -> str:
    text = os.fspath(name)
    return text if "://" in text else str(Path(text).absolute())


def no_failure(point: str) -> None:
    """Goes on."""


class Keepsake(msgspec.Struct, frozen=True):
    """How the shells of one engine last. background: snapshots do not stop a shell. every: bytes of log between
    snapshots. yields: the engine does not begin where somebody else is at work. driver: the process that the engine
    ends with; engine: its name, when it has one and ends with none."""

    stores: Stores
    background: bool = True
    every: int = SNAPSHOT_BYTES
    failpoint: Failpoint = no_failure
    yields: bool = False
    driver: Holder | None = None
    engine: str = ""

    def holder(self, now: int) -> Holder:
        """Who is at work, as whoever finds the state in use is told. Called where the coordinator is."""
        return self.driver or this_process(now, self.engine)

    def in_use_by(self, other: Holder) -> str:
        """What to tell whoever finds somebody else at work, and what to do."""
        since = f" since {write_moment(other.since)}" if other.since else ""
        process = f"process {other.pid} on {other.host}" if other.pid else "another process"
        who, instead = process, "stop it"
        if self.driver is not None and (other.host, other.pid) == (self.driver.host, self.driver.pid):
            who, instead = f"another client of this {process}", "close it"
        if other.engine:
            who, instead = f"engine {other.engine} on Ray ({process})", f"use --name {other.engine}"
        return (
            f"{self.stores}: expected a state that is not in use, got one that {who} has been at work on{since}; "
            f"{instead}, or, when it does nothing any more, take over from it: --take-over (take_over=True)"
        )

    def keeper(self, name: str, kind: Any, spare: int = 0) -> Keeper[Any]:
        """The keeper of the shell of a name, whose entries are of a kind; the last `spare` of them always stay."""
        return Keeper(name, self.stores.logs(), self.stores.snapshots(), kind, self.background, self.every, spare)
