"""What runs around a shard when it stands in a process of its own: numbering, fencing, its log and its snapshots.

A plain class; `placement` makes actors of it, `inline` calls it as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from raudience.cluster.entries import Adopt, Applied, Begun, Claimed, Order, ShardEntry
from raudience.cluster.keepsakes import Keepsake
from raudience.cluster.lasting import LastingShell
from raudience.cluster.replicas import ShardReplica, pack_shard, read_back
from raudience.errors import FixRequest, ReportBug, StateDamaged
from raudience.records import Changes

__all__ = ["ShardShell", "Standing", "shard_name"]


class Standing(msgspec.Struct, frozen=True):
    """How far a shard has come: the number of its last order, and when that ended; of the orders whose changes were
    not yet told to the outside, the numbers with when they ended."""

    number: int
    now: int | None
    untold: tuple[tuple[int, int], ...] = ()


class ShardShell(LastingShell[ShardEntry]):
    """One shard, and what keeps its orders in order and lasting.

    An order is taken only from the writer of the latest epoch, and only when its number follows the last one. One that
    comes again is answered as before and changes nothing. With a keepsake an order is durable before its answer leaves.
    """

    _WHAT = "a shard"

    def __init__(self) -> None:
        super().__init__()
        self._replica = ShardReplica()

    def open(self, name: str, keepsake: Keepsake | None, begun: Begun, told: int = 0) -> Standing:
        """Come to life, or come back: with a keepsake as the shard was by its latest snapshot and its log, which nobody
        else may write from now on. Without both it begins as `begun` says. An open shell stays as it is; what has not
        come as far as `begun` was left by a shard that had this place before the engine became smaller.

        told: the number of the last round that was told. Raises StateDamaged when this shard does not know it.
        """
        if self._open and self._replica.number >= begun.number:
            return self.standing()
        if self._failed:
            self._opened()
        if keepsake is None:
            self._replica = ShardReplica()
            self._replica.replay(begun)
        else:
            self._failpoint = keepsake.failpoint
            if not self._knows(name, keepsake, begun):
                self.forget(name, keepsake)
                self._recover(name, keepsake, begun)
            if self._replica.number < told:
                message = (
                    f"{name}: expected a log up to order {told}, got one up to {self._replica.number}; "
                    "is the place of the state the same for every node of the cluster?"
                )
                raise StateDamaged(message)
        self._open = True
        return self.standing()

    def standing(self) -> Standing:
        """How far this shard has come. Raises Lost before `open`."""
        self._opened()
        untold = tuple((each.number, each.now) for each in self._replica.untold.values())
        return Standing(self._replica.number, self._replica.now, untold)

    def fence(self, epoch: int) -> Standing:
        """From now on only the writer of `epoch` is heard."""
        self._opened()
        if epoch < self._replica.epoch:
            self._hear(epoch)
        if epoch > self._replica.epoch:
            with self._unless_it_fails():
                self._log(Claimed(epoch))
            self._replica.epoch = epoch
        return self.standing()

    def apply(self, epoch: int, number: int, told: int, order: Order, now: int) -> Changes:
        """Carry out the next order; its changes up to `now`. told: rounds that were told to the outside by now: their
        changes will not be asked for again."""
        self._hear(epoch)
        if number in self._replica.untold:
            return self._replica.untold[number].changes
        if number != self._replica.number + 1:
            message = f"command {number} came after command {self._replica.number}"
            raise ReportBug(message)
        changes = self._log_and_carry_out(Applied(number, now, told, order, self._replica.entrants))
        self._keep_snapshot_when_due()
        return changes

    def adopt(
        self, epoch: int, number: int, told: int, groups: tuple[int, ...], now: int, parts: tuple[bytes, ...]
    ) -> Changes:
        """`apply` of an order to adopt key groups, with what another shard froze of them."""
        changes = self.apply(epoch, number, told, Adopt(groups, parts), now)
        self._failpoint("after adopt")
        return changes

    def freeze(self, epoch: int, groups: tuple[int, ...]) -> tuple[bytes, ...]:
        """State of key groups, packed, as another shard can adopt it."""
        self._hear(epoch)
        frozen = pack_shard(self._replica.shard, groups)
        self._failpoint("after freeze")
        return frozen

    def purge(self, epoch: int, told: int) -> None:
        """Keep nothing of whom the shard does not know: it is made anew from its own snapshot, which replaces all that
        was written before. told: as in `apply`."""
        self._hear(epoch)
        with self._unless_it_fails():
            self._replica.renew(told)
        if self._keeper is not None:
            self._keeper.purge(self._position, self._contents(), self._position)
            self._failpoint("after purge")

    def ask(self, question: str, *values: Any) -> Any:
        """Call a reading method of the shard. Raises FixRequest for an audience that is not there any longer."""
        self._opened()
        try:
            return getattr(self._replica.shard, question)(*values)
        except KeyError as error:
            message = f"{question}: expected an audience of the book in force, got {error}; look again"
            raise FixRequest(message) from error

    def work(self, function: Callable[[Any], Any], item: Any) -> Any:
        """Do other work while there is nothing to do for the shard: a process of its own would have to be started."""
        return function(item)

    def forget(self, name: str, keepsake: Keepsake | None) -> None:
        """Close, and forget everything that was kept under a name."""
        if keepsake is not None:
            (self._keeper or keepsake.keeper(name, ShardEntry)).remove()
        self._open, self._keeper = False, None

    def _epoch(self) -> int:
        return self._replica.epoch

    def _contents(self) -> Iterator[bytes]:
        return self._watched(self._replica.contents())

    def _watched(self, contents: Iterator[bytes]) -> Iterator[bytes]:
        for frame in contents:
            yield frame
            self._failpoint("during snapshot")

    def _knows(self, name: str, keepsake: Keepsake, begun: Begun) -> bool:
        """Come back; False for what was left by a shard that had this place before, which may be forgotten in part."""
        try:
            self._recover(name, keepsake, begun)
        except StateDamaged:
            if not begun.number:
                raise
            return False
        return self._replica.number >= begun.number

    def _recover(self, name: str, keepsake: Keepsake, begun: Begun) -> None:
        self._keeper = self._keeper or keepsake.keeper(name, ShardEntry)
        self._replica = ShardReplica()
        last = self._keeper.take_over()
        self._position = read_back(self._replica, self._keeper, last)
        if not last:
            self._log(begun)
            self._replica.replay(begun)

    def _log_and_carry_out(self, entry: Applied) -> Changes:
        """The shard works while the log is written; what fails on the way leaves a shell that must come back first."""
        with self._unless_it_fails():
            self._failpoint("before append")
            written = self._keeper.submit(entry) if self._keeper is not None else None
            changes = self._replica.carry_out(entry)
            if written is not None:
                self._position = written.result()
            self._failpoint("after append")
        return changes


def shard_name(shard: int) -> str:
    """Name of the log and the snapshots of a shard."""
    return f"shard-{shard}"
