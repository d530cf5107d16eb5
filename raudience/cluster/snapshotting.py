"""Everybody whom a partner has acknowledged, as files of their own: who reads them needs no change that came before."""

from __future__ import annotations

from collections.abc import Iterator

from raudience.cluster.calling import Calls
from raudience.forward.connection import Connection
from raudience.forward.kinds import NO_ANSWER, Failure
from raudience.forward.members import WHOLE
from raudience.forward.partner import Partner, Request, Settings

__all__ = ["due", "write"]


def due(partner: Partner, connection: Connection, settings: Settings, now: int) -> int | None:
    """The instant for which a snapshot is to be written now: the last of those that are `partner.snapshots` apart.
    None when it is there, and as long as something is under way to the partner or a backfill is."""
    every = partner.snapshots(settings)
    if every is None or not connection.is_told or WHOLE not in connection.lists:
        return None
    last = now // every * every
    return last if last > connection.snapped else None


def write(partner: Partner, connection: Connection, settings: Settings, calls: Calls, now: int) -> Failure | None:
    """Write all members; the first failure, None when all is written. The same files when it is done again before
    anything has changed."""
    for request in _requests(partner, connection, settings):
        answer = calls.ask(request, settings, now)
        outcome = NO_ANSWER if answer is None else partner.read_done(answer)
        if isinstance(outcome, Failure):
            return outcome
    return None


def _requests(partner: Partner, connection: Connection, settings: Settings) -> Iterator[Request]:
    values = [value for _, value, sent in sorted(connection.held[WHOLE].rows()) if sent]
    size, list_id = partner.bounds(settings).items, connection.lists[WHOLE].list_id
    parts = max(1, -(-len(values) // size))
    for part in range(parts):
        piece = values[part * size : (part + 1) * size]
        yield partner.snapshot(settings, list_id, piece, connection.planned_at, part + 1, parts)
