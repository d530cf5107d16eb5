"""What runs around a station when it stands in a process of its own: numbering, fencing, nothing else.

Plain classes; `placement` makes actors of them, `inline` calls them as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from raudience.catalog import Book
from raudience.coordinator import AudienceCount, Coordinator
from raudience.errors import FixRequest, ReportBug
from raudience.records import Changes
from raudience.shard import Shard
from raudience.shard.commands import Command

__all__ = ["CoordinatorShell", "ShardShell"]


class ShardShell:
    """One shard, and what keeps its commands in order.

    A command is taken only from the writer of the latest epoch, and only when its number follows the last one: a
    message that comes twice, late or from a writer that was replaced changes nothing and says so.
    """

    def __init__(self) -> None:
        self._shard = Shard()
        self._epoch = 0
        self._number = 0

    def fence(self, epoch: int) -> int:
        """From now on only the writer of `epoch` is heard; the number of the last command that was taken."""
        if epoch <= self._epoch:
            message = f"epoch: expected more than {self._epoch}, got {epoch}; another writer has taken over"
            raise FixRequest(message)
        self._epoch = epoch
        return self._number

    def apply(self, epoch: int, number: int, command: Command, now: int) -> Changes:
        """Apply the next command; its changes up to `now`."""
        if epoch != self._epoch:
            message = f"a writer of epoch {epoch} came after epoch {self._epoch} took over; connect again to go on"
            raise FixRequest(message)
        if number != self._number + 1:
            message = f"command {number} came after command {self._number}"
            raise ReportBug(message)
        changes = self._shard.apply(command, now)
        self._number = number
        return changes

    def ask(self, question: str, *values: Any) -> Any:
        """Call a reading method of the shard."""
        return getattr(self._shard, question)(*values)


class CoordinatorShell:
    """The coordinator, the book in force, the clock of the data and who may write."""

    def __init__(self, shards: int) -> None:
        self._coordinator = Coordinator()
        self._shards = shards
        self._epoch = 0
        self._book: Book | None = None
        self._now: int | None = None

    def next_epoch(self) -> int:
        self._epoch += 1
        return self._epoch

    def state(self) -> tuple[int, Book | None, int | None]:
        """Number of shards, the book in force, the instant up to which everything is told."""
        return self._shards, self._book, self._now

    def combine(self, now: int, *parts: Changes) -> Changes:
        """One log from the reports of all shards for the command that ended at `now`."""
        self._now = now
        return self._coordinator.combine(parts, now)

    def define(self, book: Book) -> None:
        self._book = book
        self._coordinator.define([audience.key for audience in book.audiences])

    def figures(self) -> tuple[AudienceCount, ...]:
        return self._coordinator.counts(self._now or 0)

    def check(self, sizes: Sequence[dict[str, int]]) -> None:
        """Raise ReportBug unless the members that the shards count are those that the changes tell."""
        keys = {key for size in sizes for key in size}
        self._coordinator.check({key: sum(size.get(key, 0) for size in sizes) for key in keys})
