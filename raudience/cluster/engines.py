"""Choosing an engine by its name."""

from __future__ import annotations

import importlib
from typing import Any, Literal, TypeAlias

from raudience.cluster.engine import Engine
from raudience.cluster.inline import InlineEngine

__all__ = ["EngineName", "start_engine"]

EngineName: TypeAlias = Literal["ray", "inline"]


def start_engine(
    name: EngineName,
    shards: int | None = None,
    address: str | None = None,
    lasting: str | None = None,
    shard_cpus: float | None = None,
) -> Engine[Any]:
    """Start the engine, or find the lasting one of that name. The last three mean something on Ray only."""
    if name == "inline":
        return InlineEngine(shards or 1)
    # Importing Ray takes most of a second and starts threads: only who asks for it pays.
    rayed = importlib.import_module("raudience.cluster.rayed")
    engine: Engine[Any] = rayed.RayEngine(shards, address, lasting, shard_cpus)
    return engine
