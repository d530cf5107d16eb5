"""What partners have acknowledged, as the logs of connections say it: for who writes them, and for who only asks."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Final

import msgspec

from raudience.cluster.keeping import Shelf
from raudience.cluster.keepsakes import Keepsake, Place
from raudience.errors import FixRequest, StateDamaged
from raudience.forward.connection import Connection
from raudience.forward.entries import Entry
from raudience.forward.keeping import load
from raudience.forward.partner import Partner, Settings

__all__ = ["Ledgers", "beside", "fresh", "log_name", "read_back"]

_TRIES: Final = 5
"""A log that is read while its writer puts a snapshot in its place is read again."""


class Ledgers:
    """Reads the logs of connections, whoever writes them meanwhile. keepsake: where they are; None: nowhere."""

    def __init__(self, keepsake: Keepsake | None) -> None:
        self._keepsake = keepsake

    def read(self, key: str, partner: Partner, settings: Settings) -> Connection:
        """A connection as its log leaves it. One that was never at work has nothing: no lists, nobody held. Raises
        FixRequest when there is no place where logs last."""
        if self._keepsake is None:
            message = "connections: expected an engine with a state, got one in memory alone: its forwarder alone knows"
            raise FixRequest(message)
        for left in reversed(range(_TRIES)):
            made = fresh(partner, settings)
            try:
                self._load(made, log_name(key), self._keepsake)
            except StateDamaged:
                if not left:
                    raise
            else:
                break
        return made

    def _load(self, connection: Connection, name: str, kept: Keepsake) -> None:
        logs = kept.stores.logs()
        if name not in logs.names():
            # To open it would make it.
            logs.close()
            return
        shelf: Shelf[Entry] = Shelf(name, logs, kept.stores.snapshots(), Entry)
        with closing(shelf):
            read_back(connection, shelf)


def fresh(partner: Partner, settings: Settings) -> Connection:
    """A connection that was never at work."""
    return Connection(partner.identities, partner.bounds(settings), settings, partner.refresh, partner.whole)


def read_back(connection: Connection, shelf: Shelf[Entry]) -> int:
    """Make a new connection what its log says; position of the last entry. Raises StateDamaged when it cannot be."""
    reached = 0
    for kept in shelf.snapshots():
        load(connection, next(iter(kept.parts)))
        reached = kept.position
        break
    for position, entry in shelf.entries(reached):
        connection.apply(entry)
        reached = position
    return reached


def beside(kept: Keepsake | None) -> Keepsake | None:
    """Where the logs of the connections of an engine are: beside its state, not among the logs of its shards. None for
    one that does not last. They last as the engine does."""
    if kept is None or not isinstance(kept.stores, Place):
        return None
    state, objects = kept.stores.state, kept.stores.objects
    here = f"{state}-forwarding" if "://" in state else str(Path(state, "forwarding"))
    return msgspec.structs.replace(kept, stores=Place(here, objects and f"{objects}/forwarding"))


def log_name(key: str) -> str:
    """The name of the log of a connection."""
    return f"forward-{key}"
