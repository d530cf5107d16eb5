"""What commands make of outputs and connections. `refusing` has said yes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, assert_never

from msgspec.structs import replace

from raudience.catalog.commands import (
    Configure,
    Connect,
    Departed,
    Disconnect,
    Fault,
    OfOutputs,
    PutOutput,
    Reconcile,
    RemoveOutput,
    Resume,
    Switch,
)
from raudience.catalog.entries import CatalogState
from raudience.catalog.experiments import forwarded_name, place_of_variation, variations
from raudience.catalog.outputs import Connection, Departure, Stop
from raudience.hashing import text_id

__all__ = ["connections_by_audience", "decided", "forwarded", "parted"]


def decided(state: CatalogState, command: OfOutputs, at: int) -> CatalogState:
    """The state after a command about outputs and connections."""
    match command:
        case PutOutput():
            return _put_output(state, command, at)
        case RemoveOutput():
            return replace(state, outputs={key: each for key, each in state.outputs.items() if key != command.key})
        case Connect():
            return _connect(state, command, at)
        case Disconnect():
            gone = state.connections[command.connection]
            return _without(state, Departure(gone, forwarded(state, gone), command.downstream, command.by, at))
        case Switch() | Configure():
            return _set(state, command, at)
        case Reconcile():
            return _altered(state, command.connection, lambda each: _rechecked(each, at, command.again))
        case Fault() | Resume():
            return _altered(state, command.connection, lambda each: _stopped(each, command))
        case Departed():
            left = {key: each for key, each in state.departed.items() if key != command.connection}
            return replace(state, departed=left)
        case _:
            assert_never(command)


def parted(before: CatalogState, after: CatalogState, by: str, at: int) -> CatalogState:
    """The state without connections of audiences and variations that a command has deleted (semantics 156); what they
    leave downstream is noted."""
    if before.audiences is after.audiences:
        return after
    for each in [each for each in after.connections.values() if not _stands(after, each)]:
        after = _without(after, Departure(each, forwarded(before, each), "deleted", by, at))
    return after


def forwarded(state: CatalogState, connection: Connection) -> str:
    """What the partner calls the audience, or the variation, of a connection as of now (semantics 22, 23, 153)."""
    entry = state.audiences[connection.audience]
    return forwarded_name(entry.name, entry.external_name, connection.variation)


def connections_by_audience(state: CatalogState) -> dict[str, list[Connection]]:
    """Connections by the key of their audience."""
    found: dict[str, list[Connection]] = {}
    for each in state.connections.values():
        found.setdefault(each.audience, []).append(each)
    return found


def _put_output(state: CatalogState, command: PutOutput, at: int) -> CatalogState:
    asked = command.output
    before = state.outputs.get(asked.key)
    made = (before.created_by, before.created_at) if before else (command.by, at)
    output = replace(asked, created_by=made[0], created_at=made[1], updated_by=command.by, updated_at=at)
    if before and before == replace(output, updated_by=before.updated_by, updated_at=before.updated_at):
        return state
    return replace(state, outputs={**state.outputs, asked.key: output})


def _connect(state: CatalogState, command: Connect, at: int) -> CatalogState:
    """Its id is made of what it connects and of how many there were: one that is made again is another one."""
    number, entry = state.connected + 1, state.audiences[command.audience]
    variation = command.variation
    if variation is not None:
        variation = variations(entry.experiment)[place_of_variation(entry.experiment, variation)].name
    made = Connection(
        id=text_id(f"connection\n{command.audience}\n{variation or ''}\n{command.output}\n{number}"),
        audience=command.audience,
        variation=variation,
        output=command.output,
        settings=command.settings,
        active=command.active,
        flush=command.flush,
        attributes=command.attributes,
        created_by=command.by,
        created_at=at,
        updated_by=command.by,
        updated_at=at,
    )
    return replace(state, connections={**state.connections, made.id: made}, connected=number)


def _set(state: CatalogState, command: Switch | Configure, at: int) -> CatalogState:
    before = state.connections[command.connection]
    after = replace(before, active=command.active) if isinstance(command, Switch) else _configured(before, command, at)
    if after == before:
        return state
    return _altered(state, before.id, lambda _: replace(after, updated_by=command.by, updated_at=at))


def _configured(connection: Connection, command: Configure, at: int) -> Connection:
    """With other settings everybody is looked at, also by a forwarder that is not at work now."""
    after = replace(
        connection,
        settings=connection.settings if command.settings is None else command.settings,
        flush=_flush(connection.flush, command.flush),
        attributes=connection.attributes if command.attributes is None else command.attributes,
    )
    same = (after.settings, after.attributes) == (connection.settings, connection.attributes)
    return after if same else _rechecked(after, at)


def _flush(before: int | None, asked: int | Literal["default"] | None) -> int | None:
    match asked:
        case "default":
            return None
        case None:
            return before
        case int():
            return asked


def _rechecked(connection: Connection, at: int, again: bool = False) -> Connection:
    """A wish is another one than the last, whatever the clock does."""
    wish = max(at, connection.recheck + 1)
    return replace(connection, recheck=wish, resend=wish if again else connection.resend)


def _stopped(connection: Connection, command: Fault | Resume) -> Connection:
    """A fault that was resumed already, and is told late or again, stops nothing."""
    match command:
        case Fault() if command.at > connection.resumed:
            stop = Stop(command.kind, command.status, command.code, command.text, command.at)
            return replace(connection, stop=stop)
        case Resume() if connection.stop is not None:
            return replace(connection, stop=None, resumed=connection.stop.at)
        case _:
            return connection


def _altered(state: CatalogState, key: str, change: Callable[[Connection], Connection]) -> CatalogState:
    """The state with a connection changed, also one that is no more; the same state when nobody knows it."""
    if key in state.connections:
        return replace(state, connections={**state.connections, key: change(state.connections[key])})
    if key in state.departed:
        left = replace(state.departed[key], connection=change(state.departed[key].connection))
        return replace(state, departed={**state.departed, key: left})
    return state


def _without(state: CatalogState, departure: Departure) -> CatalogState:
    key = departure.connection.id
    connections = {each: connection for each, connection in state.connections.items() if each != key}
    return replace(state, connections=connections, departed={**state.departed, key: departure})


def _stands(state: CatalogState, connection: Connection) -> bool:
    """Whether what a connection sends is there."""
    entry = state.audiences[connection.audience]
    names = [each.name for each in variations(entry.experiment)] if entry.experiment is not None else []
    return entry.status != "deleted" and (connection.variation is None or connection.variation in names)
