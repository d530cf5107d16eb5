"""A state as it lies in its place: shown, checked and copied, also while an engine goes on writing it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, TypeAlias, TypeVar

import msgspec

from raudience.cluster.coordinating import NAME
from raudience.cluster.entries import FORMAT, Applied, Begun, CoordinatorEntry, Founded, ShardEntry
from raudience.cluster.inline import InlineEngine
from raudience.cluster.keeping import Keeper, Shelf
from raudience.cluster.keepsakes import Keepsake, Place
from raudience.cluster.ledger import Ledger
from raudience.cluster.replicas import ShardReplica, read_back
from raudience.cluster.shells import shard_name
from raudience.durability.frames import parts
from raudience.errors import FixRequest, FixStore, StateDamaged
from raudience.hashing import KEY_GROUPS

__all__ = ["Copied", "ShardFigures", "StateFigures", "check_state", "copy_state", "need_state", "show_state"]

_TRIES: Final = 5

Entry = TypeVar("Entry")

Tell: TypeAlias = Callable[[str], None]
"""Hears what is being done."""


class ShardFigures(msgspec.Struct, frozen=True):
    """One shard: orders it has taken, its key groups, profiles, bytes by part, snapshots that are there."""

    name: str
    number: int
    key_groups: int
    profiles: int
    memory: dict[str, int]
    snapshots: int


class StateFigures(msgspec.Struct, frozen=True):
    """number, now: the last round that was told and when it ended. sizes: members of each audience."""

    number: int
    now: int | None
    epoch: int
    sizes: dict[str, int]
    shards: tuple[ShardFigures, ...]


class Copied(msgspec.Struct, frozen=True):
    """A copy of a state as it was after round `number`."""

    number: int
    now: int | None
    shards: int


class _State(msgspec.Struct, frozen=True):
    ledger: Ledger
    shards: tuple[ShardReplica, ...]


def show_state(place: Place, tell: Tell) -> StateFigures:
    """What a state holds. Raises FixRequest when there is none."""
    state = _read(place, tell)
    owned = state.ledger.state.owner
    counts = place.snapshots()
    return StateFigures(
        state.ledger.number,
        state.ledger.state.now,
        state.ledger.state.epoch,
        {figures.audience: figures.size for figures in state.ledger.coordinator.counts(state.ledger.state.now or 0)},
        tuple(
            ShardFigures(
                shard_name(number),
                replica.number,
                owned.count(number),
                len(replica.shard.profiles.index.live()),
                replica.shard.memory(),
                len(counts.names(f"{shard_name(number)}/")),
            )
            for number, replica in enumerate(state.shards)
        ),
    )


def check_state(place: Place, tell: Tell) -> StateFigures:
    """Read everything, also what an engine that comes back would not need, and compare what must agree. Raises
    StateDamaged or ReportBug that says what does not."""
    for name in need_state(place):
        tell(f"reading {name}")
        _prove(place, name)
    state = _read(place, tell)
    for number, replica in enumerate(state.shards):
        tell(f"checking {shard_name(number)}")
        replica.shard.check()
    sizes = [replica.shard.counts() for replica in state.shards]
    keys = {key for counts in sizes for key in counts}
    state.ledger.coordinator.check({key: sum(counts.get(key, 0) for counts in sizes) for key in keys})
    return show_state(place, tell)


def copy_state(place: Place, to: Place, shards: int | None, tell: Tell) -> Copied:
    """Copy a state as it is at one moment; whoever writes it goes on. shards: how many the copy has, if not as many.

    Raises FixRequest when there is a state in the other place already. What was told before is not copied: changes can
    be read again from this moment on.
    """
    _vacant(to)
    state = _read(place, tell)
    keepsake = Keepsake(to, background=False)
    for number, replica in enumerate(state.shards):
        tell(f"writing {shard_name(number)}")
        _write(keepsake.keeper(shard_name(number), ShardEntry), Begun(replica.number, replica.now), replica.contents())
    tell("writing the coordinator")
    founded = Founded(FORMAT, KEY_GROUPS, state.ledger.state.owner, state.ledger.number)
    _write(keepsake.keeper(NAME, CoordinatorEntry), founded, state.ledger.contents(state.ledger.number))
    if shards is not None and shards != len(state.shards):
        tell(f"moving key groups to {shards} shards")
        engine = InlineEngine(len(state.shards), keepsake)
        engine.scale(shards)
        engine.snapshot()
        engine.close()
    return Copied(state.ledger.number, state.ledger.state.now, shards or len(state.shards))


def need_state(place: Place) -> tuple[str, ...]:
    """Names of the logs of a state. Raises FixRequest when there is none."""
    names = _there(place)
    if NAME not in names:
        message = (
            f"{place}: expected the state of an engine, got a place without one; "
            "look at the name, or begin one there with `raudience replay ... --state`"
        )
        raise FixRequest(message)
    return names


def _read(place: Place, tell: Tell) -> _State:
    """Everything as it was after one round. The engine may forget what it has just begun to read: then once more."""
    need_state(place)
    for _ in range(_TRIES - 1):
        try:
            return _read_once(place, tell)
        except StateDamaged as error:
            tell(f"reading again: {error}")
    return _read_once(place, tell)


def _read_once(place: Place, tell: Tell) -> _State:
    ledger = Ledger()
    tell("reading the coordinator")
    shelf: Shelf[CoordinatorEntry] = _shelf(place, NAME, CoordinatorEntry)
    read_back(ledger, shelf)
    shelf.close()
    return _State(ledger, tuple(_read_shard(place, number, ledger, tell) for number in range(ledger.state.shards)))


def _read_shard(place: Place, shard: int, ledger: Ledger, tell: Tell) -> ShardReplica:
    """The shard as it was after the round that the ledger knows last, whatever it has taken since."""
    tell(f"reading {shard_name(shard)}")
    shelf: Shelf[ShardEntry] = _shelf(place, shard_name(shard), ShardEntry)
    for snapshot in (*shelf.snapshots(), None):
        replica, position = ShardReplica(), 0
        if snapshot is not None:
            replica.load(snapshot.parts)
            position = snapshot.position
        if replica.number <= ledger.number:
            break
    replica.follow(_up_to(ledger.number, shelf.entries(position)))
    shelf.close()
    if replica.number != ledger.number:
        message = f"{shard_name(shard)}: expected orders up to {ledger.number}, got {replica.number}"
        raise StateDamaged(message)
    return replica


def _up_to(number: int, entries: Iterator[tuple[int, ShardEntry]]) -> Iterator[tuple[int, ShardEntry]]:
    for position, entry in entries:
        if isinstance(entry, Applied) and entry.number > number:
            return
        yield position, entry


def _write(keeper: Keeper[Entry], first: Entry, contents: Iterator[bytes]) -> None:
    """A log with one record, which is forgotten, and a snapshot that knows everything: without it nothing is there, and
    nobody may begin anew."""
    keeper.take_over()
    position = keeper.submit(first).result()
    keeper.keep(position, contents, lambda: None)
    if not any(True for _ in keeper.snapshots()):
        message = f"{keeper.name}: its snapshot could not be written; the log of this process says why"
        raise FixStore(message)
    keeper.trim(position)
    keeper.close()


def _prove(place: Place, name: str) -> None:
    """Read every record and every snapshot of a shell."""
    kind = CoordinatorEntry if name == NAME else ShardEntry
    shelf: Shelf[object] = _shelf(place, name, kind)
    for _ in shelf.entries(shelf.first() - 1):
        pass
    store = place.snapshots()
    for each in store.names(f"{name}/"):
        for _ in parts(store.get(each), each):
            pass
    shelf.close()


def _shelf(place: Place, name: str, kind: Any) -> Shelf[Any]:
    return Shelf(name, place.logs(), place.snapshots(), kind)


def _vacant(place: Place) -> None:
    """Raise FixRequest when there is a state."""
    if _there(place):
        message = f"{place}: expected a place without a state, got one with logs; choose another"
        raise FixRequest(message)


def _there(place: Place) -> tuple[str, ...]:
    if not _is_somewhere(place):
        return ()
    logs = place.logs()
    try:
        return logs.names()
    finally:
        logs.close()


def _is_somewhere(place: Place) -> bool:
    """False for a directory that is not there: looking at it must not make it."""
    return "://" in place.state or Path(place.state).is_dir()
