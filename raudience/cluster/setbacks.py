"""Connections that something unforeseen has stopped: each rests for a while and begins again, and holds up no other."""

from __future__ import annotations

import logging
from typing import Final

import msgspec

from raudience.catalog.outputs import Connection
from raudience.clock import SECOND
from raudience.errors import RaudienceError

__all__ = ["Setbacks"]

_LOG: Final = logging.getLogger(__name__)
_SHORTEST: Final = SECOND // 2
_LONGEST: Final = 30 * SECOND
"""Milliseconds before a connection is tried again; each time twice as long."""


class _Setback(msgspec.Struct, frozen=True):
    """called: the connection in words. text: what has happened. pause: milliseconds that it rests, until the instant
    `again`."""

    called: str
    text: str
    pause: int
    again: int


class Setbacks:
    """By the id of the connection."""

    def __init__(self) -> None:
        self._known: dict[str, _Setback] = {}

    def note(self, connection: Connection, error: Exception, now: int) -> None:
        """Something was raised while a connection was seen to."""
        before = self._known.get(connection.id)
        pause = _SHORTEST if before is None else min(2 * before.pause, _LONGEST)
        if isinstance(error, RaudienceError):
            text = str(error)
            _LOG.warning("connection %s: %s", connection.id, text)
        else:
            text = f"{type(error).__name__}; the log of the process says more"
            _LOG.error("connection %s has failed", connection.id, exc_info=error)
        self._known[connection.id] = _Setback(_called(connection), text, pause, now + pause)

    def rests(self, connection: str, now: int) -> bool:
        """Whether it is not to be tried yet."""
        known = self._known.get(connection)
        return known is not None and now < known.again

    def over(self, connection: str) -> None:
        """It goes on as ever, or is no more."""
        self._known.pop(connection, None)

    def connections(self) -> tuple[str, ...]:
        """Ids of the connections."""
        return tuple(self._known)

    def texts(self) -> dict[str, str]:
        """What keeps connections from going on, by who they are in words."""
        return {known.called: known.text for known in self._known.values()}


def _called(connection: Connection) -> str:
    variation = "" if connection.variation is None else f":{connection.variation}"
    return f"{connection.audience}{variation} to {connection.output}"
