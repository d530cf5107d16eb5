"""Auto-complete: which texts were seen, the most frequent first, from columns that are there anyway.

Of one topic the most frequent 32,768 texts are held, of the 32 topics that were asked for last.
"""

from __future__ import annotations

from typing import Final

from raudience.clock import HOUR, MINUTE
from raudience.records.suggestions import Suggestion, Topic
from raudience.shard.arrivals import EventDictionaries
from raudience.shard.profiles import Profiles
from raudience.shard.sightings import Sightings, most_frequent
from raudience.shard.store import EventStore
from raudience.shard.word_index import WordIndex

__all__ = ["Suggestions"]

_TOPICS: Final = 32
_WORDS: Final = 32_768
_SMALL: Final = 4_096
"""Texts up to which a topic is counted anew as soon as there is a new one."""


class Suggestions:
    """Topics that were asked for, kept from one question to the next."""

    def __init__(self) -> None:
        self._known: dict[Topic, _Answers] = {}

    def complete(
        self, profiles: Profiles, known: EventDictionaries, store: EventStore, now: int, topic: Topic, typed: str,
        most: int,
    ) -> tuple[Suggestion, ...]:  # fmt: skip
        """Up to `most` texts that begin with what was typed, then those that contain it, and texts that have come since
        the topic was counted."""
        sightings = Sightings(profiles, known, store)
        sizes = sightings.sizes(topic)
        answers = self._known.pop(topic, None)
        if answers is None or not answers.stand(now, sizes):
            answers = _Answers(most_frequent(sightings.of(topic), _WORDS), now, sizes)
        kept = list(self._known.items())[1 - _TOPICS :]
        self._known = {**dict(kept), topic: answers}
        if sizes != answers.sizes:
            answers.learn(sightings.since(topic, answers.sizes)[-_SMALL:], sizes)
        return answers.find(typed, most)

    def nbytes(self) -> int:
        return sum(answers.nbytes() for answers in self._known.values())


class _Answers:
    """A topic as it was counted at `now`. sizes: of the dictionaries that it was read from."""

    def __init__(self, counts: dict[str, int], now: int, sizes: tuple[int, ...]) -> None:
        self.sizes = sizes
        self._counts, self._now, self._read = counts, now, sizes
        self._index, self._fresh = WordIndex(list(counts)), WordIndex(())

    def stand(self, now: int, sizes: tuple[int, ...]) -> bool:
        """Whether they are good enough still: a small topic is counted often, a large one when much has come."""
        before, size = sum(self.sizes), sum(sizes)
        if len(sizes) != len(self.sizes) or before <= _SMALL:
            return sizes == self.sizes and now - self._now < MINUTE
        return size - before <= before // 8 and now - self._now < HOUR

    def learn(self, words: tuple[str, ...], sizes: tuple[int, ...]) -> None:
        """Texts that came since, as many as may be; none of them can be frequent yet."""
        if sizes != self._read:
            self._read, self._fresh = sizes, WordIndex([word for word in words if word not in self._counts])

    def find(self, typed: str, most: int) -> tuple[Suggestion, ...]:
        found = [*self._index.find(typed, most), *self._fresh.find(typed, most)]
        return tuple(Suggestion(word, self._counts.get(word, 1)) for word in found)

    def nbytes(self) -> int:
        return self._index.nbytes() + self._fresh.nbytes() + 100 * len(self._counts)
