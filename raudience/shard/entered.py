"""When members entered: a log of entries beside the bits of membership.

An entry is a row, an audience and an instant. Nothing is written when somebody leaves: the latest entry counts, and
only of who is a member. Who has none has been in since the audience began here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy
from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from raudience.shard.growing import segments

__all__ = ["Entered", "Entries"]

_LARGE: Final = 1 << 18
"""Entries of a piece that grows no more, and so many are looked at in one call."""
_STALE: Final = 1 << 16
"""Entries without a member that are not worth clearing away."""

Member: TypeAlias = Callable[[int], NDArray[np.bool_]]
"""bool[rows] of an audience by its number: who is a member."""

Holds: TypeAlias = Callable[[NDArray[np.int32], NDArray[Any]], NDArray[np.bool_]]
"""bool[k] of rows and numbers of audiences: which of the rows are members."""


class Entries(NamedTuple):
    """row int32[n], audience uint16[n] or int32[n], at int64[n], later ones behind."""

    row: NDArray[np.int32]
    audience: NDArray[np.unsignedinteger] | NDArray[np.int32]
    at: NDArray[np.int64]

    def take(self, where: NDArray[np.int64] | NDArray[np.bool_] | slice) -> Entries:
        return Entries(self.row[where], self.audience[where], self.at[where])


class Entered:
    """Entries of the audiences `keys`, which are numbered in that order; since: of each, the instant at which it began
    here with the members it had."""

    def __init__(self, keys: tuple[str, ...] = (), since: Sequence[int] = ()) -> None:
        self.keys = keys
        self.since = np.array(since, np.int64)
        self._pieces: list[Entries] = []
        self._stale = 0
        self._sweep: _Sweep | None = None

    def note(self, row: NDArray[np.int32], audience: NDArray[np.int32], at: NDArray[np.int64], gone: int) -> None:
        """Rows that entered, the latest last; gone: how many left meanwhile."""
        self._stale += gone
        if len(row):
            self._pieces.append(Entries(row, self._narrow(audience), at))
            self._join_small()

    def adopt(self, keys: tuple[str, ...], now: int) -> None:
        """Have other audiences: those that stay keep their entries, those that are new begin now."""
        kept = {key: number for number, key in enumerate(keys)}
        number = np.array([kept.get(key, -1) for key in self.keys], np.int32)
        since = np.full(len(keys), now)
        stays = (number >= 0).nonzero()[0]
        since[number[stays]] = self.since[stays]
        self.keys, self.since = keys, since
        if len(stays) == len(number):
            narrow = self._narrow(number)
            self._pieces = [each._replace(audience=narrow.take(each.audience)) for each in self._pieces]
            return
        entries = self.all()
        if len(entries.row):
            audience = number.take(entries.audience)
            self._set(Entries(entries.row, self._narrow(audience), entries.at).take(audience >= 0))

    def tidy(self, holds: Holds, member: Member, least: int = _STALE) -> None:
        """Forget entries without a member, some at a call, when they may outnumber the others. Where many of those who
        left have come back, those that later ones follow are forgotten too, all at once."""
        if self._sweep is None:
            if self._stale <= least or self._stale * 2 <= len(self):
                return
            self._sweep = _Sweep(self._stale)
        before, sweep = len(self), self._sweep
        sweep.go_on(self._pieces, holds)
        sweep.gone += before - len(self)
        if sweep.place < len(self._pieces):
            return
        self._sweep, self._stale = None, max(self._stale - sweep.gone, 0)
        if 2 * sweep.gone < sweep.due:
            self.clear(member)

    def clear(self, member: Member) -> None:
        """Forget entries without a member, and those that later ones follow."""
        entries = self._latest(self.all())
        kept = np.zeros(len(entries.row), bool)
        for number, part in _parts(entries.audience):
            kept[part] = member(number)[entries.row[part]]
        self._set(entries.take(kept))
        self._stale, self._sweep = 0, None

    def forget(self, rows: NDArray[np.bool_]) -> None:
        """Forget the entries of rows, bool[rows]."""
        kept = [each.take(~rows[each.row]) for each in self._pieces]
        self._pieces = [each for each in kept if len(each.row)]

    def move(self, to: NDArray[np.int32]) -> None:
        """Have the entries of rows in other rows; to: int32[rows], where those of each row go."""
        self._pieces = [each._replace(row=to.take(each.row)) for each in self._pieces]

    def graft(self, other: Entered, member: Member, to: NDArray[np.int32]) -> None:
        """Take the entries of another with the same audiences and these members; to: int32[n], own row of each of its
        rows. What was noted of those rows before is forgotten."""
        last = max(int(rows.max(initial=0)) for rows in (to, *(each.row for each in self._pieces)))
        fresh = np.zeros(last + 1, bool)
        fresh[to[1:]] = True
        self.forget(fresh)
        other.clear(member)
        theirs = other.all()
        parts = [theirs, *other._since_then(member, self.since)]
        for part in parts:
            self.note(to[part.row], part.audience.astype(np.int32), part.at, 0)

    def of_audience(self, audience: str, rows: int) -> NDArray[np.int64]:
        """int64[rows]: when each row entered, where it is a member."""
        number = self.keys.index(audience)
        found = np.full(rows, self.since[number])
        for each in self._pieces:
            where = (each.audience == number).nonzero()[0]
            # Of equal rows the last assignment stays.
            found[each.row[where]] = each.at[where]
        return found

    def of_row(self, row: int) -> NDArray[np.int64]:
        """int64[audiences]: when a row entered each audience of which it is a member."""
        found = self.since.copy()
        for each in self._pieces:
            where = (each.row == row).nonzero()[0]
            found[each.audience[where]] = each.at[where]
        return found

    def latest(self) -> list[tuple[str, int, Entries]]:
        """Key, beginning and latest entries of each audience, whoever is a member."""
        entries = self._latest(self.all())
        found = dict(_parts(entries.audience))
        return [
            (key, int(self.since[number]), entries.take(found.get(number, slice(0, 0))))
            for number, key in enumerate(self.keys)
        ]

    def all(self) -> Entries:
        """All entries, joined."""
        return _joined(self._pieces) if self._pieces else _NOTHING

    def twin(self) -> Entered:
        """The entries as they are now; read only."""
        twin = copy(self)
        twin._pieces = [*self._pieces]
        return twin

    def nbytes(self) -> int:
        return sum(array.nbytes for each in self._pieces for array in each)

    def __len__(self) -> int:
        return sum(len(each.row) for each in self._pieces)

    def _since_then(self, member: Member, since: NDArray[np.int64]) -> list[Entries]:
        """Entries of members that have none, where others say that the audience began at another instant."""
        found = []
        entries = self.all()
        for number in (self.since != since).nonzero()[0].tolist():
            rows = member(number).copy()
            rows[entries.row[entries.audience == number]] = False
            row = rows.nonzero()[0].astype(np.int32)
            found.append(Entries(row, np.full(len(row), number, np.int32), np.full(len(row), self.since[number])))
        return found

    def _latest(self, entries: Entries) -> Entries:
        """The last entry of each row and audience, by audience."""
        order = np.argsort(entries.audience, kind="stable")
        entries = entries.take(order)
        place = np.zeros(int(entries.row.max(initial=0)) + 1, np.int32)
        kept = np.zeros(len(entries.row), bool)
        for _, part in _parts(entries.audience):
            row = entries.row[part]
            every = np.arange(len(row), dtype=np.int32)
            place[row] = every
            kept[part] = place[row] == every
        return entries.take(kept)

    def _join_small(self) -> None:
        """Join the last pieces: each is twice as large as the next, or large."""
        pieces = self._pieces
        while len(pieces) > 1 and len(pieces[-2].row) < min(2 * len(pieces[-1].row), _LARGE):
            pieces[-2:] = [_joined(pieces[-2:])]

    def _set(self, entries: Entries) -> None:
        starts = range(0, len(entries.row), _LARGE)
        self._pieces = [entries.take(slice(start, start + _LARGE)) for start in starts]

    def _narrow(self, audience: NDArray[np.int32]) -> NDArray[np.unsignedinteger] | NDArray[np.int32]:
        return audience.astype(np.uint16) if len(self.keys) < 1 << 16 else audience


class _Sweep:
    """On the way through the pieces. due: entries that may be without a member; gone: those that were found so; place:
    of the piece that is next."""

    def __init__(self, due: int) -> None:
        self.due, self.gone, self.place = due, 0, 0

    def go_on(self, pieces: list[Entries], holds: Holds) -> None:
        """Keep the entries of members in the next pieces, and join those that have become small."""
        looked = 0
        while looked < _LARGE and self.place < len(pieces):
            piece = pieces[self.place]
            looked += len(piece.row)
            kept = piece.take(holds(piece.row, piece.audience))
            before = pieces[self.place - 1 : self.place] if self.place else []
            if before and len(before[0].row) + len(kept.row) <= _LARGE:
                pieces[self.place - 1 : self.place + 1] = [_joined([*before, kept])]
            else:
                pieces[self.place] = kept
                self.place += 1


def _joined(pieces: list[Entries]) -> Entries:
    return Entries(*(np.concatenate(arrays) for arrays in zip(*pieces, strict=True)))


def _parts(audience: NDArray[np.unsignedinteger] | NDArray[np.int32]) -> list[tuple[int, slice]]:
    """Runs of each audience, which ascend."""
    begins = segments(audience).nonzero()[0]
    ends = np.append(begins[1:], len(audience))
    numbers = audience.take(begins).tolist()
    return [(number, slice(*span)) for number, *span in zip(numbers, begins.tolist(), ends.tolist(), strict=False)]


_NOTHING: Final = Entries(np.zeros(0, np.int32), np.zeros(0, np.uint16), np.zeros(0, np.int64))
