"""How an engine reaches its shells: called directly, or as actors on Ray."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, TypeVar

from raudience.cluster.keepsakes import Keepsake

__all__ = ["COORDINATOR", "Carrier", "Item", "Lost", "Result"]

Item = TypeVar("Item")
Result = TypeVar("Result")

COORDINATOR: Final = -1
"""Where the coordinator is; shards are at 0, 1, 2 ..."""


class Lost(Exception):
    """Whoever was called has died, or the process that it lived in; another one may stand there now, and be empty."""


class Carrier(ABC):
    """Carries calls. Calls to one shell arrive in the order in which they were made. keepsake: how the shells last, the
    same for everybody who calls them; none: in their memory alone."""

    keepsake: Keepsake | None = None
    shared = False
    """Whether other drivers may call the same shells."""
    ahead = 0
    """How many rounds may be under way before the oldest has been told: the bound of the memory of a stream."""

    @abstractmethod
    def call(self, where: int, method: str, *values: Any) -> Any:
        """Call a shell; what is under way. A value may be what is under way itself: its result is passed on."""

    @abstractmethod
    def wait(self, under_way: Any) -> Any:
        """What came of a call. Raises Lost, and whatever the shell raised."""

    @abstractmethod
    def revive(self, where: int) -> None:
        """Return when somebody answers there again. Raises Lost when nobody will."""

    @abstractmethod
    def grow(self, shards: int) -> None:
        """Have so many shards; those that are new are empty."""

    def answers(self, where: int) -> bool:
        """Whether somebody has answered there, without waiting for it."""
        return True

    @abstractmethod
    def shards(self) -> int:
        """How many shards there are."""

    @abstractmethod
    def shrink(self, shards: int) -> None:
        """End the shards from this number on, also those that another driver has left."""

    @abstractmethod
    def spread(self, function: Callable[[Item], Result], items: Sequence[Item]) -> Iterator[Result]:
        """Results of the function for each item, in order, worked out side by side where that can be."""

    @abstractmethod
    def close(self) -> None:
        """Leave; what was started for this engine alone ends."""

    def machines(self) -> int:
        """How many machines there are."""
        return 1

    def hands(self) -> int:
        """How many items `spread` works on at once."""
        return 1
