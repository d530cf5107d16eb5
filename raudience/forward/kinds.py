"""What came of a request to a partner, named by what has to be done about it.

The kind alone decides: wait and send again, drop an item, or fault the connection until a person resumes it (design 6).
Source of the kinds: the partners' error tables, and the seed, "Audience faults".
"""

from __future__ import annotations

from typing import Final, TypeAlias

import msgspec

__all__ = [
    "NO_ANSWER", "AskPermission", "BadItems", "Done", "Failure", "GoneAtPartner", "OurBug", "Outcome", "Partly",
    "RateLimited", "Retry", "SignInAgain",
]  # fmt: skip


class Done(msgspec.Struct, frozen=True, tag=True):
    """The partner has taken everything."""


class _Failure(msgspec.Struct, frozen=True, tag=True):
    """status: of HTTP, 0 without an answer. code, text: the partner's own, as they came."""

    status: int
    code: str
    text: str


class Retry(_Failure, frozen=True):
    """Not now: a timeout, a partner that is overloaded. An answer that never came counts as unknown. until: the instant
    before which the partner asks to be left alone, in milliseconds."""

    until: int | None = None


class RateLimited(_Failure, frozen=True):
    """Too many requests. until: the instant from which on requests are taken again, in milliseconds, if it is told."""

    until: int | None = None


class SignInAgain(_Failure, frozen=True):
    """The credentials are not valid, or not any longer."""


class AskPermission(_Failure, frozen=True):
    """The credentials are valid and do not suffice."""


class GoneAtPartner(_Failure, frozen=True):
    """What was made for this audience is not there any longer."""


class BadItems(_Failure, frozen=True):
    """The partner refuses some items. positions: in what was sent; None: it does not say which."""

    positions: tuple[int, ...] | None = None


class OurBug(_Failure, frozen=True):
    """A request that should not have been made so, or an answer that nobody has seen before."""


NO_ANSWER: Final = Retry(0, "", "no answer")

Failure: TypeAlias = Retry | RateLimited | SignInAgain | AskPermission | GoneAtPartner | BadItems | OurBug


class Partly(msgspec.Struct, frozen=True, tag=True):
    """The partner has taken the items at these positions and has nothing against the others: those are to be sent
    again. failure: why not now."""

    taken: tuple[int, ...]
    failure: Retry | RateLimited


Outcome: TypeAlias = Done | Partly | Failure
