"""The catalog as a state machine: a command and an instant in, the next state out. Whether it may be is another
question (`refusing`), asked once: what a log holds is decided again without it."""

from __future__ import annotations

from typing import Final, assert_never

from msgspec.structs import replace

from raudience.catalog import account, books, connecting, life
from raudience.catalog.commands import (
    Abandon,
    Activate,
    Archive,
    CatalogCommand,
    Clone,
    Configure,
    Connect,
    Create,
    CutOver,
    Delete,
    Departed,
    Disconnect,
    Edit,
    EndTest,
    Fault,
    Filled,
    OfAudience,
    OfOutputs,
    PutBook,
    PutInput,
    PutOutput,
    PutWorkspace,
    Reconcile,
    RemoveInput,
    RemoveWorkspace,
    Rename,
    Restore,
    Resume,
    SetAccess,
    SetPurposes,
    SetSettings,
    SetTier,
    StartTest,
    Switch,
    Tag,
)
from raudience.catalog.entries import CatalogState, JournalLine

__all__ = ["JOURNAL_LINES", "decide", "key_of"]

JOURNAL_LINES: Final = 1_000
"""Decisions that are remembered with who made them."""


def decide(state: CatalogState, command: CatalogCommand, at: int) -> CatalogState:
    """The state after a command that came at `at`, in milliseconds, and that `refusing.refuse` lets through."""
    after = connecting.parted(state, _decided(state, command, at), command.by, at)
    if after == state:
        return state
    if not isinstance(command, OfOutputs) and _evaluated(after) != _evaluated(state):
        after = replace(after, revision=state.revision + 1)
    if isinstance(command, Filled):
        return after
    line = JournalLine(at, command.by, type(command).__name__, key_of(command))
    after = replace(after, journal=(*state.journal, line)[-JOURNAL_LINES:])
    return _signed(after, line) if isinstance(command, Create | OfAudience) else after


def key_of(command: CatalogCommand) -> str:
    """The key of what a command is about; "" for the whole account."""
    match command:
        case Create():
            return command.audience.key
        case PutWorkspace():
            return command.workspace.key
        case PutInput():
            return command.input.key
        case SetTier():
            return command.tier.name
        case Clone():
            return command.new_key
        case SetSettings() | SetPurposes() | PutBook() | Filled():
            return ""
        case PutOutput():
            return command.output.key
        case Connect():
            return f"{command.audience} to {command.output}"
        case Disconnect() | Switch() | Configure() | Fault() | Resume() | Reconcile() | Departed():
            return command.connection
        case _:
            return command.key


def _decided(state: CatalogState, command: CatalogCommand, at: int) -> CatalogState:
    if isinstance(command, OfOutputs):
        return connecting.decided(state, command, at)
    match command:
        case PutBook():
            return books.put_book(state, command, at)
        case Filled():
            return life.filled(state, command)
        case Create() | Edit() | Restore() | Clone() | Rename() | Tag() | SetAccess() | StartTest():
            return _of_audience(state, command, at)
        case Activate() | Archive() | Delete() | CutOver() | Abandon() | EndTest():
            return _STEPS[type(command)](state, command.key)
        case _:
            return _of_account(state, command)


def _of_account(
    state: CatalogState,
    command: SetSettings | PutWorkspace | RemoveWorkspace | PutInput | RemoveInput | SetTier | SetPurposes,
) -> CatalogState:
    match command:
        case SetSettings():
            return replace(state, settings=command.settings)
        case PutWorkspace():
            return account.put_workspace(state, command.workspace)
        case RemoveWorkspace():
            return account.remove_workspace(state, command.key)
        case PutInput():
            return account.put_input(state, command.input, command.secret)
        case RemoveInput():
            return account.remove_input(state, command.key)
        case SetTier():
            return account.set_tier(state, command.tier)
        case SetPurposes():
            return replace(state, purposes=tuple(dict.fromkeys(command.purposes)))
        case _:
            assert_never(command)


def _of_audience(
    state: CatalogState, command: Create | Edit | Restore | Clone | Rename | Tag | SetAccess | StartTest, at: int
) -> CatalogState:
    match command:
        case Create():
            return life.create(state, command, at)
        case Edit():
            return life.edit(state, command, at)
        case Restore():
            return life.restore(state, command, at)
        case Clone():
            return life.clone(state, command, at)
        case StartTest():
            return life.start_test(state, command, at)
        case Rename():
            return life.rename(state, command)
        case Tag():
            return life.tag(state, command)
        case SetAccess():
            return life.set_access(state, command)
        case _:
            assert_never(command)


_STEPS: Final = {
    Activate: life.activate,
    Archive: life.archive,
    Delete: life.delete,
    CutOver: life.cut_over,
    Abandon: life.abandon,
    EndTest: life.end_test,
}


def _signed(state: CatalogState, line: JournalLine) -> CatalogState:
    """An audience that was changed says by whom and when."""
    entry = state.audiences.get(line.key)
    if entry is None:
        return state
    return life.put(state, replace(entry, updated_by=line.by, updated_at=line.at))


def _evaluated(state: CatalogState) -> tuple[object, ...]:
    """What the plan of the shards depends on."""
    account_part = (state.settings, state.workspaces, state.inputs, state.tiers)
    parts = ((e.key, e.status, e.in_force, e.waiting, e.held, e.latest.number) for e in state.living())
    return (*account_part, *parts)
