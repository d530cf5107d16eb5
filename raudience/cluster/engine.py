"""The wiring, whatever carries the messages: commands go to every shard, their reports to the coordinator."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Generic, TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from raudience.catalog import Book
from raudience.catalog.planning import plan
from raudience.cluster.live import Arrivals, Batch, Ingested
from raudience.cluster.rounds import Round
from raudience.coordinator import AudienceCount, owners
from raudience.errors import FixRequest
from raudience.hashing import key_groups
from raudience.ingest.identity import Resolver
from raudience.ingest.route import split
from raudience.records import Block, Changes, Explanation, Field
from raudience.shard.commands import Command, Tick

__all__ = ["Engine"]

Flight = TypeVar("Flight")
Item = TypeVar("Item")
Result = TypeVar("Result")


class Engine(ABC, Generic[Flight]):
    """Shards and their coordinator behind one door. Instants are int milliseconds since 1970 in UTC, never going back.

    A subclass carries the messages: `_send` starts one command per shard, `_receive` waits for what came of it,
    `_ask` reads from one shard, `_ask_all` from all of them, `_tell` calls the coordinator.
    """

    ahead = 0
    """How many rounds may be under way before the oldest has been told: the bound of the memory of a stream."""

    def __init__(self, shards: int) -> None:
        self.shards = shards
        self._owner = owners(shards)
        self._now: int | None = None
        self._audiences: frozenset[str] = frozenset()
        self._arrivals = Arrivals()

    @abstractmethod
    def _send(self, commands: Sequence[Command], now: int) -> Flight: ...

    @abstractmethod
    def _receive(self, flight: Flight) -> Changes: ...

    @abstractmethod
    def _ask(self, shard: int, question: str, *values: Any) -> Any: ...

    @abstractmethod
    def _ask_all(self, question: str, *values: Any) -> list[Any]: ...

    @abstractmethod
    def _tell(self, message: str, *values: Any) -> Any: ...

    @abstractmethod
    def spread(self, function: Callable[[Item], Result], items: Sequence[Item]) -> Iterator[Result]:
        """Results of the function for each item, in order, worked out side by side where the engine can."""

    @abstractmethod
    def close(self) -> None:
        """End what this engine started. Members, counts and explanations are gone with it."""

    def machines(self) -> int:
        """How many machines the engine runs on."""
        return 1

    def hands(self) -> int:
        """How many items `spread` works on at once."""
        return 1

    @property
    def resolver(self) -> Resolver:
        """Which identity leads to which MPID, as far as this driver has seen."""
        return self._arrivals.resolver

    @property
    def now(self) -> int | None:
        """The instant up to which everything is told; None before the first command."""
        return self._now

    def define(self, book: Book, now: int) -> Changes:
        """Put the book in force; raise FixDefinition when it cannot be evaluated."""
        planned = plan(book)
        self._claim()
        changes = self._receive(self._send([planned] * self.shards, self._forward(now)))
        self._tell("define", book)
        self._audiences = frozenset(audience.key for audience in book.audiences)
        return changes

    def apply(self, block: Block, now: int) -> Changes:
        """Take a block whose batches take effect up to `now`, and let time pass until then.

        What would take effect at an instant that is told already takes effect a millisecond after it.
        """
        return self._receive(self._dispatch(Round(block, now)))

    def ingest(self, batches: Iterable[Batch], now: int) -> Ingested:
        """Take batches as arriving at `now`; a refused one never keeps others out."""
        block, refusals = self._arrivals.take(batches, now)
        return Ingested(self.apply(block, now), refusals)

    def advance(self, now: int) -> Changes:
        """Let time pass until `now`."""
        self._claim()
        return self._receive(self._send([Tick()] * self.shards, self._forward(now)))

    def stream(self, rounds: Iterable[Round]) -> Iterator[Changes]:
        """Changes of each round, in order; never reads more than `ahead` rounds past the last one that is told."""
        flights: deque[Flight] = deque()
        for each in rounds:
            flights.append(self._dispatch(each))
            if len(flights) > self.ahead:
                yield self._receive(flights.popleft())
        while flights:
            yield self._receive(flights.popleft())

    def members(self, audience: str) -> NDArray[np.int64]:
        """MPIDs in the audience, ascending, int64[n]."""
        self._known(audience)
        return np.sort(np.concatenate(self._ask_all("members", audience)))

    def counts(self) -> dict[str, int]:
        """Members of each audience."""
        return {figures.audience: figures.size for figures in self.figures()}

    def figures(self) -> tuple[AudienceCount, ...]:
        """Size, adds, drops and volatility of each audience, by key."""
        found: tuple[AudienceCount, ...] = self._tell("figures")
        return found

    def why(self, mpid: int, audience: str) -> Explanation:
        """Why a user is in the audience or not."""
        self._known(audience)
        owner = self._owner[key_groups(np.array([mpid], np.int64))[0]]
        found: Explanation = self._ask(int(owner), "why", mpid, audience)
        return found

    def identities(self, mpids: NDArray[np.int64], names: tuple[str, ...]) -> list[dict[str, tuple[str, ...]]]:
        """Values of the named identities of each user, in the order of `mpids`."""
        found: list[dict[str, tuple[str, ...]]] = [{} for _ in range(len(mpids))]
        owner = self._owner[key_groups(mpids)]
        for shard in np.unique(owner).tolist():
            rows = np.flatnonzero(owner == shard)
            for row, values in zip(rows.tolist(), self._ask(shard, "identities", mpids[rows], names), strict=True):
                found[row] = values
        return found

    def values(self, field: Field) -> tuple[str, ...]:
        """Distinct values of a profile field, sorted."""
        return tuple(sorted({value for values in self._ask_all("values", field) for value in values}))

    def check(self) -> None:
        """Raise ReportBug when an invariant of a shard, or between the shards and the coordinator, does not hold."""
        self._ask_all("check")
        self._tell("check", self._ask_all("counts"))

    def memory(self) -> dict[str, int]:
        """Bytes held by each part of the state, over all shards."""
        parts: dict[str, int] = {}
        for held in self._ask_all("memory"):
            for part, size in held.items():
                parts[part] = parts.get(part, 0) + size
        return parts

    def _dispatch(self, each: Round) -> Flight:
        self._claim()
        at = each.block.batches.at
        if self._now is not None and len(at) and at[0] <= self._now:
            each = _later(each, self._now + 1)
        blocks = split(each.block, self._owner, self.shards)
        commands: list[Command] = [block if len(block.batches.mpid) else Tick() for block in blocks]
        return self._send(commands, self._forward(each.now))

    def _forward(self, now: int) -> int:
        if self._now is not None and now < self._now:
            message = f"now: expected {self._now} or later, got {now}; time never goes back"
            raise FixRequest(message)
        self._now = now
        return now

    def _claim(self) -> None:
        """Become the one who may write, before the first command."""

    def _refresh(self) -> None:
        """Read anew what another driver may have changed."""

    def _known(self, audience: str) -> None:
        if audience not in self._audiences:
            self._refresh()
        if audience not in self._audiences:
            known = ", ".join(sorted(self._audiences)) or "none"
            message = f"audience: expected one of {known}; got {audience}"
            raise FixRequest(message)


def _later(each: Round, moment: int) -> Round:
    """The same round with nothing before the moment."""
    batches = each.block.batches
    at = np.maximum(batches.at, moment)
    moved = msgspec.structs.replace(each.block, batches=msgspec.structs.replace(batches, at=at))
    return Round(moved, max(each.now, moment))
