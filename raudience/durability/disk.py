"""Directories of a state on this machine's disk, and what their errors ask a person to do."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from raudience.errors import FixStore

__all__ = ["alone", "explained", "locked", "locked_now", "make_directory", "sync_directory"]

_HINTS: Final = {
    errno.ENOSPC: "the disk is full: free space or move the state",
    errno.EDQUOT: "the quota of the disk is used up: free space or move the state",
    errno.EFBIG: "a file has reached the largest size that is allowed: raise the limit or move the state",
    errno.EROFS: "the file system is read-only: remount it or name another directory",
    errno.EACCES: "this user may not write here: change the rights or name another directory",
    errno.EPERM: "this user may not write here: change the rights or name another directory",
    errno.ENOTDIR: "a part of the path is a file: name another directory",
    errno.EIO: "the disk reports errors: replace it and restore the state",
}


@contextmanager
def explained(where: Path) -> Iterator[None]:
    """Raise FixStore that says what to do, when the disk refuses what is done inside."""
    try:
        yield
    except OSError as error:
        hint = _HINTS.get(error.errno or 0, "see the reason")
        message = f"{where}: {hint} ({error.strerror or error})"
        raise FixStore(message) from error


def make_directory(path: Path) -> None:
    """Make a directory and those above it, so that they are there after a power cut; those that are made are for this
    user only. Raise FixStore."""
    with explained(path):
        for each in reversed([each for each in (path, *path.parents) if not each.exists()]):
            each.mkdir(mode=0o700, exist_ok=True)
            sync_directory(each.parent)
        path.mkdir(exist_ok=True)


@contextmanager
def locked(directory: Path) -> Iterator[None]:
    """Only one process at a time is inside, of those that ask. Raise FixStore."""
    with explained(directory):
        descriptor = os.open(directory, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def alone(directory: Path) -> Iterator[bool]:
    """True: of the processes that ask, only this one is inside; False: another one is, and this one is not. Where
    directories cannot be locked everybody is let in. Raise FixStore."""
    with explained(directory):
        descriptor = os.open(directory, os.O_RDONLY)
    try:
        yield locked_now(descriptor)
    finally:
        os.close(descriptor)


def locked_now(descriptor: int) -> bool:
    """Whether an open file is this one's alone from now on; True also where files cannot be locked."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True


def sync_directory(path: Path) -> None:
    """Wait until the names in a directory are on the disk. Raise OSError."""
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_DIRECTORY", 0))
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
