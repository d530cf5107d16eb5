"""Snapshots: whole states under a name, there completely or not at all."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Final

from raudience.errors import FixRequest, StateDamaged

__all__ = ["Snapshots", "check_name", "missing"]

_PART: Final = r"[A-Za-z0-9_-][A-Za-z0-9._-]*"
_NAME: Final = re.compile(f"{_PART}(/{_PART})*")


class Snapshots(ABC):
    """Objects by name: `/` parts a name, each part letters, digits, `.`, `-` and `_`, no `.` in front. No name goes on
    below another one (`a` and `a/b`).

    Methods may be called from several threads and processes. Every method raises FixStore when the place where
    snapshots are kept does not answer or takes no more, and FixRequest when a name is none.
    """

    @abstractmethod
    def put(self, name: str, parts: Iterable[bytes | memoryview]) -> None:
        """Keep an object; when this returns it is durable, until then the name holds what it held before."""

    @abstractmethod
    def get(self, name: str) -> bytes:
        """An object. Raises StateDamaged when it is not there."""

    @abstractmethod
    def names(self, prefix: str = "") -> tuple[str, ...]:
        """Names that begin with a prefix, ascending."""

    @abstractmethod
    def delete(self, name: str) -> None:
        """Forget an object; one that is not there is forgotten already."""


def check_name(name: str) -> None:
    """Raise FixRequest when a name of an object is none."""
    if not _NAME.fullmatch(name):
        message = f"name of an object: expected letters, digits, `.`, `-`, `_` in parts with `/` between, got {name!r}"
        raise FixRequest(message)


def missing(where: object) -> StateDamaged:
    """What `get` raises for an object that is not there."""
    return StateDamaged(f"{where}: there is no such object; restore the state, or name the directory where it is kept")
