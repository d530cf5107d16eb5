"""What some partners can besides taking members. A partner that can is of the class as well; nobody asks for its id."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar

import msgspec

from raudience.forward.kinds import Failure
from raudience.forward.partner import Request, Response, Settings

__all__ = ["Account", "Advises", "ListStatus", "SignedIn", "SignsIn", "TellsStatus", "Waiting"]


class ListStatus(msgspec.Struct, frozen=True):
    """How a list stands at the partner: to be shown, never a fault. size: users that were matched, None until the
    partner knows it. reasons: why it cannot be targeted, in the partner's words."""

    size: int | None
    targetable: bool
    reasons: tuple[str, ...]


class Account(msgspec.Struct, frozen=True):
    """An account at the partner that the user may choose. accepted: by the partner, for what is done there."""

    id: str
    name: str
    accepted: bool


class Waiting(msgspec.Struct, frozen=True):
    """A login that waits for its user. address: where the user says yes or no. Not shown by repr."""

    address: str
    token: str
    token_secret: str

    def __repr__(self) -> str:
        return f"Waiting({self.token!r}, ...)"


class SignedIn(msgspec.Struct, frozen=True):
    """What a login gives. user: as people know it. settings: of the output. Not shown by repr."""

    user: str
    settings: Mapping[str, str]

    def __repr__(self) -> str:
        return f"SignedIn({self.user!r}, ...)"


class Advises(ABC):
    """Knows more about a failure than what kind it is."""

    @abstractmethod
    def advice(self, failure: Failure) -> str:
        """What a person does about a failure; "" when there is nothing to do but wait, or its text says it."""


class TellsStatus(ABC):
    """Says how its lists stand."""

    @abstractmethod
    def status(self, settings: Settings, list_id: str) -> Request:
        """Ask how a list stands."""

    @abstractmethod
    def read_status(self, response: Response) -> ListStatus | Failure: ...


class SignsIn(ABC):
    """Lets a user sign in at the partner in place of credentials that somebody pastes. Steps are pure, as all of a
    partner: `ask`, then the user says yes at an address, then `exchange`, then the user chooses an account."""

    app: ClassVar[tuple[str, ...]]
    """Settings of the output that the app has at the partner: they come before the login."""
    account: ClassVar[str]
    """The setting of the output that says which account."""

    @abstractmethod
    def ask(self, settings: Settings, callback: str | None, nonce: str, now: int) -> Request:
        """Begin a login; signed already. settings: of the app. callback: where the browser goes afterwards; None: the
        partner shows a PIN that the user types."""

    @abstractmethod
    def read_asked(self, response: Response) -> Waiting | Failure: ...

    @abstractmethod
    def read_callback(self, waiting: Waiting, query: Mapping[str, str]) -> str | Failure:
        """What ends the login, out of the query with which the browser came back."""

    @abstractmethod
    def exchange(self, settings: Settings, waiting: Waiting, verifier: str, nonce: str, now: int) -> Request:
        """End a login; signed already. verifier: from the callback, or the PIN as it was typed."""

    @abstractmethod
    def read_exchanged(self, response: Response) -> SignedIn | Failure: ...

    @abstractmethod
    def accounts(self) -> Request:
        """The accounts of the user, to choose from."""

    @abstractmethod
    def read_accounts(self, response: Response) -> tuple[Account, ...] | Failure:
        """In the partner's order."""
