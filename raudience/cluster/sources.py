"""What connections must know of an engine: whom something has happened to, who is a member, how users stand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from raudience.catalog.entries import CatalogState
from raudience.catalog.experiments import Experiment
from raudience.catalog.outputs import Connection
from raudience.cluster.engine import Engine
from raudience.coordinator.variants import in_variation
from raudience.criteria.text import attribute_key
from raudience.forward.connection import Standing
from raudience.records import Changes

__all__ = ["AudienceSource", "Feed", "Nobody", "attributes_of", "in_pieces", "is_here", "source_of"]

_AT_ONCE: Final = 10_000
"""Users in one piece."""
_ROUNDS: Final = 1_000


class Feed:
    """The changes of an engine, asked for once for all connections that have come equally far."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._told: dict[int, list[tuple[int, Changes]] | None] = {}
        self.position, self.erased = 0, 0

    def refresh(self) -> None:
        """To be called before each pass: how far the engine has come."""
        self._engine.look()
        if self._engine.position != self.position:
            self.position, self._told = self._engine.position, {}
            self.erased = self._engine.erased()

    def behind(self, after: int) -> list[tuple[int, Changes]] | None:
        """Rounds behind one, as far as they are kept; None when some are not kept any longer."""
        if after not in self._told:
            found = self._engine.told(after, _ROUNDS)
            # Asked for afterwards: a purge in between takes rounds away, and they are missing in what was found.
            self._told[after] = None if after + 1 < self._engine.told_from() else found
        return self._told[after]


class Source(Protocol):
    """What a connection must know of its audience."""

    def position(self) -> int:
        """The last round of changes that was told."""

    def heard(self, after: int) -> tuple[int, Sequence[int]] | None:
        """Up to which round is known now who may stand otherwise than before round `after`, and who that is; None when
        that is not known any longer."""

    def erased(self) -> int:
        """How many users were erased so far."""

    def members(self) -> Iterator[int]:
        """Everybody who is a member."""

    def standings(self, mpids: Sequence[int]) -> list[Standing]:
        """How users stand now."""


class AudienceSource:
    """One audience, or one variation of its test. here: whether it is in force; nobody is in one that is not.
    attributes: names of those that go along."""

    def __init__(
        self, engine: Engine, feed: Feed, audience: str, names: tuple[str, ...], experiment: Experiment | None,
        variation: str | None,
    ) -> None:  # fmt: skip
        self._engine, self._feed, self._audience, self._names = engine, feed, audience, names
        self._experiment, self._variation = experiment, variation
        self.here, self.attributes = True, tuple[str, ...]()

    def position(self) -> int:
        return self._feed.position

    def erased(self) -> int:
        return self._feed.erased

    def heard(self, after: int) -> tuple[int, Sequence[int]] | None:
        if after > max(self._feed.position, 1):
            # The engine was restored from a copy of earlier.
            return None
        if after >= self._feed.position:
            return after, ()
        found = self._feed.behind(after)
        if found is None:
            return None
        mpids = [self._concerned(changes) for _, changes in found]
        reached = found[-1][0] if len(found) == _ROUNDS else self._feed.position
        return reached, np.unique(np.concatenate([np.zeros(0, np.int64), *mpids])).tolist()

    def members(self) -> Iterator[int]:
        return iter(self._varied(self._engine.members(self._audience)).tolist() if self.here else ())

    def standings(self, mpids: Sequence[int]) -> list[Standing]:
        if not self.here:
            return Nobody().standings(mpids)
        asked = np.array(mpids, np.int64)
        varied = set(self._varied(asked).tolist())
        found = self._engine.standings((self._audience,), asked, self._names)
        shared = self._engine.attributes(asked, self.attributes) if self.attributes else [{}] * len(found)
        return [
            Standing(mpid, member and mpid in varied, known, attributes)
            for (mpid, (member,), known), attributes in zip(found, shared, strict=True)
        ]

    def _varied(self, mpids: NDArray[np.int64]) -> NDArray[np.int64]:
        return mpids if self._variation is None else in_variation(self._experiment, self._variation, mpids)

    def _concerned(self, changes: Changes) -> NDArray[np.int64]:
        """Users of the audience in whom something has changed, and all whose identities or shared attributes have."""
        if self._audience not in changes.audiences:
            return changes.touched
        here = changes.audience == changes.audiences.index(self._audience)
        return np.concatenate([changes.mpid[here], changes.touched])


def source_of(
    engine: Engine, feed: Feed, catalog: CatalogState, connection: Connection, names: tuple[str, ...]
) -> AudienceSource:
    """What a connection follows. names: of the identities that its partner takes."""
    entry = catalog.audiences[connection.audience]
    source = AudienceSource(engine, feed, connection.audience, names, entry.experiment, connection.variation)
    source.here, source.attributes = is_here(catalog, connection), attributes_of(engine, connection)
    return source


def attributes_of(engine: Engine, connection: Connection) -> tuple[str, ...]:
    """Names of the attributes that go along with users of a connection. Before changes of an attribute are told nobody
    is told its value: it would be that for ever."""
    told = engine.shared() if connection.attributes else ()
    return tuple(name for name in connection.attributes if attribute_key(name) in told)


def is_here(catalog: CatalogState, connection: Connection) -> bool:
    """Whether the audience of a connection is in force."""
    return catalog.audiences[connection.audience].in_force > 0


class Nobody:
    """An audience that has no members any longer."""

    def position(self) -> int:
        return 1

    def erased(self) -> int:
        return 0

    def heard(self, after: int) -> tuple[int, Sequence[int]]:
        return after, ()

    def members(self) -> Iterator[int]:
        return iter(())

    def standings(self, mpids: Sequence[int]) -> list[Standing]:
        return [Standing(mpid, False, {}) for mpid in mpids]


def in_pieces(mpids: Sequence[int]) -> Iterator[tuple[int, ...]]:
    """Users in pieces that fit into an entry of a log."""
    return (tuple(mpids[first : first + _AT_ONCE]) for first in range(0, len(mpids), _AT_ONCE))
