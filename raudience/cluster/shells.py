"""What runs around a shard when it stands in a process of its own: numbering, fencing, its log and its snapshots.

A plain class; `placement` makes actors of it, `inline` calls it as it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, assert_never

import msgspec
import numpy as np
from numpy.typing import NDArray

from raudience.cluster.carrier import Lost
from raudience.cluster.entries import Adopt, Applied, Begun, Claimed, Order, Release, ShardEntry
from raudience.cluster.keeping import Keeper, Snapshot
from raudience.cluster.keepsakes import Failpoint, Keepsake, no_failure
from raudience.errors import FixRequest, ReportBug
from raudience.hashing import KEY_GROUPS
from raudience.records import Changes
from raudience.records.packing import Packed, pack
from raudience.shard import Shard
from raudience.shard.commands import Tick
from raudience.shard.freezing import Frozen
from raudience.shard.snapshot import Part

__all__ = ["ShardShell", "Standing", "mask_of", "shard_name"]

_PART: Packed[Part] = Packed(Part)


class Standing(msgspec.Struct, frozen=True):
    """How far a shard has come: the number of its last order, and when that ended; of the orders whose changes were
    not yet told to the outside, the numbers with when they ended."""

    number: int
    now: int | None
    untold: tuple[tuple[int, int], ...] = ()


class _Untold(msgspec.Struct, frozen=True):
    number: int
    now: int
    changes: Changes


class _Head(msgspec.Struct, frozen=True):
    """First frame of a snapshot."""

    epoch: int
    number: int
    now: int | None
    untold: tuple[_Untold, ...]


_HEAD: Packed[_Head] = Packed(_Head)


class ShardShell:
    """One shard, and what keeps its orders in order and lasting.

    An order is taken only from the writer of the latest epoch, and only when its number follows the last one. One that
    comes again is answered as before and changes nothing. With a keepsake an order is durable before its answer leaves.
    """

    def __init__(self) -> None:
        self._keeper: Keeper[ShardEntry] | None = None
        self._failpoint: Failpoint = no_failure
        self._epoch = 0
        self._open = False
        self._failed = False
        self._reset()

    def open(self, name: str, keepsake: Keepsake | None, begun: Begun) -> Standing:
        """Come to life, or come back: with a keepsake as the shard was by its latest snapshot and its log, which nobody
        else may write from now on. Without both it begins as `begun` says. An open shell stays as it is; what has not
        come as far as `begun` was left by a shard that had this place before the engine became smaller."""
        if self._open and self._number >= begun.number:
            return self.standing()
        if self._failed:
            self._opened()
        if keepsake is None:
            self._begin(begun)
        else:
            self._failpoint = keepsake.failpoint
            self._keeper = self._keeper or keepsake.keeper(name, ShardEntry)
            self._recover(self._keeper, begun)
            if self._number < begun.number:
                self.forget(name, keepsake)
                self._keeper = keepsake.keeper(name, ShardEntry)
                self._recover(self._keeper, begun)
        self._open = True
        return self.standing()

    def standing(self) -> Standing:
        """How far this shard has come. Raises Lost before `open`."""
        self._opened()
        untold = tuple((each.number, each.now) for each in self._untold.values())
        return Standing(self._number, self._now, untold)

    def is_open(self) -> bool:
        return self._open

    def fence(self, epoch: int) -> Standing:
        """From now on only the writer of `epoch` is heard."""
        self._opened()
        if epoch < self._epoch:
            message = f"epoch: expected more than {self._epoch}, got {epoch}; another writer has taken over"
            raise FixRequest(message)
        if epoch > self._epoch:
            self._log(Claimed(epoch))
            self._epoch = epoch
        return self.standing()

    def apply(self, epoch: int, number: int, told: int, order: Order, now: int) -> Changes:
        """Carry out the next order; its changes up to `now`. told: rounds that were told to the outside by now: their
        changes will not be asked for again."""
        self._hear(epoch)
        if number in self._untold:
            return self._untold[number].changes
        if number != self._number + 1:
            message = f"command {number} came after command {self._number}"
            raise ReportBug(message)
        changes = self._log_and_carry_out(Applied(number, now, told, order))
        self._snapshot_if_due()
        return changes

    def adopt(
        self, epoch: int, number: int, told: int, groups: tuple[int, ...], now: int, parts: tuple[bytes, ...]
    ) -> Changes:
        """`apply` of an order to adopt key groups, with what another shard froze of them."""
        return self.apply(epoch, number, told, Adopt(groups, parts), now)

    def freeze(self, epoch: int, groups: tuple[int, ...]) -> tuple[bytes, ...]:
        """State of key groups, packed, as another shard can adopt it."""
        self._hear(epoch)
        return tuple(pack(part) for part in self._shard.freeze(mask_of(groups)).parts())

    def ask(self, question: str, *values: Any) -> Any:
        """Call a reading method of the shard."""
        self._opened()
        return getattr(self._shard, question)(*values)

    def snapshot(self) -> None:
        """Write a snapshot now, and wait for it."""
        self._opened()
        if self._keeper is not None:
            self._keeper.settle()
            self._keep_snapshot(self._keeper)
            self._keeper.settle()

    def forget(self, name: str, keepsake: Keepsake | None) -> None:
        """Close, and forget everything that was kept under a name."""
        if keepsake is not None:
            (self._keeper or keepsake.keeper(name, ShardEntry)).remove()
        self._open, self._keeper = False, None

    def close(self) -> None:
        if self._keeper is not None:
            self._keeper.close()
        self._open, self._keeper = False, None

    def _reset(self) -> None:
        self._shard = Shard()
        self._epoch = 0
        self._number = 0
        self._position = 0
        self._now: int | None = None
        self._untold: dict[int, _Untold] = {}

    def _opened(self) -> None:
        if not self._open:
            message = "a shard has failed, or has not come back from its log yet"
            raise Lost(message)

    def _hear(self, epoch: int) -> None:
        self._opened()
        if epoch != self._epoch:
            message = f"a writer of epoch {epoch} came after epoch {self._epoch} took over; connect again to go on"
            raise FixRequest(message)

    def _begin(self, begun: Begun) -> None:
        self._reset()
        self._number, self._now = begun.number, begun.now
        if begun.now is not None:
            self._shard.apply(Tick(), begun.now)

    def _recover(self, keeper: Keeper[ShardEntry], begun: Begun) -> None:
        self._reset()
        last = keeper.take_over()
        for snapshot in keeper.snapshots():
            self._load(snapshot)
            break
        for position, entry in keeper.entries(self._position):
            self._replay(entry)
            self._position = position
        if not last:
            self._position = keeper.submit(begun).result()
            self._begin(begun)

    def _load(self, snapshot: Snapshot) -> None:
        head = _HEAD.unpack(next(snapshot.parts))
        self._shard.absorb(map(_PART.unpack, snapshot.parts))
        self._epoch, self._number, self._now = head.epoch, head.number, head.now
        self._untold = {each.number: each for each in head.untold}
        self._position = snapshot.position

    def _replay(self, entry: ShardEntry) -> None:
        match entry:
            case Begun():
                self._begin(entry)
            case Claimed():
                self._epoch = entry.epoch
            case Applied():
                self._carry_out(entry)
            case _:
                assert_never(entry)

    def _log(self, entry: ShardEntry) -> None:
        if self._keeper is None:
            return
        try:
            self._position = self._keeper.submit(entry).result()
        except BaseException:
            self._open = False
            raise

    def _log_and_carry_out(self, entry: Applied) -> Changes:
        """The shard works while the log is written; what fails on the way leaves a shell that must come back first."""
        try:
            self._failpoint("before append")
            written = self._keeper.submit(entry) if self._keeper is not None else None
            changes = self._carry_out(entry)
            if written is not None:
                self._position = written.result()
            self._failpoint("after append")
        except BaseException:
            self._open, self._failed = False, self._keeper is None
            raise
        return changes

    def _carry_out(self, entry: Applied) -> Changes:
        match entry.order:
            case Adopt():
                self._shard.absorb(map(_PART.unpack, entry.order.parts))
                changes = self._shard.apply(Tick(), entry.now)
            case Release():
                self._shard.release(mask_of(entry.order.groups))
                changes = self._shard.apply(Tick(), entry.now)
            case _:
                changes = self._shard.apply(entry.order, entry.now)
        self._number, self._now = entry.number, entry.now
        self._untold = {number: each for number, each in self._untold.items() if number > entry.told}
        self._untold[entry.number] = _Untold(entry.number, entry.now, changes)
        return changes

    def _snapshot_if_due(self) -> None:
        if self._keeper is not None and self._keeper.due():
            self._keep_snapshot(self._keeper)

    def _keep_snapshot(self, keeper: Keeper[ShardEntry]) -> None:
        head = _Head(self._epoch, self._number, self._now, tuple(self._untold.values()))
        frozen = self._shard.freeze(None)
        self._failpoint("before snapshot")
        keeper.keep(self._position, self._contents(head, frozen), lambda: self._failpoint("after snapshot"))

    def _contents(self, head: _Head, frozen: Frozen) -> Iterator[bytes]:
        yield pack(head)
        for part in frozen.parts():
            yield pack(part)
            self._failpoint("during snapshot")


def shard_name(shard: int) -> str:
    """Name of the log and the snapshots of a shard."""
    return f"shard-{shard}"


def mask_of(groups: tuple[int, ...]) -> NDArray[np.bool_]:
    """bool[KEY_GROUPS] of some key groups."""
    mask = np.zeros(KEY_GROUPS, bool)
    mask[list(groups)] = True
    return mask
