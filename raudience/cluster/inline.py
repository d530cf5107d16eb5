"""The wiring in one process, without Ray: tests, small jobs, simulation."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from raudience.cluster.engine import Engine, Item, Result
from raudience.cluster.shells import CoordinatorShell, ShardShell
from raudience.records import Changes
from raudience.shard.commands import Command

__all__ = ["InlineEngine"]

_EPOCH = 1


class InlineEngine(Engine[Changes]):
    """All shards and the coordinator as plain objects; a command is carried out before its call returns."""

    def __init__(self, shards: int = 1) -> None:
        super().__init__(shards)
        self._number = 0
        self._shells = [ShardShell() for _ in range(shards)]
        self._coordinator = CoordinatorShell(shards)
        for shell in self._shells:
            shell.fence(_EPOCH)

    def _send(self, commands: Sequence[Command], now: int) -> Changes:
        self._number += 1
        parts = [
            shell.apply(_EPOCH, self._number, command, now)
            for shell, command in zip(self._shells, commands, strict=True)
        ]
        return self._coordinator.combine(now, *parts)

    def _receive(self, flight: Changes) -> Changes:
        return flight

    def _ask(self, shard: int, question: str, *values: Any) -> Any:
        return self._shells[shard].ask(question, *values)

    def _ask_all(self, question: str, *values: Any) -> list[Any]:
        return [shell.ask(question, *values) for shell in self._shells]

    def _tell(self, message: str, *values: Any) -> Any:
        return getattr(self._coordinator, message)(*values)

    def spread(self, function: Callable[[Item], Result], items: Sequence[Item]) -> Iterator[Result]:
        return map(function, items)

    def close(self) -> None:
        self._shells = []
