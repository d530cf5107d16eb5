"""What runs around the coordinator: who may write, its log and its snapshots."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final

import msgspec

from raudience.catalog import Book
from raudience.catalog.books import numbered
from raudience.catalog.commands import CatalogCommand
from raudience.catalog.deciding import decide
from raudience.catalog.entries import CatalogState
from raudience.catalog.refusing import refuse
from raudience.catalog.wanting import Ready, Wanted, is_due, next_step, waiting_and_missing
from raudience.clock import now_ms
from raudience.cluster.entries import (
    FORMAT,
    Claimed,
    CoordinatorEntry,
    Decided,
    Erased,
    Founded,
    Intended,
    Purged,
    Receipted,
    Told,
)
from raudience.cluster.keeping import Keeper
from raudience.cluster.keepsakes import Keepsake
from raudience.cluster.lasting import LastingShell
from raudience.cluster.ledger import EngineState, Ledger, Receipts
from raudience.cluster.replicas import read_back
from raudience.coordinator import AudienceCount, SizeBucket, Step, merge, narrow, owners
from raudience.errors import FixRequest, ReportBug, StateDamaged
from raudience.hashing import KEY_GROUPS
from raudience.ingest.identity import Links
from raudience.records import Changes, Receipt
from raudience.records.receipts import Request

__all__ = ["NAME", "TOLD_KEPT", "CoordinatorShell"]

NAME: Final = "coordinator"
"""Of its log and snapshots."""
TOLD_KEPT: Final = 100_000
"""Records of the log that are always kept: so far back changes can be read again."""
_PATIENCE: Final = 2.0
"""Seconds that who is ending, the actors of a driver that has gone for instance, has to let go of the state."""


class CoordinatorShell(LastingShell[CoordinatorEntry]):
    """The coordinator of an engine and its one record of what is so. With a keepsake a round is told only when its
    changes are durable. It has the keepsake from birth: whoever opens it first, one who only asks may be, it comes back
    from its log."""

    _WHAT = "the coordinator"

    def __init__(self, keepsake: Keepsake | None = None) -> None:
        super().__init__()
        self._ledger = Ledger()
        self._keepsake = keepsake
        self._wish: int | None = None
        self._requests: dict[str, Request] = {}
        self._pace: float | None = None

    def open(self, shards: int) -> EngineState:
        """Come to life with so many shards, or come back as the log says: what it says counts."""
        if self._open:
            return self.state()
        founded = Founded(FORMAT, KEY_GROUPS, tuple(owners(shards).tolist()))
        if self._keepsake is None:
            self._ledger.replay(founded)
        else:
            self._failpoint = self._keepsake.failpoint
            self._recover(self._keepsake, founded)
        self._open = True
        return self.state()

    def hold(self) -> None:
        """Tell others that this engine is at work on its state. Raises FixRequest that says who else is, before
        anything is taken from that one; then nothing is open."""
        if self._keepsake is None or self._open:
            return
        keeper = self._kept(self._keepsake)
        other = keeper.hold(self._keepsake.holder(now_ms()), _PATIENCE)
        if other is not None:
            keeper.close()
            self._keeper = None
            message = self._keepsake.in_use_by(other)
            raise FixRequest(message)

    def keepsake(self) -> Keepsake | None:
        """Where this engine lasts."""
        return self._keepsake

    def state(self) -> EngineState:
        self._opened()
        return self._ledger.state

    def standing(self) -> EngineState:
        """`state` without the book and the plan, which are large."""
        return msgspec.structs.replace(self.state(), book=None, plan=None)

    def wish(self, shards: int | None) -> None:
        """Ask whoever writes for so many shards; None: that is done."""
        self._wish = shards

    def wished(self) -> int | None:
        """How many shards somebody asked for."""
        return self._wish

    def claim(self) -> EngineState:
        """A new writer: from now on no other is heard."""
        self._opened()
        self._record(Claimed(self.state().epoch + 1))
        return self.state()

    def links(self) -> Links:
        """All identities that lead to an MPID."""
        self._opened()
        return self._ledger.all_links()

    def intend(self, epoch: int, intended: Intended) -> None:
        """What a round will do is settled before it begins."""
        self._hear(epoch)
        self._record(intended)
        self._failpoint("after intent")

    def catalog(self) -> CatalogState:
        self._opened()
        return self._ledger.catalog

    def decide(self, command: CatalogCommand, at: int, token: str) -> None:
        """Have the catalog decide, whoever asks, and whoever writes rounds.

        Raises FixDefinition with every fault of the command; then nothing has changed. A command that changes nothing
        leaves no trace; one that comes again with its token was decided before.
        """
        self._opened()
        if token in self._ledger.tokens:
            return
        refuse(self._ledger.catalog, command)
        if decide(self._ledger.catalog, command, at) != self._ledger.catalog:
            self._record(Decided(command, at, token))
            self._failpoint("after deciding")

    def numbered(self, book: Book) -> Book:
        """A book with the versions that its audiences would get."""
        self._opened()
        return numbered(self._ledger.catalog, book)

    def called(self) -> tuple[bool, int | None]:
        """Whether there is something to do for whoever writes rounds: something was decided, or asked for; and how many
        shards somebody asked for."""
        state = self.state()
        return bool(self._requests) or is_due(self._ledger.catalog, state.plan, state.revision), self._wish

    def next_step(self, most: int) -> Wanted | Ready | None:
        """What brings into force what was decided; None when it is in force."""
        state = self.state()
        return next_step(self._ledger.catalog, state.plan, state.revision, most)

    def paced(self, seconds: float) -> None:
        """Hear how long the writer takes to fill one version."""
        self._pace = seconds

    def filled(self) -> tuple[int, int, float | None]:
        """Of the versions that wait, how many are filled, how many there are, and the seconds that are left."""
        total, left = waiting_and_missing(self._ledger.catalog, self.state().plan)
        return total - left, total, None if self._pace is None else left * self._pace

    def combine(self, epoch: int, number: int, now: int, links: Links | None, *parts: Changes) -> Changes:
        """One log from the reports of all shards for the round that ended at `now`. A round that comes again is told as
        before and counted once."""
        self._hear(epoch)
        if number <= self._ledger.number:
            return self._told_again(number)
        if number != self._ledger.number + 1:
            message = f"round {number} came after round {self._ledger.number}"
            raise ReportBug(message)
        self._failpoint("before telling")
        told = Told(number, now, merge(parts), links)
        self._record(told)
        self._failpoint("after telling")
        return told.changes

    def told(
        self, after: int, most: int, audience: str | None = None, mpid: int | None = None
    ) -> list[tuple[int, Changes]]:
        """Number and changes of up to `most` rounds with changes, or with users whose identities changed, behind round
        `after`, as far as they are kept: all, or the changes of an audience, of a user, or of both."""
        self._opened()
        narrowed = ((told.number, narrow(told.changes, audience, mpid)) for told in self._told_behind(after))
        found = ((number, changes) for number, changes in narrowed if len(changes) or len(changes.touched))
        return list(islice(found, most))

    def receipts(self) -> Receipts:
        """What was done for users."""
        self._opened()
        return self._ledger.receipts

    def receipt(self, epoch: int, receipt: Receipt, key: bytes) -> None:
        """Keep a receipt; one that comes again is kept once."""
        self._hear(epoch)
        if receipt.id not in {each.id for each in self._ledger.receipts.kept}:
            self._record(Receipted(receipt, key))

    def request(self, request: Request) -> None:
        """Ask whoever writes to do something for users."""
        self._requests[request.id] = request

    def requests(self) -> tuple[Request, ...]:
        """What was asked for and is not done yet."""
        return tuple(self._requests.values())

    def served(self, name: str) -> None:
        """A request is done, or nobody waits for it any longer."""
        self._requests.pop(name, None)

    def purge(self, epoch: int) -> None:
        """Write a snapshot, and forget what was written before the latest erasure. Its own round stays: whoever reads
        changes by position must hear who has left."""
        self._hear(epoch)
        if self._keeper is None:
            return
        first = self._keeper.first() - 1
        erasures = [
            position
            for position, entry in self._keeper.entries(first)
            if isinstance(entry, Intended) and isinstance(entry.intent, Erased)
        ]
        self._keeper.purge(self._position, self._contents(), max(erasures, default=first + 1) - 1)
        self._failpoint("after purge")

    def purged(self, epoch: int, ids: tuple[str, ...], at: int) -> None:
        """Nothing is left of what was written before the erasures of some receipts."""
        self._hear(epoch)
        self._record(Purged(ids, at))

    def told_from(self) -> int:
        """The first round whose changes can still be told."""
        self._opened()
        first = next(self._told_behind(-1), None)
        return self._ledger.number + 1 if first is None else first.number

    def erased(self) -> int:
        """How many users were erased so far."""
        self._opened()
        return self._ledger.erased

    def figures(self) -> tuple[AudienceCount, ...]:
        self._opened()
        return self._ledger.coordinator.counts(self.state().now or 0)

    def history(self, audience: str, step: Step) -> tuple[SizeBucket, ...]:
        """The size of an audience over time."""
        self._opened()
        return self._ledger.coordinator.history(audience, step)

    def check(self, sizes: Sequence[dict[str, int]]) -> None:
        """Raise ReportBug unless the members that the shards count are those that the changes tell."""
        keys = {key for size in sizes for key in size}
        self._ledger.coordinator.check({key: sum(size.get(key, 0) for size in sizes) for key in keys})

    def _epoch(self) -> int:
        return self.state().epoch

    def _contents(self) -> Iterator[bytes]:
        return self._ledger.contents()

    def _recover(self, keepsake: Keepsake, founded: Founded) -> None:
        keeper = self._kept(keepsake)
        # One who comes back, or takes over, does so whoever is there: the log knows one writer.
        keeper.hold(keepsake.holder(now_ms()))
        self._ledger = Ledger()
        last = keeper.take_over()
        if not last and (others := keeper.others()):
            message = f"{NAME}: expected a log, as there is one of {others[0]}, got none; restore a copy of the state"
            raise StateDamaged(message)
        self._position = read_back(self._ledger, keeper, last)
        if not last:
            self._log(founded)
            self._ledger.replay(founded)

    def _kept(self, keepsake: Keepsake) -> Keeper[CoordinatorEntry]:
        if self._keeper is None:
            self._keeper = keepsake.keeper(NAME, CoordinatorEntry, TOLD_KEPT)
        return self._keeper

    def _record(self, entry: CoordinatorEntry) -> None:
        """Make an entry durable, then true."""
        with self._unless_it_fails():
            self._log(entry)
            self._ledger.replay(entry)
        self._keep_snapshot_when_due()

    def _told_behind(self, after: int) -> Iterator[Told]:
        if self._keeper is None:
            yield from (told for number, told in self._ledger.recent.items() if number > after)
            return
        # A round stands in the log behind the position of its number, counted from where the log began: other records
        # come between, none goes away.
        for _, entry in self._keeper.entries(max(after - self._ledger.base, self._keeper.first() - 1)):
            if isinstance(entry, Told) and entry.number > after:
                yield entry

    def _told_again(self, number: int) -> Changes:
        known = self._ledger.recent.get(number) or next(self._told_behind(number - 1), None)
        if known is None or known.number != number:
            message = f"round {number} came after round {self._ledger.number}"
            raise ReportBug(message)
        return known.changes
