"""What the log of a shell says, entry by entry: the same entries make the same replica, in a shell or in a reader."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol, TypeVar, assert_never

import msgspec
import numpy as np
from numpy.typing import NDArray

from raudience.cluster.catching_up import Gathered, gathered
from raudience.cluster.entries import Adopt, Applied, Begun, Claimed, Release, ShardEntry
from raudience.cluster.keeping import Shelf
from raudience.criteria.leaves import Plan
from raudience.errors import StateDamaged
from raudience.hashing import KEY_GROUPS
from raudience.records import Block, Changes
from raudience.records.packing import Packed, pack
from raudience.shard import Shard
from raudience.shard.commands import Tick
from raudience.shard.quiet import NO_ENTRANTS, Entrants, entrants_of, quieted
from raudience.shard.snapshot import Header, Part

__all__ = ["Replica", "ShardReplica", "mask_of", "pack_shard", "read_back"]

Entry = TypeVar("Entry", contravariant=True)
Written = TypeVar("Written")

_PART: Packed[Part] = Packed(Part)


class Replica(Protocol[Entry]):
    """Becomes what a snapshot and entries of a log make of it."""

    def load(self, parts: Iterator[memoryview]) -> None:
        """Be what a snapshot says, the head first."""

    def follow(self, entries: Iterable[tuple[int, Entry]]) -> int | None:
        """Do what entries of the log say; the position of the last of them, None when there is none."""


def read_back(replica: Replica[Written], shelf: Shelf[Written], last: int | None = None) -> int:
    """Bring a new replica to where its log is; position of the last entry. last: where the log ends, for who may write
    it. Raises StateDamaged when that cannot be."""
    position = 0
    for snapshot in shelf.snapshots():
        replica.load(snapshot.parts)
        position = snapshot.position
        break
    if last is not None and position > last:
        message = f"log {shelf.name}: expected records up to {position}, as a snapshot knows them, got {last}"
        raise StateDamaged(message)
    return replica.follow(shelf.entries(position)) or position


class Untold(msgspec.Struct, frozen=True):
    """Changes of an order that the outside may not have heard of yet."""

    number: int
    now: int
    changes: Changes


class _Head(msgspec.Struct, frozen=True):
    """First frame of a snapshot."""

    epoch: int
    number: int
    now: int | None
    untold: tuple[Untold, ...]


_HEAD: Packed[_Head] = Packed(_Head)


class ShardReplica:
    """A shard, the writer that it hears, and how far it has come. now: when its last order ended."""

    def __init__(self) -> None:
        self.shard = Shard()
        self.epoch = 0
        self.number = 0
        self.now: int | None = None
        self.untold: dict[int, Untold] = {}
        self.entrants: Entrants | None = None
        """Of the last order, None: nobody knows."""
        self._later: Plan | None = None
        """The plan, while the shard takes in what was told already: it evaluates nothing until that is done, and then
        finds its members at once (design 4: backfill and live give the same)."""

    def load(self, parts: Iterator[memoryview]) -> None:
        """Nobody is a member before `follow`."""
        head = _HEAD.unpack(next(parts))
        self.shard.absorb(map(self._without_questions, map(_PART.unpack, parts)))
        self.epoch, self.number, self.now = head.epoch, head.number, head.now
        self.untold = {each.number: each for each in head.untold}

    def follow(self, entries: Iterable[tuple[int, ShardEntry]]) -> int | None:
        last, quiet = None, True
        for each in gathered(entries):
            quiet = quiet and _is_quiet(each)
            if quiet:
                self._hear(each)
            else:
                self._ask()
                self.replay(each.entry)
            last = each.position
        self._ask()
        return last

    def replay(self, entry: ShardEntry) -> None:
        """Do what an entry of the log says."""
        match entry:
            case Begun():
                self._begin(entry)
            case Claimed():
                self.epoch = entry.epoch
            case Applied():
                self.carry_out(entry)
            case _:
                assert_never(entry)

    def carry_out(self, entry: Applied) -> Changes:
        """The changes of an order."""
        before = self.shard.entered.keys
        match entry.order:
            case Adopt():
                self.shard.absorb(map(_PART.unpack, entry.order.parts))
                changes = self.shard.apply(Tick(), entry.now)
            case Release():
                self.shard.release(mask_of(entry.order.groups))
                changes = self.shard.apply(Tick(), entry.now)
            case _:
                changes = self.shard.apply(entry.order, entry.now)
        self.number, self.now = entry.number, entry.now
        # An erasure must leave nothing of whom it takes away, not even in the record behind it.
        known = isinstance(entry.order, Block | Tick | Plan)
        self.entrants = entrants_of(changes, before, self.shard.entered.keys) if known else None
        self._forget_told(entry.told)
        self.untold[entry.number] = Untold(entry.number, entry.now, changes)
        return changes

    def renew(self, told: int) -> None:
        """Hold in memory only what a snapshot holds; of changes those of orders behind `told`."""
        shard = Shard()
        shard.absorb(self.shard.freeze(None).parts())
        self.shard, self.entrants = shard, None
        self._forget_told(told)

    def contents(self) -> Iterator[bytes]:
        """A snapshot. What it says is settled by this call; the work is done while it is read, in any thread."""
        head = pack(_Head(self.epoch, self.number, self.now, tuple(self.untold.values())))
        return _packed(head, self.shard.freeze(None).parts())

    def _without_questions(self, part: Part) -> Part:
        if not isinstance(part, Header):
            return part
        self._later = part.plan
        return msgspec.structs.replace(part, plan=quieted(part.plan))

    def _hear(self, each: Gathered) -> None:
        """Take in what was told."""
        entry = each.entry
        if isinstance(entry, Applied) and isinstance(entry.order, Plan):
            self._later = entry.order
            entry = msgspec.structs.replace(entry, order=quieted(entry.order))
        self.replay(entry)
        self.shard.note(each.entrants or NO_ENTRANTS)

    def _ask(self) -> None:
        if self._later is not None:
            self.shard.ask(self._later)
            self._later = None

    def _forget_told(self, told: int) -> None:
        self.untold = {number: each for number, each in self.untold.items() if number > told}

    def _begin(self, begun: Begun) -> None:
        self.number, self.now = begun.number, begun.now
        if begun.now is not None:
            self.shard.apply(Tick(), begun.now)


def _is_quiet(each: Gathered) -> bool:
    """Whether a shard can take this without the plan in force."""
    order = each.entry.order if isinstance(each.entry, Applied) else Tick()
    return each.told and each.entrants is not None and isinstance(order, Block | Tick | Plan)


def pack_shard(shard: Shard, groups: tuple[int, ...]) -> tuple[bytes, ...]:
    """State of some key groups, as another shard can adopt it."""
    return tuple(pack(part) for part in shard.freeze(mask_of(groups)).parts())


def _packed(head: bytes, parts: Iterable[Part]) -> Iterator[bytes]:
    yield head
    for part in parts:
        yield pack(part)


def mask_of(groups: tuple[int, ...]) -> NDArray[np.bool_]:
    """bool[KEY_GROUPS] of some key groups."""
    mask = np.zeros(KEY_GROUPS, bool)
    mask[list(groups)] = True
    return mask
