"""Snapshots as files in a directory of this machine."""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Final

from raudience.durability.disk import explained, make_directory, sync_directory
from raudience.durability.snapshots import Snapshots, check_name, missing

__all__ = ["FileSnapshots"]

_UNFINISHED: Final = ".unfinished"
"""Directory of what is being written; no part of a name begins with a point."""
_BUFFER: Final = 1 << 20


class FileSnapshots(Snapshots):
    """A file for every object, below a directory, which is made; only this user may read what is put.

    What a process that died has left half written is removed when the directory is opened.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._unfinished = directory / _UNFINISHED
        make_directory(self._unfinished)
        self._clear()

    def put(self, name: str, parts: Iterable[bytes | memoryview]) -> None:
        path = self._path(name)
        make_directory(path.parent)
        with explained(path), self._unfinished_file() as (file, unfinished):
            for part in parts:
                file.write(part)
            file.flush()
            os.fsync(file.fileno())
            unfinished.replace(path)
            sync_directory(path.parent)

    def get(self, name: str) -> bytes:
        path = self._path(name)
        with explained(path):
            try:
                return path.read_bytes()
            except FileNotFoundError as error:
                raise missing(path) from error

    def names(self, prefix: str = "") -> tuple[str, ...]:
        with explained(self._directory):
            files = (path for path in self._directory.rglob("*") if path.is_file())
            found = (path.relative_to(self._directory).as_posix() for path in files)
            return tuple(sorted(each for each in found if each.startswith(prefix) and not each.startswith(".")))

    def delete(self, name: str) -> None:
        path = self._path(name)
        with explained(path), suppress(FileNotFoundError):
            path.unlink()
            sync_directory(path.parent)

    def _path(self, name: str) -> Path:
        check_name(name)
        return self._directory / name

    @contextmanager
    def _unfinished_file(self) -> Iterator[tuple[BinaryIO, Path]]:
        """A file to write to, removed when that does not come to its end."""
        path, descriptor = self._locked_file()
        with os.fdopen(descriptor, "wb", buffering=_BUFFER) as file:
            try:
                yield file, path
            except BaseException:
                path.unlink(missing_ok=True)
                raise

    def _locked_file(self) -> tuple[Path, int]:
        while True:
            descriptor, path = tempfile.mkstemp(dir=self._unfinished)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            if os.fstat(descriptor).st_nlink:
                return Path(path), descriptor
            # Somebody who opened the directory was faster, and took it for the file of a dead process.
            os.close(descriptor)

    def _clear(self) -> None:
        """Remove files that nobody writes any more: those of other processes at work are locked."""
        with explained(self._unfinished):
            for path in self._unfinished.iterdir():
                with suppress(FileNotFoundError), path.open("rb") as file, suppress(BlockingIOError):
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    path.unlink()
