"""Snapshots: whole states under a name, there completely or not at all."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable

__all__ = ["Snapshots"]


class Snapshots(ABC):
    """Objects by name: `/` parts a name, each part letters, digits, `.`, `-` and `_`.

    Every method raises FixStore when the place where snapshots are kept does not answer or takes no more.
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
