"""Changes of membership, as the shards report them and as the log of changes shows them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

__all__ = ["Change", "Changes", "one_table"]

_NOBODY: Final = np.zeros(0, np.int64)


class Changes(msgspec.Struct, frozen=True):
    """Transitions in the order (at, audience, mpid).

    audiences: the keys that `audience` points into, ascending; versions: one per key. audience: int32[k];
    mpid: int64[k]; entered: bool[k]; at: int64[k], the millisecond of the transition.

    touched: int64[n], ascending, distinct: users whose identities, device ids or shared attributes became others on the
    way and who are in an audience in the end, whether or not they stand among the transitions.
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

    def some(self, where: NDArray[np.bool_]) -> Changes:
        """Some of the transitions, bool[k], and nobody whose identities changed."""
        return Changes(
            self.audiences, self.versions, self.audience[where], self.mpid[where], self.entered[where], self.at[where]
        )

    def compact(self) -> Changes:
        """The same; where there are more keys than transitions only those that are pointed to: a thousand audiences
        would make the record of every small round a long one."""
        if len(self) >= len(self.audiences):
            return self
        present, place = np.unique(self.audience, return_inverse=True)
        audiences = tuple(self.audiences[number] for number in present.tolist())
        versions = tuple(self.versions[number] for number in present.tolist())
        return msgspec.structs.replace(self, audiences=audiences, versions=versions, audience=place.astype(np.int32))


def one_table(parts: Sequence[Changes]) -> list[Changes]:
    """The same transitions, all pointing into one table of audiences, in which the last version counts."""
    table = (parts[0].audiences, parts[0].versions)
    if all((part.audiences, part.versions) == table for part in parts):
        return list(parts)
    versions = {key: version for part in parts for key, version in zip(part.audiences, part.versions, strict=True)}
    audiences = tuple(sorted(versions))
    place = {key: position for position, key in enumerate(audiences)}
    return [
        msgspec.structs.replace(
            part,
            audiences=audiences,
            versions=tuple(versions[key] for key in audiences),
            audience=np.array([place[key] for key in part.audiences], np.int32)[part.audience],
        )
        for part in parts
    ]


class Change(msgspec.Struct, frozen=True, order=True):
    """One transition of one user in or out of one audience, by a version of its definition."""

    at: int
    audience: str
    mpid: int
    entered: bool
    id: str
    version: int = 1
