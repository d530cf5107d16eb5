"""What runs around the coordinator: the book in force, the clock of the data, who may write, what is under way."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final, assert_never

import msgspec
import numpy as np
from numpy.typing import NDArray

from raudience.cluster.carrier import Lost
from raudience.cluster.entries import (
    FORMAT,
    Claimed,
    CoordinatorEntry,
    Defined,
    Founded,
    Intended,
    Moved,
    Resized,
    Told,
)
from raudience.cluster.keeping import Keeper, Snapshot
from raudience.cluster.keepsakes import Failpoint, Keepsake, no_failure
from raudience.coordinator import AudienceCount, Coordinator, Counts, merge, owners
from raudience.criteria.leaves import Plan
from raudience.errors import FixRequest, FixStore, ReportBug
from raudience.hashing import KEY_GROUPS
from raudience.ingest.identity import Links
from raudience.records import Changes
from raudience.records.packing import Packed, pack

__all__ = ["NAME", "TOLD_KEPT", "CoordinatorShell", "EngineState"]

NAME: Final = "coordinator"
"""Of its log and snapshots."""
TOLD_KEPT: Final = 100_000
"""Records of the log that are always kept: so far back changes can be read again."""
_REMEMBERED: Final = 8
"""Rounds whose changes can be asked for again without the log: more than are ever under way."""


class EngineState(msgspec.Struct, frozen=True):
    """What a driver must know to go on. owner: shard of each key group. book, plan: its document and what shards make
    of it, None before the first. number, now: of the last round that was told. intended: what was begun and not told
    yet."""

    epoch: int
    owner: tuple[int, ...]
    shards: int
    book: bytes | None
    plan: Plan | None
    number: int
    now: int | None
    intended: Intended | None


class _Head(msgspec.Struct, frozen=True):
    """First frame of a snapshot; behind it come the links."""

    state: EngineState
    counts: Counts


_HEAD: Packed[_Head] = Packed(_Head)
_LINKS: Packed[Links] = Packed(Links)


class CoordinatorShell:
    """The coordinator of an engine and its one record of what is so. With a keepsake a round is told only when its
    changes are durable."""

    def __init__(self) -> None:
        self._keeper: Keeper[CoordinatorEntry] | None = None
        self._keepsake: Keepsake | None = None
        self._failpoint: Failpoint = no_failure
        self._open = False
        self._reset()

    def open(self, keepsake: Keepsake | None, shards: int) -> EngineState:
        """Come to life with so many shards, or come back as the log says: what it says counts."""
        if self._open:
            return self.state()
        self._keepsake = keepsake
        founded = Founded(FORMAT, KEY_GROUPS, tuple(owners(shards).tolist()))
        if keepsake is None:
            self._replay(founded)
        else:
            self._failpoint = keepsake.failpoint
            self._keeper = self._keeper or keepsake.keeper(NAME, CoordinatorEntry, TOLD_KEPT)
            self._recover(self._keeper, founded)
        self._open = True
        return self.state()

    def keepsake(self) -> Keepsake | None:
        """Where this engine lasts."""
        return self._keepsake

    def is_open(self) -> bool:
        return self._open

    def state(self) -> EngineState:
        self._opened()
        return self._state

    def claim(self) -> EngineState:
        """A new writer: from now on no other is heard."""
        self._opened()
        self._log(Claimed(self._state.epoch + 1))
        return self._state

    def links(self) -> Links:
        """All identities that lead to an MPID."""
        count = len(self._links)
        return Links(np.fromiter(self._links, np.int64, count), np.fromiter(self._links.values(), np.int64, count))

    def intend(self, epoch: int, intended: Intended) -> None:
        """What a round will do is settled before it begins."""
        self._hear(epoch)
        self._log(intended)
        self._failpoint("after intent")

    def combine(self, epoch: int, number: int, now: int, links: Links | None, *parts: Changes) -> Changes:
        """One log from the reports of all shards for the round that ended at `now`. A round that comes again is told as
        before and counted once."""
        self._hear(epoch)
        if number <= self._state.number:
            return self._told_again(number)
        if number != self._state.number + 1:
            message = f"round {number} came after round {self._state.number}"
            raise ReportBug(message)
        self._failpoint("before telling")
        told = Told(number, now, merge(parts), links)
        self._log(told)
        self._failpoint("after telling")
        return told.changes

    def told(self, after: int, most: int) -> list[tuple[int, Changes]]:
        """Number and changes of up to `most` rounds with changes behind round `after`, as far as they are kept."""
        self._opened()
        with_changes = (told for told in self._told_behind(after) if len(told.changes))
        return [(told.number, told.changes) for told in islice(with_changes, most)]

    def figures(self) -> tuple[AudienceCount, ...]:
        self._opened()
        return self._coordinator.counts(self._state.now or 0)

    def check(self, sizes: Sequence[dict[str, int]]) -> None:
        """Raise ReportBug unless the members that the shards count are those that the changes tell."""
        keys = {key for size in sizes for key in size}
        self._coordinator.check({key: sum(size.get(key, 0) for size in sizes) for key in keys})

    def snapshot(self) -> None:
        """Write a snapshot now, and wait for it."""
        if self._keeper is not None:
            self._keeper.settle()
            self._keep_snapshot(self._keeper)
            self._keeper.settle()

    def close(self) -> None:
        if self._keeper is not None:
            self._keeper.close()
        self._open, self._keeper = False, None

    def _told_behind(self, after: int) -> Iterator[Told]:
        if self._keeper is None:
            yield from (told for number, told in self._recent.items() if number > after)
            return
        # A round stands in the log behind the position of its number: other records come between, none goes away.
        for _, entry in self._keeper.entries(max(after, self._keeper.first() - 1)):
            if isinstance(entry, Told) and entry.number > after:
                yield entry

    def _told_again(self, number: int) -> Changes:
        known = self._recent.get(number) or next(self._told_behind(number - 1), None)
        if known is None or known.number != number:
            message = f"round {number} came after round {self._state.number}"
            raise ReportBug(message)
        return known.changes

    def _reset(self) -> None:
        self._coordinator = Coordinator()
        self._state = EngineState(0, (), 0, None, None, 0, None, None)
        self._links: dict[int, int] = {}
        self._recent: dict[int, Told] = {}
        self._position = 0

    def _opened(self) -> None:
        if not self._open:
            message = "the coordinator has failed, or has not come back from its log yet"
            raise Lost(message)

    def _hear(self, epoch: int) -> None:
        self._opened()
        if epoch != self._state.epoch:
            message = (
                f"a writer of epoch {epoch} came after epoch {self._state.epoch} took over; connect again to go on"
            )
            raise FixRequest(message)

    def _recover(self, keeper: Keeper[CoordinatorEntry], founded: Founded) -> None:
        self._reset()
        last = keeper.take_over()
        for snapshot in keeper.snapshots():
            self._load(snapshot)
            break
        for position, entry in keeper.entries(self._position):
            self._replay(entry)
            self._position = position
        if not last:
            self._position = keeper.submit(founded).result()
            self._replay(founded)

    def _load(self, snapshot: Snapshot) -> None:
        head = _HEAD.unpack(next(snapshot.parts))
        self._state, self._position = head.state, snapshot.position
        self._coordinator.restore(head.counts)
        for part in snapshot.parts:
            self._learn(_LINKS.unpack(part))

    def _log(self, entry: CoordinatorEntry) -> None:
        """Make an entry durable, then true."""
        if self._keeper is not None:
            try:
                self._position = self._keeper.submit(entry).result()
            except BaseException:
                self._open = False
                raise
        self._replay(entry)
        if self._keeper is not None and self._keeper.due():
            self._keep_snapshot(self._keeper)

    def _replay(self, entry: CoordinatorEntry) -> None:
        match entry:
            case Founded():
                self._found(entry)
            case Claimed():
                self._update(epoch=entry.epoch)
            case Intended():
                self._update(intended=entry)
            case Told():
                self._tell(entry)
            case _:
                assert_never(entry)

    def _found(self, founded: Founded) -> None:
        if (founded.format, founded.key_groups) != (FORMAT, KEY_GROUPS):
            message = (
                f"state: expected format {FORMAT} and {KEY_GROUPS} key groups, got format {founded.format} and "
                f"{founded.key_groups}; open it with the version of raudience that wrote it"
            )
            raise FixStore(message)
        self._update(owner=founded.owner, shards=max(founded.owner) + 1)

    def _tell(self, told: Told) -> None:
        self._coordinator.take(told.changes, told.now)
        if told.links is not None:
            self._learn(told.links)
        self._recent[told.number] = told
        self._recent.pop(told.number - _REMEMBERED, None)
        intended = self._state.intended
        self._update(number=told.number, now=told.now)
        if intended is not None and intended.number == told.number:
            self._fulfil(intended)

    def _fulfil(self, intended: Intended) -> None:
        match intended.intent:
            case Defined(book, plan):
                self._coordinator.define([audience.key for audience in plan.audiences])
                self._update(book=book, plan=plan)
            case Moved(groups, _, taker):
                owner: NDArray[np.int64] = np.array(self._state.owner)
                owner[list(groups)] = taker
                self._update(owner=tuple(owner.tolist()))
            case Resized(shards, _):
                self._update(shards=shards)
            case _:
                assert_never(intended.intent)
        self._update(intended=None)

    def _learn(self, links: Links) -> None:
        self._links.update(zip(links.keys.tolist(), links.mpids.tolist(), strict=True))

    def _update(self, **fields: object) -> None:
        self._state = msgspec.structs.replace(self._state, **fields)

    def _keep_snapshot(self, keeper: Keeper[CoordinatorEntry]) -> None:
        head = _Head(self._state, self._coordinator.state())
        self._failpoint("before snapshot")
        keeper.keep(self._position, self._contents(head, self.links()), lambda: self._failpoint("after snapshot"))

    def _contents(self, head: _Head, links: Links) -> Iterator[bytes]:
        yield pack(head)
        yield pack(links)
