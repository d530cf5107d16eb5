"""Members on their way out: who is asked for, and users with their identities as columns."""

from __future__ import annotations

from typing import TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from raudience.records.texts import Texts

__all__ = ["Attribute", "Listing", "Named", "Pick", "Standings"]

Attribute: TypeAlias = str | int | float | tuple[str, ...] | None
"""Value of a user attribute; a tuple is a list, None a tag."""


class Pick(msgspec.Struct, frozen=True):
    """Members of an audience: all, or those in the buckets from `first` to before `stop` of the A/B test of a seed; of
    them all, or a fair sample: those whose `hashing.mix64` is less than `below`."""

    audience: str
    seed: int | None = None
    first: int = 0
    stop: int = 0
    below: int | None = None


class Named(msgspec.Struct, frozen=True):
    """Values of one identity. user: int64[k], ascending, places among the users of a listing; several may be equal."""

    user: NDArray[np.int64]
    texts: Texts


class Listing(msgspec.Struct, frozen=True):
    """Users, ascending by MPID, and one `Named` for each identity that was asked for. mpid: int64[n]; at: int64[n], the
    instant, in milliseconds, at which a user was a member and had these values."""

    mpid: NDArray[np.int64]
    at: NDArray[np.int64]
    identities: tuple[Named, ...]


class Standings(msgspec.Struct, frozen=True):
    """Users in the order in which somebody asked for them. members: whether they are in audiences, all of them for the
    first audience, then for the next, bool[audiences * users]; and one `Named` for each identity."""

    members: NDArray[np.bool_]
    identities: tuple[Named, ...]
