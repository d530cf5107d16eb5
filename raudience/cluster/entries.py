"""What the logs of an engine hold: one record for each thing that a shell was told."""

from __future__ import annotations

from typing import Final, TypeAlias

import msgspec

from raudience.catalog.commands import CatalogCommand
from raudience.criteria.leaves import Plan
from raudience.ingest.identity import Links
from raudience.records import Changes, Receipt
from raudience.shard.commands import Command
from raudience.shard.quiet import Entrants

__all__ = [
    "FORMAT",
    "Adopt",
    "Applied",
    "Begun",
    "Claimed",
    "CoordinatorEntry",
    "Decided",
    "Defined",
    "Erased",
    "Founded",
    "Intended",
    "Intent",
    "Moved",
    "Order",
    "Purged",
    "Receipted",
    "Release",
    "Resized",
    "ShardEntry",
    "Told",
]

FORMAT: Final = 1
"""Of the logs of an engine. A field that is added has a default; anything else raises this number."""


class Adopt(msgspec.Struct, frozen=True, tag=True):
    """Key groups come to this shard: groups, ascending; parts: what the shard that held them froze, packed."""

    groups: tuple[int, ...]
    parts: tuple[bytes, ...]


class Release(msgspec.Struct, frozen=True, tag=True):
    """Key groups have gone to another shard: groups, ascending."""

    groups: tuple[int, ...]


Order: TypeAlias = Command | Adopt | Release
"""What a shell may be told: a command of its shard, or a movement of key groups."""


class Begun(msgspec.Struct, frozen=True, tag=True):
    """A shard joined an engine that had come to `number` and `now` (None: nothing was told yet)."""

    number: int
    now: int | None


class Claimed(msgspec.Struct, frozen=True, tag=True):
    """A writer took over with this epoch."""

    epoch: int


class Applied(msgspec.Struct, frozen=True, tag=True):
    """Order `number`, carried out up to `now`. told: rounds that were told to the outside by then. entrants: of the
    order before this one, None: nobody knows."""

    number: int
    now: int
    told: int
    order: Order
    entrants: Entrants | None = None


ShardEntry: TypeAlias = Begun | Claimed | Applied


class Founded(msgspec.Struct, frozen=True, tag=True):
    """How the engine was begun; the number of key groups never changes. number: the last round before, not 0 in a
    copy."""

    format: int
    key_groups: int
    owner: tuple[int, ...]
    number: int = 0


class Defined(msgspec.Struct, frozen=True, tag=True):
    """A book comes into force: the document, and the plan that all shards get. revision: of the catalog, whose book it
    is; None: the catalog gets this book, from `by`, at `at` by the clock of who gives it."""

    book: bytes
    plan: Plan
    revision: int | None = None
    by: str = ""
    at: int = 0


class Moved(msgspec.Struct, frozen=True, tag=True):
    """Key groups go from one shard to another."""

    groups: tuple[int, ...]
    giver: int
    taker: int


class Resized(msgspec.Struct, frozen=True, tag=True):
    """The engine has so many shards from now on; those that come get the plan (None: no book was defined yet)."""

    shards: int
    plan: Plan | None


class Erased(msgspec.Struct, frozen=True, tag=True):
    """Users are forgotten, each with a receipt. key: of the hashes in receipts, from now on if there was none."""

    mpids: tuple[int, ...]
    receipts: tuple[Receipt, ...]
    key: bytes


Intent: TypeAlias = Defined | Moved | Resized | Erased


class Intended(msgspec.Struct, frozen=True, tag=True):
    """What round `number` will do. From here on it happens, whoever has to finish it."""

    number: int
    now: int
    intent: Intent


class Told(msgspec.Struct, frozen=True, tag=True):
    """Round `number`, which ended at `now`: the changes of all shards, and what was learned of identities."""

    number: int
    now: int
    changes: Changes
    links: Links | None = None


class Decided(msgspec.Struct, frozen=True, tag=True):
    """The catalog was told something at `at`, by the clock of who told it. token: the same when it is told again."""

    command: CatalogCommand
    at: int
    token: str = ""


class Receipted(msgspec.Struct, frozen=True, tag=True):
    """A receipt of something else than an erasure. key: as in `Erased`."""

    receipt: Receipt
    key: bytes


class Purged(msgspec.Struct, frozen=True, tag=True):
    """What was written before the erasures with receipts of these ids is gone, since `at` of the wall clock."""

    ids: tuple[str, ...]
    at: int


CoordinatorEntry: TypeAlias = Founded | Claimed | Intended | Told | Decided | Receipted | Purged
