"""Users who are forgotten, and users who opt out: how an engine does it, and the receipts."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Sequence
from typing import Final, Literal

import msgspec

from raudience.clock import now_ms
from raudience.cluster.carrier import COORDINATOR
from raudience.cluster.entries import Erased
from raudience.cluster.ledger import Receipts
from raudience.cluster.live import Arrivals, Batch, Ingested
from raudience.cluster.lookups import group_of
from raudience.cluster.writing import Writer
from raudience.errors import FixStore
from raudience.hashing import keyed_hash, text_id
from raudience.records import Changes, Receipt, Removed

__all__ = ["UserErasures"]

_LOG: Final = logging.getLogger(__name__)
_KEY: Final = 32


class UserErasures:
    """What an engine does for users who want to be forgotten or left alone. `_claim` comes before everything."""

    _writer: Writer
    _arrivals: Arrivals
    _claim: Callable[[], None]
    ingest: Callable[[Sequence[Batch], int], Ingested]

    def erase(self, mpids: Sequence[int], by: str, asked_at: int) -> tuple[Receipt, ...]:
        """Forget users; when this returns that lasts, and so does a receipt for each. Their exits are among the changes
        regained.

        What was written before is purged too, unless the place of the state does not take it now: then `purged_at` is
        not set, and whoever writes to the engine next purges it. Raises FixStore when nothing is done.
        """
        self._claim()
        users = tuple(dict.fromkeys(mpids))
        receipts = self.receipts()
        key = receipts.key or os.urandom(_KEY)
        found = tuple(self._erasure(mpid, by, asked_at, key, len(receipts.kept)) for mpid in users)
        changes: Changes = self._writer.settle(Erased(users, found, key))
        self._arrivals.resolver.forget(set(users))
        self._writer.regain(changes)
        self.purge()
        kept = {receipt.id: receipt for receipt in self.receipts().kept}
        return tuple(kept[receipt.id] for receipt in found)

    def opt_out(self, mpid: int, by: str, asked_at: int, out: bool) -> Receipt:
        """Have a user leave every audience and join none, or end that (semantics D14): an event like any other, a
        millisecond after the instant that the engine has come to. The changes are among those regained."""
        self._claim()
        receipts = self.receipts()
        key, at = receipts.key or os.urandom(_KEY), asked_at if self._writer.now is None else self._writer.now + 1
        kind: Literal["opt_out", "opt_in"] = "opt_out" if out else "opt_in"
        name = _name(kind, keyed_hash(mpid, key), at, len(receipts.kept))
        event = {"event_type": "opt_out", "data": {"is_opted_out": out, "timestamp_unixtime_ms": at}}
        batch = {"mpid": mpid, "timestamp_unixtime_ms": at, "source_request_id": name, "events": [event]}
        self._writer.regain(self.ingest([batch], at).changes)
        receipt = Receipt(name, kind, keyed_hash(mpid, key), self._writer.now or at, asked_at, by)
        self._writer.record_receipt(receipt, key)
        return receipt

    def receipts(self) -> Receipts:
        """All receipts, the earliest first, and the key of their hashes."""
        found: Receipts = self._writer.ask(COORDINATOR, "receipts")
        return found

    def purge(self) -> bool:
        """Have nothing left of whom was erased in what was written before; False when that could not be done now."""
        pending = tuple(each.id for each in self.receipts().kept if each.kind == "erasure" and each.purged_at is None)
        if not pending:
            return True
        try:
            self._writer.purge(pending, now_ms())
        except FixStore as error:
            _LOG.warning("erased users are not purged from what was written before yet: %s", error)
            return False
        return True

    def _erasure(self, mpid: int, by: str, asked_at: int, key: bytes, place: int) -> Receipt:
        removed: Removed = self._writer.ask_owner(group_of(mpid), "ask", "footprint", mpid)
        removed = msgspec.structs.replace(removed, links=self._arrivals.resolver.count(mpid))
        user, at = keyed_hash(mpid, key), self._writer.now or 0
        return Receipt(_name("erasure", user, at, place), "erasure", user, at, asked_at, by, removed)


def _name(kind: str, user: str, at: int, place: int) -> str:
    return text_id(f"{kind} {user} {at} {place}")
