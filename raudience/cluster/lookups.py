"""What an engine answers about users: where they are, since when, who is in an audience, what changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from raudience.cluster.auditing import SelfAudit
from raudience.cluster.carrier import COORDINATOR
from raudience.cluster.writing import Writer
from raudience.hashing import key_groups
from raudience.records import Audit, Changes, Membership, Page
from raudience.records.listings import Attribute, Standings
from raudience.records.texts import words_in

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

    def seen(self, mpid: int) -> bool:
        """Whether there is a profile of a user."""
        return bool(self._writer.steadily(lambda: self._writer.ask_owner(group_of(mpid), "ask", "seen", mpid)))

    def page(self, audience: str, after: int | None = None, most: int = 1_000) -> Page:
        """The first `most` members of an audience behind an MPID, None: of all."""
        self._known(audience)
        pages: list[Page] = self._ask_all("page", audience, after, most)
        mpids = np.concatenate([page.mpids for page in pages])
        first = np.argsort(mpids)[:most]
        entered = np.concatenate([page.entered for page in pages])
        return Page(mpids[first], entered[first], len(mpids) > most or any(page.more for page in pages))

    def standings(
        self, audiences: tuple[str, ...], mpids: NDArray[np.int64], names: tuple[str, ...]
    ) -> list[tuple[int, tuple[bool, ...], dict[str, tuple[str, ...]]]]:
        """Where users stand, in the order of `mpids`: each with whether they are in each of the audiences, shadows
        included, and the values of the named identities that they have."""
        for audience in audiences:
            self._known(audience)
        answers = self._writer.steadily(
            lambda: self._writer.ask_owners(
                key_groups(mpids), "ask", lambda places: ("standings", audiences, mpids[places], names)
            )
        )
        found: list[tuple[tuple[bool, ...], dict[str, tuple[str, ...]]]] = [((), {})] * len(mpids)
        for places, answer in answers:
            for place, each in zip(places.tolist(), _one_by_one(answer, len(places), names), strict=True):
                found[place] = each
        return [(mpid, *each) for mpid, each in zip(mpids.tolist(), found, strict=True)]

    def attributes(self, mpids: NDArray[np.int64], names: tuple[str, ...]) -> list[dict[str, Attribute]]:
        """The named attributes that each user has, in the order of `mpids`."""
        answers = self._writer.steadily(
            lambda: self._writer.ask_owners(
                key_groups(mpids), "ask", lambda places: ("attributes", mpids[places], names)
            )
        )
        found: list[dict[str, Attribute]] = [{}] * len(mpids)
        for places, answer in answers:
            for place, each in zip(places.tolist(), answer, strict=True):
                found[place] = each
        return found

    def shared(self) -> tuple[str, ...]:
        """Attributes of which changes are told from the round on up to which this engine has looked."""
        plan = self._writer.state.plan
        return () if plan is None else plan.shared

    def audit(self, sample: int) -> Audit:
        """Work out about `sample` users anew and compare: other users each time."""
        return self.audits.run(sample)

    def told_of(
        self, after: int, audience: str | None, mpid: int | None, most: int = 1_000
    ) -> list[tuple[int, Changes]]:
        """Number and changes of an audience, a user, or both, of up to `most` rounds that have such, behind a round."""
        found: list[tuple[int, Changes]] = self._writer.ask(COORDINATOR, "told", after, most, audience, mpid)
        return found


def _one_by_one(
    standings: Standings, users: int, names: tuple[str, ...]
) -> Iterator[tuple[tuple[bool, ...], dict[str, tuple[str, ...]]]]:
    """Each user's memberships and identities."""
    known: list[dict[str, tuple[str, ...]]] = [{} for _ in range(users)]
    for name, named in zip(names, standings.identities, strict=True):
        for user, word in zip(named.user.tolist(), words_in(named.texts), strict=True):
            known[user][name] = (*known[user].get(name, ()), word)
    return zip(map(tuple, standings.members.reshape(-1, users).T.tolist()), known, strict=True)


def group_of(mpid: int) -> int:
    """Key group of a user."""
    return int(key_groups(np.array([mpid], np.int64))[0])
