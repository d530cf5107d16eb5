"""A user signs in at a partner, and an output has the credentials. Part of the client."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from raudience.catalog.outputs import Value
from raudience.cluster.enquiring import Desk, in_words
from raudience.errors import FixRequest
from raudience.forward.capabilities import Account, SignedIn, SignsIn, Waiting
from raudience.forward.kinds import Failure
from raudience.forward.partner import Partner

__all__ = ["Login", "who_signs_in"]

Read = TypeVar("Read")


class Login:
    """A login that waits for its user at `address`. Then `finish`, or `verifier` and `finish` when the browser comes
    back, then `accounts`, then `save`. Every step raises FixRequest with what the partner says and what to do.

    settings: of the output, those of the app among them. keep: makes the output with all of them."""

    def __init__(
        self, partner: Partner, settings: Mapping[str, Value], callback: str | None, desk: Desk,
        keep: Callable[[Mapping[str, Value]], object],
    ) -> None:  # fmt: skip
        self._partner, self._settings, self._desk, self._keep = partner, dict(settings), desk, keep
        self._signs = who_signs_in(partner)
        request = self._signs.ask(settings, callback, desk.nonce(), desk.now())
        self._waiting: Waiting = self._answered(desk.ask(request, self._signs.read_asked))
        self._signed_in: SignedIn | None = None

    @property
    def address(self) -> str:
        """Where the user says yes or no."""
        return self._waiting.address

    @property
    def user(self) -> str:
        """Who has signed in, as people know it there."""
        return "" if self._signed_in is None else self._signed_in.user

    def verifier(self, query: Mapping[str, str]) -> str:
        """What `finish` takes, out of the query with which the browser came back."""
        return self._answered(self._signs.read_callback(self._waiting, query))

    def finish(self, verifier: str) -> None:
        """verifier: that of the callback, or the PIN that the partner shows."""
        desk, signs = self._desk, self._signs
        request = signs.exchange(self._settings, self._waiting, verifier, desk.nonce(), desk.now())
        self._signed_in = self._answered(desk.ask(request, signs.read_exchanged))
        self._settings |= self._signed_in.settings

    def accounts(self) -> tuple[Account, ...]:
        """Accounts to choose from; raises FixRequest when the user has none."""
        signs = self._signs
        found = self._answered(self._desk.ask_as(self._partner, self._settings, signs.accounts(), signs.read_accounts))
        if not found:
            message = f"{self._partner.name}: expected an account of {self.user}, got none: have one share its account"
            raise FixRequest(message)
        return found

    def save(self, account: str) -> None:
        """Make the output, or give it what it signs in with from now on, if the user may do what outputs do there."""
        settings = {**self._settings, self._signs.account: account}
        checked = self._desk.check(self._partner, settings)
        if not checked.works:
            raise FixRequest(_message(self._partner, f"account {account}: {checked.problem}", checked.advice))
        self._keep(settings)
        self._desk.close()

    def _answered(self, outcome: Read | Failure) -> Read:
        if isinstance(outcome, Failure):
            raise FixRequest(_message(self._partner, *in_words(self._partner, outcome)))
        return outcome


def who_signs_in(partner: Partner) -> SignsIn:
    """The part of a partner that lets users sign in. Raises FixRequest when it has none."""
    if isinstance(partner, SignsIn):
        return partner
    message = f"{partner.id}: expected a partner where users sign in, got one with typed settings: `outputs create`"
    raise FixRequest(message)


def _message(partner: Partner, told: str, advice: str) -> str:
    return f"{partner.name}: {told}" + (f"\n  {advice}" if advice else "")
