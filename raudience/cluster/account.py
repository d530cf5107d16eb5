"""The account as people work with it: workspaces, inputs and their secrets, tiers of events, settings. Part of the
client."""

from __future__ import annotations

import hashlib
import hmac
import os
from base64 import urlsafe_b64encode
from collections.abc import Collection

from raudience.catalog import Input, Settings
from raudience.catalog.audiences import EventTier, Workspace
from raudience.catalog.commands import (
    CatalogCommand,
    PutInput,
    PutWorkspace,
    RemoveInput,
    RemoveWorkspace,
    SetPurposes,
    SetSettings,
    SetTier,
)
from raudience.catalog.entries import CatalogState, JournalLine
from raudience.clock import now_ms
from raudience.cluster.engine import Engine

__all__ = ["Account"]

_SECRET_BYTES = 32


class Account:
    """The account of one engine. by: who asks. Every method that changes something returns when that lasts, and raises
    FixDefinition with every fault of what was asked; then nothing has changed."""

    def __init__(self, engine: Engine, by: str) -> None:
        self._engine, self._by = engine, by

    def state(self) -> CatalogState:
        """Everything that was decided; `secrets` holds digests only."""
        return self._engine.catalog()

    def put_workspace(self, key: str, name: str | None = None) -> None:
        """A new workspace, or another name for one."""
        self._decide(PutWorkspace(self._by, Workspace(key, name)))

    def remove_workspace(self, key: str) -> None:
        """Refused while inputs or audiences belong to it; every one that does is named."""
        self._decide(RemoveWorkspace(self._by, key))

    def put_input(self, source: Input) -> None:
        """A new platform or feed, or other properties of one."""
        self._decide(PutInput(self._by, source))

    def remove_input(self, key: str) -> None:
        """Refused while audiences read it; every one that does is named."""
        self._decide(RemoveInput(self._by, key))

    def new_secret(self, source: Input) -> str:
        """A new secret of an input; the one before is void. It is told once: what is kept is its digest."""
        secret = urlsafe_b64encode(os.urandom(_SECRET_BYTES)).decode().rstrip("=")
        self._decide(PutInput(self._by, source, _digest(secret)))
        return secret

    def accepts(self, key: str, secret: str) -> bool:
        """Whether somebody who shows a secret is the input of that key."""
        return hmac.compare_digest(self.state().secrets.get(key, ""), _digest(secret))

    def set_tier(self, tier: EventTier) -> None:
        """What some events are kept for: those of another tier than personalize count for no criterion."""
        self._decide(SetTier(self._by, tier))

    def set_purposes(self, purposes: Collection[str]) -> None:
        """The purposes of GDPR consent that criteria may ask for."""
        self._decide(SetPurposes(self._by, tuple(purposes)))

    def set_settings(self, settings: Settings) -> None:
        """Lookback, retention, and how long ids are remembered."""
        self._decide(SetSettings(self._by, settings))

    def journal(self) -> tuple[JournalLine, ...]:
        """The latest decisions, the oldest first: who, when, what."""
        return self.state().journal

    def _decide(self, command: CatalogCommand) -> None:
        self._engine.decide(command, now_ms())


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
