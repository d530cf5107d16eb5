"""Taking in what was told already: who entered is known then, so nobody is looked for until it is over."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from raudience.criteria.leaves import AndOf, Formula, NotOf, Plan
from raudience.records import Changes
from raudience.shard.changing import numbered
from raudience.shard.compiled import OPTED_OUT
from raudience.shard.growing import narrow
from raudience.shard.snapshot import Longs, longs

__all__ = ["NO_ENTRANTS", "Entrants", "entrants_of", "gathered_entrants", "quieted"]

_NONE: Final[NDArray[Any]] = np.zeros(0, np.uint8)
_NO_LONGS: Final = Longs(0, _NONE)
_IMPOSSIBLE: Final[Formula] = AndOf((0, NotOf(0)))


class Entrants(msgspec.Struct, frozen=True, omit_defaults=True):
    """Who entered audiences, the latest last: audience (n, unsigned) numbered as in `Plan.shown` of the plan in force
    afterwards, mpid int64[n], at."""

    audience: NDArray[Any] = _NONE
    mpid: NDArray[Any] = _NONE
    at: Longs = _NO_LONGS


NO_ENTRANTS: Final = Entrants()


def entrants_of(changes: Changes, before: tuple[str, ...], keys: tuple[str, ...]) -> Entrants:
    """Who entered with the changes of a command. before, keys: of the audiences that were told of until then, and from
    then on; whoever is in an audience that begins with the command did not enter."""
    if not len(changes):
        return NO_ENTRANTS
    audience = numbered(changes, before, keys)
    where = (changes.entered & (audience >= 0)).nonzero()[0]
    if not len(where):
        return NO_ENTRANTS
    return Entrants(narrow(audience.take(where)), changes.mpid.take(where), longs(changes.at.take(where)))


def gathered_entrants(parts: Sequence[Entrants]) -> Entrants:
    """Those of commands that follow each other under one plan."""
    parts = [part for part in parts if len(part.mpid)]
    if len(parts) < 2:
        return parts[0] if parts else NO_ENTRANTS
    audience, mpid, at = zip(*((part.audience, part.mpid, part.at.values()) for part in parts), strict=True)
    return Entrants(np.concatenate(audience), np.concatenate(mpid), longs(np.concatenate(at)))


def quieted(plan: Plan) -> Plan:
    """A plan that keeps what this one keeps, with the same audiences, but nobody is ever in them."""
    nobody = tuple(msgspec.structs.replace(audience, formula=_IMPOSSIBLE) for audience in plan.shown)
    return msgspec.structs.replace(plan, leaves=(OPTED_OUT,), audiences=nobody)
