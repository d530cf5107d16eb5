"""Choosing an engine by its name."""

from __future__ import annotations

import importlib
from typing import Literal, TypeAlias

from raudience.cluster.engine import Engine
from raudience.cluster.inline import InlineEngine
from raudience.cluster.keepsakes import Keepsake, Place
from raudience.coordinator import Scaling

__all__ = ["EngineName", "find_engine", "start_engine"]

EngineName: TypeAlias = Literal["ray", "inline"]


def start_engine(
    name: EngineName,
    shards: int | None = None,
    address: str | None = None,
    lasting: str | None = None,
    shard_cpus: float | None = None,
    place: Place | None = None,
    scaling: Scaling | None = None,
    shard_memory: int | None = None,
) -> Engine:
    """Start the engine, or find the lasting one of that name; with a place, go on with the state that is there.
    address, lasting, shard_cpus and shard_memory mean something on Ray only."""
    keepsake = None if place is None else Keepsake(place)
    if name == "inline":
        return InlineEngine(shards or 1, keepsake, scaling=scaling)
    # Importing Ray takes most of a second and starts threads: only who asks for it pays.
    rayed = importlib.import_module("raudience.cluster.rayed")
    engine: Engine = rayed.RayEngine(
        shards, address, lasting, shard_cpus, keepsake, scaling=scaling, shard_memory=shard_memory
    )
    return engine


def find_engine(name: str, address: str | None = None) -> Engine:
    """The lasting engine of a name on Ray. Raises FixRequest when there is none."""
    rayed = importlib.import_module("raudience.cluster.rayed")
    engine: Engine = rayed.RayEngine(address=address, name=name, found=True)
    return engine
