"""What a client answers about users: where they are, since when, who is in an audience, what changed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from raudience.catalog.nearest import lacking
from raudience.cluster.change_lines import each_change
from raudience.cluster.engine import Engine
from raudience.cluster.given import read_identities, read_mpid
from raudience.errors import FixRequest
from raudience.records import Audit, Change, Membership
from raudience.records.memberships import UNKNOWN

__all__ = ["Lookups", "Member"]


class Member(msgspec.Struct, frozen=True):
    """A user in an audience, with the values of each identity that was asked for. entered: since when, if that is asked
    for and known."""

    mpid: int
    identities: dict[str, tuple[str, ...]] = {}
    entered: int | None = None


class Lookups:
    """What a client answers about users. Raises FixRequest for what is no MPID, and for what is no identity."""

    _engine: Engine

    def user(self, mpid: int) -> tuple[Membership, ...]:
        """The audiences of a user, by key: since when, and when it ends if nothing happens."""
        return self._engine.memberships(read_mpid(mpid))

    def seen(self, mpid: int) -> bool:
        """Whether there is a profile of a user: something came that is still kept."""
        return self._engine.seen(read_mpid(mpid))

    def page(
        self, audience: str, after: int | None = None, most: int = 1_000, identities: Sequence[str] = ()
    ) -> list[Member]:
        """Up to `most` users of an audience, ascending by MPID, behind one (None: from the first), since when they are
        in, and the identities that are asked for. Fewer than `most`: there are no more."""
        names = read_identities(identities)
        page = self._engine.page(audience, None if after is None else read_mpid(after), most)
        known = self._identities(page.mpids, names)
        return [
            Member(mpid, values, None if entered == UNKNOWN else entered)
            for mpid, values, entered in zip(page.mpids.tolist(), known, page.entered.tolist(), strict=True)
        ]

    def changes_of(
        self, audience: str | None = None, mpid: int | None = None, after: int = 0, until: int | None = None
    ) -> Iterator[Change]:
        """Every change of an audience, a user, or both, behind a position and up to another (None: the last), as far
        back as the engine keeps them; of an audience that was deleted too. Raises FixRequest for one that never was."""
        known = {} if audience is None else self._engine.catalog().audiences
        if audience is not None and audience not in known:
            raise FixRequest(lacking(audience, known))
        return self._changes_of(audience, None if mpid is None else read_mpid(mpid), after, until)

    def _changes_of(self, audience: str | None, mpid: int | None, after: int, until: int | None) -> Iterator[Change]:
        while rounds := self._engine.told_of(after, audience, mpid):
            for number, changes in rounds:
                if until is not None and number > until:
                    return
                yield from each_change(changes)
                after = number

    def audit(self, sample: int = 1_000) -> Audit:
        """Work out about so many users anew, from their kept events and attributes alone, and compare: other users each
        time, everybody in the end. What differs is told in the log too, and nothing ever should."""
        return self._engine.audit(sample)

    def audited(self) -> Audit:
        """All audits of this client, those in the background included (`connect(audit=...)`): `share` is the metric."""
        return self._engine.audits.figures

    def _identities(self, mpids: NDArray[np.int64], names: tuple[str, ...]) -> list[dict[str, tuple[str, ...]]]:
        return self._engine.identities(mpids, names) if names else [{} for _ in mpids]
