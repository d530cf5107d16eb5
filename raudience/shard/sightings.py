"""How often each text of a topic was seen: in profiles as they are, in the latest million of the kept events."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple, assert_never

import numpy as np
from numpy.typing import NDArray

from raudience.criteria.values import number_text
from raudience.records import EventKey, Field
from raudience.records.suggestions import CategoriesOf, EventsOf, Kinds, NamesIn, Topic, ValuesOf
from raudience.shard.arrivals import EventDictionaries
from raudience.shard.profiles import SETS, Profiles
from raudience.shard.store import EventStore
from raudience.shard.words import FIRST_WORD, NUMBER_CODE, Dictionary

__all__ = ["Counted", "Sightings", "most_frequent"]

_EVENTS: Final = 1_000_000
_NUMBERS: Final = 16_384
"""Numbers of a field that are looked at, and stand for all."""


class Counted(NamedTuple):
    """Words of a dictionary by their codes: int64[k], ascending, and how often each was seen, int64[k]."""

    dictionary: Dictionary
    codes: NDArray[np.int64]
    counts: NDArray[np.int64]


class Sightings:
    """Reads what a shard holds."""

    def __init__(self, profiles: Profiles, known: EventDictionaries, store: EventStore) -> None:
        self._profiles, self._known, self._store = profiles, known, store

    def sizes(self, topic: Topic) -> tuple[int, ...]:
        """How much a topic is read from: when this changes, there are new texts."""
        match topic:
            case ValuesOf():
                return tuple(map(len, self._dictionaries(topic.field)))
            case NamesIn():
                return (len(self._fields(topic.namespace)),)
            case EventsOf() | CategoriesOf() | Kinds():
                return (len(self._known.keys),)
            case _:
                assert_never(topic)

    def since(self, topic: Topic, sizes: tuple[int, ...]) -> tuple[str, ...]:
        """Texts of a topic that came since it had these sizes."""
        if not isinstance(topic, ValuesOf):
            return ()
        dictionaries = self._dictionaries(topic.field)
        return tuple(word for each, size in zip(dictionaries, sizes, strict=True) for word in each.since(size))

    def of(self, topic: Topic) -> list[Counted | Counter[str]]:
        """All texts of a topic, in parts: one text may be in several."""
        match topic:
            case ValuesOf():
                return [*self._values_of_profiles(topic.field), *self._values_of_events(topic.field)]
            case NamesIn():
                return [Counter({field.name: self._held(field) for field in self._fields(topic.namespace)})]
            case EventsOf():
                return [self._keys(lambda key: key.name if topic.kind in (None, key.kind) else "")]
            case CategoriesOf():
                return [self._keys(lambda key: key.category if topic.kind in (None, key.kind) else "")]
            case Kinds():
                return [self._keys(lambda key: key.kind)]
            case _:
                assert_never(topic)

    def _keys(self, named: Callable[[EventKey], str]) -> Counter[str]:
        found: Counter[str] = Counter()
        for key, count in zip(self._known.keys, self._store.key_counts(len(self._known.keys)).tolist(), strict=True):
            if word := named(key):
                found[word] += count
        return found

    def _dictionaries(self, field: Field) -> list[Dictionary]:
        held = [register.dictionary for (_, read), register in self._profiles.registers.items() if read == field]
        sets = [self._profiles.sets[each].dictionary for each in _gathering(field) if each in self._profiles.sets]
        return [*held, *sets, *([self._known.words[field]] if field in self._known.words else [])]

    def _fields(self, namespace: str) -> set[Field]:
        held = {*(field for _, field in self._profiles.registers), *self._known.words}
        sets = {field for field in self._profiles.sets if namespace in ("identity", field.namespace)}
        return {field for field in held if field.namespace == namespace} | sets

    def _held(self, field: Field) -> int:
        profiles = sum(each.held() for (_, read), each in self._profiles.registers.items() if read == field)
        sets = self._profiles.sets[field].held() if field in self._profiles.sets else 0
        return profiles + sets + sum(len(codes) for codes, _ in self._store.latest(field, _EVENTS))

    def _values_of_profiles(self, field: Field) -> Iterator[Counted | Counter[str]]:
        for (_, read), register in self._profiles.registers.items():
            if read == field:
                yield _held(register.dictionary, register.counts())
                yield _numbers(*register.numbers(_NUMBERS))
        for each in _gathering(field):
            if each in self._profiles.sets:
                yield _held(self._profiles.sets[each].dictionary, self._profiles.sets[each].counts())

    def _values_of_events(self, field: Field) -> Iterator[Counted | Counter[str]]:
        if field not in self._known.words:
            return
        counts, numbers, looked, every = np.zeros(len(self._known.words[field]), np.int64), [np.zeros(0)], 0, 0
        for codes, held in self._store.latest(field, _EVENTS):
            counts += np.bincount(codes, minlength=len(counts))
            if held is not None:
                numeric = held[codes == NUMBER_CODE]
                numbers.append(numeric[: _NUMBERS - looked])
                looked, every = looked + len(numbers[-1]), every + len(numeric)
        yield Counted(self._known.words[field], np.arange(FIRST_WORD, len(counts)), counts[FIRST_WORD:])
        yield _numbers(np.concatenate(numbers), round(every / max(looked, 1)))


def most_frequent(parts: list[Counted | Counter[str]], most: int) -> dict[str, int]:
    """Up to `most` of the texts of all parts, in the order of their frequency."""
    firsts = [_first(part, most) if isinstance(part, Counted) else dict(part.most_common(most)) for part in parts]
    firsts = [first for first in firsts if first]
    if len(firsts) == 1:
        return firsts[0]
    found: Counter[str] = Counter()
    for first in firsts:
        found.update(first)
    return dict(found.most_common(most))


def _first(counted: Counted, most: int) -> dict[str, int]:
    """The most frequent words, in this order; of equal ones those that came first."""
    order = np.arange(len(counted.codes))
    if len(order) > most:
        order = np.sort(np.argpartition(counted.counts, -most)[-most:])
    order = order[np.argsort(-counted.counts[order], kind="stable")]
    words = counted.dictionary.words_at(counted.codes[order])
    return dict(zip(words, counted.counts[order].tolist(), strict=True))


def _gathering(field: Field) -> list[Field]:
    """Fields that gather values, where a field is looked for: a device's identity is an identity too."""
    return [Field(namespace, field.name) for namespace in sorted(SETS) if field.namespace in ("identity", namespace)]


def _held(dictionary: Dictionary, counts: NDArray[np.int64]) -> Counted:
    """The words that somebody has: of those who are gone nothing is told."""
    codes = counts[FIRST_WORD:].nonzero()[0] + FIRST_WORD
    return Counted(dictionary, codes, counts[codes])


def _numbers(numbers: NDArray[np.float64], each: int) -> Counter[str]:
    """Texts of numbers of which every one stands for `each`."""
    distinct, counts = np.unique(numbers, return_counts=True)
    return Counter(dict(zip(map(number_text, distinct.tolist()), (counts * each).tolist(), strict=True)))
