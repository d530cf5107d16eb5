"""Changes of membership, as the shards report them and as the log of changes shows them."""

from __future__ import annotations

from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

__all__ = ["Change", "Changes"]

_NOBODY: Final = np.zeros(0, np.int64)


class Changes(msgspec.Struct, frozen=True):
    """Transitions in the order (at, audience, mpid).

    audiences: the keys that `audience` points into, ascending; versions: one per key. audience: int32[k];
    mpid: int64[k]; entered: bool[k]; at: int64[k], the millisecond of the transition.

    touched: int64[n], ascending, distinct: users whose identities or device ids became others on the way and who are in
    an audience in the end, whether or not they stand among the transitions.
    """

    audiences: tuple[str, ...]
    versions: tuple[int, ...]
    audience: NDArray[np.int32]
    mpid: NDArray[np.int64]
    entered: NDArray[np.bool_]
    at: NDArray[np.int64]
    touched: NDArray[np.int64] = _NOBODY

    def __len__(self) -> int:
        return len(self.at)


class Change(msgspec.Struct, frozen=True, order=True):
    """One transition of one user in or out of one audience, by a version of its definition."""

    at: int
    audience: str
    mpid: int
    entered: bool
    id: str
    version: int = 1
