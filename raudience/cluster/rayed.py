"""The wiring on Ray: each shard and the coordinator is an actor, blocks travel through the object store."""

from __future__ import annotations

import logging
from typing import Final

from raudience.cluster.actors import RayCarrier
from raudience.cluster.engine import Engine
from raudience.cluster.keepsakes import Keepsake, Place
from raudience.cluster.placement import find_placement, leave, reach
from raudience.coordinator import Scaling
from raudience.errors import FixRequest

__all__ = ["RayEngine"]

_LOG: Final = logging.getLogger(__name__)


class RayEngine(Engine):
    """Shards and a coordinator on Ray.

    address: see `placement.reach`. name: makes the engine last beyond this driver; a driver that comes with the same
    name finds it with its members and clock, and takes over writing with its first command. shard_cpus, shard_memory:
    CPUs and bytes that each shard asks for. keepsake: where the state lasts beyond the actors. found: only an engine
    that is there already. scaling: changes the number of shards by their load, while this driver writes. Raises
    FixRequest when a named engine has another number of shards, or should be there and is not.
    """

    def __init__(
        self,
        shards: int | None = None,
        address: str | None = None,
        name: str | None = None,
        shard_cpus: float | None = None,
        keepsake: Keepsake | None = None,
        found: bool = False,
        scaling: Scaling | None = None,
        shard_memory: int | None = None,
    ) -> None:
        self._connected = reach(address)
        self._name = name
        try:
            begun = scaling.least if scaling is not None and shards is None else shards
            self.placement = find_placement(begun, shard_cpus, shard_memory)
            self._actors = RayCarrier(self.placement, name, keepsake, found)
            self._come_to_life(scaling)
            self._agree(shards, self._actors.keepsake)
            self._warn(keepsake)
        except BaseException:
            self._leave()
            raise
        _LOG.info("engine started", extra={"shards": self.shards, "cpus_per_shard": self.placement.shard_cpus})

    @property
    def name(self) -> str | None:
        """By which others find it on this Ray; None when nobody does."""
        return self._name

    @property
    def lasts(self) -> bool:
        return self._name is not None or super().lasts

    def close(self) -> None:
        """Leave Ray; an engine without a name ends, one with a name stays for the next driver."""
        super().close()
        self._leave()

    def dissolve(self) -> None:
        """End the actors of this engine, named or not."""
        self._actors.dissolve()

    def _come_to_life(self, scaling: Scaling | None) -> None:
        try:
            super().__init__(self._actors, self.placement.shards, scaling)
        except FixRequest:
            # Actors with a name would stay, for nobody.
            self._actors.abandon()
            raise

    def _agree(self, shards: int | None, keepsake: Keepsake | None) -> None:
        if keepsake is None and shards not in (None, self.shards):
            message = f"engine {self._name}: expected {self.shards} shards, as it was started with, got {shards}"
            raise FixRequest(message)

    def _warn(self, keepsake: Keepsake | None) -> None:
        """A directory is no place for a state when each node has one of its own."""
        place = keepsake.stores if keepsake is not None else None
        if isinstance(place, Place) and "://" not in place.state and self.machines() > 1:
            _LOG.warning("the state is a directory and Ray has %d nodes: it must be one they share", self.machines())

    def _leave(self) -> None:
        if self._connected:
            self._connected = False
            leave()
