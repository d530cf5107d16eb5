"""One shard: a deterministic state machine over commands."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import assert_never

import msgspec
import numpy as np
from numpy.typing import NDArray

from raudience.clock import DAY
from raudience.criteria.leaves import FOREVER, Plan
from raudience.errors import ReportBug
from raudience.hashing import key_groups
from raudience.records import Block, Changes
from raudience.records.slicing import cut, not_before
from raudience.shard.absorbing import Absorbing, opened
from raudience.shard.adopting import Adoption, can_extend
from raudience.shard.arrivals import Arrivals, EventDictionaries
from raudience.shard.backfill import Backfill
from raudience.shard.changing import joined, numbered, ordered
from raudience.shard.commands import Command, Erase, Tick
from raudience.shard.compiled import Compiled
from raudience.shard.estimating import Samples
from raudience.shard.freezing import Frozen
from raudience.shard.index import NOBODY, Remembered
from raudience.shard.intake import Intake, fresh_events, fresh_parts
from raudience.shard.membership import Turns
from raudience.shard.profiles import Profiles
from raudience.shard.quiet import Entrants
from raudience.shard.reading import Known
from raudience.shard.registers import NEVER
from raudience.shard.sifting import drop_nobody, join_thin
from raudience.shard.snapshot import Header, Part, RememberedPart
from raudience.shard.store import EventStore
from raudience.shard.suggesting import Suggestions
from raudience.shard.timers import Timers
from raudience.shard.toggles import Toggles, gather

__all__ = ["Shard"]

_STEP = DAY
_RETENTION = -1
_REUSE = -2


class Shard(Known):
    """What one shard knows and decides about its profiles.

    `apply` takes commands in ascending time and returns all changes of membership in (time of the command before, now].
    The same commands give the same state and the same changes, on any machine.
    """

    def __init__(self) -> None:
        super().__init__()
        self._noted: list[Changes] = []
        self._rows: list[NDArray[np.int32]] = []
        """Of what was noted."""
        self._touched: list[NDArray[np.int32]] = []
        """Rows whose identities changed since the last call."""

    def apply(self, command: Command, now: int) -> Changes:
        """Carry out a command. A `now` before that of the last command counts as that moment; what a block would let
        take effect at that moment or before takes effect one millisecond after it: instants that were told are over."""
        match command:
            case Block():
                self._take(command)
                self._advance(now)
                changes = self._changes()
            case Tick():
                self._advance(now)
                changes = self._changes()
            case Plan():
                self._advance(now)
                changes = self._adopt(command)
            case Erase():
                self._advance(now)
                changes = self._erase(command)
            case _:
                assert_never(command)
        self.store.forget(self.plan.oldest(self.now))
        return changes.compact()

    def freeze(self, groups: NDArray[np.bool_] | None = None) -> Frozen:
        """What the shard knows now of the profiles of some key groups (bool[256], None: all): a snapshot in the making,
        which another thread may write while the shard goes on."""
        remembered = self._remembered()
        return Frozen(self.now, self.plan, self.profiles, self.known, self.store, remembered, self.entered, groups)

    def absorb(self, parts: Iterable[Part]) -> None:
        """Take in profiles of another shard, who are the members they were: nothing is told.

        A shard without profiles takes on the plan and the instant of the snapshot. Raises ReportBug when one with
        profiles has another plan or stands at another instant, or when a profile is here already; StateDamaged when
        parts are missing, FixStore when they are of a later format. The shard is not changed then.
        """
        header, rest = opened(parts)
        if not len(self.profiles.index.live()):
            self._absorb_alone(header, rest)
        elif (header.now, header.plan) == (self.now, self.plan):
            self._absorb_guests(header, list(rest))
        else:
            message = f"absorb: the shard stands at {self.now}, the snapshot at {header.now}, or their plans differ"
            raise ReportBug(message)

    def release(self, groups: NDArray[np.bool_]) -> None:
        """Forget the profiles of some key groups (bool[256]): they go on elsewhere, and nothing is told. What is
        remembered of ids, and words, stay until their time is over."""
        rows = self.profiles.index.live()
        rows = rows[groups[key_groups(self.profiles.index.mpids[rows])]]
        if len(rows):
            self._release(rows)
            join_thin(self.store)

    def note(self, entrants: Entrants) -> None:
        """Know of entries that a command made elsewhere; whose profile is gone by now is no member."""
        row = self.profiles.index.find(entrants.mpid.astype(np.int64, copy=False))
        here = (row >= 0).nonzero()[0]
        audience, at = entrants.audience.take(here).astype(np.int32), entrants.at.values().take(here)
        self.entered.note(row.take(here), audience, at, len(here))

    def ask(self, plan: Plan) -> None:
        """Find the members of a plan that keeps what the one in force keeps, with the same audiences. Nothing is told,
        and when they entered was noted."""
        self.evaluation = Backfill(self.profiles, self.store, self.known, self.timers, self.now).run(plan)
        self.entered.tidy(self._hold, self._members_by_number)

    def _remembered(self) -> dict[str, Remembered]:
        return {"batches": self._batches, "messages": self._messages}

    def _absorb_alone(self, header: Header, parts: Iterator[Part], numbered: Compiled | None = None) -> None:
        """numbered: of the evaluation whose numbers of leaves and audiences are taken."""
        plan, now = header.plan, header.now
        if now < self.now:
            message = f"absorb: expected a snapshot of {self.now} or later, got one of {now}"
            raise ReportBug(message)
        profiles, known, store, timers = Profiles(), EventDictionaries(), EventStore(), Timers()
        batches, messages = self._batches.twin(), self._messages.twin()
        batches.keep_for(plan.remember_batches, now)
        messages.keep_for(plan.remember_messages, now)
        absorbing = Absorbing(profiles, known, store, {"batches": batches, "messages": messages})
        absorbing.take(parts)
        self.now, self.profiles, self.known, self.store, self.timers = now, profiles, known, store, timers
        self._batches, self._messages = batches, messages
        self.evaluation = Backfill(profiles, store, known, timers, now).run(plan, numbered)
        self.entered = absorbing.entered(self.evaluation.keys)
        self._rearm()

    def _absorb_guests(self, header: Header, parts: list[Part]) -> None:
        """Find what the profiles are in a shard of their own, and take that over row by row."""
        guest = Shard()
        alone = (part for part in parts if not isinstance(part, RememberedPart))
        guest._absorb_alone(header, alone, self.evaluation.compiled)
        theirs = guest.profiles.index.mpids[guest.profiles.index.live()]
        if (self.profiles.index.find(theirs) >= 0).any():
            message = "absorb: some profiles of the snapshot are here already"
            raise ReportBug(message)
        absorbing = Absorbing(self.profiles, self.known, self.store, self._remembered())
        absorbing.take(iter(parts))
        join_thin(self.store)
        self.evaluation.make_room(self.profiles.rows)
        to = np.append(np.int32(NOBODY), absorbing.rows)
        self.entered.graft(guest.entered, guest._members_by_number, to)
        self.evaluation.graft(guest.evaluation, to)
        self.timers.graft(guest.timers, to)

    def _take(self, block: Block) -> None:
        at = block.batches.at
        if not len(at):
            return
        if at[0] <= self.now:
            block = not_before(block, self.now + 1)
            at = block.batches.at
        position, count = 0, len(at)
        ended: NDArray[np.int32] | None = None
        while position < count:
            if at[position] - self.now > _STEP:
                self._advance(int(at[position]) - 1)
            end = self._end_of_piece(block, position)
            if end > position:
                piece = block if (position, end) == (0, count) else cut(block, position, end)
                self._step(piece, int(piece.batches.at[-1]), ended)
                position, ended = end, None
            else:
                ended = self._ending(block, position)
                self._advance(int(at[position]))

    def _end_of_piece(self, block: Block, first: int) -> int:
        """Batches up to here can be taken in one step: none is of a profile that is dropped before it."""
        retention, at = self.plan.retention, block.batches.at
        if retention is None:
            return len(at)
        end = int(np.searchsorted(at, at[first] + retention, "right"))
        rows = self.profiles.index.find(block.batches.mpid[first:end])
        late = ((rows >= 0) & (self.profiles.last[rows] + retention < at[first:end])).nonzero()[0]
        return int(np.searchsorted(at, at[first + late[0]], "left")) if len(late) else end

    def _ending(self, block: Block, first: int) -> NDArray[np.int32]:
        """Rows of the profiles that end at the instant of a batch, and have one of that instant."""
        at, retention = block.batches.at, self.plan.retention
        assert retention is not None
        stop = int(np.searchsorted(at, at[first], "right"))
        rows = np.unique(self.profiles.index.find(block.batches.mpid[first:stop]))
        return rows[(rows >= 0) & (self.profiles.last[rows] + retention + 1 == at[first])]

    def _go_on(self, ended: NDArray[np.int32]) -> None:
        """Have the entries of profiles that ended in the rows of those that began at the same instant. Of an audience
        that holds both nothing is told, so its members are in since the last change that told it: more than that logs,
        snapshots and readers of changes do not know."""
        row = self.profiles.index.find(self.profiles.index.mpids.take(ended))
        ended, row = ended[row >= 0], row[row >= 0]
        to = np.arange(self.profiles.rows, dtype=np.int32)
        to[row], to[ended] = NOBODY, row
        self.entered.move(to)
        self._rows = [to.take(part) for part in self._rows]
        self._touched.append(row)

    def _advance(self, now: int) -> None:
        """Let time pass."""
        while self.now < now:
            due = self._next()
            if due is None or due > now:
                self.now = now
                return
            self._step(None, min(now, max(due, self.now) + _STEP))

    def _next(self) -> int | None:
        found = (self.timers.next(), self.evaluation.events.next_edge(self.store, self.now))
        return min((moment for moment in found if moment is not None), default=None)

    def _step(self, block: Block | None, until: int, ended: NDArray[np.int32] | None = None) -> None:
        """ended: rows of profiles that ended at the instant at which the block begins."""
        evaluation, bits = self.evaluation, self.evaluation.membership.leaves
        toggles: list[Toggles] = []
        arrivals: Arrivals | None = None
        intake: Intake | None = None
        if block is not None:
            fresh = fresh_parts(block, self.profiles, self._batches)
            self._welcome(fresh.added)
            if ended is not None and len(ended):
                self._go_on(ended)
            arrivals = fresh_events(block, fresh, self._messages, self.known)
            intake = Intake(block, fresh, self.profiles, evaluation.leaves, self.plan, bits)
            intake.note_owners(block.events.batch)
            toggles += intake.activity()
            self._arm(fresh.added)
        due = self.timers.pop(until)
        if intake is not None and arrivals is not None:
            toggles += intake.first_seen(arrivals, due, until, self.timers)
            toggles += intake.fields(due, until, self.timers)
            self._touched += intake.touched
        toggles += evaluation.look_again(due, until, self.timers, intake.handled if intake else set())
        patterns = evaluation.events.matching.classify(arrivals) if arrivals is not None else np.zeros(0, np.int32)
        toggles += evaluation.events.step(self.store, arrivals, patterns, self.now, until, bits)
        dropped, drops = self._lapsed(due.row[due.leaf == _RETENTION], until)
        toggles += drops
        self._note(evaluation.told(evaluation.membership.apply(gather(toggles))))
        if arrivals is not None:
            self.store.append(arrivals, patterns, evaluation.events.matching)
        self._forget(dropped, until)
        self._reuse(due.row[due.leaf == _REUSE])
        self.now = until

    def _welcome(self, added: NDArray[np.int32]) -> None:
        """Make room for new rows, and make rows that are used again like new."""
        if not len(added):
            return
        self.profiles.make_room()
        self.evaluation.make_room(self.profiles.rows)
        self.evaluation.membership.reset(added)

    def _arm(self, added: NDArray[np.int32]) -> None:
        retention = self.plan.retention
        if retention is not None and len(added):
            self.timers.push(self.profiles.last[added] + retention + 1, added, _RETENTION)

    def _lapsed(self, row: NDArray[np.int32], until: int) -> tuple[NDArray[np.int32], list[Toggles]]:
        """Profiles whose retention has ended, and what turns with them (semantics D15)."""
        retention = self.plan.retention
        if retention is None or not len(row):
            return row[:0], []
        row = row[self.profiles.last[row] != NEVER]
        end = self.profiles.last[row] + retention + 1
        over = end <= until
        self.timers.push(end[~over], row[~over], _RETENTION)
        return row[over], self.evaluation.drop(row[over], end[over])

    def _forget(self, rows: NDArray[np.int32], until: int) -> None:
        """Forget profiles; their rows are used again when none of their events counts any more."""
        if not len(rows):
            return
        self.profiles.forget(rows)
        for leaf in self.evaluation.leaves.moment_leaves():
            leaf.clear(rows)
        if self.plan.lookback is not None:
            again = np.full(len(rows), until + self.plan.lookback + 2 * DAY)
            self.timers.push(again, rows, _REUSE)

    def _reuse(self, rows: NDArray[np.int32]) -> None:
        """Let rows be used again once none of their events is in any window."""
        if len(rows):
            self.evaluation.events.clear(rows)
            self.profiles.index.release(rows)
            self._touched = [part[~np.isin(part, rows)] for part in self._touched]

    def _note(self, turns: Turns) -> None:
        if len(turns.row):
            mpids = self.profiles.index.mpids[turns.row]
            self._noted.append(Changes((), (), turns.audience, mpids, turns.entered, turns.at))
            self._rows.append(turns.row)

    def _changes(self) -> Changes:
        """What was noted since the last call, in order."""
        changes, row = ordered(self.evaluation.keys, self.evaluation.versions, self._noted, self._rows)
        self._noted, self._rows = [], []
        if len(row):
            self._enter(changes, row)
        return msgspec.structs.replace(changes, touched=self._told_touched()) if self._touched else changes

    def _told_touched(self) -> NDArray[np.int64]:
        """MPIDs, ascending, of the members among those whose identities changed since the last call."""
        rows = self.evaluation.shown_members(np.unique(np.concatenate(self._touched)))
        self._touched = []
        return np.sort(self.profiles.index.mpids.take(rows))

    def _enter(self, changes: Changes, row: NDArray[np.int32]) -> None:
        """Note when members entered; row: int32[k] of each change."""
        where = changes.entered.nonzero()[0]
        gone = len(row) - len(where)
        self.entered.note(row.take(where), changes.audience.take(where), changes.at.take(where), gone)
        self.entered.tidy(self._hold, self._members_by_number)

    def _adopt(self, plan: Plan) -> Changes:
        """Take up a plan: as if it had been there always, with all changes at this moment. Leaves of the plan before
        go on as they are, if they can."""
        noted, former = self._changes(), self.evaluation
        adoption = Adoption(former, plan, self.profiles, self.now)
        backfill = Backfill(self.profiles, self.store, self.known, self.timers, self.now)
        if can_extend(former.plan, len(former.compiled.leaves), plan):
            self.evaluation, changes = adoption.extend(backfill, self.known)
        else:
            self._scrub()
            self.evaluation, changes = adoption.refill(backfill)
            self._rearm()
        self._batches.keep_for(plan.remember_batches, self.now)
        self._messages.keep_for(plan.remember_messages, self.now)
        self._enter_now(changes)
        return joined(noted, changes)

    def _enter_now(self, changes: Changes) -> None:
        """Take up the audiences of a plan just adopted: new ones begin, and others gain members, now."""
        audience = numbered(changes, self.entered.keys, self.evaluation.keys)
        self.entered.adopt(self.evaluation.keys, self.now)
        some = msgspec.structs.replace(changes, audience=audience).some(audience >= 0)
        self._enter(some, self.profiles.index.find(some.mpid))

    def _erase(self, command: Erase) -> Changes:
        """Users leave every audience now, and nothing is left of them but ids of what they sent."""
        rows = np.unique(self.profiles.index.find(np.array(command.mpids, np.int64)))
        rows = rows[rows >= 0]
        if not len(rows):
            return self._changes()
        evaluation = self.evaluation
        drops = evaluation.drop(rows, np.full(len(rows), self.now))
        self._note(evaluation.told(evaluation.membership.apply(gather(drops))))
        changes = self._changes()
        self._release(rows)
        drop_nobody(self.store)
        self._samples, self._suggestions = Samples(), Suggestions()
        return changes

    def _release(self, rows: NDArray[np.int32]) -> None:
        """Forget rows wholly: their profiles are not here any more."""
        gone = np.zeros(self.profiles.rows, bool)
        gone[rows] = True
        self.profiles.forget(rows)
        self.timers.forget(gone)
        self.store.give(gone, -FOREVER, NOBODY)
        self.evaluation.forget(rows)
        self.entered.forget(gone)
        self.profiles.index.release(rows)

    def _scrub(self) -> None:
        """Take from the kept events what no profile owns any more and what the lookback has left behind, so that a
        plan with a longer one cannot bring it back."""
        free = self.profiles.index.all_free()
        horizon = self.plan.oldest(self.now)
        if len(free) or any(chunk.base < horizon for chunk in self.store.chunks):
            dead = np.zeros(self.profiles.rows, bool)
            dead[free] = True
            self.store.give(dead, horizon, NOBODY)

    def _rearm(self) -> None:
        self.timers.keep(lambda leaf: leaf >= 0)
        if self.plan.retention is not None:
            self._arm(self.profiles.index.live())
