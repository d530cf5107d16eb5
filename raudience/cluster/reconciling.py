"""What a partner should hold against what it has acknowledged, read from the engine and from the log of the connection.
Nothing is sent, and whoever forwards goes on meanwhile. Part of the client."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec
import numpy as np

from raudience.catalog.entries import CatalogState
from raudience.catalog.outputs import Connection, Stop
from raudience.cluster.engine import Engine
from raudience.cluster.ledgers import Ledgers
from raudience.cluster.sources import Feed, source_of
from raudience.forward.comparing import Comparison, Difference, Found
from raudience.forward.identities import names_of
from raudience.forward.register import partner_of

__all__ = ["Reconciliation", "reconciled"]

_AT_ONCE: Final = 10_000
"""Users that are compared at once."""


class Reconciliation(msgspec.Struct, frozen=True):
    """kinds: what differs, by kind of identity. refusals: how often the partner refused something, by its words.
    waiting: users whom the forwarder is to look at anyway; behind: rounds of changes that it has not heard of yet."""

    connection: str
    kinds: tuple[Difference, ...]
    refusals: dict[str, int]
    waiting: int
    behind: int

    @property
    def is_exact(self) -> bool:
        """Whether the partner has acknowledged exactly what it should hold, but for what it refuses."""
        return all(each.is_none for each in self.kinds)


def reconciled(
    engine: Engine, catalog: CatalogState, connection: Connection, ledgers: Ledgers, tell: Callable[[Found], object]
) -> Reconciliation:
    """Compare all members and all whom the partner holds. tell: hears of each difference."""
    output = catalog.outputs[connection.output]
    partner = partner_of(output.partner)
    ledger = ledgers.read(connection.id, partner, output.settings | connection.settings)
    feed, comparison = Feed(engine), Comparison(ledger)
    feed.refresh()
    source = source_of(engine, feed, catalog, connection, names_of(partner.identities))
    held = [np.array(list(held.users()), np.int64) for held in ledger.held.values()]
    everybody = np.unique(np.concatenate([np.array(list(source.members()), np.int64), *held])).tolist()
    for first in range(0, len(everybody), _AT_ONCE):
        for found in comparison.take(source.standings(everybody[first : first + _AT_ONCE])):
            tell(found)
    refusals = {str(Stop(*failure, 0)): count for failure, count in comparison.failures.most_common()}
    behind = max(0, feed.position - ledger.position)
    return Reconciliation(connection.id, comparison.differences(), refusals, ledger.backlog, behind)
