"""An engine: rounds of orders to every shard, their reports to the coordinator, and the one door to all of them.

Whatever carries the calls, this is the protocol: one writer, numbered rounds, each told when it is durable.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from raudience.catalog import Book
from raudience.catalog.commands import CatalogCommand
from raudience.catalog.documents import stored_book
from raudience.catalog.entries import CatalogState
from raudience.catalog.nearest import lacking
from raudience.catalog.outlining import outlined
from raudience.catalog.planning import plan
from raudience.clock import monotonic, now_ms
from raudience.cluster.auditing import SelfAudit
from raudience.cluster.carrier import COORDINATOR, Carrier, Item, Result
from raudience.cluster.entries import Defined, Order
from raudience.cluster.erasing import UserErasures
from raudience.cluster.estimating import Estimating
from raudience.cluster.filling import Filling
from raudience.cluster.growing import Growth, possible
from raudience.cluster.hearing import Hearing
from raudience.cluster.keepsakes import Keepsake
from raudience.cluster.live import Arrivals, Batch, Ingested
from raudience.cluster.lookups import UserLookups, group_of
from raudience.cluster.rounds import Round
from raudience.cluster.serving import Serving
from raudience.cluster.writing import Writer
from raudience.coordinator import AudienceCount, Scaling, merge_comparisons
from raudience.errors import FixDefinition, FixRequest
from raudience.ingest.identity import Resolver
from raudience.ingest.route import split
from raudience.records import Block, Changes, Comparison, Explanation, Field
from raudience.records.slicing import not_before
from raudience.shard.commands import Tick

__all__ = ["Engine"]

_TOKEN_BYTES: Final = 12


class Engine(Estimating, UserLookups, UserErasures):
    """Shards and their coordinator behind one door. Instants are int milliseconds since 1970 in UTC, never going back.

    shards: how many a new engine has; one that comes back has as many as it had. scaling: changes their number by the
    load; none: only who asks for it does.
    """

    def __init__(self, carrier: Carrier, shards: int, scaling: Scaling | None = None) -> None:
        self._carrier = carrier
        self._writer = Writer(carrier, shards)
        self._audiences: frozenset[str] = frozenset()
        self._document: bytes | None = None
        self._book = Book(())
        self._arrivals = Arrivals()
        self._hearing = Hearing(carrier, self._writer)
        self._growth = Growth(carrier, self._writer, self._hearing, scaling)
        self._filling = Filling(self._writer)
        self.audits = SelfAudit(self._writer)
        self._serving = Serving(self._writer)
        self._refresh()

    @property
    def shards(self) -> int:
        return self._writer.shards

    @property
    def ahead(self) -> int:
        """How many rounds may be under way before the oldest has been told."""
        return self._carrier.ahead

    @property
    def keepsake(self) -> Keepsake | None:
        """How this engine lasts."""
        return self._carrier.keepsake

    @property
    def lasts(self) -> bool:
        """Whether somebody may go on with this engine later."""
        return self._writer.lasts

    @property
    def resolver(self) -> Resolver:
        """Which identity leads to which MPID."""
        self._claim()
        return self._arrivals.resolver

    @property
    def now(self) -> int | None:
        """The instant up to which everything is told; None before the first command."""
        return self._writer.now

    @property
    def position(self) -> int:
        """Number of the last round that was told: changes can be read again from there on."""
        return self._writer.told

    def define(self, book: Book, now: int, by: str = "") -> Changes:
        """Put the book in force at once, and nothing else; raise FixDefinition when it cannot be evaluated."""
        plan(book)
        self._claim()
        book = self._writer.ask(COORDINATOR, "numbered", book)
        document = msgspec.json.encode(book, enc_hook=str)
        planned = msgspec.structs.replace(plan(book), shared=self.shared())
        changes = self._writer.settle(Defined(document, planned, None, by, now_ms()), now)
        self._heed()
        return changes

    def catalog(self) -> CatalogState:
        """Everything that was decided about the account and its audiences."""
        found: CatalogState = self._writer.ask(COORDINATOR, "catalog")
        return found

    def decide(self, command: CatalogCommand, at: int) -> CatalogState:
        """Have the catalog decide, at an instant of the wall clock; the catalog after it. When this returns it lasts.

        It is in force then too, unless another driver may be writing: then it comes into force between two rounds of
        that one. Raises FixDefinition with every fault of the command.
        """
        return self.decide_all((command,), at)

    def decide_all(self, commands: Iterable[CatalogCommand], at: int) -> CatalogState:
        """`decide` for one after the other: all come into force together, those before a refused one too."""
        try:
            for command in commands:
                self._writer.ask(COORDINATOR, "decide", command, at, os.urandom(_TOKEN_BYTES).hex())
        except FixDefinition:
            # It may be refused because it was decided before, by a call whose answer was lost.
            self._fill_alone()
            raise
        self._fill_alone()
        return self.catalog()

    def _fill_alone(self) -> None:
        if self._writer.writes or not self._carrier.shared:
            self.fill()

    def filled(self) -> tuple[int, int, float | None]:
        """Of the versions that wait, how many are filled, how many there are, and the seconds that are left by how long
        the last ones took (None before the first)."""
        found: tuple[int, int, float | None] = self._writer.ask(COORDINATOR, "filled")
        return found

    def fill(self) -> None:
        """Bring into force all that was decided. Its changes are among those regained."""
        self._claim()
        for changes in self._filling.finish():
            self._writer.regain(changes)
        self._heed()

    def apply(self, block: Block, now: int) -> Changes:
        """Take a block whose batches take effect up to `now`, and let time pass until then.

        What would take effect at an instant that is told already takes effect a millisecond after it.
        """
        self._regain_filled()
        self._dispatch(Round(block, now))
        return self._finish()

    def ingest(self, batches: Iterable[Batch], now: int) -> Ingested:
        """Take batches as arriving at `now`; a refused one never keeps others out. When this returns they last."""
        self._claim()
        block, refusals = self._arrivals.take(batches, now)
        return Ingested(self.apply(block, now), refusals)

    def advance(self, now: int) -> Changes:
        """Let time pass until `now`."""
        self._claim()
        self._regain_filled()
        self._writer.send([Tick()] * self.shards, now)
        return self._finish()

    def stream(self, rounds: Iterable[Round]) -> Iterator[Changes]:
        """Changes of each round, in order; never reads more than `ahead` rounds past the last one that is told."""
        for each in rounds:
            self._dispatch(each)
            if self._writer.under_way > self.ahead:
                yield self._receive()
                self.audits.look()
                if self._growth.look() or self._is_called():
                    # A step waits for the rounds under way, and their changes belong to this stream.
                    while self._writer.under_way:
                        yield self._receive()
                    self._growth.step()
                    yield from self._fill_a_few()
                    self._serve()
        while self._writer.under_way:
            yield self._receive()

    def regained(self) -> list[Changes]:
        """Changes of rounds that an earlier writer began and that were finished since this was asked the last time."""
        return self._writer.take_regained()

    def told(self, after: int, most: int = 1_000) -> list[tuple[int, Changes]]:
        """Number and changes of up to `most` rounds with changes, or with users whose identities changed, behind round
        `after`, as far as they are kept."""
        found: list[tuple[int, Changes]] = self._writer.ask(COORDINATOR, "told", after, most)
        return found

    def told_from(self) -> int:
        """The first round whose changes can still be told."""
        found: int = self._writer.ask(COORDINATOR, "told_from")
        return found

    def members(self, audience: str) -> NDArray[np.int64]:
        """MPIDs in the audience, ascending, int64[n]."""
        self._known(audience)
        return np.sort(np.concatenate(self._ask_all("members", audience)))

    def counts(self) -> dict[str, int]:
        """Members of each audience."""
        return {figures.audience: figures.size for figures in self.figures()}

    def figures(self) -> tuple[AudienceCount, ...]:
        """Size, adds, drops and volatility of each audience, by key."""
        found: tuple[AudienceCount, ...] = self._writer.ask(COORDINATOR, "figures")
        return found

    def compare(self, left: str, right: str, most: int = 10) -> Comparison:
        """How two audiences differ, shadows included, with a sample of up to `most` users each way."""
        return merge_comparisons(self._ask_all("compare", left, right, most), most)

    def why(self, mpid: int, audience: str) -> Explanation:
        """Why a user is in the audience or not."""
        self._known(audience)
        outline = outlined(self._book, audience)
        found: Explanation = self._writer.steadily(
            lambda: self._writer.ask_owner(group_of(mpid), "ask", "why", mpid, audience, outline)
        )
        return found

    def identities(self, mpids: NDArray[np.int64], names: tuple[str, ...]) -> list[dict[str, tuple[str, ...]]]:
        """Values of the named identities of each user, in the order of `mpids`."""
        return [known for _, _, known in self.standings((), mpids, names)]

    def asked(self, audience: str, question: str, *values: Any) -> list[Any]:
        """What each shard answers to a question about an audience: a reading method of `Shard`."""
        self._known(audience)
        return self._ask_all(question, *values)

    def values(self, field: Field) -> tuple[str, ...]:
        """Distinct values of a profile field, sorted."""
        return tuple(sorted({value for values in self._ask_all("values", field) for value in values}))

    def check(self) -> None:
        """Raise ReportBug when an invariant of a shard, or between the shards and the coordinator, does not hold."""
        self._ask_all("check")
        self._writer.ask(COORDINATOR, "check", self._ask_all("counts"))

    def memory(self) -> dict[str, int]:
        """Bytes held by each part of the state, over all shards."""
        parts: dict[str, int] = {}
        for held in self._ask_all("memory"):
            for part, size in held.items():
                parts[part] = parts.get(part, 0) + size
        return parts

    def snapshot(self) -> None:
        """Write snapshots of everything now: coming back reads only the log behind them."""
        self._writer.ask_all("snapshot")
        self._writer.ask(COORDINATOR, "snapshot")

    def scale(self, shards: int) -> None:
        """Have so many shards: key groups move, a few at a time, and each move stops the engine for a moment. Members,
        counts, changes and their ids stay as they are."""
        self._claim()
        self._growth.reach(shards)

    def behind(self, seconds: float) -> None:
        """Tell how long the engine will take for what waits before it now: a policy of scaling counts on it."""
        self._growth.backlog = seconds

    def wish(self, shards: int | None) -> None:
        """Ask whoever writes to have so many shards: one step between two of its rounds, until it is so. None: ask for
        nothing any longer. Raises FixRequest for a number that cannot be."""
        self._writer.ask(COORDINATOR, "wish", None if shards is None else possible(shards))

    def wished(self) -> int | None:
        """The number of shards that was asked for and is not reached yet."""
        found: int | None = self._writer.ask(COORDINATOR, "wished")
        return found

    def look(self) -> None:
        """Read how the engine stands, when somebody else writes to it."""
        self._refresh()

    def spread(self, function: Callable[[Item], Result], items: Sequence[Item]) -> Iterator[Result]:
        """Results of the function for each item, in order, worked out side by side where the engine can."""
        return self._carrier.spread(function, items)

    def machines(self) -> int:
        """How many machines the engine runs on."""
        return self._carrier.machines()

    def hands(self) -> int:
        """How many items `spread` works on at once."""
        return self._carrier.hands()

    def close(self) -> None:
        """End what this engine started. What does not last elsewhere is gone with it."""
        self._carrier.close()

    def _ask_all(self, question: str, *values: Any) -> list[Any]:
        return self._writer.steadily(lambda: self._writer.ask_all("ask", question, *values))

    def _dispatch(self, each: Round) -> None:
        self._claim()
        at, now = each.block.batches.at, self._writer.now
        if now is not None and len(at) and at[0] <= now:
            each = _later(each, now + 1)
        elif now is not None and not len(at):
            each = Round(each.block, max(each.now, now))
        blocks = split(each.block, self._writer.owner, self.shards)
        self._growth.events += len(each.block.events.time)
        orders: list[Order] = [block if len(block.batches.mpid) else Tick() for block in blocks]
        self._writer.send(orders, each.now, self._arrivals.resolver.take_learned())

    def _finish(self) -> Changes:
        began = monotonic()
        changes = self._writer.finish()
        self._growth.waited += monotonic() - began
        with self._writer.regaining(changes):
            self.audits.look()
            if self._growth.look():
                self._growth.step()
            self._serve()
        return changes

    def _is_called(self) -> bool:
        """Whether others have left something to do."""
        called = self._hearing.called()
        fills, serves = self._filling.look(called), self._serving.look(called)
        return fills or serves

    def _fill_a_few(self) -> Iterator[Changes]:
        """Changes of a step towards what was decided."""
        if self._filling.look(False) and (changes := self._filling.step()) is not None:
            self._heed()
            yield changes

    def _regain_filled(self) -> None:
        """They come before those of the next round."""
        self._claim()
        self._is_called()
        for changes in self._fill_a_few():
            self._writer.regain(changes)

    def _receive(self) -> Changes:
        began = monotonic()
        changes = self._writer.receive()
        self._growth.waited += monotonic() - began
        return changes

    def _claim(self) -> None:
        """Become the one who may write, before the first command."""
        if self._writer.claim():
            self._refresh()
            self._arrivals = Arrivals(Resolver(self._writer.links()))
            self.purge()

    def _refresh(self) -> None:
        """Read anew what another driver may have changed."""
        self._writer.refresh()
        self._heed()

    def _heed(self) -> None:
        """Know the book in force, and who of it is evaluated."""
        state = self._writer.state
        if state.book != self._document:
            self._document = state.book
            self._book = stored_book(state.book) if state.book else Book(())
        self._audiences = frozenset(audience.key for audience in state.plan.audiences) if state.plan else frozenset()

    def _known(self, audience: str) -> None:
        if audience not in self._audiences:
            self._refresh()
        if audience not in self._audiences:
            raise FixRequest(lacking(audience, self._audiences))


def _later(each: Round, moment: int) -> Round:
    """The same round with nothing before the moment."""
    return Round(not_before(each.block, moment), max(each.now, moment))
