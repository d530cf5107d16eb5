"""What a driver script holds.

from raudience.cluster.client import connect

with connect(shards=2) as client:
    client.define("audiences.yaml")
    client.ingest("events/*.ndjson.gz")
    for change in client.changes():
        print(change.audience, change.mpid, "in" if change.entered else "out", change.at)
    print(client.counts())
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import TracebackType
from typing import Self, TypeAlias

import msgspec

from raudience.clock import now_ms
from raudience.cluster.account import Account
from raudience.cluster.audiences import Audiences
from raudience.cluster.books import Definitions, as_book
from raudience.cluster.change_lines import each_change
from raudience.cluster.coding import Code
from raudience.cluster.connections import Connections
from raudience.cluster.engine import Engine
from raudience.cluster.engines import EngineName, end_sending, figures_of, sending_of, start_engine
from raudience.cluster.exports import Exports
from raudience.cluster.given import read_identities, read_mpid
from raudience.cluster.instants import Instant, read_instant
from raudience.cluster.keepsakes import place_named
from raudience.cluster.listing import experiment_of
from raudience.cluster.live import Batch
from raudience.cluster.loading import load
from raudience.cluster.outputs import Outputs
from raudience.cluster.privacy import Privacy
from raudience.cluster.questions import Questions
from raudience.cluster.sending import Sending
from raudience.cluster.timeline import Timeline
from raudience.cluster.users import Lookups, Member
from raudience.coordinator import AudienceCount, Scaling
from raudience.coordinator.variants import in_variation
from raudience.criteria.leaves import FOREVER
from raudience.errors import FixRequest
from raudience.forward.figures import Figures
from raudience.ingest.refusals import Refusal
from raudience.records import Change, Changes, Explanation, Field

__all__ = ["Client", "Ingestion", "Member", "connect"]

Files: TypeAlias = str | os.PathLike[str]


def connect(
    address: str | None = None,
    shards: int | None = None,
    engine: EngineName = "ray",
    name: str | None = None,
    cpus_per_shard: float | None = None,
    state: str | os.PathLike[str] | None = None,
    snapshots: str | os.PathLike[str] | None = None,
    scaling: tuple[int, int] | Scaling | None = None,
    memory_per_shard: int | None = None,
    by: str = "",
    audit: int = 0,
    take_over: bool = False,
) -> Client:
    """A client of an engine of its own, or of the lasting engine `name` on Ray, which is started when it is not there.

    address: the Ray to use; none: the one that RAY_ADDRESS names (so in a Ray job), else a new one on this machine.
    state: where everything lasts, a directory or `nats://...`: what a call has returned for survives any crash, and
    the next client of the same state goes on from there. snapshots: a directory or an object store, for a state that is
    no directory. Without `state` everything lives as long as the engine. scaling: least and most shards; between them
    their load decides (`docs/scaling.md`). cpus_per_shard, memory_per_shard: what each shard asks Ray for, in CPUs and
    bytes. by: who asks, as the journal of the account and the versions of audiences will say. audit: how
    many users are worked out anew every minute, to see that nothing differs (`docs/audit.md`). take_over: go on with
    a state that another process is at work on, which is refused from then on; without, FixRequest says who is.
    """
    policy = Scaling(*scaling) if isinstance(scaling, tuple) else scaling
    place = place_named(state, snapshots)
    started = start_engine(engine, shards, address, name, cpus_per_shard, place, policy, memory_per_shard, take_over)
    started.audits.keep_on(audit)
    return Client(started, by)


class Ingestion(msgspec.Struct, frozen=True):
    """batches: how many were taken, repeated ones included. refusals: what was refused, and why."""

    batches: int
    refusals: tuple[Refusal, ...] = ()


class Client(Questions, Lookups, Exports, Privacy):
    """One engine. Every instant may be milliseconds since 1970, ISO 8601 text or a datetime; without zone it is UTC.

    audiences: their list, their life and versions, A/B tests. account: workspaces, inputs, tiers, settings.
    code: a folder of definitions against what is there. outputs: accounts at partners. connections: which audience goes
    where.
    """

    def __init__(self, engine: Engine, by: str = "") -> None:
        self._engine, self._by = engine, by
        self.audiences = Audiences(engine, by)
        self.account = Account(engine, by)
        self.code = Code(engine, by)
        self.outputs = Outputs(engine, by)
        self.connections = Connections(engine, by)
        self._untold: deque[Changes] = deque()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the engine; one with a name stays for the next client."""
        self._engine.close()

    @property
    def now(self) -> int | None:
        """The instant up to which everything is known, in milliseconds; None before the first event."""
        return self._engine.now

    def define(self, definitions: Definitions, at: Instant | None = None) -> None:
        """Put a book in force: a path, a Book, or audiences. Raises FixDefinition with every fault.

        at: when; without it, at the instant the engine has come to. What is known already counts at once.
        """
        book = as_book(definitions)
        self._note(self._engine.define(book, self._moment(at, self._engine.now or 0), self._by))

    def ingest(self, events: Files | Sequence[Files] | Iterable[Batch], at: Instant | None = None) -> Ingestion:
        """Take in events, and return what was read and refused.

        Files, folders and patterns (str or path) are replayed by the data's own time. Batches (dicts, or JSON as bytes)
        arrive at `at`, without it now; an instant that has passed already counts as the millisecond after. Raises
        FixRequest when both are given.
        """
        if isinstance(events, Mapping | bytes):
            message = "ingest: expected files, or a list of batches, got one batch; put it into a list"
            raise FixRequest(message)
        items = [events] if isinstance(events, str | os.PathLike) else list(events)
        files = [os.fspath(item) for item in items if isinstance(item, str | os.PathLike)]
        batches = [item for item in items if not isinstance(item, str | os.PathLike)]
        if files and (batches or at is not None):
            message = "ingest: expected files, or batches with an instant if you like, got some of both; make two calls"
            raise FixRequest(message)
        if files:
            return self._replay(tuple(files))
        taken = self._engine.ingest(batches, self._moment(at, now_ms()))
        self._note(taken.changes)
        return Ingestion(len(batches) - len(taken.refusals), taken.refusals)

    def advance(self, to: Instant) -> None:
        """Let time pass until an instant."""
        self._note(self._engine.advance(read_instant(to)))

    @property
    def position(self) -> int:
        """How far the log of changes goes: `changes(after=position)` reads on from here, also in a later client."""
        return self._engine.position

    def changes(self, after: int | None = None) -> Iterator[Change]:
        """Every change since this was asked the last time, in the order (at, audience, MPID); each is told once.

        after: a position; then every change behind it, whoever was told of it before, as far back as the engine keeps
        them (`docs/guarantees.md`).
        """
        if after is not None:
            yield from self._kept(after)
            return
        self._note_regained()
        while self._untold:
            yield from each_change(self._untold.popleft())

    def scale(self, shards: int) -> None:
        """Have so many shards. Key groups move, a few at a time; members, changes and their ids stay as they are."""
        self._engine.scale(shards)

    def follow(self, every: float = 1.0, until: Instant | None = None) -> Iterator[Change]:
        """Follow the wall clock, in steps of `every` seconds, and yield the changes as they fall due.

        Without `until` it never ends; a loop over it may ingest and leave. A time that has been reached already is
        waited for, not gone back to.
        """
        end = None if until is None else read_instant(until)
        pause = threading.Event()
        while True:
            moment = now_ms() if end is None else min(now_ms(), end)
            if moment > (self._engine.now or 0):
                self._note(self._engine.advance(moment))
            yield from self.changes()
            if end is not None and moment >= end:
                return
            pause.wait(every)

    def members(self, audience: str, identities: Sequence[str] = (), variation: str | None = None) -> list[Member]:
        """The users in an audience, or in one variation of its A/B test, ascending by MPID, with the identities that
        are asked for by their names of the Events API, in any spelling. Raises FixRequest for what is no identity."""
        names = read_identities(identities)
        mpids = self._engine.members(audience)
        if variation is not None:
            mpids = in_variation(experiment_of(self._engine, audience), variation, mpids)
        known = self._identities(mpids, names)
        return [Member(mpid, values) for mpid, values in zip(mpids.tolist(), known, strict=True)]

    def outgoing(self, instead: Mapping[str, str] | None = None, stays: bool = False, alone: bool = False) -> Sending:
        """All connections at work: `work()` sees to each, `settle()` goes on until nothing is left to send.

        Those of an engine with a name are at work in actors on Ray, one for each output, which end with this; stays:
        they go on, until `end_outgoing()`. Of any other engine they take turns here, and only one may work at a time;
        alone: nothing else is done with this client meanwhile, so they are at work side by side.
        instead: other addresses for those of partners, for tests and proxies.
        """
        return sending_of(self._engine, instead, stays, alone)

    def end_outgoing(self) -> bool:
        """End the actors that send and stay; whether there were any."""
        return end_sending(self._engine)

    def sent(self) -> tuple[Figures, ...]:
        """How connections stand: backlog, progress, rate. Only of those that are at work in actors now."""
        return figures_of(self._engine)

    def counts(self) -> tuple[AudienceCount, ...]:
        """Size, adds, drops and volatility of each audience, by key."""
        return self._engine.figures()

    def why(self, mpid: int, audience: str) -> Explanation:
        """Why a user is in an audience or not: each criterion, its evidence, and when it flips."""
        return self._engine.why(read_mpid(mpid), audience)

    def values(self, namespace: str, name: str) -> tuple[str, ...]:
        """Distinct values that were seen of an attribute: of `user`, `custom`, `identity` ... (records.Field)."""
        return self._engine.values(Field(namespace, name))

    def _replay(self, files: tuple[str, ...]) -> Ingestion:
        with load(self._engine, files) as loaded:
            for changes in self._engine.stream(Timeline(loaded.rounds(self._engine.resolver)).up_to(FOREVER)):
                self._note(changes)
            return Ingestion(loaded.batches, tuple(loaded.refusals()))

    def _kept(self, after: int) -> Iterator[Change]:
        while rounds := self._engine.told(after):
            for number, changes in rounds:
                yield from each_change(changes)
                after = number

    def _moment(self, given: Instant | None, otherwise: int) -> int:
        return max(otherwise, self._engine.now or 0) if given is None else read_instant(given)

    def _note_regained(self) -> None:
        """What was begun before comes before what follows."""
        self._untold.extend(map(_copied, self._engine.regained()))

    def _note(self, changes: Changes) -> None:
        self._note_regained()
        if len(changes):
            # A copy: arrays that came through the object store would keep it filled until somebody reads them.
            self._untold.append(_copied(changes))


def _copied(changes: Changes) -> Changes:
    return Changes(
        changes.audiences,
        changes.versions,
        changes.audience.copy(),
        changes.mpid.copy(),
        changes.entered.copy(),
        changes.at.copy(),
    )
