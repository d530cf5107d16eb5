"""Rounds under way, and the orders that an intent means for each shard."""

from __future__ import annotations

from typing import Any, assert_never

from raudience.cluster.entries import Defined, Erased, Intent, Moved, Order, Resized
from raudience.ingest.identity import Links
from raudience.shard.commands import Erase, Tick

__all__ = ["Flight", "orders_of"]


class Flight:
    """A round under way: an order for each shard; result: what the coordinator will say of it. moved: key groups that
    go from one shard to another with it."""

    def __init__(
        self, number: int, orders: tuple[Order, ...], now: int, links: Links | None, moved: Moved | None = None
    ) -> None:
        self.number, self.orders, self.now, self.links, self.moved = number, orders, now, links, moved
        self.result: Any = None


def orders_of(intent: Intent | None, shards: int, after: int = 0) -> tuple[Order, ...]:
    """Orders for a round with an intent, one for each of `shards`, or of those there are `after` it."""
    match intent:
        case Defined():
            return (intent.plan,) * shards
        case Resized():
            plan: Order = intent.plan or Tick()
            return (Tick(),) * shards + (plan,) * (after - shards)
        case Erased():
            return (Erase(intent.mpids),) * shards
        case Moved() | None:
            return (Tick(),) * shards
        case _:
            assert_never(intent)
