"""Choosing an engine by its name."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

from raudience.clock import now_ms
from raudience.cluster.engine import Engine
from raudience.cluster.hands import ManyHands
from raudience.cluster.inline import InlineEngine
from raudience.cluster.keepsakes import Keepsake, Place
from raudience.cluster.outgoing import outgoing_of
from raudience.cluster.sending import Sending
from raudience.coordinator import Scaling
from raudience.durability.holding import this_process
from raudience.errors import FixRequest
from raudience.forward.figures import Figures

__all__ = ["EngineName", "end_sending", "figures_of", "find_engine", "sending_of", "start_engine"]

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
    take_over: bool = False,
) -> Engine:
    """Start the engine, or find the lasting one of that name; with a place, go on with the state that is there.
    address, lasting, shard_cpus and shard_memory mean something on Ray only. take_over: also from a process that is at
    work on the state; without, FixRequest says who that is."""
    keepsake = None if place is None else _keepsake(place, lasting, take_over)
    if name == "inline":
        return InlineEngine(shards or 1, keepsake, scaling=scaling)
    # Importing Ray takes most of a second and starts threads: only who asks for it pays.
    rayed = importlib.import_module("raudience.cluster.rayed")
    engine: Engine = rayed.RayEngine(
        shards, address, lasting, shard_cpus, keepsake, scaling=scaling, shard_memory=shard_memory
    )
    return engine


def _keepsake(place: Place, lasting: str | None, take_over: bool) -> Keepsake:
    driver = this_process(now_ms()) if lasting is None else None
    return Keepsake(place, yields=not take_over, driver=driver, engine=lasting or "")


def find_engine(name: str, address: str | None = None) -> Engine:
    """The lasting engine of a name on Ray. Raises FixRequest when there is none."""
    rayed = importlib.import_module("raudience.cluster.rayed")
    engine: Engine = rayed.RayEngine(address=address, name=name, found=True)
    return engine


def sending_of(
    engine: Engine, instead: Mapping[str, str] | None = None, stays: bool = False, alone: bool = False
) -> Sending:
    """Who sees to the connections of an engine: this process, or for one with a name an actor on Ray for each output.
    instead: see `wire.Wire`. stays: actors go on when this process leaves. alone: nothing else is done with the engine
    here, so that connections may be at work side by side. Raises FixRequest when there are no actors that could stay.
    """
    forwarders = _forwarders(engine)
    if forwarders is None and stays:
        message = "sending that stays: expected an engine on Ray with a name, got one that ends with its program"
        raise FixRequest(message)
    if forwarders is None:
        return outgoing_of(engine, instead, ManyHands() if alone else None)
    sending: Sending = forwarders.sending_of(engine, instead, stays)
    return sending


def end_sending(engine: Engine) -> bool:
    """End what sends for an engine and stays; whether there was any."""
    forwarders = _forwarders(engine)
    return forwarders is not None and bool(forwarders.end_forwarders(engine))


def figures_of(engine: Engine) -> tuple[Figures, ...]:
    """How the connections of an engine stand, as far as actors send for it now."""
    forwarders = _forwarders(engine)
    return () if forwarders is None else tuple(forwarders.figures_of(engine))


def _forwarders(engine: Engine) -> Any | None:
    """What forwards on Ray, for an engine that actors can find there."""
    named = not isinstance(engine, InlineEngine) and getattr(engine, "name", None) is not None
    return importlib.import_module("raudience.cluster.forwarders") if named else None
