"""One connection: what its partner should hold against what it has acknowledged, and what to do next about it.

Level by level, never event by event: a user who may stand otherwise than the partner knows is looked at as he stands
now, and the difference to the ledger is sent. A fault of a week, a crash between sending and hearing, a changed address
and a changed switch all end the same way.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Final, TypeAlias, assert_never

import msgspec

from raudience.clock import SECOND
from raudience.errors import FixStore
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
    Snapped,
)
from raudience.forward.held import Held
from raudience.forward.identities import wanted_rows
from raudience.forward.kinds import BadItems, Done, Failure, GoneAtPartner, Outcome, Partly, RateLimited, Retry
from raudience.forward.members import WHOLE, wanted_users
from raudience.forward.partner import IdentityRule, Limits, Settings
from raudience.forward.planning import Batch, cut, difference, parted, values_of, void
from raudience.forward.retrying import next_attempt
from raudience.records.listings import Attribute

__all__ = ["Batch", "Connection", "EnsureList", "Look", "Send", "Standing", "Step", "Wait"]

_REFUSALS: Final = 20
"""Items that may be refused, or answers that name some of many, with none taken between them."""
_LEAST: Final = 1_000
_MOST: Final = 20_000
"""Users of one look."""
_REQUESTS: Final = 8
"""Full requests to which one look comes; so long do those have to wait to whom something happens meanwhile."""


class Standing(msgspec.Struct, frozen=True, gc=False):
    """How a user stands now: a member or not, his identities by name, and the attributes that go along."""

    mpid: int
    member: bool
    identities: Mapping[str, Sequence[str]]
    attributes: Mapping[str, Attribute] = {}


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
        self._rules, self.limits, self._settings = rules, limits, settings
        self._refresh, self._whole = refresh, whole
        kinds = (WHOLE,) if whole else tuple(rule.kind for rule in rules)
        self.lists: dict[str, Listed] = {}
        self.held: dict[str, Held] = {kind: Held() for kind in kinds}
        self.refused: dict[str, dict[bytes, Failure]] = {kind: {} for kind in kinds}
        self.fault: Faulted | None = None
        self.faulted = 0
        self.position = 0
        self.planned_at = 0
        self.rechecked = 0
        self.forgotten = 0
        self.attributes: tuple[str, ...] = ()
        self.snapped = 0
        self._live: dict[int, None] = {}
        self._later: dict[int, None] = {}
        self._batches: list[Batch] = []
        self._looked: frozenset[int] = frozenset()
        self._size, self._was_live = _LEAST, False
        self._attempts, self._waits = 0, 0
        self._refusals = 0

    @property
    def backlog(self) -> int:
        """Users who have to be looked at or sent."""
        return len(self._later) + sum(mpid not in self._later for mpid in self._live)

    @property
    def counts(self) -> tuple[int, int]:
        """Users to be looked at because something has happened to them, and users to be looked at when there is time;
        one may be among both."""
        return len(self._live), len(self._later)

    @property
    def missed(self) -> tuple[int, int]:
        """How many requests have failed in a row, and the instant of the next try."""
        return self._attempts, self._waits

    @property
    def is_told(self) -> bool:
        """Whether the partner knows all that was planned, and everybody was looked at since the beginning."""
        return not self._batches and not self._later

    @property
    def unseen(self) -> int:
        """Users to whom something has happened, and who have not been looked at since."""
        return len(self._live) - (len(self._looked) if self._was_live else 0)

    def configure(self, settings: Settings, limits: Limits) -> None:
        """Send as these settings say; what was planned by others is planned anew."""
        self._settings, self.limits, self._batches, self._looked = settings, limits, [], frozenset()

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
                known = self.lists.get(entry.kind)
                if known is not None and known.list_id != entry.list_id:
                    # What is said of another list is another thing to say: it must not go by the instant of this one.
                    self._batches, self._looked = [], frozenset()
                self.lists[entry.kind] = entry
            case Lost():
                self._lose(entry.kind)
            case Sending() | Acknowledged():
                self._note_rows(entry)
            case Refused():
                self.refused[entry.kind].update(dict.fromkeys(entry.values, entry.failure))
            case Faulted():
                self.fault, self._batches, self._looked = entry, [], frozenset()
                self.faulted = max(self.faulted, entry.at)
            case Resumed():
                self.fault, self._attempts, self._waits, self._refusals = None, 0, 0, 0
                self.refused = {kind: {} for kind in self.refused}
            case Rechecked():
                self._recheck(entry)
            case Snapped():
                self.snapped = entry.at
            case _:
                assert_never(entry)

    def forget(self, erased: int) -> None:
        """So many users were erased so far, and are nowhere downstream: what was refused may be of one of them."""
        self.forgotten = erased
        self.refused = {kind: {} for kind in self.refused}

    def stopped(self, failure: Failure, now: int) -> Faulted:
        """A fault, later than any before whatever the clock does: somebody resumes it by its instant."""
        return Faulted(failure, max(now, self.faulted + 1))

    def next(self, now: int, live: bool = True) -> Step:
        """What to do at an instant. live: whether users to whom something has happened may be looked at already."""
        if self.fault is not None:
            return Wait(None)
        if now < self._waits:
            return Wait(self._waits)
        if self._batches:
            batch = self._batches[0]
            known = self.lists.get(batch.kind)
            return EnsureList(batch.kind) if known is None else Send(known.list_id, batch)
        chosen = self._chosen(live)
        return Look(chosen) if chosen else Wait(None)

    def _chosen(self, live: bool) -> tuple[int, ...]:
        """Whom to look at next: those to whom something has happened and the others in turns, so that neither have to
        wait for all of the other."""
        others = tuple(islice((mpid for mpid in self._later if mpid not in self._live), self._size))
        if live and self._live and not (others and self._was_live):
            return tuple(islice(self._live, _MOST))
        return others

    def planned(self, standings: Iterable[Standing], now: int) -> list[Entry]:
        """Take in how users stand: what can be noted at once. The rest is sent next; nobody is settled before."""
        found = list(standings)
        self._looked = frozenset(each.mpid for each in found)
        self._was_live = not self._looked.isdisjoint(self._live)
        entries: list[Entry] = []
        mpids, should = [each.mpid for each in found], self._wanted(found)
        since = 1 if self._refresh is None else max(1, (now - self._refresh) // SECOND)
        at = max(now, self.planned_at + 1)
        for kind in self.held:
            batch = difference(kind, self.held[kind], mpids, should[kind], since, at, self._whole)
            entries += self._noted(batch, now)
            self._batches += cut(batch, self.limits)
        self._size = self._next_size(len(found))
        return [*entries, *self._settled()]

    def _next_size(self, users: int) -> int:
        """As many users as come to full requests, if they are like those of the last look."""
        items = sum(len(batch.items) for batch in self._batches)
        if self._was_live or not items:
            return self._size
        return min(max(_LEAST, users * _REQUESTS * self.limits.items // items), _MOST)

    def _noted(self, batch: Batch, now: int) -> list[Entry]:
        """Rows that need no word to the partner are so at once; the others are unsure from here on."""
        moved = values_of(batch.items)
        puts, drops = (tuple(row for row in rows if row[1] not in moved) for rows in (batch.puts, batch.drops))
        unsure = tuple(row for row in (*batch.puts, *batch.drops) if row[1] in moved)
        silent = [Acknowledged(batch.kind, puts, drops, now // SECOND)] if puts or drops else []
        return [*silent, *([Sending(batch.kind, unsure, batch.at)] if unsure else [])]

    def together(self, most: int) -> list[Send]:
        """Up to so many sends that may be under way at the same time: no two of them are about the same user and list.
        The first is the one that `next` names."""
        ready = (batch for batch in self._batches if batch.kind in self.lists)
        return [Send(self.lists[batch.kind].list_id, batch) for batch in islice(ready, most)]

    def judged(self, batch: Batch, outcome: Outcome, now: int, chance: float) -> list[Entry]:
        """What an answer means. chance: in [0, 1), spreads the attempts of many. A batch that is not to be sent any
        longer, since something else has come between, leaves its rows unsure."""
        if not any(each is batch for each in self._batches):
            return []
        match outcome:
            case Done():
                self._put_in_place(batch, ())
                self._attempts, self._refusals = 0, 0
                return [Acknowledged(batch.kind, batch.puts, batch.drops, now // SECOND), *self._settled()]
            case BadItems():
                return self._without_bad(batch, outcome, now)
            case Partly():
                return self._without_taken(batch, outcome, now, chance)
            case Retry() | RateLimited():
                at = next_attempt(outcome, self._attempts, now, chance)
                self._attempts += now >= self._waits
                if at is not None:
                    self._waits = max(self._waits, at)
                    return []
        lost = self._of_one_list(batch.kind) if isinstance(outcome, GoneAtPartner) else []
        return [*map(Lost, lost), self.stopped(outcome, now)]

    def _put_in_place(self, batch: Batch, others: Sequence[Batch]) -> None:
        """Other batches for one that is to be sent, or none."""
        place = next(place for place, each in enumerate(self._batches) if each is batch)
        self._batches[place : place + 1] = others

    def _of_one_list(self, kind: str) -> list[str]:
        """The kinds whose list is the same as that of a kind."""
        ids = {each: listed.list_id for each, listed in self.lists.items()}
        return [each for each, list_id in ids.items() if list_id == ids.get(kind)]

    def desired(self, found: Sequence[Standing]) -> dict[str, list[Row]]:
        """The rows of each kind that a partner should hold of users, in their order, also those that it refuses."""
        members = [each for each in found if each.member]
        if self._whole:
            users = ((each.mpid, each.identities, each.attributes) for each in members)
            return {WHOLE: wanted_users(self._rules, self._settings, users)}
        return wanted_rows(self._rules, self._settings, [(each.mpid, each.identities) for each in members])

    def _wanted(self, found: Sequence[Standing]) -> dict[str, list[Row]]:
        """`desired` without what the partner refuses."""
        rows = self.desired(found)
        return {
            kind: [row for row in rows.get(kind, ()) if row[1] not in refused] if refused else rows.get(kind, [])
            for kind, refused in self.refused.items()
        }

    def _without_bad(self, batch: Batch, outcome: BadItems, now: int) -> list[Entry]:
        """Leave out what is refused, or look for it by halving."""
        positions = outcome.positions if len(batch.items) > 1 else (0,)
        if positions is None:
            middle = len(batch.items) // 2
            self._put_in_place(batch, parted(batch, [batch.items[:middle], batch.items[middle:]]))
            return []
        refused = [batch.items[position] for position in positions]
        bad = {item.value for item in refused}
        # Whoever names some of many has nothing against the others.
        self._refusals += len(bad) if len(bad) == len(batch.items) else 1
        if self._refusals > _REFUSALS:
            # So many, and nothing taken between them: it is not the items.
            return [self.stopped(outcome, now)]
        good = tuple(item for item in batch.items if item.value not in bad)
        # What is void stays so, though nothing takes its place.
        good = (*(void(item.replaces) for item in refused if item.replaces), *good)
        self._put_in_place(batch, parted(batch, [good] if good else []))
        return [Refused(batch.kind, tuple(sorted(bad)), outcome), *self._settled()]

    def _without_taken(self, batch: Batch, outcome: Partly, now: int, chance: float) -> list[Entry]:
        """What was taken is so; the others come again, after a wait that begins anew whenever something was taken."""
        if not outcome.taken:
            return self.judged(batch, outcome.failure, now, chance)
        places = frozenset(outcome.taken)
        taken, left = parted(
            batch,
            [
                tuple(item for place, item in enumerate(batch.items) if (place in places) is were_taken)
                for were_taken in (True, False)
            ],
        )
        self._put_in_place(batch, [left])
        self._attempts, self._refusals = 1, 0
        self._waits = max(self._waits, next_attempt(outcome.failure, 0, now, chance) or now)
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
                for mpid in self._looked.intersection(entry.mpids):
                    # Behind those who wait: who changes all the time holds up nobody.
                    self._live.pop(mpid, None)
                self._live.update(dict.fromkeys(entry.mpids))
                self._looked -= frozenset(entry.mpids)
            case Filling():
                self._later.update(dict.fromkeys(entry.mpids))
                # They may stand otherwise than when they were looked at last.
                self._looked -= frozenset(entry.mpids)
            case Settled():
                for mpid in entry.mpids:
                    self._live.pop(mpid, None)
                    self._later.pop(mpid, None)

    def _note_rows(self, entry: Sending | Acknowledged) -> None:
        if entry.kind not in self.held:
            message = f"log of a connection: expected {', '.join(self.held)}, got {entry.kind}; connect it anew"
            raise FixStore(message)
        held = self.held[entry.kind]
        match entry:
            case Sending():
                self.planned_at = max(self.planned_at, entry.at)
                held.put(entry.rows, 0)
            case Acknowledged():
                held.drop(entry.drops)
                held.put(entry.puts, entry.second)

    def _recheck(self, entry: Rechecked) -> None:
        self.rechecked, self.attributes = entry.at, entry.attributes
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
