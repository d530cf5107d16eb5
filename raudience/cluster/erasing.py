"""Users who are forgotten, and users who opt out: how an engine does it, and the receipts."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Sequence
from typing import Final, Literal, assert_never

import msgspec
import numpy as np

from raudience.clock import now_ms
from raudience.cluster.carrier import COORDINATOR, Carrier
from raudience.cluster.entries import Erased
from raudience.cluster.ledger import Receipts
from raudience.cluster.live import Arrivals, Batch, Ingested
from raudience.cluster.serving import Serving
from raudience.cluster.writing import Writer
from raudience.errors import FixStore
from raudience.hashing import key_groups, keyed_hash, text_id
from raudience.records import Changes, Receipt, Removed
from raudience.records.receipts import Kind, Request

__all__ = ["UserErasures"]

_LOG: Final = logging.getLogger(__name__)
_KEY: Final = 32
_TOKEN: Final = 8


class UserErasures:
    """What an engine does for users who want to be forgotten or left alone. `_claim` comes before everything."""

    _writer: Writer
    _carrier: Carrier
    _serving: Serving
    _arrivals: Arrivals
    _claim: Callable[[], None]
    ingest: Callable[[Sequence[Batch], int], Ingested]

    def erase(self, mpids: Sequence[int], by: str, asked_at: int, take_over: bool = False) -> tuple[Receipt, ...]:
        """Forget users; when this returns that lasts, and so does a receipt for each. Their exits are among the changes
        regained by who writes: another driver, if there is one, unless this one is to take over.

        What was written before is purged too, unless the place of the state does not take it now: then `purged_at` is
        not set, and whoever writes to the engine next purges it. Raises FixStore when nothing is done, FixRequest when
        the other driver does nothing.
        """
        users = tuple(dict.fromkeys(mpids))
        if self._another_writes() and not take_over:
            return self._serving.await_receipts(_request("erasure", users, by, asked_at))
        return self._erase(users, by, asked_at)

    def _erase(self, users: tuple[int, ...], by: str, asked_at: int) -> tuple[Receipt, ...]:
        self._claim()
        receipts = self.receipts()
        key = receipts.key or os.urandom(_KEY)
        removed, place = self._removed(users), len(receipts.kept)
        found = tuple(self._erasure(mpid, removed[mpid], by, asked_at, key, place) for mpid in users)
        changes: Changes = self._writer.settle(Erased(users, found, key))
        self._arrivals.resolver.forget(set(users))
        self._writer.regain(changes)
        self.purge()
        kept = {receipt.id: receipt for receipt in self.receipts().kept}
        return tuple(kept[receipt.id] for receipt in found)

    def opt_out(self, mpid: int, by: str, asked_at: int, out: bool, take_over: bool = False) -> Receipt:
        """Have a user leave every audience and join none, or end that (semantics D14): an event like any other, a
        millisecond after the instant that the engine has come to. Changes and errors as with `erase`."""
        if self._another_writes() and not take_over:
            request = _request("opt_out" if out else "opt_in", (mpid,), by, asked_at)
            return self._serving.await_receipts(request)[0]
        return self._opt_out(mpid, by, asked_at, out)

    def _opt_out(self, mpid: int, by: str, asked_at: int, out: bool) -> Receipt:
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

    def erased(self) -> int:
        """How many users were erased so far."""
        found: int = self._writer.ask(COORDINATOR, "erased")
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

    def _serve(self) -> None:
        """Do what others have asked for, between two rounds."""
        if self._serving.look(False):
            self._serving.serve(self._carry_out)

    def _carry_out(self, request: Request) -> None:
        match request.kind:
            case "erasure":
                self._erase(request.mpids, request.by, request.asked_at)
            case "opt_out" | "opt_in":
                for mpid in request.mpids:
                    self._opt_out(mpid, request.by, request.asked_at, request.kind == "opt_out")
            case _:
                assert_never(request.kind)

    def _another_writes(self) -> bool:
        return not self._writer.writes and self._carrier.shared and self._writer.state.epoch > 0

    def _removed(self, users: tuple[int, ...]) -> dict[int, Removed]:
        """How much there is of each user."""
        mpids, links = np.array(users, np.int64), self._arrivals.resolver.counts(set(users))
        answers = self._writer.ask_owners(key_groups(mpids), "ask", lambda places: ("footprints", mpids[places]))
        return {
            mpid: msgspec.structs.replace(each, links=links[mpid])
            for places, found in answers
            for mpid, each in zip(mpids[places].tolist(), found, strict=True)
        }

    def _erasure(self, mpid: int, removed: Removed, by: str, asked_at: int, key: bytes, place: int) -> Receipt:
        user, at = keyed_hash(mpid, key), self._writer.now or 0
        return Receipt(_name("erasure", user, at, place), "erasure", user, at, asked_at, by, removed)


def _request(kind: Kind, users: tuple[int, ...], by: str, asked_at: int) -> Request:
    return Request(os.urandom(_TOKEN).hex(), kind, users, by, asked_at)


def _name(kind: str, user: str, at: int, place: int) -> str:
    return text_id(f"{kind} {user} {at} {place}")
