"""What the shard knows of one user, in plain Python: for explanations, not for evaluation."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from raudience.criteria.leaves import Matcher
from raudience.records import EventKey
from raudience.shard.aggregates import AggregateState
from raudience.shard.amounts import Values
from raudience.shard.arrivals import EventDictionaries
from raudience.shard.chunk import Chunk, ChunkRows
from raudience.shard.contents import product_ids
from raudience.shard.evaluation import Evaluation
from raudience.shard.sequences import Event, SequenceState
from raudience.shard.store import EventStore

__all__ = ["Kept", "Occasion", "UserEvents"]


_FIRST: NDArray[np.int64] = np.zeros(1, np.int64)


class Occasion(NamedTuple):
    """An event of the user: its time, what it is, the matchers it satisfies, where it is kept."""

    time: int
    key: EventKey
    matched: tuple[int, ...]
    chunk: Chunk
    place: int


class Kept(NamedTuple):
    """A cart event: its time and the ids of its products."""

    time: int
    products: tuple[str, ...]


class UserEvents:
    """Kept events of one row, by time and key: what the lookback has left behind is not among them."""

    def __init__(self, row: int, store: EventStore, evaluation: Evaluation, known: EventDictionaries, now: int) -> None:
        store.seal()
        self._evaluation, self._known = evaluation, known
        oldest = evaluation.plan.oldest(now)
        self.occasions = sorted(
            (one for chunk in store.chunks for one in self._in_chunk(chunk, row) if one.time >= oldest),
            key=lambda event: (event.time, event.key),
        )

    def matching(self, matcher: Matcher) -> list[Occasion]:
        """Events that satisfy a matcher."""
        number = self._evaluation.compiled.matchers.index(matcher)
        return [event for event in self.occasions if number in event.matched]

    def steps(self, state: SequenceState) -> list[Event]:
        """Events of a sequence, by time."""
        return sorted(
            Event(event.time, number, text)
            for number, step in enumerate(state.leaf.steps)
            for event in self.matching(step.matcher)
            for text in state.read(self._single(event), _FIRST).value.tolist()
        )

    def values(self, state: AggregateState) -> tuple[NDArray[np.int64], Values]:
        """Times and values, of the same length, of what an aggregate reads."""
        events = self.matching(state.leaf.matcher)
        found = [state.read(self._single(event), _FIRST).value for event in events]
        times = np.repeat(np.array([event.time for event in events], np.int64), [*map(len, found)])
        return times, np.concatenate([np.zeros(0, np.int64), *found])

    def kept(self, matcher: Matcher | None) -> list[Kept]:
        """Cart events of a matcher."""
        events = [] if matcher is None else self.matching(matcher)
        return [Kept(event.time, self._products(event, matcher)) for event in events if matcher is not None]

    def _products(self, event: Occasion, matcher: Matcher) -> tuple[str, ...]:
        return product_ids(self._single(event), _FIRST, matcher, self._known.words)[0]

    def _single(self, event: Occasion) -> ChunkRows:
        return event.chunk.rows(event.place, event.place + 1)

    def _in_chunk(self, chunk: Chunk, row: int) -> list[Occasion]:
        positions = (chunk.row == row).nonzero()[0]
        if not len(positions):
            return []
        places: NDArray[np.int64] = (np.isin(chunk.order, positions)).nonzero()[0]
        matching = self._evaluation.events.matching
        found = []
        for place in places.tolist():
            events = chunk.rows(place, place + 1)
            pattern = int(matching.classify(events)[0])
            key = self._known.keys[int(events.keys[0])]
            found.append(Occasion(int(events.times[0]), key, matching.patterns[pattern], chunk, place))
        return found
