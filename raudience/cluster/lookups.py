"""What an engine answers about users: where they are, since when, who is in an audience, what changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from raudience.cluster.auditing import SelfAudit
from raudience.cluster.carrier import COORDINATOR
from raudience.cluster.writing import Writer
from raudience.hashing import key_groups
from raudience.records import Audit, Changes, Membership, Page

__all__ = ["UserLookups", "group_of"]


class UserLookups:
    """What an engine answers about users."""

    _writer: Writer
    audits: SelfAudit
    _known: Callable[[str], None]
    _ask_all: Callable[..., list[Any]]

    def memberships(self, mpid: int) -> tuple[Membership, ...]:
        """The audiences of a user, by key, with entry and expiry."""
        found: tuple[Membership, ...] = self._writer.steadily(
            lambda: self._writer.ask_owner(group_of(mpid), "ask", "memberships", mpid)
        )
        return found

    def page(self, audience: str, after: int | None = None, most: int = 1_000) -> Page:
        """The first `most` members of an audience behind an MPID, None: of all."""
        self._known(audience)
        pages: list[Page] = self._ask_all("page", audience, after, most)
        mpids = np.concatenate([page.mpids for page in pages])
        first = np.argsort(mpids)[:most]
        entered = np.concatenate([page.entered for page in pages])
        return Page(mpids[first], entered[first], len(mpids) > most or any(page.more for page in pages))

    def audit(self, sample: int) -> Audit:
        """Work out about `sample` users anew and compare: other users each time."""
        return self.audits.run(sample)

    def told_of(
        self, after: int, audience: str | None, mpid: int | None, most: int = 1_000
    ) -> list[tuple[int, Changes]]:
        """Number and changes of an audience, a user, or both, of up to `most` rounds that have such, behind a round."""
        found: list[tuple[int, Changes]] = self._writer.ask(COORDINATOR, "told", after, most, audience, mpid)
        return found


def group_of(mpid: int) -> int:
    """Key group of a user."""
    return int(key_groups(np.array([mpid], np.int64))[0])
