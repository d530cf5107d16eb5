"""Who is at work on a state in a directory: a courtesy among processes of one machine. It ends with its process,
however that ends. What keeps two writers apart is the epoch in the logs."""

from __future__ import annotations

import fcntl
import os
import platform
from pathlib import Path
from threading import Event
from typing import Final

import msgspec

__all__ = ["Hold", "Holder", "this_process"]

_AGAIN: Final = 0.05
"""Seconds between two tries."""


class Holder(msgspec.Struct, frozen=True):
    """A process that is at work on a state. since: milliseconds since 1970. engine: its name on Ray, if it has one."""

    host: str
    pid: int
    since: int
    engine: str = ""


def this_process(since: int, engine: str = "") -> Holder:
    """The process that asks."""
    return Holder(platform.node(), os.getpid(), since, engine)


class Hold:
    """A file that one process has locked at a time, with the name of that process in it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    def take(self, holder: Holder, patience: float) -> Holder | None:
        """Hold the file as somebody; None, also where files cannot be locked. Who else has it, if somebody does
        and does so still after `patience` seconds: who is ending may take a moment."""
        try:
            if self._descriptor is None:
                self._descriptor = self._locked(patience)
                self._sign(self._descriptor, holder)
        except BlockingIOError:
            return self._signed()
        except OSError:
            return None
        return None

    def let_go(self) -> None:
        """Hold it no longer."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _locked(self, patience: float) -> int:
        descriptor, pause = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600), Event()
        try:
            while True:
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    if patience <= 0:
                        raise
                    patience -= _AGAIN
                    pause.wait(_AGAIN)
                else:
                    return descriptor
        except BaseException:
            os.close(descriptor)
            raise

    def _sign(self, descriptor: int, holder: Holder) -> None:
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, msgspec.json.encode(holder), 0)

    def _signed(self) -> Holder:
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=Holder)
        except (OSError, msgspec.DecodeError):
            return Holder("", 0, 0)
