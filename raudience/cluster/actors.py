"""Shells as actors on Ray."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import count
from typing import Any, Final

import ray
from ray.exceptions import (
    ActorDiedError,
    ActorUnavailableError,
    GetTimeoutError,
    NodeDiedError,
    ObjectLostError,
    OutOfMemoryError,
    RayTaskError,
    WorkerCrashedError,
)

from raudience.cluster.carrier import COORDINATOR, Carrier, Item, Lost, Result
from raudience.cluster.coordinating import NAME, CoordinatorShell
from raudience.cluster.keepsakes import Keepsake
from raudience.cluster.placement import NAMESPACE, Placement, actor, first_line, task
from raudience.cluster.shells import ShardShell, shard_name
from raudience.errors import FixRequest, RaudienceError, StateDamaged

__all__ = ["RayCarrier"]

_LOG: Final = logging.getLogger(__name__)
_GONE: Final = (
    ActorDiedError, ActorUnavailableError, NodeDiedError, ObjectLostError, OutOfMemoryError, WorkerCrashedError,
)  # fmt: skip
_PATIENCE: Final = 30.0
"""Seconds after which somebody who waits for an actor is told why."""
_AGAIN: Final = 0.2
"""Seconds between looks at an actor that is starting anew."""


class RayCarrier(Carrier):
    """Each shard and the coordinator is an actor.

    name: actors that stay beyond this driver, and that other drivers find. keepsake: an actor that dies starts anew,
    empty, and comes back from its log; without, its death is the end of its state. Of actors that are there already
    theirs counts. found: only such actors. Raises FixRequest when they are not there, or last in another place.
    """

    ahead = 4

    def __init__(self, placement: Placement, name: str | None, keepsake: Keepsake | None, found: bool = False) -> None:
        self.placement, self.keepsake = placement, keepsake
        self._name = name
        self.shared = name is not None
        self._actors: dict[int, Any] = {}
        self._knocks: dict[int, ray.ObjectRef[bool]] = {}
        there = self._find(COORDINATOR)
        self._began = there is None
        if found and there is None:
            message = (
                f"engine {name}: expected one that runs on this Ray, got none; --address or RAY_ADDRESS says which Ray"
            )
            raise FixRequest(message)
        self._actors[COORDINATOR] = there or self._make(COORDINATOR)
        if name is not None:
            self.keepsake = self._known(keepsake)

    def call(self, where: int, method: str, *values: Any) -> ray.ObjectRef[Any]:
        under_way: ray.ObjectRef[Any] = getattr(self._actors[where], method).remote(*values)
        return under_way

    def wait(self, under_way: ray.ObjectRef[Any]) -> Any:
        try:
            return ray.get(under_way)
        except _GONE as error:
            raise Lost(first_line(error)) from error
        except RayTaskError as error:
            if isinstance(error.cause, RaudienceError | Lost):
                raise error.cause from None
            if isinstance(error.cause, _GONE):
                raise Lost(first_line(error.cause)) from error
            raise

    def revive(self, where: int) -> None:
        """Starting takes seconds, and for ever where there is no room: then a warning says so."""
        pause = threading.Event()
        while True:
            try:
                ray.get(self._actors[where].is_open.remote(), timeout=_PATIENCE)
                return
            except GetTimeoutError:
                _LOG.warning("waiting for %s: Ray has no room or no free CPU for it yet", self._part(where))
            except ActorUnavailableError:
                pause.wait(_AGAIN)
            except ActorDiedError as error:
                self._replace(where, error)

    def grow(self, shards: int) -> None:
        for shard in range(shards):
            if shard not in self._actors:
                self._take(shard)

    def answers(self, where: int) -> bool:
        knock = self._knocks.get(where)
        if knock is None:
            self._knocks[where] = self._actors[where].is_open.remote()
            return False
        if not ray.wait([knock], timeout=0)[0]:
            return False
        try:
            ray.get(knock)
        except _GONE as error:
            del self._knocks[where]
            if isinstance(error, ActorDiedError):
                # Nothing was in it yet.
                self._take(where)
            return False
        return True

    def shards(self) -> int:
        return len(self._actors) - 1

    def shrink(self, shards: int) -> None:
        for shard in count(shards):
            handle = self._actors.pop(shard, None) or self._find(shard)
            self._knocks.pop(shard, None)
            if handle is None:
                return
            ray.kill(handle)

    def spread(self, function: Callable[[Item], Result], items: Sequence[Item]) -> Iterator[Result]:
        """Whoever is done takes the next item."""
        free, waiting = self._hands(function), deque(items)
        running: deque[ray.ObjectRef[Result]] = deque()
        busy: dict[ray.ObjectRef[Result], Callable[[Item], ray.ObjectRef[Result]]] = {}
        while waiting or running:
            while waiting and free:
                hand = free.popleft()
                running.append(hand(waiting.popleft()))
                busy[running[-1]] = hand
            done, _ = ray.wait([*busy], num_returns=1, fetch_local=False) if busy else ((), ())
            free.extend(map(busy.pop, done))
            while running and running[0] not in busy:
                yield self._result(running.popleft())

    def machines(self) -> int:
        nodes: list[dict[str, Any]] = ray.nodes()  # type: ignore[no-untyped-call]
        return sum(node["Alive"] for node in nodes)

    def hands(self) -> int:
        return self.shards() if self._idle() else self.placement.tasks

    def close(self) -> None:
        """Actors without a name end."""
        if self._name is None:
            self.dissolve()

    def dissolve(self) -> None:
        """End the actors, named or not."""
        for handle in self._actors.values():
            ray.kill(handle)
        self._actors = {}

    def abandon(self) -> None:
        """End the actors, unless they were there before."""
        if self._began:
            self.dissolve()

    def _idle(self) -> bool:
        """Whether the shards may be asked to do other work: they are there for this driver alone, and no fewer than the
        processes that would have to be started for it."""
        return self._name is None and self.shards() >= self.placement.tasks

    def _hands(self, function: Callable[[Item], Result]) -> deque[Callable[[Item], ray.ObjectRef[Result]]]:
        """One for each item that may be under way."""
        if not self._idle():
            # As many again wait, so that a process has its next item as soon as it is done.
            return deque([task(function, num_cpus=self.placement.task_cpus).remote] * 2 * self.hands())
        shards = [handle for where, handle in self._actors.items() if where != COORDINATOR]
        return deque(partial(handle.work.remote, function) for handle in shards)

    def _result(self, under_way: ray.ObjectRef[Result]) -> Result:
        try:
            found: Result = self.wait(under_way)
        except Lost as error:
            message = f"a reading process was ended by the system: {error}; give it more memory"
            raise StateDamaged(message) from error
        return found

    def _replace(self, where: int, error: ActorDiedError) -> None:
        """An actor that Ray has given up for good is made anew, if its state is somewhere else."""
        if self.keepsake is None:
            raise Lost(first_line(error)) from error
        self._take(where)

    def _take(self, where: int) -> None:
        """Have the actor that is there, or a new one."""
        self._actors[where] = self._find(where) or self._make(where)

    def _find(self, where: int) -> Any | None:
        if self._name is None:
            return None
        try:
            return ray.get_actor(self._part(where), NAMESPACE)
        except ValueError:
            return None

    def _make(self, where: int) -> Any:
        """Several drivers may do so at once: of a name there is one actor."""
        name, lasting = self._part(where) if self._name else None, self.keepsake is not None
        if where == COORDINATOR:
            return actor(CoordinatorShell, name, lasting, **self.placement.coordinator).remote(self.keepsake)
        return actor(ShardShell, name, lasting, **self.placement.shard).remote()

    def _known(self, keepsake: Keepsake | None) -> Keepsake | None:
        """How the actors of this name last."""
        try:
            self.revive(COORDINATOR)
            known: Keepsake | None = self.wait(self.call(COORDINATOR, "keepsake"))
        except Lost as error:
            message = f"engine {self._name}: expected one that runs on this Ray, got one that has ended: {error}"
            raise FixRequest(message) from error
        if keepsake is not None and (known is None or known.stores != keepsake.stores):
            message = (
                f"engine {self._name}: expected the state that it was started with, got another; name that or none"
            )
            raise FixRequest(message)
        return known

    def _part(self, where: int) -> str:
        part = NAME if where == COORDINATOR else shard_name(where)
        return f"{self._name}/{part}" if self._name else part
