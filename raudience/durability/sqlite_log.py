"""Logs as SQLite files on this machine's disk: no server, many appends in one commit.

Safe against the death of processes and, as far as the disk keeps what it says it has synced, against power cuts. Not
for network file systems: SQLite's write-ahead log needs memory that all its users share.
"""

from __future__ import annotations

import sqlite3
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from threading import Condition, Lock, Thread
from typing import Any, Final, TypeAlias

from raudience.durability.disk import explained, make_directory, sync_directory
from raudience.durability.holding import Hold, Holder
from raudience.durability.log import Log, Logs, again, check_name
from raudience.durability.sqlite_file import checksum, connect, prepare, sqlite_explained, transaction
from raudience.errors import FixStore, StateDamaged, Superseded

__all__ = ["SqliteLog", "SqliteLogs"]

_COMMIT: Final = 16 << 20
"""Bytes after which a commit takes no more calls."""
_PIECE: Final = 4 << 20
"""Bytes after which a reader lets go of the file."""
_TRIM: Final = 64
"""Records that are forgotten, or pages that are given back, in one transaction: between two of them appends go on."""
_SPARE: Final = 1024
"""Free pages that are always kept for what comes."""

_Append: TypeAlias = tuple[tuple[bytes, ...], Future[int]]
_Call: TypeAlias = tuple[Callable[[], Any], Future[Any]]


class SqliteLogs(Logs):
    """Files `<name>.sqlite` in a directory, which is made."""

    def __init__(self, directory: Path) -> None:
        make_directory(directory)
        self._directory = directory
        self._hold = Hold(directory / "holder")

    def open(self, name: str) -> SqliteLog:
        return SqliteLog(self._path(name))

    def names(self) -> tuple[str, ...]:
        with explained(self._directory):
            return tuple(sorted(path.stem for path in self._directory.glob("*.sqlite")))

    def remove(self, name: str) -> None:
        path = self._path(name)
        if not path.exists():
            return
        log = SqliteLog(path)
        try:
            # A writer that still has the file open would go on in a file without a name.
            log.take_over()
        finally:
            log.close()
        with explained(path):
            # A write-ahead log that is left alone would be taken for that of the next file of this name.
            for ending in ("-wal", "-shm", ""):
                path.with_name(path.name + ending).unlink(missing_ok=True)
            sync_directory(self._directory)

    def hold(self, holder: Holder, patience: float = 0) -> Holder | None:
        return self._hold.take(holder, patience)

    def close(self) -> None:
        self._hold.let_go()

    def _path(self, name: str) -> Path:
        check_name(name)
        return self._directory / f"{name}.sqlite"


