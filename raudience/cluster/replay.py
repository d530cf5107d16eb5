"""The main job: events from files in, the members and every change of each audience out, by the clock of the data."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from raudience.catalog import Book
from raudience.catalog.nearest import lacking
from raudience.catalog.planning import plan
from raudience.clock import monotonic
from raudience.cluster.engine import Engine
from raudience.cluster.inline import InlineEngine
from raudience.cluster.loading import Loaded, Step, Tell, load
from raudience.cluster.outcome import Outcome, claimed
from raudience.cluster.rounds import Round
from raudience.cluster.timeline import Timeline
from raudience.criteria.dates import write_moment
from raudience.criteria.leaves import FOREVER, Plan
from raudience.errors import FixRequest
from raudience.hashing import KEY_GROUPS, key_groups
from raudience.ingest.route import split
from raudience.ingest.wanted import ALL, wanted_by
from raudience.records import Block, Explanation

__all__ = ["AudienceSummary", "Question", "Replay", "Replayed", "Summary", "answer", "replay"]


_LOG: Final = logging.getLogger(__name__)


class Replay(msgspec.Struct, frozen=True):
    """What to replay. events: files, folders and patterns. at: instants, ascending, of which members are written; none:
    the end. until: nothing later is read, time passes until then; None: the last event, or the last `at` if later."""

    events: tuple[str, ...]
    book: Book
    out: Path
    at: tuple[int, ...] = ()
    until: int | None = None
    identities: tuple[str, ...] = ()
    input: str = "default"
    spill: Path | None = None


class AudienceSummary(msgspec.Struct, frozen=True):
    """size at the end; adds and drops in the whole change log."""

    audience: str
    name: str
    version: int
    size: int
    adds: int
    drops: int


class Summary(msgspec.Struct, frozen=True):
    """Figures that follow from the input alone: no times of this machine. Batches and events are those that were read,
    repeated ones included. members: audience sizes at each instant."""

    files: int
    batches: int
    events: int
    refused: int
    first: str | None
    until: str
    changes: int
    audiences: tuple[AudienceSummary, ...]
    members: dict[str, dict[str, int]]


class Replayed(msgspec.Struct, frozen=True):
    """seconds: how long it took on this machine, reading included."""

    summary: Summary
    seconds: float


class Question(msgspec.Struct, frozen=True):
    """Why a user is in an audience or not, at an instant (None: after the last batch)."""

    mpid: int
    audience: str
    events: tuple[str, ...]
    book: Book
    at: int | None = None
    input: str = "default"
    spill: Path | None = None


def replay(engine: Engine, job: Replay, tell: Tell = lambda _: None) -> Replayed:
    """Carry out the job on an engine that has seen nothing yet; write its files (see docs/running.md).

    Raises FixRequest and FixDefinition before anything is written.
    """
    # What goes on may be asked about other fields later.
    asked = wanted_by(_checked(job), job.identities)
    wanted = ALL if engine.lasts else asked
    start = monotonic()
    with claimed(job.out), load(engine, job.events, job.input, job.spill, tell, wanted) as loaded:
        outcome = Outcome(job.out)
        try:
            summary = _Player(engine, job, loaded, outcome, tell).play()
        except BaseException:
            outcome.abandon()
            raise
    return Replayed(summary, monotonic() - start)


def answer(question: Question, tell: Tell = lambda _: None) -> Explanation:
    """Replay up to the instant, then explain. Only users of the same key group are evaluated: no other can matter."""
    engine = InlineEngine()
    planned = {audience.key for audience in question.book.audiences}
    if question.audience not in planned:
        raise FixRequest(lacking(question.audience, planned))
    wanted = wanted_by(plan(question.book))
    with load(engine, question.events, question.input, question.spill, tell, wanted) as loaded:
        timeline = Timeline(loaded.rounds())
        engine.define(question.book, _beginning(timeline.first(), question.at))
        until = FOREVER if question.at is None else question.at
        for each in timeline.up_to(until):
            engine.apply(_only(each.block, question.mpid), each.now)
        if question.at is not None:
            engine.advance(question.at)
    return engine.why(question.mpid, question.audience)


class _Player:
    """One replay under way."""

    def __init__(self, engine: Engine, job: Replay, loaded: Loaded, outcome: Outcome, tell: Tell) -> None:
        self._engine = engine
        self._job = job
        self._loaded = loaded
        self._outcome = outcome
        self._tell = tell
        self._done = 0
        self._members: dict[str, dict[str, int]] = {}

    def play(self) -> Summary:
        timeline = Timeline(self._loaded.rounds())
        first = timeline.first()
        beginning = _beginning(first, self._job.at[0] if self._job.at else self._job.until)
        # A state that goes on is there already.
        beginning = max(beginning, self._engine.now or beginning)
        defined = self._engine.define(self._job.book, beginning)
        # Of rounds that an earlier driver of the same state began, and nobody was told of.
        for changes in (*self._engine.regained(), defined):
            self._outcome.add_changes(changes)
        for instant in self._job.at:
            self._go(timeline, instant)
            self._write_members(instant)
        self._go(timeline, self._job.until)
        end = self._engine.now or beginning
        if not self._job.at:
            self._write_members(end)
        self._outcome.write_rejects(self._loaded.rejects())
        summary = self._summary(first, end)
        self._outcome.close(summary)
        return summary

    def _go(self, timeline: Timeline, instant: int | None) -> None:
        """Let everything happen up to the instant; None: up to the last batch."""
        for changes in self._engine.stream(self._counted(timeline.up_to(FOREVER if instant is None else instant))):
            self._outcome.add_changes(changes)
        if instant is not None:
            self._outcome.add_changes(self._engine.advance(instant))

    def _counted(self, rounds: Iterator[Round]) -> Iterator[Round]:
        for each in rounds:
            yield each
            self._done += len(each.block.events.time)
            self._tell(Step("replaying", self._done, self._loaded.events, "events", each.now))

    def _write_members(self, instant: int) -> None:
        sizes = self._members[write_moment(instant)] = {}
        for audience in sorted(audience.key for audience in self._job.book.audiences):
            mpids = self._engine.members(audience)
            sizes[audience] = len(mpids)
            self._outcome.write_members(instant, audience, mpids, self._job.identities, self._engine.identities)
        _LOG.info("members written", extra={"instant": write_moment(instant), "audiences": len(sizes)})

    def _summary(self, first: int | None, end: int) -> Summary:
        audiences = {audience.key: audience for audience in self._job.book.audiences}
        return Summary(
            files=self._loaded.files,
            batches=self._loaded.batches,
            events=self._loaded.events,
            refused=self._loaded.refused,
            first=None if first is None else write_moment(first),
            until=write_moment(end),
            changes=self._outcome.changes,
            audiences=tuple(
                AudienceSummary(
                    audience=figures.audience,
                    name=audiences[figures.audience].name,
                    version=audiences[figures.audience].version,
                    size=figures.size,
                    adds=figures.adds,
                    drops=figures.drops,
                )
                for figures in self._engine.figures()
            ),
            members=self._members,
        )


def _checked(job: Replay) -> Plan:
    """What the job evaluates; raise FixRequest or FixDefinition when it cannot be carried out."""
    if job.until is not None and job.at and job.at[-1] > job.until:
        message = f"--at {write_moment(job.at[-1])}: expected an instant up to --until {write_moment(job.until)}"
        raise FixRequest(message)
    return plan(job.book)


def _beginning(first: int | None, otherwise: int | None) -> int:
    """The instant before the first batch: the book is there before anything happens."""
    if first is None:
        return otherwise or 0
    return first - 1 if otherwise is None else min(first - 1, otherwise)


def _only(block: Block, mpid: int) -> Block:
    """Batches of the users that share the key group of one."""
    others = np.ones(KEY_GROUPS, np.int32)
    others[key_groups(np.array([mpid], np.int64))] = 0
    return split(block, others, 2)[0]
