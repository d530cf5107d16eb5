"""What a partner should hold against what it has acknowledged, counted: for who wants to see it, not for who sends."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final, Literal, TypeAlias

import msgspec

from raudience.forward.connection import Connection, Standing
from raudience.forward.entries import Row

__all__ = ["Comparison", "Difference", "Found", "Word"]

Word: TypeAlias = Literal["missing", "superfluous", "unsure", "refused"]
"""missing: the partner should hold it, and has not acknowledged it. superfluous: the other way round. unsure: it was
sent, and nobody knows whether it was taken. refused: the partner does not take it."""
Found: TypeAlias = tuple[int, str, Word]
"""An MPID, a kind of identity, and what is the matter with it."""

_WORDS: Final[tuple[Word, ...]] = ("missing", "superfluous", "unsure", "refused")


class Difference(msgspec.Struct, frozen=True):
    """Of one kind of identity. Each identity of each user counts: one that two users share counts twice. should: what
    the partner should hold. held: what of that it has acknowledged for sure. The others: see `Word`."""

    kind: str
    should: int
    held: int
    missing: int
    superfluous: int
    unsure: int
    refused: int

    @property
    def is_none(self) -> bool:
        """Whether the partner holds exactly what it should, but for what it refuses."""
        return not (self.missing or self.superfluous or self.unsure)


class Comparison:
    """Compares users as they come, each once. connection: as its log leaves it; it stays as it is. failures: how often
    the partner refused what it should hold, by the kind, the status, the code and the text of the failure."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._should: Counter[str] = Counter()
        self._found: Counter[tuple[str, Word]] = Counter()
        self.failures: Counter[tuple[str, int, str, str]] = Counter()

    def take(self, standings: Sequence[Standing]) -> list[Found]:
        """What is the matter with these users, by MPID."""
        mpids, desired = [each.mpid for each in standings], self._connection.desired(standings)
        found: list[Found] = []
        for kind in self._connection.held:
            found += self._of_kind(kind, mpids, desired.get(kind, ()))
        self._found.update((kind, word) for _, kind, word in found)
        return sorted(found)

    def differences(self) -> tuple[Difference, ...]:
        """What was found so far, by kind."""
        return tuple(map(self._difference, self._connection.held))

    def _of_kind(self, kind: str, mpids: Sequence[int], should: Iterable[Row]) -> list[Found]:
        held, refused = self._connection.held[kind].of(mpids), self._connection.refused[kind]
        found: list[Found] = []
        wanted = set(should)
        self._should[kind] += len(wanted)
        for mpid, value in wanted:
            second = held.get((mpid, value))
            if value in refused:
                failure = refused[value]
                self.failures[type(failure).__name__, failure.status, failure.code, failure.text] += 1
                found.append((mpid, kind, "refused"))
            elif second is None:
                found.append((mpid, kind, "missing"))
            elif second == 0:
                found.append((mpid, kind, "unsure"))
        return [*found, *((mpid, kind, "superfluous") for mpid, value in held if (mpid, value) not in wanted)]

    def _difference(self, kind: str) -> Difference:
        missing, superfluous, unsure, refused = (self._found[kind, word] for word in _WORDS)
        should = self._should[kind]
        return Difference(kind, should, should - missing - unsure - refused, missing, superfluous, unsure, refused)
