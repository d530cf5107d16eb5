"""Whether somebody who does not write has decided or asked for something."""

from __future__ import annotations

from typing import Any, Final

from raudience.clock import monotonic
from raudience.cluster.carrier import COORDINATOR, Carrier, Lost
from raudience.cluster.writing import Writer
from raudience.errors import Superseded

__all__ = ["Hearing"]

_PAUSE: Final = 0.25
"""Seconds between two questions."""


class Hearing:
    """Asks beside the rounds, which never wait for the answer: it is read when a round that was sent later is told.
    wished: how many shards somebody asked for, None: nobody did."""

    def __init__(self, carrier: Carrier, writer: Writer) -> None:
        self._carrier, self._writer = carrier, writer
        self._asked: float | None = None
        self._answer: Any = None
        self._number = 0
        self.wished: int | None = None

    def called(self) -> bool:
        """To be asked between rounds: whether there is something to do. It is said once for each question."""
        if self._answer is not None:
            return self._writer.told > self._number and self._heard()
        now = monotonic()
        if self._asked is None or now - self._asked >= _PAUSE:
            self._asked, self._number = now, self._writer.number
            self._answer = self._carrier.call(COORDINATOR, "called")
            if not self._writer.under_way:
                return self._heard()
        return False

    def forget_wish(self) -> None:
        """It does not count any more; an answer that is under way may still tell of it."""
        self._answer = self.wished = None

    def _heard(self) -> bool:
        answer, self._answer = self._answer, None
        try:
            due, self.wished = self._carrier.wait(answer)
            return bool(due)
        except (Lost, Superseded):
            # Whoever comes back is asked the next time.
            return False
