"""The wiring in one process, without Ray: tests, small jobs, simulation."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec

from raudience.cluster.carrier import COORDINATOR, Carrier, Item, Lost, Result
from raudience.cluster.coordinating import CoordinatorShell
from raudience.cluster.engine import Engine
from raudience.cluster.keepsakes import Keepsake
from raudience.cluster.shells import ShardShell
from raudience.coordinator import Scaling

__all__ = ["Answer", "InlineCarrier", "InlineEngine"]


class Answer(msgspec.Struct, frozen=True):
    """What came of a call: a value, or what was raised."""

    value: Any = None
    error: Exception | None = None


class InlineCarrier(Carrier):
    """Shells as plain objects: a call is carried out before it returns, and its answer, error or not, waits."""

    def __init__(self, keepsake: Keepsake | None = None) -> None:
        self.keepsake = keepsake
        self._shells: dict[int, ShardShell | CoordinatorShell] = {COORDINATOR: CoordinatorShell(keepsake)}

    def call(self, where: int, method: str, *values: Any) -> Answer:
        for value in values:
            if isinstance(value, Answer) and value.error is not None:
                return value
        if where not in self._shells:
            return Answer(None, Lost(f"there is no shard {where}"))
        told = [value.value if isinstance(value, Answer) else value for value in values]
        try:
            return Answer(getattr(self._shells[where], method)(*told))
        except Exception as error:
            return Answer(None, error)

    def wait(self, under_way: Answer) -> Any:
        if under_way.error is not None:
            raise under_way.error
        return under_way.value

    def revive(self, where: int) -> None:
        if where not in self._shells:
            raise Lost(where)

    def grow(self, shards: int) -> None:
        for shard in range(shards):
            self._shells.setdefault(shard, ShardShell())

    def shards(self) -> int:
        return len(self._shells) - 1

    def shrink(self, shards: int) -> None:
        for shard in [shard for shard in self._shells if shard >= shards]:
            self._shells.pop(shard).close()

    def spread(self, function: Callable[[Item], Result], items: Sequence[Item]) -> Iterator[Result]:
        return map(function, items)

    def close(self) -> None:
        for shell in self._shells.values():
            shell.close()
        self._shells = {}


class InlineEngine(Engine):
    """All shards and the coordinator in this process; a command is carried out before its call returns. carrier: shells
    that are there, as another engine left them."""

    def __init__(
        self,
        shards: int = 1,
        keepsake: Keepsake | None = None,
        carrier: Carrier | None = None,
        scaling: Scaling | None = None,
    ) -> None:
        super().__init__(carrier or InlineCarrier(keepsake), shards, scaling)
