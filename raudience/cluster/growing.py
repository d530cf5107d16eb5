"""An engine grows and shrinks between its rounds: towards what somebody wished for, or what its load asks for.

Shards that come are started first and not waited for: rounds go on meanwhile, and the demand makes a cluster add a
machine. Only those that answer get key groups, so a cluster without room for the others stops nothing.
"""

from __future__ import annotations

import logging
from typing import Final

from raudience.clock import SECOND, monotonic
from raudience.cluster.carrier import COORDINATOR, Carrier
from raudience.cluster.entries import Moved, Resized
from raudience.cluster.hearing import Hearing
from raudience.cluster.writing import Writer
from raudience.coordinator import Load, Scaling, Transfer, transfers
from raudience.errors import FixRequest
from raudience.hashing import KEY_GROUPS

__all__ = ["GROUPS_AT_ONCE", "Growth", "possible"]

_LOG: Final = logging.getLogger(__name__)

GROUPS_AT_ONCE: Final = 32
"""Key groups that move in one step at most: each step costs giver and taker a look at everything they hold."""
_FIRST: Final = 4
"""Key groups that move in the first step between rounds, before it is known how long one takes."""
_STOP: Final = 1.5
"""Seconds that a step between rounds should stop the engine: the next one moves fewer or more groups."""
_RECORD: Final = 256 << 20
"""Bytes in memory of the key groups that move in one step: SQLite refuses records of a gigabyte."""
_LOOK: Final = 1.0
"""Seconds between two looks at the load."""
_PATIENCE: Final = 30.0
"""Seconds after which it is said that shards find no room, and said again."""
_WEIGH: Final = 60.0
"""Seconds between two questions for memory: the answer waits for the rounds under way."""


def possible(shards: int) -> int:
    """A number of shards that an engine can have. Raises FixRequest for another."""
    if not 1 <= shards <= KEY_GROUPS:
        message = f"shards: expected 1 to {KEY_GROUPS}, got {shards}"
        raise FixRequest(message)
    return shards


class Growth:
    """The number of shards that an engine is on its way to. scaling: decides by the load; none: only wishes count.

    Whoever sends the rounds adds up: waited, seconds in which it waited for shards; events that it sent. backlog:
    seconds that what waits before the engine will take.
    """

    def __init__(self, carrier: Carrier, writer: Writer, hearing: Hearing, scaling: Scaling | None) -> None:
        self._carrier, self._writer, self._hearing, self._scaling = carrier, writer, hearing, scaling
        self.waited, self.events, self.backlog = 0.0, 0, 0.0
        self._looked = monotonic()
        self._weighed: float | None = None
        self._memory = 0
        self._at_once = _FIRST
        self._rested = 0.0
        self._warned: float | None = None
        self._wanted: int | None = None

    def look(self) -> bool:
        """To be asked after each round: whether there is a step to make, for which no round may be under way."""
        if (wished := self._hearing.wished) is not None:
            self._wanted = self._scaling.bound(wished) if self._scaling is not None else wished
        self._measure()
        if self._wanted is None or monotonic() < self._rested:
            return False
        room = self._room(self._wanted)
        return room == self._wanted or room > self._writer.shards or bool(self._moves(room, 1))

    def step(self) -> None:
        """Make one step towards what is wanted, with the shards that answer. As long as it took, rounds come first."""
        if self._wanted is not None:
            began, room = monotonic(), self._room(self._wanted)
            if not self._move(room, self._at_once) and room == self._wanted:
                self._arrive()
            self._pace(began)

    def reach(self, shards: int) -> None:
        """Have so many shards, however long they take to start. Raises FixRequest for a number that cannot be."""
        possible(shards)
        self._carrier.grow(shards)
        for shard in range(self._writer.shards, shards):
            self._carrier.revive(shard)
        while self._move(shards, GROUPS_AT_ONCE):
            pass
        self._arrive()

    def _pace(self, began: float) -> None:
        ended = monotonic()
        took = ended - began
        # Much of a step does not depend on how many groups move: it is felt out, twice as many at a time at most.
        fitting = self._at_once * 2 if took * 2 <= _STOP else int(self._at_once * _STOP / took)
        self._at_once = min(max(fitting, 1), GROUPS_AT_ONCE)
        self._rested = ended + took

    def _measure(self) -> None:
        """Now and then let the load decide; what it decides counts more than a wish."""
        now = monotonic()
        if self._scaling is not None and now - self._looked >= _LOOK:
            decided = self._scaling.decide(self._load(self._scaling, now), int(now * SECOND))
            if decided not in (None, self._wanted):
                self._want(decided)

    def _load(self, scaling: Scaling, now: float) -> Load:
        """What was measured since this was asked the last time."""
        elapsed, self._looked = now - self._looked, now
        waited, self.waited = self.waited, 0.0
        events, self.events = self.events, 0
        if scaling.weighs and (self._weighed is None or now - self._weighed >= _WEIGH):
            self._weighed = now
            self._memory = max(sum(held.values()) for held in self._writer.ask_all("ask", "memory"))
        shards = self._writer.shards
        coming = self._wanted if self._wanted is not None and self._wanted > shards else 0
        return Load(shards, coming, min(1.0, waited / elapsed), self.backlog, events / elapsed, self._memory)

    def _room(self, wanted: int) -> int:
        """How many shards there can be by now: as many as are wanted, or those that answer."""
        shards = self._writer.shards
        if wanted <= shards:
            return wanted
        self._carrier.grow(wanted)
        room = next((shard for shard in range(shards, wanted) if not self._carrier.answers(shard)), wanted)
        self._warn(wanted - room)
        return room

    def _warn(self, missing: int) -> None:
        """Say now and then that shards have found no room."""
        now = monotonic()
        if not missing or self._warned is None:
            self._warned = now
        elif now - self._warned >= _PATIENCE:
            self._warned = now
            _LOG.warning("%d shard(s) wait for room: Ray has no free CPU for them yet; rounds go on", missing)

    def _moves(self, shards: int, at_once: int) -> list[Transfer]:
        return transfers(self._writer.state.owner, shards, at_once)

    def _move(self, shards: int, at_once: int) -> bool:
        """Make one step towards so many shards, all of which answer; False when there is nothing left to do."""
        state = self._writer.state
        if shards > state.shards:
            self._writer.settle(Resized(shards, state.plan))
            return True
        if found := self._moves(shards, at_once):
            groups = self._bounded(found[0])
            self._writer.settle(Moved(groups, found[0].giver, found[0].taker))
            return True
        if shards < state.shards:
            self._writer.settle(Resized(shards, None))
        return False

    def _bounded(self, transfer: Transfer) -> tuple[int, ...]:
        """As many of the groups as one record of a log can hold: what moves is an order like any other."""
        held: dict[str, int] = self._writer.ask(transfer.giver, "ask", "memory")
        of_a_group = sum(held.values()) / self._writer.state.owner.count(transfer.giver)
        return transfer.groups[: max(1, int(_RECORD / max(of_a_group, 1)))]

    def _arrive(self) -> None:
        """Nothing is wanted any longer, and shards that were started for nothing end."""
        self._carrier.shrink(self._writer.shards)
        self._want(None)
        self._warned = None

    def _want(self, shards: int | None) -> None:
        """From now on so many shards are wanted, whatever was wished for."""
        self._writer.ask(COORDINATOR, "wish", None)
        self._hearing.forget_wish()
        self._wanted = shards
