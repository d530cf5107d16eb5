"""What commands make of the account: settings, workspaces, inputs, tiers of events, purposes of consent."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from msgspec.structs import replace

from raudience.catalog.audiences import EventTier, Input, Workspace
from raudience.catalog.entries import CatalogState

__all__ = ["put_input", "put_workspace", "remove_input", "remove_workspace", "set_tier"]

Named = TypeVar("Named", Workspace, Input)


def put_workspace(state: CatalogState, workspace: Workspace) -> CatalogState:
    others = [each for each in state.workspaces if each.key != workspace.key]
    return replace(state, workspaces=_sorted([*others, workspace]))


def remove_workspace(state: CatalogState, key: str) -> CatalogState:
    return replace(state, workspaces=tuple(each for each in state.workspaces if each.key != key))


def put_input(state: CatalogState, source: Input, secret: str | None) -> CatalogState:
    others = [each for each in state.inputs if each.key != source.key]
    secrets = state.secrets if secret is None else {**state.secrets, source.key: secret}
    return replace(state, inputs=_sorted([*others, source]), secrets=secrets)


def remove_input(state: CatalogState, key: str) -> CatalogState:
    secrets = {name: secret for name, secret in state.secrets.items() if name != key}
    return replace(state, inputs=tuple(each for each in state.inputs if each.key != key), secrets=secrets)


def set_tier(state: CatalogState, tier: EventTier) -> CatalogState:
    event = (tier.kind, tier.category, tier.name)
    others = [each for each in state.tiers if (each.kind, each.category, each.name) != event]
    said = [] if tier.tier == "personalize" else [tier]
    ordered = sorted([*others, *said], key=lambda each: (each.kind, each.category or "", each.name))
    return replace(state, tiers=tuple(ordered))


def _sorted(named: Iterable[Named]) -> tuple[Named, ...]:
    return tuple(sorted(named, key=lambda each: each.key))
