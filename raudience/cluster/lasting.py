"""What the shells of shards and of the coordinator have in common: open or not, one writer, a log and snapshots."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar, Generic, TypeVar

from raudience.cluster.carrier import Lost
from raudience.cluster.keeping import Keeper
from raudience.cluster.keepsakes import Failpoint, no_failure
from raudience.errors import FixRequest

__all__ = ["LastingShell"]

Entry = TypeVar("Entry")


class LastingShell(ABC, Generic[Entry]):
    """Answers only between `open` and `close`, or until something fails on the way from one state to the next: then it
    must come back from its log first."""

    _WHAT: ClassVar[str]
    """Stands for the shell in messages."""

    def __init__(self) -> None:
        self._keeper: Keeper[Entry] | None = None
        self._position = 0
        self._failpoint: Failpoint = no_failure
        self._open = False
        self._failed = False
        """Without a log it never comes back."""

    def is_open(self) -> bool:
        return self._open

    def snapshot(self) -> None:
        """Write a snapshot now, and wait for it."""
        self._opened()
        if self._keeper is not None:
            self._keeper.settle()
            self._keep_snapshot(self._keeper)
            self._keeper.settle()

    def close(self) -> None:
        if self._keeper is not None:
            self._keeper.close()
        self._open, self._keeper = False, None

    @abstractmethod
    def _epoch(self) -> int:
        """Of the writer that is heard."""

    @abstractmethod
    def _contents(self) -> Iterator[bytes]:
        """Frames of a snapshot, settled by this call."""

    def _opened(self) -> None:
        if not self._open:
            message = f"{self._WHAT} has failed, or has not come back from its log yet"
            raise Lost(message)

    def _hear(self, epoch: int) -> None:
        self._opened()
        if epoch != self._epoch():
            message = f"a writer of epoch {epoch} came after epoch {self._epoch()} took over; connect again to go on"
            raise FixRequest(message)

    def _log(self, entry: Entry) -> None:
        """Make an entry durable."""
        if self._keeper is not None:
            self._position = self._keeper.submit(entry).result()

    def _keep_snapshot_when_due(self) -> None:
        if self._keeper is not None and self._keeper.due():
            self._keep_snapshot(self._keeper)

    def _keep_snapshot(self, keeper: Keeper[Entry]) -> None:
        self._failpoint("before snapshot")
        keeper.keep(self._position, self._contents(), lambda: self._failpoint("after snapshot"))

    @contextmanager
    def _unless_it_fails(self) -> Iterator[None]:
        try:
            yield
        except BaseException:
            self._open, self._failed = False, self._keeper is None
            raise
