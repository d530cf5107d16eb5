"""What a client does for users who want to be forgotten or left alone."""

from __future__ import annotations

from collections.abc import Sequence

from raudience.clock import now_ms
from raudience.cluster.engine import Engine
from raudience.cluster.given import read_mpid
from raudience.errors import FixRequest
from raudience.hashing import keyed_hash
from raudience.records import Receipt

__all__ = ["Privacy"]


class Privacy:
    """Commands for single users; each leaves a receipt. Raise FixRequest for what is no MPID."""

    _engine: Engine

    def erase(self, mpid: int, by: str, take_over: bool = False) -> Receipt:
        """Forget a user: the user leaves every audience, profile, events, memberships and identities are gone for good,
        and so is what was written before. What arrives later for the same MPID starts a new profile.

        If another driver feeds the engine it does the work between two of its rounds, and is told of the exits;
        take_over: this client does, and that driver is refused from then on.
        """
        return self.erase_all((mpid,), by, take_over)[0]

    def erase_all(self, mpids: Sequence[int], by: str, take_over: bool = False) -> tuple[Receipt, ...]:
        """Forget several users at the price of one: a receipt for each, in their order, repeated ones once."""
        if isinstance(mpids, str):
            message = f"mpids: expected a list of MPIDs, got the text {mpids!r}; put it into a list"
            raise FixRequest(message)
        return self._engine.erase(tuple(map(read_mpid, mpids)), by, now_ms(), take_over)

    def opt_out(self, mpid: int, by: str, out: bool = True, take_over: bool = False) -> Receipt:
        """Have a user leave every audience and join none; out=False: end that. take_over: as with `erase`."""
        return self._engine.opt_out(read_mpid(mpid), by, now_ms(), out, take_over)

    def receipts(self, mpid: int | None = None) -> tuple[Receipt, ...]:
        """All receipts, the earliest first, or those of one user: who asks must know the MPID, no receipt tells it."""
        found = self._engine.receipts()
        if mpid is None:
            return found.kept
        user = keyed_hash(read_mpid(mpid), found.key)
        return tuple(receipt for receipt in found.kept if receipt.user == user)
