"""What a shard knows, and what can be read of it."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from raudience.clock import DAY
from raudience.criteria.leaves import Plan
from raudience.criteria.outlines import Outline
from raudience.criteria.text import attribute_key
from raudience.hashing import first_by_hash
from raudience.records import Audit, Comparison, Explanation, Field, Membership, Page, Removed, SampleCount
from raudience.records.listings import Attribute, Listing, Pick, Standings
from raudience.records.memberships import UNKNOWN
from raudience.records.suggestions import Suggestion, Topic
from raudience.shard.arrivals import EventDictionaries
from raudience.shard.auditing import audited, sampled
from raudience.shard.checking import check
from raudience.shard.entered import Entered
from raudience.shard.estimating import Samples
from raudience.shard.evaluation import Evaluation
from raudience.shard.explaining import Explainer
from raudience.shard.index import Remembered
from raudience.shard.listing import bucket_counts, hash_counts, listing, picked, standings
from raudience.shard.profiles import Profiles
from raudience.shard.sharing import attribute_of
from raudience.shard.store import EventStore
from raudience.shard.suggesting import Suggestions
from raudience.shard.timers import Timers

__all__ = ["Known"]

_EMPTY: Final = Plan((), (), {}, None, None, 2 * DAY, 30 * DAY)


class Known:
    """The parts of a shard. now: the instant up to which everything is told."""

    def __init__(self) -> None:
        self.now = -(1 << 60)
        self.profiles = Profiles()
        self.known = EventDictionaries()
        self.store = EventStore()
        self.timers = Timers()
        self._batches = Remembered(_EMPTY.remember_batches)
        self._messages = Remembered(_EMPTY.remember_messages)
        self.evaluation = Evaluation(_EMPTY, self.profiles, self.known)
        self._samples = Samples()
        self._suggestions = Suggestions()
        self.entered = Entered()

    @property
    def plan(self) -> Plan:
        return self.evaluation.plan

    def members(self, audience: str) -> NDArray[np.int64]:
        """MPIDs of the members, int64[n], ascending. KeyError for an audience that is not in the plan."""
        return np.sort(self._mpids_of(audience))

    def page(self, audience: str, after: int | None, most: int) -> Page:
        """The first `most` members behind an MPID (None: of all), and when they entered. KeyError for an audience that
        is not in the plan."""
        rows = self._member_column(audience).nonzero()[0]
        mpids = self.profiles.index.mpids[rows]
        if after is not None:
            where = (mpids > after).nonzero()[0]
            rows, mpids = rows[where], mpids[where]
        more = len(mpids) > most
        first = np.argpartition(mpids, most - 1)[:most] if more else np.arange(len(mpids))
        first = first[np.argsort(mpids[first])]
        entered = self._entered_of(audience)
        return Page(mpids[first], entered[rows[first]], more)

    def seen(self, mpid: int) -> bool:
        """Whether there is a profile of a user."""
        return bool(self.profiles.index.find(np.array([mpid], np.int64))[0] >= 0)

    def memberships(self, mpid: int) -> tuple[Membership, ...]:
        """The audiences of a user, by key."""
        row = int(self.profiles.index.find(np.array([mpid], np.int64))[0])
        if row < 0:
            return ()
        explainer = Explainer(row, self.profiles, self.store, self.known, self.evaluation, self.now)
        keys, entered = self.evaluation.keys, self.entered.of_row(row)
        return tuple(
            Membership(keys[number], None if entered[number] == UNKNOWN else int(entered[number]),
                       explainer.flips_at(keys[number]))
            for number in self.evaluation.shown_of(row).nonzero()[0].tolist()
        )  # fmt: skip

    def footprints(self, mpids: NDArray[np.int64]) -> list[Removed]:
        """How much there is of each user, int64[n]."""
        rows = self.profiles.index.find(mpids)
        events = self.store.row_counts(rows[rows >= 0], self.profiles.rows)
        return [self._footprint(row, int(events[row])) if row >= 0 else Removed() for row in rows.tolist()]

    def counts(self) -> dict[str, int]:
        """Size of every audience that is no shadow."""
        return {key: int(np.count_nonzero(self._member_column(key))) for key in self.evaluation.shown}

    def compare(self, left: str, right: str, most: int) -> Comparison:
        """How two audiences differ, shadows included; up to `most` MPIDs each way, the same for any two shards that
        hold the same users. KeyError for an audience that is not in the plan."""
        before, after = self._member_column(left), self._member_column(right)
        both = int(np.count_nonzero(before & after))
        entering, leaving = (self.profiles.index.mpids[rows.nonzero()[0]] for rows in (after > before, before > after))
        return Comparison(
            len(entering), len(leaving), both, first_by_hash(entering, most), first_by_hash(leaving, most)
        )

    def why(self, mpid: int, audience: str, outline: Outline | None = None) -> Explanation:
        """Why a user is in an audience or not: each criterion with what was found, and when it flips. outline: how the
        audience was written, else as the plan has it."""
        row = int(self.profiles.index.find(np.array([mpid], np.int64))[0])
        if row < 0:
            return Explanation(audience, mpid, self.now, known=False, member=False, criteria=())
        explainer = Explainer(row, self.profiles, self.store, self.known, self.evaluation, self.now)
        return explainer.explain(mpid, audience, outline)

    def population(self) -> int:
        """How many profiles are kept."""
        return self.profiles.count()

    def estimate(self, plan: Plan, level: int) -> SampleCount:
        """How many profiles each audience of a plan would have, as one in 2**level of them says; no state changes."""
        return self._samples.count(self.profiles, self.known, self.store, self.evaluation, self.now, plan, level)

    def listing(self, pick: Pick, part: int, bits: int, names: tuple[str, ...]) -> Listing:
        """Picked members of one of 2 ** bits parts of all MPIDs, with their identities. Which part a user is in depends
        on the MPID alone, and the work is that of a part."""
        rows = self.profiles.index.part(part, bits)
        rows = rows.compress(self.evaluation.membership.members.get(rows, self.evaluation.audiences[pick.audience]))
        rows = rows.compress(picked(self.profiles.index.mpids.take(rows), pick))
        return listing(self.profiles, rows, self.now, names)

    def standings(self, audiences: tuple[str, ...], mpids: NDArray[np.int64], names: tuple[str, ...]) -> Standings:
        """Where users, int64[n], stand at this moment, with their identities. KeyError for an audience that is not in
        the plan."""
        columns = np.array([self.evaluation.audiences[key] for key in audiences], np.int32)
        return standings(self.profiles, self.evaluation.membership.members, columns, mpids, names)

    def attributes(self, mpids: NDArray[np.int64], names: tuple[str, ...]) -> list[dict[str, Attribute]]:
        """User attributes of users by name: those that a user has."""
        rows = self.profiles.index.find(mpids)
        found: list[dict[str, Attribute]] = [{} for _ in range(len(rows))]
        for name in names:
            for place, value in attribute_of(self.profiles, rows, attribute_key(name)).items():
                found[place][name] = value
        return found

    def bucket_counts(self, audience: str, seed: int) -> NDArray[np.int64]:
        """How many members are in each bucket of the A/B test of a seed, int64[10,000]."""
        return bucket_counts(self._mpids_of(audience), seed)

    def hash_counts(self, pick: Pick, prefix: int, shift: int) -> NDArray[np.int64]:
        """How many picked members have each value of the 16 bits of `mix64` from bit `shift` on, int64[65,536], of
        those whose bits above are `prefix`."""
        members = self._mpids_of(pick.audience)
        return hash_counts(members.compress(picked(members, pick)), prefix, shift)

    def complete(self, topic: Topic, typed: str, most: int) -> tuple[Suggestion, ...]:
        """Texts that were seen and begin with what was typed, then those that contain it; twice `most` at most."""
        return self._suggestions.complete(self.profiles, self.known, self.store, self.now, topic, typed, most)

    def values(self, field: Field) -> tuple[str, ...]:
        """Distinct texts of an attribute of profiles (in any workspace), events or products, ascending: all that are
        held, and those that were seen since the shard came from a snapshot."""
        dictionaries = [r.dictionary for (_, read), r in self.profiles.registers.items() if read == field]
        if field in self.profiles.sets:
            dictionaries.append(self.profiles.sets[field].dictionary)
        if field in self.known.words:
            dictionaries.append(self.known.words[field])
        return tuple(sorted({word for dictionary in dictionaries for word in dictionary.words}))

    def audit(self, sample: int, turn: int) -> Audit:
        """Work out about `sample` users anew, from what is kept of them alone, and compare; others each turn, all of
        them in the end."""
        rows = sampled(self.profiles.index, sample, turn)
        return audited(rows, self.profiles, self.store, self.known, self.evaluation, self.now)

    def check(self) -> None:
        """Raise ReportBug when parts of the state disagree."""
        check(self.profiles, self.store, self.known, self.evaluation, self.now)

    def memory(self) -> dict[str, int]:
        """Bytes by part: per event `events`, `messages`, `batches`; per profile the others."""
        evaluation = self.evaluation.nbytes()
        return {
            "events": self.store.nbytes(),
            "event_words": self.known.nbytes(),
            "messages": self._messages.nbytes(),
            "batches": self._batches.nbytes(),
            "timers": self.timers.nbytes(),
            "sample": self._samples.nbytes(),
            "suggestions": self._suggestions.nbytes(),
            "entered": self.entered.nbytes(),
            **self.profiles.nbytes(),
            **evaluation,
        }

    def _footprint(self, row: int, events: int) -> Removed:
        memberships = int(np.count_nonzero(self.evaluation.shown_of(row)))
        return Removed(1, events, memberships, self.profiles.fields_of(row))

    def _mpids_of(self, audience: str) -> NDArray[np.int64]:
        """MPIDs of the members, int64[n], in no order."""
        return self.profiles.index.mpids[self._member_column(audience).nonzero()[0]]

    def _member_column(self, audience: str) -> NDArray[np.bool_]:
        column = self.evaluation.audiences[audience]
        return self.evaluation.membership.members.column(column, self.profiles.rows)

    def _members_by_number(self, number: int) -> NDArray[np.bool_]:
        """bool[rows]: members of an audience that is told of, by its number among them."""
        return self._member_column(self.entered.keys[number])

    def _hold(self, row: NDArray[np.int32], audience: NDArray[Any]) -> NDArray[np.bool_]:
        """bool[k]: whether rows are members of audiences that are told of, by their numbers among them."""
        columns = np.array([self.evaluation.audiences[key] for key in self.entered.keys], np.int32)
        return self.evaluation.membership.members.each(row, columns.take(audience))

    def _entered_of(self, audience: str) -> NDArray[np.int64]:
        """int64[rows]: when members entered; of a shadow nobody knows."""
        if audience not in self.entered.keys:
            return np.full(self.profiles.rows, UNKNOWN)
        return self.entered.of_audience(audience, self.profiles.rows)
