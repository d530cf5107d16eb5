"""What makes a shell last: its log, its snapshots, and how it comes back from them."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from typing import Any, Final, Generic, TypeVar

import msgspec

from raudience.durability.frames import frames, parts
from raudience.durability.holding import Holder
from raudience.durability.log import Log, Logs
from raudience.durability.snapshots import Snapshots
from raudience.errors import FixStore, RaudienceError, StateDamaged
from raudience.records.packing import Packed, pack

__all__ = ["SNAPSHOT_BYTES", "Keeper", "Shelf", "Snapshot"]

Entry = TypeVar("Entry")

_LOG: Final = logging.getLogger(__name__)

SNAPSHOT_BYTES: Final = 256 << 20
"""Bytes of log after which a new snapshot is due, unless the last one was larger."""

_KEPT: Final = 2


class Snapshot(msgspec.Struct, frozen=True):
    """position: of the log, up to which the snapshot knows everything. parts: its frames, the head first."""

    position: int
    parts: Iterator[memoryview]


class Shelf(Generic[Entry]):
    """The log and the snapshots of one shell, for reading."""

    def __init__(self, name: str, logs: Logs, snapshots: Snapshots, kind: Any) -> None:
        self.name = name
        self._logs = logs
        self._log: Log = logs.open(name)
        self._snapshots = snapshots
        self._reader: Packed[Entry] = Packed(kind)

    def first(self) -> int:
        """Position of the first entry that is still there."""
        return self._log.first()

    def entries(self, after: int) -> Iterator[tuple[int, Entry]]:
        """Entries behind a position of the log, in order. Raises StateDamaged when some of them are gone."""
        first = self.first()
        if first > after + 1:
            message = f"log {self.name}: expected records from {after + 1} on, got {first}; restore a copy of the state"
            raise StateDamaged(message)
        for position, data in self._log.read(after):
            self._count(len(data))
            yield position, self._reader.unpack(data)

    def snapshots(self) -> Iterator[Snapshot]:
        """Snapshots that are whole, the newest first; damaged ones are told in the log of the process."""
        for name in reversed(self._snapshots.names(f"{self.name}/")):
            try:
                found = list(parts(self._snapshots.get(name), name))
            except StateDamaged as error:
                _LOG.warning("snapshot %s is damaged, the one before it is used: %s", name, error)
                continue
            yield Snapshot(_position(name), iter(found))

    def close(self) -> None:
        self._log.close()
        self._logs.close()

    def _count(self, size: int) -> None:
        """Hear how many bytes an entry has."""


class Keeper(Shelf[Entry]):
    """The log and the snapshots of one shell, for the shell itself.

    background: snapshots are written by a thread of their own while the shell goes on. every: bytes of log between
    them. spare: records that stay in the log although a snapshot knows them.
    """

    def __init__(
        self,
        name: str,
        logs: Logs,
        snapshots: Snapshots,
        kind: Any,
        background: bool,
        every: int = SNAPSHOT_BYTES,
        spare: int = 0,
    ) -> None:
        super().__init__(name, logs, snapshots, kind)
        self._background = background
        self._every, self._spare = every, spare
        self._since = 0
        self._size = 0
        self._writing: threading.Thread | None = None

    def hold(self, holder: Holder, patience: float = 0) -> Holder | None:
        """Tell others who is at work on this state; who else is, and is alive, if anybody. See `Logs.hold`."""
        return self._logs.hold(holder, patience)

    def take_over(self) -> int:
        """Become the one who may append; the number of the last record."""
        return self._log.take_over()

    def submit(self, entry: Entry) -> Future[int]:
        """Append an entry; done when it is durable."""
        data = pack(entry)
        self._count(len(data))
        return self._log.submit([data])

    def due(self) -> bool:
        """Whether so much was appended that a snapshot is worth its cost, and none is being written."""
        return self._since >= max(self._every, self._size) and not self._busy()

    def keep(self, position: int, contents: Iterable[bytes | memoryview], done: Callable[[], None]) -> None:
        """Write a snapshot that knows everything up to a position of the log, then forget what it replaces. `done` is
        called when it is durable. What goes wrong is told in the log of the process: the snapshot before still holds.
        """
        self._since = 0
        if not self._background:
            self._keep(position, contents, done)
            return
        self.settle()
        self._writing = threading.Thread(target=self._keep, args=(position, contents, done), daemon=True)
        self._writing.start()

    def purge(self, position: int, contents: Iterable[bytes | memoryview], through: int) -> None:
        """Have one snapshot, which knows everything up to a position, and forget all others and the log up to
        `through`. Raises FixStore when the place does not take it; then what was there is there."""
        self.settle()
        newest = self._put(position, contents)
        self._since = 0
        try:
            self._prove(newest)
        except StateDamaged as error:
            message = f"snapshot {newest}: expected it as it was written, got: {error}"
            raise FixStore(message) from error
        for name in self._snapshots.names(f"{self.name}/"):
            if name != newest:
                self._snapshots.delete(name)
        self._log.shred(through)

    def trim(self, position: int) -> None:
        """Forget the log up to a position, which a snapshot knows."""
        self._log.trim(position)

    def others(self) -> tuple[str, ...]:
        """Names of the other logs of this state."""
        return tuple(name for name in self._logs.names() if name != self.name)

    def settle(self) -> None:
        """Wait until no snapshot is being written."""
        if self._writing is not None:
            self._writing.join()

    def close(self) -> None:
        self.settle()
        super().close()

    def remove(self) -> None:
        """Forget the log and the snapshots."""
        self.settle()
        for name in self._snapshots.names(f"{self.name}/"):
            self._snapshots.delete(name)
        self._log.close()
        self._logs.remove(self.name)
        self._logs.close()

    def _count(self, size: int) -> None:
        self._since += size

    def _busy(self) -> bool:
        return self._writing is not None and self._writing.is_alive()

    def _keep(self, position: int, contents: Iterable[bytes | memoryview], done: Callable[[], None]) -> None:
        try:
            name = self._put(position, contents)
            done()
            self._prove(name)
            self._forget()
        except RaudienceError as error:
            _LOG.warning("no snapshot of %s: %s", self.name, error)

    def _put(self, position: int, contents: Iterable[bytes | memoryview]) -> str:
        """Name of a snapshot, written now if it is not there: one that is must not be written over, it may be all there
        is."""
        name = f"{self.name}/{position:016d}"
        if name not in self._snapshots.names(f"{self.name}/"):
            self._snapshots.put(name, self._counted(frames(contents)))
        return name

    def _prove(self, name: str) -> None:
        """Nothing is forgotten for a snapshot that cannot be read back whole."""
        try:
            for _ in parts(self._snapshots.get(name), name):
                pass
        except StateDamaged:
            self._snapshots.delete(name)
            raise

    def _counted(self, pieces: Iterable[bytes | memoryview]) -> Iterator[bytes | memoryview]:
        size = 0
        for piece in pieces:
            size += len(piece)
            yield piece
        self._size = size

    def _forget(self) -> None:
        """Keep the two newest snapshots, and the log from the older of them on."""
        names = self._snapshots.names(f"{self.name}/")
        for name in names[:-_KEPT]:
            self._snapshots.delete(name)
        if len(names) >= _KEPT:
            self._log.trim(max(0, _position(names[-_KEPT]) - self._spare))


def _position(name: str) -> int:
    return int(name.rpartition("/")[2])
