"""The one writer of an engine: numbered rounds, and what happens when a shell is lost on the way.

A round goes to every shard, and the reports go to the coordinator. It is told when all of them have made it durable.
Rounds that are not told are kept here: when a shell has died and come back by its snapshot and its log, they are sent
again, and who has had them answers as before. A writer that takes over finishes what the one before it began: an order
that some shard never got is a tick for it, because nobody was told that it had been taken; what was settled as an
intent is carried out.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Final, TypeVar

from raudience.cluster.calls import Calls
from raudience.cluster.carrier import COORDINATOR, Carrier, Lost
from raudience.cluster.entries import Begun, Intended, Intent, Moved, Order, Release, Resized
from raudience.cluster.flights import Flight, orders_of
from raudience.cluster.ledger import EngineState
from raudience.cluster.shells import Standing, shard_name
from raudience.errors import FixRequest, RaudienceError, StateDamaged, Superseded
from raudience.ingest.identity import Links
from raudience.records import Changes, Receipt

__all__ = ["Writer"]

Result = TypeVar("Result")

_LOG: Final = logging.getLogger(__name__)


class Writer(Calls):
    """Sends rounds. state: the engine as it was last read; number, now: of the last round that was sent; told: number
    of the last one that was told."""

    def __init__(self, carrier: Carrier, shards: int) -> None:
        self._carrier, self._keepsake = carrier, carrier.keepsake
        self._flights: deque[Flight] = deque()
        self._regained: list[Changes] = []
        self._unheard: set[int] = set()
        self._epoch = 0
        self.number, self.told = 0, 0
        self.now: int | None = None
        self.state = EngineState(0, (), shards, None, None, 0, None, None)
        if self._keepsake is not None and self._keepsake.yields:
            self._surely(self._hold)
        self._surely(self._open_all)
        self._look()

    @property
    def lasts(self) -> bool:
        """Whether there is more than the memory of the shells."""
        return self._keepsake is not None

    def refresh(self) -> None:
        """Read how the engine stands, unless this is its writer, who knows."""
        if not self._epoch:
            self._look()

    def links(self) -> Links:
        """All identities that lead to an MPID."""
        found: Links = self.ask(COORDINATOR, "links")
        return found

    def claim(self) -> bool:
        """Become the only writer; False when this one is it already."""
        if self._epoch:
            return False
        with self._or_give_up():
            self._surely(self._take_over)
        return True

    @property
    def writes(self) -> bool:
        """Whether this is the only writer, as far as it knows."""
        return bool(self._epoch)

    def forward(self, now: int) -> int:
        """An instant that is not before the last one. Raises FixRequest when it is."""
        if self.now is not None and now < self.now:
            message = f"now: expected {self.now} or later, got {now}; time never goes back"
            raise FixRequest(message)
        return now

    @property
    def under_way(self) -> int:
        """Rounds that were sent and not told yet."""
        return len(self._flights)

    def send(self, orders: Sequence[Order], now: int, links: Links | None = None) -> None:
        """Begin the next round: one order for each shard."""
        self.now = self.forward(now)
        self.number += 1
        self._begin(Flight(self.number, tuple(orders), now, links))

    def settle(self, intent: Intent, now: int | None = None) -> Changes:
        """A round whose meaning is settled before it begins: whoever has to finish it does the same. Without an instant
        no time passes."""
        intended = Intended(self.number + 1, self.forward(self.now or 0 if now is None else now), intent)
        self.now, self.number, before = intended.now, intended.number, self.shards
        with self._or_give_up():
            self._surely(lambda: self._wait(COORDINATOR, "intend", self._epoch, intended))
            self._surely(lambda: self._make_room(intended))
        self._begin(self._flight_of(intended))
        changes = self.finish()
        # Who does not know how it ended must not go on: key groups may have gone elsewhere.
        with self.regaining(changes), self._or_give_up():
            self._see()
            self._let_go(before)
        return changes

    def purge(self, ids: tuple[str, ...], at: int) -> None:
        """Everybody keeps only what is known now; then the receipts of some erasures say so. No round is under way."""
        for shard in range(self.shards):
            self.ask(shard, "purge", self._epoch, self.told)
        self.ask(COORDINATOR, "purge", self._epoch)
        self.ask(COORDINATOR, "purged", self._epoch, ids, at)

    def record_receipt(self, receipt: Receipt, key: bytes) -> None:
        """Keep a receipt."""
        self.ask(COORDINATOR, "receipt", self._epoch, receipt, key)

    def receive(self) -> Changes:
        """Wait until the oldest round is told."""
        flight = self._flights[0]
        with self._or_give_up():
            changes: Changes = self._surely(lambda: self._carrier.wait(flight.result))
        self._flights.popleft()
        self.told = flight.number
        return changes

    def finish(self) -> Changes:
        """Wait for every round under way; the changes of the last one."""
        while len(self._flights) > 1:
            self._regained.append(self.receive())
        return self.receive()

    def take_regained(self) -> list[Changes]:
        """Changes of rounds that nobody waited for, since this was asked the last time."""
        regained, self._regained = self._regained, []
        return [changes for changes in regained if len(changes)]

    def regain(self, changes: Changes) -> None:
        """Changes that nobody has heard of yet."""
        self._regained.append(changes)

    @contextmanager
    def regaining(self, changes: Changes) -> Iterator[None]:
        """Changes are not lost with an error that comes before somebody has heard of them."""
        try:
            yield
        except RaudienceError:
            self._regained.append(changes)
            raise

    def _surely(self, call: Callable[[], Result]) -> Result:
        """What a call says; made again when a shell was lost and all have come back."""
        while True:
            try:
                return call()
            except (Lost, Superseded) as lost:
                self._come_back(lost)

    def _begin(self, flight: Flight) -> None:
        self._flights.append(flight)
        with self._or_give_up():
            try:
                self._launch(flight)
            except (Lost, Superseded) as lost:
                self._come_back(lost)

    @contextmanager
    def _or_give_up(self) -> Iterator[None]:
        """After an error nobody waits for what is under way; with a keepsake the next claim finds how far it came."""
        try:
            yield
        except RaudienceError:
            self._give_up()
            if self._keepsake is not None:
                self._epoch = 0
            raise

    def _give_up(self) -> None:
        """Wait no longer for what is under way; a later claim hears of it."""
        self._unheard.update(flight.number for flight in self._flights)
        self._flights.clear()

    def _come_back(self, lost: Exception) -> None:
        """All shells come back and hear again what is under way."""
        if self._keepsake is None:
            message = f"an actor of this engine has died, and its state with it; start the job again ({lost})"
            raise StateDamaged(message) from lost
        _LOG.warning("a part of the engine was lost and comes back from its log: %s", lost)
        while True:
            try:
                self._open_all()
                for flight in self._flights:
                    self._launch(flight)
            except (Lost, Superseded):
                continue
            return

    def _hold(self) -> None:
        self._carrier.revive(COORDINATOR)
        self._wait(COORDINATOR, "hold")

    def _open_all(self) -> None:
        self._carrier.revive(COORDINATOR)
        state: EngineState = self._wait(COORDINATOR, "open", self.state.shards)
        if not self._epoch:
            # Who only asks must not go on asking for a shard that is gone.
            self.state = state
        resized = state.intended.intent if state.intended is not None else None
        self._open_shards(state, Begun(0, None), range(state.shards))
        if isinstance(resized, Resized) and state.intended is not None:
            begun = Begun(state.intended.number - 1, state.now)
            self._open_shards(state, begun, range(state.shards, resized.shards))

    def _open_shards(self, state: EngineState, begun: Begun, where: range) -> None:
        self._carrier.grow(max(where.stop, state.shards))
        for shard in where:
            self._carrier.revive(shard)
        for answer in [
            self._carrier.call(shard, "open", shard_name(shard), self._keepsake, begun, state.number) for shard in where
        ]:
            self._carrier.wait(answer)
        for answer in [self._carrier.call(shard, "fence", self._epoch) for shard in where if self._epoch]:
            self._carrier.wait(answer)

    def _let_go(self, before: int) -> None:
        """Of the shards that there were before, those that are too many end, and what they kept is forgotten."""
        for shard in range(self.shards, before):
            # What a shard that cannot answer has kept is forgotten when another one takes its place.
            with suppress(Lost, Superseded):
                self._wait(shard, "forget", shard_name(shard), self._keepsake)
        if self.shards < before:
            self._carrier.shrink(self.shards)

    def _look(self) -> None:
        self._stand(self.ask(COORDINATOR, "state"))

    def _stand(self, state: EngineState) -> None:
        """Be where an engine is that somebody else writes to."""
        self.state = state
        self.number, self.told, self.now = state.number, state.number, state.now
        self._carrier.grow(self.shards)

    def _see(self) -> None:
        self.state = self.ask(COORDINATOR, "state")

    def _take_over(self) -> None:
        self._give_up()
        if self._keepsake is not None:
            self._open_all()
        self.state = self._wait(COORDINATOR, "claim")
        intended, self._epoch = self.state.intended, self.state.epoch
        self.number, self.told, self.now = self.state.number, self.state.number, self.state.now
        self._hear_again()
        standings: list[Standing] = self._wait_all("fence", self._epoch)
        ends = {number: now for standing in standings for number, now in standing.untold}
        last = max([self.number, *(standing.number for standing in standings)])
        if intended is not None:
            self._make_room(intended)
            last = max(last, intended.number)
        for number in range(self.number + 1, last + 1):
            self._finish_round(number, ends.get(number), intended)
        before = self.shards
        self._see()
        self._let_go(before)
        # The writer before may have started shards that were never settled.
        self._carrier.shrink(self.shards)

    def _hear_again(self) -> None:
        """Changes of rounds that this writer began and that were told, but their answers were lost."""
        if self._unheard:
            first, last = min(self._unheard), max(self._unheard)
            told: list[tuple[int, Changes]] = self._wait(COORDINATOR, "told", first - 1, last - first + 1)
            self._regained += [changes for number, changes in told if number in self._unheard]
            self._unheard.clear()

    def _finish_round(self, number: int, now: int | None, intended: Intended | None) -> None:
        """Finish a round that an earlier writer began."""
        if intended is not None and intended.number == number:
            flight = self._flight_of(intended)
        else:
            end = max(now or 0, self.now or 0)
            flight = Flight(number, orders_of(None, self.shards), end, None)
        self.number, self.now = number, flight.now
        self._flights.append(flight)
        self._launch(flight)
        changes: Changes = self._carrier.wait(flight.result)
        self._flights.popleft()
        self.told = number
        self._regained.append(changes)

    def _flight_of(self, intended: Intended) -> Flight:
        intent = intended.intent
        shards = max(self.shards, intent.shards) if isinstance(intent, Resized) else self.shards
        moved = intent if isinstance(intent, Moved) else None
        return Flight(intended.number, orders_of(intent, self.shards, shards), intended.now, None, moved)

    def _make_room(self, intended: Intended) -> None:
        """The shards that come with a round, empty, as if they had heard everything before it."""
        intent = intended.intent
        if isinstance(intent, Resized) and intent.shards > self.shards:
            new = range(self.shards, intent.shards)
            self._open_shards(self.state, Begun(intended.number - 1, self.state.now), new)

    def _launch(self, flight: Flight) -> None:
        parts = self._handed_over(flight, flight.moved) if flight.moved is not None else {}
        for shard, order in enumerate(flight.orders):
            if shard not in parts:
                parts[shard] = self._carrier.call(
                    shard, "apply", self._epoch, flight.number, self.told, order, flight.now
                )
        reports = [parts[shard] for shard in range(len(flight.orders))]
        flight.result = self._carrier.call(
            COORDINATOR, "combine", self._epoch, flight.number, flight.now, flight.links, *reports
        )

    def _handed_over(self, flight: Flight, moved: Moved) -> dict[int, Any]:
        """The taker has the key groups for good before the giver lets go of them."""
        frozen = self._carrier.call(moved.giver, "freeze", self._epoch, moved.groups)
        taken = self._carrier.call(
            moved.taker, "adopt", self._epoch, flight.number, self.told, moved.groups, flight.now, frozen
        )
        self._carrier.wait(taken)
        released = Release(moved.groups)
        let_go = self._carrier.call(moved.giver, "apply", self._epoch, flight.number, self.told, released, flight.now)
        return {moved.taker: taken, moved.giver: let_go}
