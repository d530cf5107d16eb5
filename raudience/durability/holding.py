"""Who is at work on a state in a directory: a courtesy among processes of one machine. It ends with its process,
however that ends. What keeps two writers apart is the epoch in the logs."""

from __future__ import annotations

import os
import platform
from contextlib import suppress
from pathlib import Path
from threading import Event
from typing import Final

import msgspec

from raudience.durability.disk import locked_now

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
        if self._descriptor is not None:
            return None
        with suppress(OSError):
            descriptor, pause = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600), Event()
            while not locked_now(descriptor):
                if patience <= 0:
                    os.close(descriptor)
                    return self._signed()
                patience -= _AGAIN
                pause.wait(_AGAIN)
            self._descriptor = descriptor
            self._sign(descriptor, holder)
        return None

    def let_go(self) -> None:
        """Hold it no longer."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _sign(self, descriptor: int, holder: Holder) -> None:
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, msgspec.json.encode(holder), 0)

    def _signed(self) -> Holder:
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=Holder)
        except (OSError, msgspec.DecodeError):
            return Holder("", 0, 0)
