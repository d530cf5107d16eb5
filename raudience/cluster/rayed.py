"""The wiring on Ray: each shard and the coordinator is an actor, blocks travel through the object store."""

from __future__ import annotations

import functools
import logging
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, ParamSpec, TypeVar

import ray
from ray.exceptions import ActorDiedError, ActorUnavailableError, OutOfMemoryError, RayTaskError, WorkerCrashedError

from raudience.cluster.engine import Engine, Item, Result
from raudience.cluster.placement import NAMESPACE, Placement, actor, find_placement, first_line, leave, reach, task
from raudience.cluster.shells import CoordinatorShell, ShardShell
from raudience.errors import FixRequest, RaudienceError, StateDamaged
from raudience.records import Changes
from raudience.shard.commands import Command

__all__ = ["RayEngine"]

_LOG: Final = logging.getLogger(__name__)
_PATIENCE: Final = 30.0
"""Seconds after which somebody who waits for shards is told why."""

P = ParamSpec("P")
T = TypeVar("T")


def _plainly(call: Callable[P, T]) -> Callable[P, T]:
    """Raise what went wrong inside an actor as if it had been called directly."""

    @functools.wraps(call)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return call(*args, **kwargs)
        except (ActorDiedError, ActorUnavailableError) as error:
            message = (
                f"an actor of this engine has died, and its state with it; start the job again ({first_line(error)})"
            )
            raise StateDamaged(message) from error
        except (OutOfMemoryError, WorkerCrashedError) as error:
            message = f"a process of this engine was ended by the system: {first_line(error)}; give it more memory"
            raise StateDamaged(message) from error
        except RayTaskError as error:
            if isinstance(error.cause, RaudienceError):
                raise error.cause from None
            raise

    return wrapped


def _patiently(references: list[ray.ObjectRef[int]]) -> list[int]:
    """First answers of actors. Starting takes seconds, and for ever where there is no room: then a warning says so."""
    while rest := ray.wait(references, num_returns=len(references), timeout=_PATIENCE)[1]:
        _LOG.warning("waiting for %d of %d actors: Ray has no free CPU for them yet", len(rest), len(references))
    return ray.get(references)


class RayEngine(Engine["ray.ObjectRef[Changes]"]):
    """Shards and a coordinator on Ray.

    address: see `placement.reach`. name: makes the engine last beyond this driver; a driver that comes with the same
    name finds it with its members and clock, and takes over writing with its first command. shard_cpus: CPUs that each
    shard asks for. Raises FixRequest when a named engine has another number of shards.
    """

    ahead = 4

    def __init__(
        self,
        shards: int | None = None,
        address: str | None = None,
        name: str | None = None,
        shard_cpus: float | None = None,
    ) -> None:
        self._connected = reach(address)
        self._name = name
        self._epoch = 0
        self._number = 0
        try:
            if not self._find(shards):
                self._build(find_placement(shards, shard_cpus))
        except BaseException:
            if not self._epoch:
                self.dissolve()
            self.close()
            raise

    def _build(self, placement: Placement) -> None:
        super().__init__(placement.shards)
        self.placement = placement
        coordinator = actor(CoordinatorShell, self._called("coordinator"), **placement.coordinator)
        self._coordinator = coordinator.remote(placement.shards)
        self._shells = [
            actor(ShardShell, self._called(f"shard-{position}"), num_cpus=placement.shard_cpus).remote()
            for position in range(placement.shards)
        ]
        self._claim()
        _LOG.info("engine started", extra={"shards": placement.shards, "cpus_per_shard": placement.shard_cpus})

    def _find(self, shards: int | None) -> bool:
        """Attach to the engine of this name; False when there is none."""
        if self._name is None:
            return False
        try:
            self._coordinator = ray.get_actor(self._called("coordinator"), NAMESPACE)
        except ValueError:
            return False
        count = self._tell("state")[0]
        if shards not in (None, count):
            message = f"engine {self._name}: expected {count} shards, as it was started with, got {shards}"
            raise FixRequest(message)
        super().__init__(count)
        self.placement = find_placement(count, None)
        self._shells = [ray.get_actor(self._called(f"shard-{position}"), NAMESPACE) for position in range(count)]
        self._refresh()
        return True

    def _refresh(self) -> None:
        if self._name is not None:
            _, book, self._now = self._tell("state")
            self._audiences = frozenset(audience.key for audience in book.audiences) if book else frozenset()

    def _called(self, part: str) -> str:
        return f"{self._name}/{part}" if self._name else ""

    @_plainly
    def _claim(self) -> None:
        """Become the only writer. The shards must agree on the last command; else a writer was lost within a round."""
        if self._epoch:
            return
        self._epoch = _patiently([self._coordinator.next_epoch.remote()])[0]
        numbers = set(_patiently([shell.fence.remote(self._epoch) for shell in self._shells]))
        if len(numbers) != 1:
            message = f"engine {self._name}: its last writer ended within a round; its shards stand at {numbers}"
            raise StateDamaged(message)
        self._number = numbers.pop()
        self._refresh()

    def _send(self, commands: Sequence[Command], now: int) -> ray.ObjectRef[Changes]:
        self._number += 1
        parts = [
            shell.apply.remote(self._epoch, self._number, command, now)
            for shell, command in zip(self._shells, commands, strict=True)
        ]
        flight: ray.ObjectRef[Changes] = self._coordinator.combine.remote(now, *parts)
        return flight

    @_plainly
    def _receive(self, flight: ray.ObjectRef[Changes]) -> Changes:
        return ray.get(flight)

    @_plainly
    def _ask(self, shard: int, question: str, *values: Any) -> Any:
        return ray.get(self._shells[shard].ask.remote(question, *values))

    @_plainly
    def _ask_all(self, question: str, *values: Any) -> list[Any]:
        return list(ray.get([shell.ask.remote(question, *values) for shell in self._shells]))

    @_plainly
    def _tell(self, message: str, *values: Any) -> Any:
        return ray.get(getattr(self._coordinator, message).remote(*values))

    def machines(self) -> int:
        nodes: list[dict[str, Any]] = ray.nodes()  # type: ignore[no-untyped-call]
        return sum(node["Alive"] for node in nodes)

    def hands(self) -> int:
        return self.placement.tasks

    def spread(self, function: Callable[[Item], Result], items: Sequence[Item]) -> Iterator[Result]:
        work = task(function, num_cpus=self.placement.task_cpus)
        waiting = deque(items)
        running: deque[ray.ObjectRef[Result]] = deque()
        while waiting or running:
            while waiting and len(running) < 2 * self.placement.tasks:
                running.append(work.remote(waiting.popleft()))
            yield self._result(running.popleft())

    @_plainly
    def _result(self, reference: ray.ObjectRef[Result]) -> Result:
        return ray.get(reference)

    def close(self) -> None:
        """Leave Ray; an engine without a name ends, one with a name stays for the next driver."""
        if self._name is None:
            self.dissolve()
        if self._connected:
            self._connected = False
            leave()

    def dissolve(self) -> None:
        """End the actors of this engine, named or not."""
        for handle in [*getattr(self, "_shells", []), *filter(None, [getattr(self, "_coordinator", None)])]:
            ray.kill(handle)
        self._shells = []
