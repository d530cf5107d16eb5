"""What the coordinator's log says: the book in force, who owns what, what is under way, what was told and counted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, assert_never

import msgspec
import numpy as np

from raudience.catalog.commands import PutBook
from raudience.catalog.deciding import decide
from raudience.catalog.documents import stored_book
from raudience.catalog.entries import CatalogState
from raudience.cluster.entries import (
    FORMAT,
    Claimed,
    CoordinatorEntry,
    Decided,
    Defined,
    Erased,
    Founded,
    Intended,
    Moved,
    Purged,
    Receipted,
    Resized,
    Told,
)
from raudience.coordinator import Coordinator, Counts
from raudience.criteria.leaves import Plan
from raudience.errors import FixStore
from raudience.hashing import KEY_GROUPS
from raudience.ingest.identity import Links
from raudience.records import Receipt
from raudience.records.packing import Packed, pack

__all__ = ["EngineState", "Ledger", "Receipts"]

_TOKENS: Final = 1_000
"""Decisions that are known again when somebody who did not hear the answer asks once more."""
_REMEMBERED: Final = 8
"""Rounds whose changes can be asked for again without the log: more than are ever under way."""


class EngineState(msgspec.Struct, frozen=True):
    """What a driver must know to go on. owner: shard of each key group. book, plan: its document and what shards make
    of it, None before the first; revision: of the catalog that they are of. number, now: of the last round that was
    told. intended: what was begun and not told yet."""

    epoch: int
    owner: tuple[int, ...]
    shards: int
    book: bytes | None
    plan: Plan | None
    number: int
    now: int | None
    intended: Intended | None
    revision: int = 0


class Receipts(msgspec.Struct, frozen=True):
    """What was done for users, the earliest first. key: of the hashes of users in them, empty before the first."""

    kept: tuple[Receipt, ...] = ()
    key: bytes = b""


class _Head(msgspec.Struct, frozen=True):
    """First frame of a snapshot; behind it come the links."""

    state: EngineState
    counts: Counts
    base: int = 0
    catalog: CatalogState | None = None
    tokens: tuple[str, ...] = ()
    receipts: Receipts = Receipts()


_HEAD: Packed[_Head] = Packed(_Head)
_LINKS: Packed[Links] = Packed(Links)


class Ledger:
    """A replica of the coordinator. links: which MPID an identity leads to. recent: the rounds that were told last.
    erased: how many users were erased so far. base: the number that the log began with."""

    def __init__(self) -> None:
        self.coordinator = Coordinator()
        self.catalog = CatalogState()
        self.tokens: tuple[str, ...] = ()
        self.state = EngineState(0, (), 0, None, None, 0, None, None)
        self.links: dict[int, int] = {}
        self.recent: dict[int, Told] = {}
        self.receipts, self.erased = Receipts(), 0
        self.base = 0

    @property
    def number(self) -> int:
        return self.state.number

    def load(self, parts: Iterator[memoryview]) -> None:
        head = _HEAD.unpack(next(parts))
        self.state, self.base = head.state, head.base
        self.tokens, self.receipts, self.erased = head.tokens, head.receipts, _erasures(head.receipts.kept)
        self.coordinator.restore(head.counts)
        if head.catalog is not None:
            self.catalog = head.catalog
        elif head.state.book is not None:
            # A snapshot from before there was a catalog.
            self._take_book(head.state.book, "", head.state.now or 0)
            self._update(revision=self.catalog.revision)
        for part in parts:
            self._learn(_LINKS.unpack(part))

    def contents(self, base: int | None = None) -> Iterator[bytes]:
        """A snapshot, settled by this call; base: of the log that it will lie beside, if that is another."""
        known = self.base if base is None else base
        head = _Head(self.state, self.coordinator.state(), known, self.catalog, self.tokens, self.receipts)
        return iter((pack(head), pack(self.all_links())))

    def all_links(self) -> Links:
        """All identities that lead to an MPID."""
        count = len(self.links)
        return Links(np.fromiter(self.links, np.int64, count), np.fromiter(self.links.values(), np.int64, count))

    def follow(self, entries: Iterable[tuple[int, CoordinatorEntry]]) -> int | None:
        """Do what entries of the log say; the position of the last of them, None when there is none."""
        last = None
        for position, entry in entries:
            self.replay(entry)
            last = position
        return last

    def replay(self, entry: CoordinatorEntry) -> None:
        """Do what an entry of the log says."""
        match entry:
            case Founded():
                self._found(entry)
            case Claimed():
                self._update(epoch=entry.epoch)
            case Intended():
                self._update(intended=entry)
            case Told():
                self._tell(entry)
            case Decided():
                self.catalog = decide(self.catalog, entry.command, entry.at)
                self.tokens = (*self.tokens, entry.token)[-_TOKENS:]
            case Receipted():
                self._keep_receipts((entry.receipt,), entry.key)
            case Purged():
                self._note_purge(entry)
            case _:
                assert_never(entry)

    def _found(self, founded: Founded) -> None:
        if (founded.format, founded.key_groups) != (FORMAT, KEY_GROUPS):
            message = (
                f"state: expected format {FORMAT} and {KEY_GROUPS} key groups, got format {founded.format} and "
                f"{founded.key_groups}; open it with the version of raudience that wrote it"
            )
            raise FixStore(message)
        self.base = founded.number
        self._update(owner=founded.owner, shards=max(founded.owner) + 1)

    def _tell(self, told: Told) -> None:
        self.coordinator.take(told.changes, told.now)
        if told.links is not None:
            self._learn(told.links)
        self.recent[told.number] = told
        self.recent.pop(told.number - _REMEMBERED, None)
        intended = self.state.intended
        self._update(number=told.number, now=told.now)
        if intended is not None and intended.number == told.number:
            self._fulfil(intended)

    def _fulfil(self, intended: Intended) -> None:
        match intended.intent:
            case Defined(book, plan, revision, by, at):
                self.coordinator.define([audience.key for audience in plan.shown])
                if revision is None:
                    self._take_book(book, by, at)
                    revision = self.catalog.revision
                self._update(book=book, plan=plan, revision=revision)
            case Moved(groups, _, taker):
                owner = np.array(self.state.owner)
                owner[list(groups)] = taker
                self._update(owner=tuple(owner.tolist()))
            case Resized(shards, _):
                self._update(shards=shards)
            case Erased(mpids, receipts, key):
                gone = set(mpids)
                self.links = {link: mpid for link, mpid in self.links.items() if mpid not in gone}
                self._keep_receipts(receipts, key)
            case _:
                assert_never(intended.intent)
        self._update(intended=None)

    def _take_book(self, book: bytes, by: str, now: int) -> None:
        self.catalog = decide(self.catalog, PutBook(by, stored_book(book)), now)

    def _keep_receipts(self, receipts: tuple[Receipt, ...], key: bytes) -> None:
        self.receipts = Receipts((*self.receipts.kept, *receipts), self.receipts.key or key)
        self.erased += _erasures(receipts)

    def _note_purge(self, purged: Purged) -> None:
        kept = tuple(
            msgspec.structs.replace(receipt, purged_at=purged.at) if receipt.id in purged.ids else receipt
            for receipt in self.receipts.kept
        )
        self.receipts = Receipts(kept, self.receipts.key)

    def _learn(self, links: Links) -> None:
        self.links.update(zip(links.keys.tolist(), links.mpids.tolist(), strict=True))

    def _update(self, **fields: object) -> None:
        self.state = msgspec.structs.replace(self.state, **fields)


def _erasures(receipts: Iterable[Receipt]) -> int:
    return sum(receipt.kind == "erasure" for receipt in receipts)
