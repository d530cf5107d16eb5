"""Definitions under a virtual clock: what would become of these users?

from raudience.cluster.simulating import Simulation

purchase = {"event_type": "commerce_event", "data": {"product_action": {"action": "purchase"}}}
world = Simulation("audiences.yaml", start="2026-01-01")
world.given({"mpid": 1, "events": [purchase]})
world.later("31 days")
assert 1 not in world.members("buyers")
print(world.timeline(1))
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, Self, TypeAlias

import msgspec
import numpy as np

from raudience.catalog import Book
from raudience.catalog.planning import plan
from raudience.cluster.books import Definitions, as_book
from raudience.cluster.change_lines import each_change
from raudience.cluster.engine import Engine
from raudience.cluster.inline import InlineEngine
from raudience.cluster.instants import Instant, read_instant
from raudience.cluster.live import Batch
from raudience.cluster.loading import Step, Tell, load
from raudience.cluster.spill import stretch
from raudience.cluster.stories import Story
from raudience.cluster.telling import Span, tell_story
from raudience.cluster.timeline import Timeline
from raudience.criteria.dates import write_moment
from raudience.criteria.durations import Duration
from raudience.criteria.leaves import FOREVER
from raudience.errors import FixRequest
from raudience.ingest.batches import DEFAULT_INPUT, Decoded, Decoder
from raudience.ingest.identity import Resolver
from raudience.ingest.route import take
from raudience.ingest.wanted import wanted_by
from raudience.records import Block, Change, Explanation
from raudience.records.slicing import cut

__all__ = ["START", "Length", "Simulation", "Tale", "Told", "milliseconds", "simulate"]

START: Final = 1_767_225_600_000
"""2026-01-01T00:00:00Z: where time begins when nothing says otherwise."""

Length: TypeAlias = str | int | timedelta
"""A length of time: `31 days`, milliseconds, or a timedelta."""


class Simulation:
    """A book, what users did, and a clock that moves when it is told to.

    What is so at an instant depends on the book, on the batches and on the instant alone: not on the order in which
    batches were given, nor on what was asked before. Raises FixDefinition with every fault of the book.
    """

    def __init__(
        self, definitions: Definitions, start: Instant | None = None, users: Iterable[int] | None = None
    ) -> None:
        """start: where the clock stands at first; none: at the first batch. users: only they are kept (None: all)."""
        self._book = as_book(definitions)
        self._plan = plan(self._book)
        self._wanted = wanted_by(self._plan)
        self._users = None if users is None else np.array(sorted(set(users)), np.int64)
        self._now = None if start is None else read_instant(start)
        self._parts: list[Decoded] = []
        self._block: Block | None = None
        self._engine: Engine | None = None
        self._changes: list[Change] = []

    @property
    def book(self) -> Book:
        return self._book

    @property
    def now(self) -> int:
        """The instant up to which everything has happened, in milliseconds."""
        return START if self._now is None else self._now

    def given(self, *events: Batch | str | os.PathLike[str]) -> Self:
        """Let something happen: batches (dicts, or JSON as bytes), and files, folders or patterns of them.

        Every batch takes effect at its own time, one without any time now; the clock goes on to the latest of them.
        Refused lines of files are left out; FixRequest with every fault for other batches.
        """
        files = [os.fspath(item) for item in events if isinstance(item, str | os.PathLike)]
        if files:
            self.read(files)
        documents = [self._document(item) for item in events if isinstance(item, bytes | Mapping)]
        decoded = Decoder(wanted=self._wanted).decode(documents)
        if decoded.faults:
            faults = "\n".join(f"  batch {place}: {fault}" for place, fault in decoded.faults)
            message = f"batches: {len(decoded.faults)} fault(s)\n{faults}"
            raise FixRequest(message)
        self._take(decoded)
        return self

    def read(
        self,
        files: Sequence[str],
        until: int = FOREVER,
        input: str = DEFAULT_INPUT,
        spill: Path | None = None,
        tell: Tell = lambda _: None,
    ) -> int:
        """Take in files as a replay does, but nothing later than `until`; return how many lines were refused."""
        with load(InlineEngine(), files, input, spill, tell, self._wanted) as loaded:
            done = 0
            for each in Timeline(loaded.rounds()).up_to(until):
                self._take(self._settled(each.block))
                done += len(each.block.events.time)
                tell(Step("replaying", done, loaded.events, "events", each.now))
            return loaded.refused

    def later(self, length: Length) -> Self:
        """Let time pass; raise FixRequest when it is no length of time."""
        self._now = self.now + milliseconds(length)
        return self

    def until(self, instant: Instant) -> Self:
        """Let time pass until an instant; raise FixRequest when it is over."""
        moment = read_instant(instant)
        if self._now is not None and moment < self._now:
            message = f"until: expected {write_moment(self._now)} or later, got {write_moment(moment)}"
            raise FixRequest(message)
        self._now = moment
        return self

    def members(self, audience: str) -> list[int]:
        """MPIDs of the users in an audience, ascending."""
        found: list[int] = self._present().members(audience).tolist()
        return found

    def why(self, mpid: int, audience: str) -> Explanation:
        """Why a user is in an audience or not."""
        return self._present().why(mpid, audience)

    def changes(self) -> list[Change]:
        """Every entry and exit so far, in the order (at, audience, MPID)."""
        self._present()
        return list(self._changes)

    def timeline(self, mpid: int, since: Instant | None = None) -> Story:
        """What happened to a user up to now, and what comes next; since: from when on it is told."""
        changes = [change for change in self.changes() if change.mpid == mpid]
        block = self._all()
        own = take(block, np.flatnonzero((block.batches.mpid == mpid) & (block.batches.at <= self.now)))
        first = self._beginning() + 1 if since is None else read_instant(since)
        if first > self.now:
            message = f"from: expected an instant up to {write_moment(self.now)}, got {write_moment(first)}"
            raise FixRequest(message)
        return tell_story(self._book, own, changes, Span(self._beginning(), first, self.now), mpid)

    def _document(self, batch: Batch) -> bytes:
        """A batch in JSON; one that tells no time at all happens now."""
        told: Any = msgspec.json.decode(batch) if isinstance(batch, bytes) else batch
        if isinstance(told, Mapping) and not _tells_time(told):
            told = {**told, "timestamp_unixtime_ms": self.now}
        return msgspec.json.encode(told)

    def _take(self, decoded: Decoded) -> None:
        stamps = decoded.block.batches.stamp
        if not len(stamps):
            return
        self._parts.append(decoded)
        self._block = None
        self._now = max(int(stamps.max()), -FOREVER if self._now is None else self._now)
        if self._engine is not None and stamps.min() <= (self._engine.now or 0):
            # What was told of a past that has become another one does not count any more.
            self._engine, self._changes = None, []

    def _chosen(self, block: Block) -> Block:
        return block if self._users is None else take(block, np.flatnonzero(np.isin(block.batches.mpid, self._users)))

    def _settled(self, block: Block) -> Decoded:
        """Batches whose order and users are settled, of the chosen users."""
        kept = self._chosen(block)
        count, before = len(kept.batches.mpid), sum(len(part.requests) for part in self._parts)
        content = np.arange(before, before + count, dtype=np.uint64)
        return Decoded(kept, ("",) * count, content, np.zeros(count, np.bool_))

    def _all(self) -> Block:
        """All batches in the order of a replay, with their users."""
        if self._block is None:
            parts = self._parts or [Decoder(wanted=self._wanted).decode([])]
            self._parts = [stretch(parts).decoded]
            self._block = self._chosen(Resolver().resolve(self._parts[0].block, self._parts[0].nameless))
        return self._block

    def _beginning(self) -> int:
        """The instant before anything happens: the book is there already."""
        at = self._all().batches.at
        return min([self.now, *at[:1].tolist()]) - 1

    def _present(self) -> Engine:
        """An engine that has come to now."""
        if self._engine is None:
            self._engine = InlineEngine()
            self._engine.define(self._book, self._beginning())
        engine, block = self._engine, self._all()
        at = block.batches.at
        first, last = np.searchsorted(at, (engine.now or 0, self.now), "right").tolist()
        if last > first:
            self._changes += each_change(engine.apply(cut(block, first, last), int(at[last - 1])))
        if self.now > (engine.now or 0):
            self._changes += each_change(engine.advance(self.now))
        return engine


class Tale(msgspec.Struct, frozen=True):
    """Whose stories to tell from files. since: None is the beginning; until: nothing later is read, and time passes
    until then; None: the last batch of the files."""

    events: tuple[str, ...]
    book: Book
    users: tuple[int, ...]
    since: int | None = None
    until: int | None = None
    input: str = DEFAULT_INPUT
    spill: Path | None = None


class Told(msgspec.Struct, frozen=True):
    """Stories in the order of the users that were asked for. refused: lines of the files that were not taken."""

    stories: tuple[Story, ...]
    refused: int


def simulate(tale: Tale, tell: Tell = lambda _: None) -> Told:
    """Read files and tell the stories of some users. Raises FixRequest and FixDefinition."""
    world = Simulation(tale.book, users=tale.users)
    until = FOREVER if tale.until is None else tale.until
    refused = world.read(tale.events, until, tale.input, tale.spill, tell)
    if tale.until is not None:
        world.until(tale.until)
    return Told(tuple(world.timeline(mpid, tale.since) for mpid in tale.users), refused)


def _tells_time(batch: Mapping[str, Any]) -> bool:
    events = batch.get("events")
    inner = [event.get("data") for event in events if isinstance(event, Mapping)] if isinstance(events, list) else []
    places = [batch, *(data for data in inner if isinstance(data, Mapping))]
    return any(place.get("timestamp_unixtime_ms") is not None for place in places)


def milliseconds(length: Length) -> int:
    """How long it is; raise FixRequest when it is no length of time."""
    match length:
        case int():
            passed = int(length)
        case timedelta():
            passed = length // timedelta(milliseconds=1)
        case _:
            passed = _parsed(length)
    if not 0 <= passed < FOREVER:
        message = f"expected a length of time such as `31 days`, not below 0 and not without end, got {length}"
        raise FixRequest(message)
    return passed


def _parsed(text: str) -> int:
    try:
        return int(Duration.parse(text))
    except ValueError as error:
        message = f"expected {error}"
        raise FixRequest(message) from None
