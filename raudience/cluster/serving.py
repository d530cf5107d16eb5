"""Requests for users: whoever writes to an engine carries them out between two rounds, and whoever asked waits."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final

from raudience.clock import monotonic
from raudience.cluster.carrier import COORDINATOR
from raudience.cluster.ledger import Receipts
from raudience.cluster.writing import Writer
from raudience.errors import FixRequest
from raudience.hashing import keyed_hash
from raudience.records import Receipt
from raudience.records.receipts import Request

__all__ = ["Serving"]

_WAIT: Final = 0.05
_PATIENCE: Final = 60.0
"""Seconds after which nobody seems to write to the engine."""


class Serving:
    """Both ends of requests."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._next: tuple[Request, ...] = ()
        self._busy = False

    def look(self, called: bool) -> bool:
        """To be asked after each round: whether there is something to do, for which no round may be under way. called:
        something may have been asked for."""
        if called and not self._busy:
            self._next = self._waiting()
        return bool(self._next) and not self._busy

    def serve(self, carry_out: Callable[[Request], None]) -> None:
        """Do what was asked for."""
        requests, self._next, self._busy = self._next, (), True
        try:
            for request in requests:
                carry_out(request)
                self._writer.ask(COORDINATOR, "served", request.id)
        finally:
            self._busy = False

    def await_receipts(self, request: Request, patience: float = _PATIENCE) -> tuple[Receipt, ...]:
        """Ask for something, and wait until it is done. Raises FixRequest when nobody does it."""
        pause, began = threading.Event(), monotonic()
        self._writer.ask(COORDINATOR, "request", request)
        while True:
            pause.wait(_WAIT)
            if request.id not in {each.id for each in self._waiting()}:
                if found := self._found(request):
                    return found
                # The coordinator has come back from its log, where no request stands.
                self._writer.ask(COORDINATOR, "request", request)
            if monotonic() - began > patience:
                self._writer.ask(COORDINATOR, "served", request.id)
                message = (
                    f"{request.kind}: nobody has written to this engine for {patience:.0f} s, so nothing is done; ask "
                    "the program that feeds it to go on, or take over"
                )
                raise FixRequest(message)

    def _waiting(self) -> tuple[Request, ...]:
        found: tuple[Request, ...] = self._writer.ask(COORDINATOR, "requests")
        return found

    def _found(self, request: Request) -> tuple[Receipt, ...]:
        """The receipts of a request, one for each user; none as long as some are missing."""
        receipts: Receipts = self._writer.ask(COORDINATOR, "receipts")
        kept = {
            receipt.user: receipt
            for receipt in receipts.kept
            if (receipt.kind, receipt.by, receipt.asked_at) == (request.kind, request.by, request.asked_at)
        }
        users = [keyed_hash(mpid, receipts.key) for mpid in request.mpids]
        return tuple(kept[user] for user in users) if all(user in kept for user in users) else ()
