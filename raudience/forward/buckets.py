"""How many requests a partner takes: a bucket for each account and class of requests, fed by what the partner says."""

from __future__ import annotations

__all__ = ["Bucket"]


class Bucket:
    """So many requests in each window of milliseconds, evenly or at once. Instants are int milliseconds."""

    def __init__(self, requests: int, window: int) -> None:
        self._most, self._window = requests, window
        self._left, self._began = float(requests), 0
        self._closed = 0

    def ready(self, now: int) -> int:
        """The instant from which on a request may be made."""
        self._refill(now)
        if now < self._closed:
            return self._closed
        if self._left >= 1:
            return now
        return now + max(1, -int(-(1 - self._left) * self._window // self._most))

    def left(self, now: int) -> int:
        """How many requests may be made at an instant."""
        self._refill(now)
        return 0 if now < self._closed else max(0, int(self._left))

    def take(self, now: int) -> None:
        """A request is made."""
        self._refill(now)
        self._left -= 1

    def close(self, until: int) -> None:
        """The partner takes nothing before an instant."""
        self._closed = max(self._closed, until)

    def heed(self, left: int, until: int, now: int) -> None:
        """The partner says how many requests it still takes before an instant: fewer than thought count, and none are
        made in vain. What it says of more than a window ahead is not believed."""
        self._refill(now)
        self._left = min(self._left, left)
        if left <= 0:
            self.close(min(until, now + self._window))

    def _refill(self, now: int) -> None:
        passed = max(0, now - self._began)
        self._left = min(self._most, self._left + passed * self._most / self._window)
        # Not the later of both: a clock that was put back would let nothing through until it is there again.
        self._began = now
