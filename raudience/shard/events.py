"""From events that arrive or pass an edge to turned leaves: counters, carts, aggregates and sequences of one plan."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from raudience.shard.aggregates import AggregateState
from raudience.shard.arrivals import Arrivals, EventDictionaries
from raudience.shard.bits import Bits
from raudience.shard.carts import CartState
from raudience.shard.compiled import Compiled
from raudience.shard.contents import CartContents
from raudience.shard.counters import Counters
from raudience.shard.edges import Edges, Occurring, joined
from raudience.shard.matching import Matching
from raudience.shard.sequences import SequenceState
from raudience.shard.store import EventStore
from raudience.shard.subscriptions import Subscriptions
from raudience.shard.telling import ARRIVAL, CartPart, Heard, happenings
from raudience.shard.toggles import Toggles
from raudience.shard.windowed import NO_ARRIVALS, Arrived

__all__ = ["EventLeaves"]


class EventLeaves:
    """All leaves about events, for one plan."""

    def __init__(self, compiled: Compiled, known: EventDictionaries) -> None:
        self.compiled = compiled
        self.known = known
        self.matching = Matching(compiled.matchers, known.keys, known.words, compiled.plan.workspaces)
        self.subscriptions = self._subscribed()
        self.edges = Edges(self.subscriptions, self.matching)
        self._cart_of = np.array([w.number if w.kind == "cart" else -1 for w in compiled.watchers], np.int64)
        self._role = np.array([w.role for w in compiled.watchers], np.int8)
        self._watchers: dict[tuple[str, int], list[int]] = {}
        for number, watcher in enumerate(compiled.watchers):
            self._watchers.setdefault((watcher.kind, watcher.number), []).append(number)
        self.counters = Counters(compiled.counter_leaves)
        self.carts = [CartState(leaves) for leaves in compiled.carts]
        self.contents = [CartContents() for _ in compiled.carts]
        self.aggregates = [AggregateState(number, leaf, known.words) for number, leaf in compiled.aggregates]
        self.sequences = [SequenceState(number, leaf, known.words) for number, leaf in compiled.sequences]

    def make_room(self, rows: int) -> None:
        self.counters.make_room(rows)
        for cart in self.carts:
            cart.make_room(rows)

    def clear(self, rows: NDArray[np.int32]) -> None:
        """Forget rows that are given to other profiles."""
        self.counters.clear(rows)
        for state in self.states():
            state.clear(rows)

    def graft(self, other: EventLeaves, to: NDArray[np.int32]) -> None:
        """Take the rows of another of the same plan, of which nothing is left there; to: int32[n], own row of each."""
        self.clear(to[1:])
        self.counters.graft(other.counters, to)
        for cart, their_cart in zip(self.carts, other.carts, strict=True):
            cart.graft(their_cart, to)
        for contents, their_contents in zip(self.contents, other.contents, strict=True):
            contents.graft(their_contents, to)
        for aggregate, their_aggregate in zip(self.aggregates, other.aggregates, strict=True):
            aggregate.graft(their_aggregate, to)
        for sequence, their_sequence in zip(self.sequences, other.sequences, strict=True):
            sequence.graft(their_sequence, to)

    def take_over(self, other: EventLeaves, fresh: frozenset[int]) -> None:
        """Go on from the states of another, but for those of fresh leaves."""
        self._look_as(other)
        self.counters.take_over(other.counters)
        carts = {cart.leaves[0][0]: place for place, cart in enumerate(other.carts)}
        for place, cart in enumerate(self.carts):
            if (number := cart.leaves[0][0]) not in fresh:
                cart.take_over(other.carts[carts[number]])
                self.contents[place].take_over(other.contents[carts[number]])
        aggregates = {aggregate.number: aggregate for aggregate in other.aggregates}
        for aggregate in self.aggregates:
            if aggregate.number not in fresh:
                aggregate.take_over(aggregates[aggregate.number])
        sequences = {sequence.number: sequence for sequence in other.sequences}
        for sequence in self.sequences:
            if sequence.number not in fresh:
                sequence.take_over(sequences[sequence.number])

    def _look_as(self, other: EventLeaves) -> None:
        """What was found out of kept events holds when the same is asked of them, and more of it when the same happens
        with them."""
        if self.compiled.matchers != other.compiled.matchers:
            return
        self.matching = other.matching
        mine, theirs = self.compiled, other.compiled
        if (mine.counters, mine.watchers) == (theirs.counters, theirs.watchers):
            self.subscriptions, self.edges = other.subscriptions, other.edges
        else:
            self.subscriptions = self._subscribed()
            self.edges = Edges(self.subscriptions, self.matching)

    def _subscribed(self) -> Subscriptions:
        watched = [(watcher.matcher, watcher.edges) for watcher in self.compiled.watchers]
        return Subscriptions(self.matching.patterns, self.compiled.counters, watched)

    def look_afresh(self) -> None:
        """Rows of kept events have changed: nothing that was looked up of them holds any more."""
        self.edges = Edges(self.subscriptions, self.matching)

    def states(self) -> list[CartState | CartContents | AggregateState | SequenceState]:
        """States beside the counters."""
        return [*self.carts, *self.contents, *self.aggregates, *self.sequences]

    def _remembering(self) -> list[AggregateState | SequenceState]:
        return [*self.aggregates, *self.sequences]

    def next_edge(self, store: EventStore, now: int) -> int | None:
        """The earliest moment after now at which a kept event passes an edge."""
        found = [(store.next_after(now - edge), edge) for edge in self.edges.ages]
        moments = [time + edge for time, edge in found if time is not None]
        own = [state.next_edge(now) for state in self._remembering()]
        return min((*moments, *(moment for moment in own if moment is not None)), default=None)

    def step(
        self,
        store: EventStore,
        arrivals: Arrivals | None,
        patterns: NDArray[np.int32],
        after: int,
        until: int,
        bits: Bits,
    ) -> list[Toggles]:
        """Everything that kept events and arrivals do in (after, until]."""
        passed, occurring = self.edges.passed(store, after, until)
        if arrivals is not None:
            occurring += self._arriving(arrivals, patterns, until)
        steps = (passed, self.edges.of(occurring))
        toggles: list[Toggles] = []
        moves = [step.moves for step in steps if step.moves is not None]
        if moves:
            toggles.append(self.counters.apply(*joined(moves)))
        heard = [step.heard for step in steps if step.heard is not None]
        told = Heard(*joined(heard)) if heard else None
        if told is not None:
            toggles += self._tell(told, arrivals, bits)
        if self.aggregates or self.sequences:
            toggles += self._remember(told, arrivals, after, until, bits)
        return toggles

    def _arriving(self, arrivals: Arrivals, patterns: NDArray[np.int32], until: int) -> list[Occurring]:
        """Arrivals that matter, as they arrive and as they pass edges after that and not later than `until`."""
        event = patterns.nonzero()[0]
        if not len(event):
            return []
        row, time = arrivals.row.take(event), arrivals.times.take(event)
        pattern, at = patterns.take(event), arrivals.at.take(event)
        age = at - time
        came = Occurring(row, time, pattern, self.subscriptions.arrival_slot(age), at, event)
        found = [came]
        oldest, youngest = until - int(time.min()), int(age.min())
        for number, edge in enumerate(self.edges.ages):
            if youngest < edge <= oldest:
                due = time + edge
                where = ((at < due) & (due <= until)).nonzero()[0]
                if len(where):
                    slot = np.full(len(where), number)
                    found.append(Occurring(row[where], time[where], pattern[where], slot, due[where], event[where]))
        return found

    def _tell(self, heard: Heard, arrivals: Arrivals | None, bits: Bits) -> list[Toggles]:
        toggles: list[Toggles] = []
        for number, (state, contents) in enumerate(zip(self.carts, self.contents, strict=True)):
            mine = self._cart_of.take(heard.watcher) == number
            part = CartPart(heard if mine.all() else heard.pick(mine.nonzero()[0]), self._role)
            if len(part.role):
                toggles += state.apply(happenings(part, state, contents, arrivals, self.known.words), bits)
        return toggles

    def _remember(
        self, heard: Heard | None, arrivals: Arrivals | None, after: int, until: int, bits: Bits
    ) -> list[Toggles]:
        """What aggregates and sequences, which know by themselves when something leaves, make of it."""
        came = {} if heard is None or arrivals is None else _by_watcher(heard)

        def arrived(kind: str, number: int, state: AggregateState | SequenceState) -> list[Arrived]:
            parts = [came.get(watcher) for watcher in self._watchers[kind, number]]
            if arrivals is None or not any(parts):
                return []
            return [NO_ARRIVALS if part is None else _arrived(state, part, arrivals) for part in parts]

        turned = [
            aggregate.step(after, until, next(iter(arrived("aggregate", number, aggregate)), None), bits)
            for number, aggregate in enumerate(self.aggregates)
        ]
        turned += [
            sequence.step(after, until, arrived("sequence", number, sequence), bits)
            for number, sequence in enumerate(self.sequences)
        ]
        return [toggles for toggles in turned if toggles is not None]


def _by_watcher(heard: Heard) -> dict[int, Heard]:
    """Arrivals by who hears of them."""
    came = heard.pick((heard.edge == ARRIVAL).nonzero()[0])
    came = came.pick(np.argsort(came.watcher, kind="stable"))
    watchers, starts, counts = np.unique(came.watcher, return_index=True, return_counts=True)
    parts = zip(watchers.tolist(), starts.tolist(), counts.tolist(), strict=True)
    return {watcher: came.pick(slice(start, start + count)) for watcher, start, count in parts}


def _arrived(state: AggregateState | SequenceState, heard: Heard, arrivals: Arrivals) -> Arrived:
    of, value = state.read(arrivals, heard.event)
    return Arrived(heard.row.take(of), heard.time.take(of), heard.at.take(of), value)
