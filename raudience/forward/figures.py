"""A connection at work in figures: what operators see of it. No identities, no secrets, no user."""

from __future__ import annotations

from collections import deque
from typing import Final, Literal, TypeAlias

import msgspec

from raudience.clock import MINUTE, SECOND
from raudience.forward.connection import Connection
from raudience.forward.kinds import NO_ANSWER, RateLimited, Retry
from raudience.forward.partner import Forwarded
from raudience.forward.retrying import MOST_ATTEMPTS

__all__ = ["Backfill", "Figures", "Tally", "Waiting"]

_RECENT: Final = MINUTE
"""Milliseconds over which rates are taken."""

State: TypeAlias = Literal["idle", "working", "bucket", "waiting"]
"""What passes the time: nothing to do, work, the bucket of the account, or another wait: one that the flush interval,
the partner or a failure asks for."""


class Backfill(msgspec.Struct, frozen=True):
    """Users who are looked at when there is time. seconds: that are left at the rate of the last minute, None while
    nobody knows."""

    done: int
    total: int
    seconds: float | None

    @property
    def percent(self) -> float:
        return 100.0 if not self.total else 100.0 * self.done / self.total


class Waiting(msgspec.Struct, frozen=True):
    """A wait for the next try, because the last ones failed. until: its instant in milliseconds. attempt: its number,
    of `most`; then the connection stops. reason: what the last one came to, without the words of the partner."""

    until: int
    attempt: int
    most: int
    reason: str


class Figures(msgspec.Struct, frozen=True):
    """backlog: users who have to be looked at or sent. age: milliseconds since the oldest change that is not sent yet
    was heard of, or since changes are not heard of because of a fault. rate: items that the partner has taken, a
    second, over the last minute. items, requests, retries: since this forwarder began. throttled: share of the time of
    work that was spent waiting for the bucket of the account. held: values that the partner
    has acknowledged, by kind. succeeded: the instant of its last yes, in milliseconds. fault: its kind. waiting: for
    the next try, None when it does not."""

    connection: str
    output: str
    audience: str
    variation: str | None
    backlog: int
    age: int | None
    backfill: Backfill | None
    rate: float
    items: int
    requests: int
    retries: int
    throttled: float
    held: dict[str, int]
    succeeded: int | None
    fault: str | None
    waiting: Waiting | None = None


class Tally:
    """Counts what one connection does. Instants are int milliseconds and never go back."""

    def __init__(self) -> None:
        self.items, self.requests, self.retries = 0, 0, 0
        self.succeeded: int | None = None
        self._failure: Retry | RateLimited = NO_ANSWER
        self._state: State = "idle"
        self._since: int | None = None
        self._busy, self._throttled = 0, 0
        self._taken: deque[tuple[int, int]] = deque()
        self._settled: deque[tuple[int, int]] = deque()
        self._heard: deque[tuple[int, int]] = deque()
        self._added, self._waiting = 0, 0
        self._deaf: int | None = None
        self._total, self._later = 0, 0

    def pass_time(self, now: int, state: State) -> None:
        """What the time until the next call passes with."""
        passed = 0 if self._since is None else max(0, now - self._since)
        if self._state in ("working", "bucket"):
            self._busy += passed
            self._throttled += passed if self._state == "bucket" else 0
        self._since, self._state = now, state

    def turn(self, following: int | None, now: int, throttled: bool) -> None:
        """A turn has ended that goes on at an instant, None: when something happens. throttled: a bucket says when."""
        if following is None:
            self.pass_time(now, "idle")
        elif following <= now:
            self.pass_time(now, "working")
        else:
            self.pass_time(now, "bucket" if throttled else "waiting")

    def ask(self) -> None:
        """A request is made."""
        self.requests += 1

    def take(self, items: int, now: int) -> None:
        """The partner has taken so many items."""
        self.items, self.succeeded = self.items + items, now
        _note(self._taken, now, items)

    def retry(self, failure: Retry | RateLimited) -> None:
        """Something has to be asked again."""
        self.retries, self._failure = self.retries + 1, failure

    def hear(self, live: int, later: int, now: int) -> None:
        """So many users wait because something has happened to them, and so many for a backfill; to be called when
        more have come, and when some have been settled. The earliest leave first."""
        if live > self._waiting:
            self._added += live - self._waiting
            self._heard.append((now, self._added))
        while self._heard and self._heard[0][1] <= self._added - live:
            self._heard.popleft()
        self._waiting = live
        if later > self._later:
            self._total += later - self._later
        elif later < self._later:
            _note(self._settled, now, self._later - later)
        self._later = later
        if not later:
            self._total = 0

    def be_deaf(self, now: int | None) -> None:
        """There are changes that are not even heard of; None: there are none."""
        self._deaf = None if now is None else now if self._deaf is None else self._deaf

    def age(self, now: int) -> int | None:
        """Milliseconds since the oldest change that waits was heard of."""
        first = [at for at, _ in list(self._heard)[:1]] + ([] if self._deaf is None else [self._deaf])
        return max(0, now - min(first)) if first else None

    def backfill(self, now: int) -> Backfill | None:
        """How far a backfill is; None when there is none."""
        if not self._later:
            return None
        rate = _rate(self._settled, now)
        return Backfill(self._total - self._later, self._total, self._later / rate if rate else None)

    def waiting(self, missed: int, until: int, now: int) -> Waiting | None:
        """The wait until an instant, after so many tries that failed in a row; None when nothing is waited for."""
        if not missed or until <= now:
            return None
        status = self._failure.status
        return Waiting(until, missed + 1, MOST_ATTEMPTS + 1, f"answer {status}" if status else self._failure.text)

    def figures(
        self, what: Forwarded, output: str, connection: Connection, now: int, waiting: Waiting | None = None
    ) -> Figures:
        """How a connection of an output stands."""
        fault = connection.fault
        return Figures(
            connection=what.connection,
            output=output,
            audience=what.audience,
            variation=what.variation,
            backlog=connection.backlog,
            age=self.age(now),
            backfill=self.backfill(now),
            rate=self.rate(now),
            items=self.items,
            requests=self.requests,
            retries=self.retries,
            throttled=self.throttled(),
            held={kind: held.acknowledged() for kind, held in connection.held.items()},
            succeeded=self.succeeded,
            fault=None if fault is None else type(fault.failure).__name__,
            waiting=waiting if fault is None else None,
        )

    def rate(self, now: int) -> float:
        """Items a second, of late."""
        return _rate(self._taken, now)

    def throttled(self) -> float:
        """Share of the time of work that was spent waiting for the bucket."""
        return self._throttled / self._busy if self._busy else 0.0


def _note(recent: deque[tuple[int, int]], now: int, count: int) -> None:
    """Counts of each second; what is long ago goes."""
    second = now // SECOND * SECOND
    if recent and recent[-1][0] == second:
        recent[-1] = (second, recent[-1][1] + count)
    else:
        recent.append((second, count))
    while recent[0][0] < now - _RECENT:
        recent.popleft()


def _rate(recent: deque[tuple[int, int]], now: int) -> float:
    """A second, over the last minute, or since the first count if that is less."""
    found = [each for each in recent if each[0] >= now - _RECENT]
    if not found:
        return 0.0
    return sum(count for _, count in found) * SECOND / max(now - found[0][0], SECOND)
