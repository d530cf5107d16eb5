"""The SQLite file of one log: how it is opened, and what SQLite's errors ask a person to do."""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from raudience.durability.disk import locked
from raudience.errors import FixStore, RaudienceError, StateDamaged

__all__ = ["FORMAT", "checksum", "connect", "prepare", "sqlite_explained", "transaction"]

FORMAT: Final = 1
"""Raised when the tables change their meaning; a file of another format is refused."""
_APPLICATION: Final = 0x52415544
_PATIENCE: Final = 30.0
"""Seconds to wait for another process that writes."""
_TABLES: Final = f"""
CREATE TABLE records (number INTEGER PRIMARY KEY, checksum INTEGER NOT NULL, body BLOB NOT NULL);
CREATE TABLE writer (id INTEGER PRIMARY KEY CHECK (id = 1), epoch INTEGER NOT NULL, last INTEGER NOT NULL);
INSERT INTO writer VALUES (1, 0, 0);
PRAGMA application_id = {_APPLICATION};
PRAGMA user_version = {FORMAT};
"""
_DAMAGE: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_MISMATCH})
_HINTS: Final = {
    sqlite3.SQLITE_FULL: "the disk is full: free space or move the state",
    sqlite3.SQLITE_READONLY: "the file or its directory is read-only: change the rights or name another directory",
    sqlite3.SQLITE_CANTOPEN: "the file cannot be opened: see that its directory can be written",
    sqlite3.SQLITE_PERM: "this user may not write here: change the rights or name another directory",
    sqlite3.SQLITE_BUSY: f"another process has held the file for {_PATIENCE:.0f} seconds: see which one and stop it",
    sqlite3.SQLITE_IOERR: "the disk refuses to read or write: it is full, over a limit or broken",
}


def connect(path: Path) -> sqlite3.Connection:
    """A connection whose commits are on the disk when they return. Transactions are begun by hand."""
    with sqlite_explained(path):
        db = sqlite3.connect(path, timeout=_PATIENCE, isolation_level=None, check_same_thread=False)
        db.execute("PRAGMA synchronous = FULL")
        # On macOS a plain fsync stops at the cache of the disk.
        db.execute("PRAGMA fullfsync = ON")
        db.execute("PRAGMA journal_size_limit = 16777216")
        return db


def prepare(db: sqlite3.Connection, path: Path) -> None:
    """See that a file is a log of this format, and make it one when it is empty. Raise FixStore or StateDamaged."""
    with sqlite_explained(path):
        if _number(db, "application_id") != _APPLICATION:
            with locked(path.parent):
                _make(db, path)
        if (found := _number(db, "user_version")) != FORMAT:
            message = (
                f"{path}: expected format {FORMAT}, got {found}; open it with the version of raudience that wrote it, "
                f"or export the state with that version and restore it with this one"
            )
            raise FixStore(message)


def _make(db: sqlite3.Connection, path: Path) -> None:
    if _number(db, "application_id") == _APPLICATION:
        return
    if db.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]:
        message = f"{path}: a SQLite file that is no log of raudience is in the way: name another directory"
        raise FixStore(message)
    # Of 4, 16 and 64 KB: the fastest to write and to read for records from 1 KB to 1 MB.
    db.execute("PRAGMA page_size = 16384")
    db.execute("PRAGMA auto_vacuum = INCREMENTAL")
    if db.execute("PRAGMA journal_mode = WAL").fetchone() != ("wal",):
        message = f"{path}: this file system cannot hold a log (SQLite: no WAL): name a directory on a local disk"
        raise FixStore(message)
    with transaction(db):
        for statement in filter(str.strip, _TABLES.split(";")):
            db.execute(statement)


def _number(db: sqlite3.Connection, pragma: str) -> int:
    return int(db.execute(f"PRAGMA {pragma}").fetchone()[0])


@contextmanager
def transaction(db: sqlite3.Connection) -> Iterator[None]:
    """Everything inside or nothing, on the disk afterwards; nobody else writes meanwhile."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):
            db.execute("ROLLBACK")
        raise


@contextmanager
def sqlite_explained(path: Path) -> Iterator[None]:
    """Raise FixStore that says what to do, or StateDamaged, when SQLite refuses what is done inside."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        raise _explanation(path, error) from error


def _explanation(path: Path, error: sqlite3.DatabaseError) -> RaudienceError:
    # The low byte is the kind, the others say more.
    kind = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    if kind in _DAMAGE:
        return StateDamaged(f"{path}: the file is not what was written ({error}); restore the state")
    return FixStore(f"{path}: {_HINTS.get(kind, 'SQLite refuses')} ({error})")


def checksum(number: int, record: bytes) -> int:
    """CRC-32 of a record and its number, so that records that changed places are found as well."""
    return zlib.crc32(record, zlib.crc32(number.to_bytes(8, "little")))
