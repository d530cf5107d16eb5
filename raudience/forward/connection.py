"""One connection: what its partner should hold against what it has acknowledged, and what to do next about it.

Level by level, never event by event: a user who may stand otherwise than the partner knows is looked at as he stands
now, and the difference to the ledger is sent. A fault of a week, a crash between sending and hearing, a changed address
and a changed switch all end the same way.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain, islice
from typing import Final, TypeAlias, assert_never

import msgspec

from raudience.clock import SECOND
from raudience.forward.entries import (
    Acknowledged,
    Entry,
    Faulted,
    Filling,
    Heard,
    Listed,
    Lost,
    Rechecked,
    Refused,
    Resumed,
    Row,
    Sending,
    Settled,
)
from raudience.forward.held import Held
from raudience.forward.identities import wanted
from raudience.forward.kinds import BadItems, Done, Failure, GoneAtPartner, Outcome, Partly, RateLimited, Retry
from raudience.forward.members import WHOLE, Attribute, wanted_whole
from raudience.forward.partner import IdentityRule, Item, Limits, Settings
from raudience.forward.retrying import next_attempt

__all__ = ["Batch", "Connection", "EnsureList", "Look", "Send", "Standing", "Step", "Wait"]

_REFUSALS: Final = 20
"""Items that may be refused with none taken between them."""
_LOOKED_AT: Final = 1_000
"""Users of one look."""


class Standing(msgspec.Struct, frozen=True):
    """How a user stands now: a member or not, his identities by name, and the attributes that go along."""

    mpid: int
    member: bool
    identities: Mapping[str, Sequence[str]]
    attributes: Mapping[str, Attribute] = {}


class Batch(msgspec.Struct, frozen=True):
    """Items for one list, removals first, and the rows that are so when the partner has taken them. at: the instant at
    which they were planned; later for each plan, whatever the clock does, so that partners can tell changes by it."""

    kind: str
    items: tuple[Item, ...]
    puts: tuple[Row, ...]
    drops: tuple[Row, ...]
    at: int = 0


class EnsureList(msgspec.Struct, frozen=True):
    """Find or make the list of a kind."""

    kind: str


class Look(msgspec.Struct, frozen=True):
    """Find out how these users stand."""

    mpids: tuple[int, ...]


class Send(msgspec.Struct, frozen=True):
    list_id: str
    batch: Batch


class Wait(msgspec.Struct, frozen=True):
    """Nothing before this instant; None: nothing until something happens."""

    until: int | None


Step: TypeAlias = EnsureList | Look | Send | Wait


class Connection:
    """rules, settings: what is sent. refresh: milliseconds after which a member is sent again. whole: whether users go
    as one value each.

    `apply` takes what the log says; `next` says what to do; `planned` and `judged` turn what was found out into entries
    for the log. What is not in the log, waiting and the order of sending, begins anew after a crash."""

    def __init__(
        self,
        rules: Sequence[IdentityRule],
        limits: Limits,
        settings: Settings,
        refresh: int | None = None,
        whole: bool = False,
    ) -> None:
        self._rules, self._limits, self._settings = rules, limits, settings
        self._refresh, self._whole = refresh, whole
        kinds = (WHOLE,) if whole else tuple(rule.kind for rule in rules)
        self.lists: dict[str, Listed] = {}
        self.held: dict[str, Held] = {kind: Held() for kind in kinds}
        self.refused: dict[str, dict[bytes, Failure]] = {kind: {} for kind in kinds}
        self.fault: Faulted | None = None
        self.position = 0
        self.planned_at = 0
        self.rechecked = 0
        self._live: dict[int, None] = {}
        self._later: dict[int, None] = {}
        self._batches: list[Batch] = []
        self._looked: frozenset[int] = frozenset()
        self._attempts, self._waits = 0, 0
        self._refusals = 0

    @property
    def backlog(self) -> int:
        """Users who have to be looked at or sent."""
        return len(self._live.keys() | self._later.keys())

    @property
    def counts(self) -> tuple[int, int]:
        """Users to be looked at because something has happened to them, and users to be looked at when there is time;
        one may be among both."""
        return len(self._live), len(self._later)

    def configure(self, settings: Settings, limits: Limits) -> None:
        """Send as these settings say; what was planned by others is planned anew."""
        self._settings, self._limits, self._batches, self._looked = settings, limits, [], frozenset()

    def waiting(self) -> tuple[list[int], list[int]]:
        """Users to be looked at: first those whom something has happened to, then the others."""
        return list(self._live), list(self._later)

    def wait_for(self, live: Iterable[int], later: Iterable[int]) -> None:
        """Have these users to be looked at, and no others."""
        self._live, self._later = dict.fromkeys(live), dict.fromkeys(later)

    def apply(self, entry: Entry) -> None:
        """Do what an entry of the log says."""
        match entry:
            case Heard() | Filling() | Settled():
                self._note_users(entry)
            case Listed():
                self.lists[entry.kind] = entry
            case Lost():
                self._lose(entry.kind)
            case Sending() | Acknowledged():
                self._note_rows(entry)
            case Refused():
                self.refused[entry.kind].update(dict.fromkeys(entry.values, entry.failure))
            case Faulted():
                self.fault, self._batches, self._looked = entry, [], frozenset()
            case Resumed():
                self.fault, self._attempts, self._waits, self._refusals = None, 0, 0, 0
                self.refused = {kind: {} for kind in self.refused}
            case Rechecked():
                self._recheck(entry)
            case _:
                assert_never(entry)

    def next(self, now: int) -> Step:
        """What to do at an instant."""
        if self.fault is not None:
            return Wait(None)
        if now < self._waits:
            return Wait(self._waits)
        if self._batches:
            batch = self._batches[0]
            known = self.lists.get(batch.kind)
            return EnsureList(batch.kind) if known is None else Send(known.list_id, batch)
        others = (mpid for mpid in self._later if mpid not in self._live)
        chosen = tuple(islice(chain(self._live, others), _LOOKED_AT))
        return Look(chosen) if chosen else Wait(None)

    def planned(self, standings: Iterable[Standing], now: int) -> list[Entry]:
        """Take in how users stand: what can be noted at once. The rest is sent next; nobody is settled before."""
        found = list(standings)
        self._looked = frozenset(each.mpid for each in found)
        entries: list[Entry] = []
        should = [(each.mpid, self._wanted(each)) for each in found]
        since = 1 if self._refresh is None else max(1, (now - self._refresh) // SECOND)
        at = max(now, self.planned_at + 1)
        for kind in self.held:
            batch = self._difference(kind, [(mpid, values.get(kind, set())) for mpid, values in should], since, at)
            entries += self._noted(batch, now)
            self._batches += self._cut(batch)
        return [*entries, *self._settled()]

    def _noted(self, batch: Batch, now: int) -> list[Entry]:
        """Rows that need no word to the partner are so at once; the others are unsure from here on."""
        moved = _values_of(batch.items)
        puts, drops = (tuple(row for row in rows if row[1] not in moved) for rows in (batch.puts, batch.drops))
        unsure = tuple(row for row in (*batch.puts, *batch.drops) if row[1] in moved)
        silent = [Acknowledged(batch.kind, puts, drops, now // SECOND)] if puts or drops else []
        return [*silent, *([Sending(batch.kind, unsure, batch.at)] if unsure else [])]

    def judged(self, batch: Batch, outcome: Outcome, now: int, chance: float) -> list[Entry]:
        """What an answer means. chance: in [0, 1), spreads the attempts of many."""
        if isinstance(outcome, Done):
            self._batches, self._attempts, self._refusals = self._batches[1:], 0, 0
            taken = Acknowledged(batch.kind, batch.puts, batch.drops, now // SECOND)
            return [taken, *self._settled()]
        if isinstance(outcome, BadItems):
            return self._without_bad(batch, outcome, now)
        if isinstance(outcome, Partly):
            return self._without_taken(batch, outcome, now, chance)
        if isinstance(outcome, Retry | RateLimited):
            at = next_attempt(outcome, self._attempts, now, chance)
            self._attempts += 1
            if at is not None:
                self._waits = at
                return []
        lost = self._of_one_list(batch.kind) if isinstance(outcome, GoneAtPartner) else []
        return [*map(Lost, lost), Faulted(outcome, now)]

    def _of_one_list(self, kind: str) -> list[str]:
        """The kinds whose list is the same as that of a kind."""
        ids = {each: listed.list_id for each, listed in self.lists.items()}
        return [each for each, list_id in ids.items() if list_id == ids.get(kind)]

    def _wanted(self, standing: Standing) -> dict[str, set[bytes]]:
        if not standing.member:
            return {}
        found = self._chosen(standing)
        return {kind: values - self.refused[kind].keys() for kind, values in found.items()}

    def _chosen(self, standing: Standing) -> dict[str, set[bytes]]:
        if self._whole:
            return wanted_whole(self._rules, self._settings, standing.mpid, standing.identities, standing.attributes)
        return wanted(self._rules, self._settings, standing.identities)

    def _difference(self, kind: str, should: Sequence[tuple[int, set[bytes]]], since: int, at: int) -> Batch:
        """What has to change so that users hold the values they should. since: what was sent before this second is sent
        again."""
        held = self.held[kind]
        puts, again, drops = list[Row](), list[Row](), list[Row]()
        for mpid, values in should:
            present = held.values_of(mpid)
            puts += [(mpid, value) for value in sorted(values - present)]
            again += [(mpid, value) for value in sorted(values & present) if held.sent(mpid, value) < since]
            drops += [(mpid, value) for value in sorted(present - values)]
        if self._whole:
            return Batch(kind, _items_of_users((*puts, *again), drops), (*puts, *again), tuple(drops), at)
        change = Counter(value for _, value in puts)
        change.subtract(value for _, value in drops)
        change.update(dict.fromkeys((value for _, value in again), 0))
        return Batch(kind, self._items(held, change, {value for _, value in again}), (*puts, *again), tuple(drops), at)

    def _items(self, held: Held, change: Counter[bytes], again: set[bytes]) -> tuple[Item, ...]:
        """An item for each value that comes to the list of the partner, leaves it with its last user, or has to be said
        again; removals first."""
        items = []
        for value, more in change.items():
            before = held.owners_of(value)
            if before + more <= 0:
                items += [Item(value, False)] if before else []
            elif not before or value in again or not held.is_sure(value):
                items.append(Item(value, True))
        return tuple(sorted(items, key=lambda item: item.add))

    def _cut(self, batch: Batch) -> list[Batch]:
        """Batches within the limits; a row goes with the item of its value."""
        return [
            self._part(batch, batch.items[first : first + self._limits.items])
            for first in range(0, len(batch.items), self._limits.items)
        ]

    def _part(self, batch: Batch, items: tuple[Item, ...]) -> Batch:
        values = _values_of(items)
        puts, drops = (tuple(row for row in rows if row[1] in values) for rows in (batch.puts, batch.drops))
        return Batch(batch.kind, items, puts, drops, batch.at)

    def _without_bad(self, batch: Batch, outcome: BadItems, now: int) -> list[Entry]:
        """Leave out what is refused, or look for it by halving."""
        rest = self._batches[1:]
        positions = outcome.positions if len(batch.items) > 1 else (0,)
        if positions is None:
            middle = len(batch.items) // 2
            halves = (self._part(batch, items) for items in (batch.items[:middle], batch.items[middle:]))
            self._batches = [*halves, *rest]
            return []
        refused = [batch.items[position] for position in positions]
        bad = {item.value for item in refused}
        self._refusals += len(bad)
        if self._refusals > _REFUSALS:
            # So many, and nothing taken between them: it is not the items.
            return [Faulted(outcome, now)]
        good = tuple(item for item in batch.items if item.value not in bad)
        # What is void stays so, though nothing takes its place.
        good = (*(_void(item.replaces) for item in refused if item.replaces), *good)
        self._batches = [*([self._part(batch, good)] if good else []), *rest]
        return [Refused(batch.kind, tuple(sorted(bad)), outcome), *self._settled()]

    def _without_taken(self, batch: Batch, outcome: Partly, now: int, chance: float) -> list[Entry]:
        """What was taken is so; the others come again, after a wait that begins anew whenever something was taken."""
        if not outcome.taken:
            return self.judged(batch, outcome.failure, now, chance)
        places = frozenset(outcome.taken)
        taken, left = (
            self._part(batch, tuple(item for place, item in enumerate(batch.items) if (place in places) is were_taken))
            for were_taken in (True, False)
        )
        self._batches = [left, *self._batches[1:]]
        self._attempts, self._refusals = 1, 0
        self._waits = next_attempt(outcome.failure, 0, now, chance) or now
        return [Acknowledged(batch.kind, taken.puts, taken.drops, now // SECOND)]

    def _settled(self) -> list[Entry]:
        """Users of the last look are done with when nothing of it is left to send."""
        if self._batches or not self._looked:
            return []
        mpids, self._looked = tuple(sorted(self._looked)), frozenset()
        return [Settled(mpids)]

    def _note_users(self, entry: Heard | Filling | Settled) -> None:
        match entry:
            case Heard():
                self.position = entry.position
                self._live.update(dict.fromkeys(entry.mpids))
                self._looked -= frozenset(entry.mpids)
            case Filling():
                self._later.update(dict.fromkeys(entry.mpids))
            case Settled():
                for mpid in entry.mpids:
                    self._live.pop(mpid, None)
                    self._later.pop(mpid, None)

    def _note_rows(self, entry: Sending | Acknowledged) -> None:
        held = self.held[entry.kind]
        match entry:
            case Sending():
                self.planned_at = max(self.planned_at, entry.at)
                for mpid, value in entry.rows:
                    held.put(mpid, value, 0)
            case Acknowledged():
                for mpid, value in entry.drops:
                    held.drop(mpid, value)
                for mpid, value in entry.puts:
                    held.put(mpid, value, entry.second)

    def _recheck(self, entry: Rechecked) -> None:
        self.rechecked = entry.at
        if entry.again:
            for held in self.held.values():
                held.doubt()
            self.refused = {kind: {} for kind in self.refused}
            # Whoever was looked at before is not done with after what is under way.
            self._batches, self._looked = [], frozenset()

    def _lose(self, kind: str) -> None:
        """Nobody is on the list any longer; whoever was has to be looked at again."""
        self._later.update(dict.fromkeys(self.held[kind].users()))
        self.held[kind] = Held()
        self.lists.pop(kind, None)


def _values_of(items: Iterable[Item]) -> set[bytes]:
    return {value for item in items for value in (item.value, *item.replaces)}


def _items_of_users(puts: Iterable[Row], drops: Iterable[Row]) -> tuple[Item, ...]:
    """An item for each user, with all that is void of him; removals first."""
    void: dict[int, list[bytes]] = {}
    for mpid, value in drops:
        void.setdefault(mpid, []).append(value)
    added = [Item(value, True, tuple(void.pop(mpid, ()))) for mpid, value in puts]
    return (*map(_void, void.values()), *added)


def _void(values: Sequence[bytes]) -> Item:
    """A user, known by these values, is gone."""
    return Item(values[0], False, tuple(values[1:]))
