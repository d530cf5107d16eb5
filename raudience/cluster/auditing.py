"""The self-audit of an engine: some users are worked out anew, on demand or between rounds; what differs is told."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable
from typing import Final

from raudience.clock import monotonic
from raudience.cluster.writing import Writer
from raudience.records import Audit, Difference

__all__ = ["SelfAudit", "joined"]

_LOG: Final = logging.getLogger(__name__)

EVERY: Final = 60.0
"""Seconds between two audits in the background."""


class SelfAudit:
    """figures: all audits of this engine so far."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._sample, self._every = 0, EVERY
        self._turn = 0
        self._ended: float | None = None
        self.figures = Audit()

    def keep_on(self, sample: int, every: float = EVERY) -> None:
        """Look at about `sample` users every so many seconds, between two rounds; 0: at nobody."""
        self._sample, self._every = sample, every

    def look(self) -> None:
        """To be asked between two rounds: audit when it is time."""
        now = monotonic()
        if self._sample and (self._ended is None or now - self._ended >= self._every):
            self.run(self._sample)

    def run(self, sample: int) -> Audit:
        """Look at about `sample` users now, others than the last time; what differs is told in the log, by audience and
        criterion, without naming anybody."""
        each = -(-sample // self._writer.shards)
        turn, self._turn = self._turn, self._turn + 1
        found = joined(self._writer.steadily(lambda: self._writer.ask_all("ask", "audit", each, turn)))
        for difference in found.differences:
            _LOG.error("self-audit: %s", difference, extra=_told(difference, found.checked))
        self.figures = joined((self.figures, found))
        self._ended = monotonic()
        return found


def joined(audits: Iterable[Audit]) -> Audit:
    """One audit of several that looked at different users."""
    checked = wrong = 0
    users = Counter[tuple[str, tuple[str, ...]]]()
    for audit in audits:
        checked, wrong = checked + audit.checked, wrong + audit.wrong
        for each in audit.differences:
            users[each.criterion, each.audiences] += each.users
    return Audit(checked, wrong, tuple(sorted(Difference(*what, count) for what, count in users.items())))


def _told(difference: Difference, checked: int) -> dict[str, object]:
    return {
        "audiences": difference.audiences,
        "criterion": difference.criterion,
        "users": difference.users,
        "checked": checked,
    }
