"""What the catalog refuses of commands about outputs and connections. Settings are the partner's business: they are
checked by its tables before a command is made."""

from __future__ import annotations

import re
from typing import Final

from raudience.catalog.checking import check_key, check_name
from raudience.catalog.commands import (
    Configure,
    Connect,
    Disconnect,
    OfOutputs,
    PutOutput,
    Reconcile,
    RemoveOutput,
    Resume,
    Switch,
)
from raudience.catalog.connecting import connections_by_audience, forwarded
from raudience.catalog.entries import AudienceEntry, CatalogState
from raudience.catalog.experiments import compared, forwarded_name, own_name, place_of_variation, variations
from raudience.catalog.nearest import no_audience, unknown
from raudience.catalog.outputs import Output
from raudience.clock import DAY
from raudience.criteria.draft import Draft
from raudience.errors import Fault, FixRequest

__all__ = ["output_faults", "same_names"]

_LONGEST_FLUSH: Final = DAY
_TEXT: Final = re.compile(r".*\S.*", re.DOTALL)


def output_faults(state: CatalogState, command: OfOutputs) -> list[Fault]:
    """All that is wrong with a command."""
    match command:
        case PutOutput():
            return _of_output(state, command.output)
        case RemoveOutput():
            return _still_needed(state, command.key)
        case Connect():
            return [*_not_there(state, command), *_of_sending(command.flush or 0, command.attributes)]
        case Configure():
            flush = command.flush if isinstance(command.flush, int) else 0
            return _unknown_connection(state, command) or _of_sending(flush, command.attributes or ())
        case Disconnect() | Switch() | Reconcile():
            return _unknown_connection(state, command)
        case Resume():
            return _not_stopped(state, command)
        case _:
            # What the forwarder tells may come late.
            return []


def same_names(state: CatalogState, key: str) -> list[Fault]:
    """Connections of an audience to outputs where another one has the same name for the partner: it would have one list
    for both."""
    mine = connections_by_audience(state).get(key, [])
    taken = [
        (each, other)
        for each in mine
        for other in state.connections.values()
        if other.output == each.output
        and other.id != each.id
        and compared(forwarded(state, other)) == compared(forwarded(state, each))
    ]
    return [_shared("external_name", forwarded(state, each), other.audience, each.output) for each, other in taken]


def _of_output(state: CatalogState, output: Output) -> list[Fault]:
    draft = Draft()
    check_key(draft, output.key, "key")
    check_name(draft, output.name, "name")
    before = state.outputs.get(output.key)
    if before is not None and before.partner != output.partner:
        hint = f"the partner of an output stays; make another output for {output.partner}"
        draft.wrong("partner", f"`{before.partner}`", output.partner, hint)
    return draft.faults


def _still_needed(state: CatalogState, key: str) -> list[Fault]:
    if key not in state.outputs:
        return [unknown("key", "the key of an output", key, state.outputs)]
    users = [
        f"to which audience `{each.audience}` is connected ({each.id})"
        for each in state.connections.values()
        if each.output == key
    ]
    users += [
        f"where `{each.forwarded}` is not seen to yet ({each.connection.id})"
        for each in state.departed.values()
        if each.connection.output == key
    ]
    return [Fault("key", "an output that nothing is connected to", f"`{key}`, {user}") for user in users]


def _not_there(state: CatalogState, command: Connect) -> list[Fault]:
    faults = []
    entry = state.living_one(command.audience)
    if command.output not in state.outputs:
        faults.append(unknown("output", "the key of an output", command.output, state.outputs))
    if entry is None:
        return [*faults, no_audience(state, command.audience, "audience")]
    if entry.status != "active":
        got = f"`{entry.key}`, which is of status {entry.status}"
        faults.append(Fault("audience", "an active audience", got, "activate it first"))
    return [*faults, *(_wrong_variation(entry, command.variation) or _taken(state, entry, command))]


def _wrong_variation(entry: AudienceEntry, name: str | None) -> list[Fault]:
    if name is None:
        return []
    if entry.experiment is None:
        hint = "leave it out for the whole audience, or start a test"
        return [Fault("variation", "none for an audience without an A/B test", f"`{name}`", hint)]
    try:
        place_of_variation(entry.experiment, name)
    except FixRequest:
        known = (each.name for each in variations(entry.experiment))
        return [unknown("variation", "a variation of the audience", name, known)]
    return []


def _taken(state: CatalogState, entry: AudienceEntry, command: Connect) -> list[Fault]:
    """One connection for each audience or variation and output, and one list at the partner for each."""
    variation = command.variation
    if variation is not None:
        variation = own_name(entry.experiment, variation)
    mine = forwarded_name(entry.name, entry.external_name, variation)
    faults = []
    for each in state.connections.values():
        if each.output != command.output:
            continue
        if (each.audience, each.variation) == (entry.key, variation):
            got = f"`{entry.key}`, which is ({each.id})"
            faults.append(Fault("audience", f"one that is not connected to `{each.output}` yet", got))
        elif compared(forwarded(state, each)) == compared(mine):
            faults.append(_shared("audience", mine, each.audience, each.output))
    return faults


def _shared(path: str, name: str, other: str, output: str) -> Fault:
    hint = f"audience `{other}` has it there; give one of them another external name"
    return Fault(path, f"a name of its own at `{output}`", f"`{name}`", hint)


def _of_sending(flush: int, attributes: tuple[str, ...]) -> list[Fault]:
    draft = Draft()
    if not 0 <= flush <= _LONGEST_FLUSH:
        draft.wrong("flush", f"milliseconds from 0 to {_LONGEST_FLUSH}", flush)
    for place, name in enumerate(attributes):
        if not _TEXT.fullmatch(name):
            draft.fault(f"attributes[{place}]", "the name of an attribute", "an empty one")
        elif name in attributes[:place]:
            draft.wrong(f"attributes[{place}]", "each attribute once", name)
    return draft.faults


def _unknown_connection(state: CatalogState, command: Disconnect | Switch | Configure | Reconcile) -> list[Fault]:
    if command.connection in state.connections:
        return []
    return [unknown("connection", "the id of a connection", command.connection, state.connections)]


def _not_stopped(state: CatalogState, command: Resume) -> list[Fault]:
    left = {key: each.connection for key, each in state.departed.items()}
    found = (state.connections | left).get(command.connection)
    if found is None:
        known = (*state.connections, *left)
        return [unknown("connection", "the id of a connection", command.connection, known)]
    if found.stop is None:
        return [Fault("connection", "one with a fault", f"`{command.connection}`, which has none")]
    return []
