"""Requests of a connection: signed, counted, and no more of them than the account allows."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Final

import msgspec

from raudience.cluster.keepsakes import Failpoint
from raudience.forward.buckets import Bucket
from raudience.forward.figures import Tally
from raudience.forward.kinds import Outcome, RateLimited, Retry
from raudience.forward.partner import Partner, Request, RequestKind, Response, Settings

__all__ = ["TOGETHER", "Calls", "Surroundings", "fresh_nonce"]

_NONCE_BYTES: Final = 16
TOGETHER: Final = 8
"""Requests of one connection that may be under way at the same time."""


class Surroundings(msgspec.Struct, frozen=True):
    """What a connection needs of the world: requests, the wall clock in milliseconds, chance in [0, 1), letters and
    digits that are used once; the buckets of the account, by class of requests. together: makes several requests at
    the same time, answers in their order; None: one after the other. others: ids of the lists of other connections."""

    send: Callable[[Request], Response | None]
    clock: Callable[[], int]
    chance: Callable[[], float]
    nonce: Callable[[], str]
    buckets: Mapping[RequestKind, Bucket]
    together: Callable[[Sequence[Request]], list[Response | None]] | None = None
    others: Callable[[], Collection[str]] = frozenset


class Calls:
    """throttled: whether it was a bucket that let nothing through when it was looked at last."""

    def __init__(self, partner: Partner, world: Surroundings, tally: Tally, failpoint: Failpoint) -> None:
        self._partner, self._world, self._tally, self._failpoint = partner, world, tally, failpoint
        self.throttled = False

    def ready(self, *kinds: RequestKind, now: int) -> int:
        """The instant from which on requests of all these classes may be made."""
        ready = max(self._world.buckets[kind].ready(now) for kind in kinds)
        self.throttled = ready > now
        return ready

    def room(self, kind: RequestKind, now: int) -> int:
        """How many requests of a class may be made at the same time."""
        return 1 if self._world.together is None else min(TOGETHER, self._world.buckets[kind].left(now))

    def ask(self, request: Request, settings: Settings, now: int) -> Response | None:
        """The answer; None when nobody knows whether the request arrived."""
        (signed,) = self._signed([request], settings, now)
        self._failpoint("before request")
        answer = self._world.send(signed)
        self._hear([request], [answer], now)
        self._failpoint("after request")
        return answer

    def ask_all(self, requests: Sequence[Request], settings: Settings, now: int) -> list[Response | None]:
        """`ask` of several requests, at the same time if there is more than one."""
        if self._world.together is None or len(requests) == 1:
            return [self.ask(request, settings, now) for request in requests]
        signed = self._signed(requests, settings, now)
        self._failpoint("before request")
        answers = self._world.together(signed)
        self._hear(requests, answers, now)
        self._failpoint("after request")
        return answers

    def heed(self, outcome: Outcome, kind: RequestKind) -> None:
        """A partner that takes nothing of a class before an instant takes nothing of anybody of this account."""
        if isinstance(outcome, Retry | RateLimited):
            self._tally.retry(outcome)
        if isinstance(outcome, RateLimited) and outcome.until is not None:
            self._world.buckets[kind].close(outcome.until)

    def _hear(self, requests: Sequence[Request], answers: Sequence[Response | None], now: int) -> None:
        """Take in what a partner says in passing of its limits."""
        for request, answer in zip(requests, answers, strict=True):
            left = None if answer is None else self._partner.left(answer)
            if left is not None:
                self._world.buckets[request.kind].heed(left.requests, left.until, now)

    def _signed(self, requests: Sequence[Request], settings: Settings, now: int) -> list[Request]:
        for request in requests:
            self._world.buckets[request.kind].take(now)
            self._tally.ask()
        return [self._partner.sign(request, settings, self._world.nonce(), now) for request in requests]


def fresh_nonce() -> str:
    """Letters and digits that are used once."""
    return os.urandom(_NONCE_BYTES).hex()