class SqliteLog(Log):
    """One file, one thread that writes. What waits while a commit is under way shares the next one.

    The files of a log whose records come and go stay below about twice what is kept, plus some megabytes. `done`
    callbacks of the futures run in the thread that writes.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._reader = connect(path)
        try:
            prepare(self._reader, path)
            self._writer = _Writer(path)
        except BaseException:
            self._reader.close()
            raise
        self._reading = Lock()
        self._more = Condition()
        self._appends: deque[_Append] = deque()
        self._calls: deque[_Call] = deque()
        self._closing = False
        self._thread = Thread(target=self._write, name=f"log-{path.stem}", daemon=True)
        self._thread.start()

    def take_over(self) -> int:
        return int(self._in_thread(self._writer.take_over))

    def submit(self, records: Sequence[bytes]) -> Future[int]:
        future: Future[int] = Future()
        # From here on it cannot be cancelled: nobody could say whether it is kept.
        future.set_running_or_notify_cancel()
        with self._more:
            if self._closing:
                future.set_exception(self._closed())
                return future
            self._appends.append((tuple(records), future))
            self._more.notify()
        return future

    def read(self, after: int) -> Iterator[tuple[int, bytes]]:
        first, last = self._ends()
        if after + 1 < first:
            raise self._gone(after + 1, first - 1)
        return self._pieces(after, last)

    def first(self) -> int:
        return self._ends()[0]

    def trim(self, through: int) -> None:
        while self._in_thread(lambda: self._writer.trim(through)):
            pass

    def shred(self, through: int) -> None:
        self.trim(through)
        self._in_thread(self._writer.shred)

    def close(self) -> None:
        with self._more:
            self._closing = True
            self._more.notify()
        self._thread.join()
        with self._reading:
            self._reader.close()

    def _ends(self) -> tuple[int, int]:
        """Number of the first record that is there, and of the last one that was written."""
        with self._reading, sqlite_explained(self._path):
            found = self._reader.execute("SELECT (SELECT min(number) FROM records), last FROM writer").fetchone()
        first, last = found
        return (last + 1 if first is None else first), last

    def _pieces(self, after: int, last: int) -> Iterator[tuple[int, bytes]]:
        while after < last:
            for number, kept, record in self._piece(after, last):
                if number != after + 1:
                    raise self._gone(after + 1, number - 1)
                if checksum(number, record) != kept:
                    message = f"{self._path}: record {number} is not what was written; restore the state"
                    raise StateDamaged(message)
                after = number
                yield number, record

    def _piece(self, after: int, last: int) -> list[tuple[int, int, bytes]]:
        query = "SELECT number, checksum, body FROM records WHERE number > ? AND number <= ? ORDER BY number"
        found: list[tuple[int, int, bytes]] = []
        size = 0
        with self._reading, sqlite_explained(self._path):
            cursor = self._reader.execute(query, (after, last))
            for row in cursor:
                found.append(row)
                size += len(row[2])
                if size >= _PIECE:
                    break
            # An open cursor would keep the write-ahead log from being emptied.
            cursor.close()
        if not found:
            raise self._gone(after + 1, last)
        return found

    def _in_thread(self, function: Callable[[], Any]) -> Any:
        future: Future[Any] = Future()
        with self._more:
            if self._closing:
                raise self._closed()
            self._calls.append((function, future))
            self._more.notify()
        return future.result()

    def _write(self) -> None:
        while self._wait():
            if self._appends:
                self._commit(self._next())
            if self._calls:
                function, future = self._calls.popleft()
                _settle(future, function)
        self._writer.close()

    def _wait(self) -> bool:
        with self._more:
            self._more.wait_for(lambda: self._appends or self._calls or self._closing)
            return bool(self._appends or self._calls)

    def _next(self) -> list[_Append]:
        taken: list[_Append] = []
        size = 0
        while self._appends and size < _COMMIT:
            taken.append(self._appends.popleft())
            size += sum(map(len, taken[-1][0]))
        return taken

    def _commit(self, appends: list[_Append]) -> None:
        try:
            last = self._writer.append([record for records, _ in appends for record in records])
        except Exception as error:
            for _, future in appends:
                future.set_exception(again(error))
            return
        last -= sum(len(records) for records, _ in appends)
        for records, future in appends:
            last += len(records)
            future.set_result(last)

    def _gone(self, first: int, last: int) -> StateDamaged:
        return StateDamaged(f"{self._path}: the records {first} to {last} are needed, but are not there any more")

    def _closed(self) -> FixStore:
        return FixStore(f"{self._path}: the log is closed")


class _Writer:
    """The one connection that writes, used by one thread; its epoch, and the error after which it takes no more."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._db = connect(path)
        self._epoch: int | None = None
        self._refusal: Exception | None = Superseded(f"{path}: nothing is taken before `take_over`")

    def take_over(self) -> int:
        if self._epoch is not None and self._refusal:
            # What a connection remembers after an error of the disk is not to be built upon.
            self.close()
            self._db = connect(self._path)
        with sqlite_explained(self._path), transaction(self._db):
            self._db.execute("UPDATE writer SET epoch = epoch + 1")
            epoch, last = self._db.execute("SELECT epoch, last FROM writer").fetchone()
            newest = self._db.execute("SELECT max(number) FROM records").fetchone()[0]
            if newest not in (None, last):
                message = f"{self._path}: the last record is {newest}, but {last} were written; restore the state"
                raise StateDamaged(message)
        self._epoch, self._refusal = epoch, None
        return int(last)

    def append(self, records: Sequence[bytes]) -> int:
        """Write all records in one transaction, and the number of the last one."""
        if self._refusal:
            raise self._refusal
        try:
            with sqlite_explained(self._path), transaction(self._db):
                first = self._own_last() + 1
                rows = [(number, checksum(number, record), record) for number, record in enumerate(records, first)]
                self._db.executemany("INSERT INTO records VALUES (?, ?, ?)", rows)
                self._db.execute("UPDATE writer SET last = ?", (first + len(rows) - 1,))
        except Exception as error:
            self._refusal = error
            raise
        return first + len(rows) - 1

    def trim(self, through: int) -> bool:
        """Forget some records up to a number, or give some free pages back; whether there is more to do."""
        with sqlite_explained(self._path), transaction(self._db):
            last = self._own_last()
            found = self._db.execute("SELECT min(number) FROM records").fetchone()[0]
            first = last + 1 if found is None else found
            stop = min(through, first + _TRIM - 1, last)
            if first <= stop:
                self._db.execute("DELETE FROM records WHERE number <= ?", (stop,))
                return True
            free, pages = (
                self._db.execute(f"PRAGMA {each}").fetchone()[0] for each in ("freelist_count", "page_count")
            )
            # Free pages are used again; only when they are more than those in use, moving pages is worth it.
            if free <= max(_SPARE, pages - free):
                return False
            self._db.execute(f"PRAGMA incremental_vacuum({_TRIM})").fetchall()
            return True

    def shred(self) -> None:
        """Write the file anew without what was deleted, and empty the write-ahead log."""
        with sqlite_explained(self._path):
            self._own_last()
            self._db.execute("VACUUM")
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def close(self) -> None:
        with suppress(sqlite3.Error):
            self._db.close()

    def _own_last(self) -> int:
        epoch, last = self._db.execute("SELECT epoch, last FROM writer").fetchone()
        if epoch != self._epoch:
            message = f"{self._path}: expected to be the writer, but epoch {self._epoch} is not {epoch}: another one is"
            raise Superseded(message)
        return int(last)


def _settle(future: Future[Any], function: Callable[[], Any]) -> None:
    try:
        result = function()
    except Exception as error:
        future.set_exception(error)
    else:
        future.set_result(result)
