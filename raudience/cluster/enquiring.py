"""Questions to partners that people wait for: whether an account works, who signs in, how lists stand. Nothing is tried
again, and nothing that is asked changes what members a partner holds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

import msgspec

from raudience.catalog.outputs import Stop
from raudience.clock import now_ms
from raudience.cluster.calling import fresh_nonce
from raudience.cluster.wire import Wire
from raudience.forward.capabilities import Advises
from raudience.forward.kinds import NO_ANSWER, Done, Failure, Partly
from raudience.forward.partner import Partner, Request, Response, Settings

__all__ = ["Checked", "Desk", "in_words"]

Read = TypeVar("Read")


class Checked(msgspec.Struct, frozen=True):
    """Whether an account works. problem: what the partner says, advice: what a person does about it; "" when there is
    nothing."""

    works: bool
    problem: str = ""
    advice: str = ""


class Desk:
    """Where questions are asked. instead: see `wire.Wire`."""

    def __init__(self, instead: Mapping[str, str] | None = None) -> None:
        self._wire = Wire(instead)

    def ask(self, request: Request, read: Callable[[Response], Read]) -> Read | Failure:
        """What an answer says to a request that is signed."""
        answer = self._wire.send(request)
        return NO_ANSWER if answer is None else read(answer)

    def ask_as(
        self, partner: Partner, settings: Settings, request: Request, read: Callable[[Response], Read]
    ) -> Read | Failure:
        """What an answer says to the account that an output is of."""
        return self.ask(partner.sign(request, settings, self.nonce(), self.now()), read)

    def check(self, partner: Partner, settings: Settings, connections: Iterable[Settings] = ()) -> Checked:
        """Whether credentials and permissions of an account suffice, also for its connections, by their settings, where
        that is another question."""
        asked: list[Request] = []
        for each in ({}, *connections):
            request = partner.check({**settings, **each})
            if request in asked:
                continue
            asked.append(request)
            outcome = self.ask_as(partner, settings, request, partner.read_checked)
            if not isinstance(outcome, Done):
                return Checked(False, *in_words(partner, outcome.failure if isinstance(outcome, Partly) else outcome))
        return Checked(True)

    def now(self) -> int:
        return now_ms()

    def nonce(self) -> str:
        return fresh_nonce()

    def close(self) -> None:
        self._wire.close()


def in_words(partner: Partner, failure: Failure) -> tuple[str, str]:
    """What a partner says, and what a person does about it."""
    told = str(Stop(type(failure).__name__, failure.status, failure.code, failure.text, 0))
    return told, partner.advice(failure) if isinstance(partner, Advises) else ""
