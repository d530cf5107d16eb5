"""Which matchers an event satisfies, found by walking a small automaton.

A state is a set of matchers that are still possible; the key of the event gives the first state, each feature of the
event leads from a state and a class to the next. The last state, the pattern, is the set of matchers satisfied.
Transitions are found once and looked up for every event. Pattern 0 is the empty set.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from raudience.criteria.leaves import FOREVER, Check, Matcher, ValueTest
from raudience.records import EventKey, Field
from raudience.shard.features import AttributeFeature, Feature, ProductFeature, ScopeFeature, TimeFeature
from raudience.shard.growing import grown
from raudience.shard.rows import INPUT, EventRows
from raudience.shard.words import Dictionary

__all__ = ["Matching", "reads"]


def reads(matcher: Matcher, key: EventKey) -> bool:
    """Whether events of this key can satisfy the matcher."""
    return (
        matcher.kind == key.kind
        and (matcher.category is None or matcher.category == key.category)
        and (matcher.names is None or key.name in matcher.names)
        and not any(name == key.name and category in ("", key.category) for category, name in matcher.without)
    )


class Matching:
    """The automaton of one plan. `keys` are the event keys of the shard by number; the list may grow."""

    def __init__(
        self, matchers: tuple[Matcher, ...], keys: list[EventKey], dictionaries: dict[Field, Dictionary],
        workspaces: dict[str, str],
    ) -> None:  # fmt: skip
        self.matchers = matchers
        self.patterns: list[tuple[int, ...]] = [()]
        self._numbers: dict[tuple[int, ...], int] = {(): 0}
        self._keys = keys
        self._start = np.zeros(0, np.int32)
        self._features, self._asks = _features(matchers, dictionaries, workspaces)
        self._tables = [np.zeros((1, 1), np.int32) for _ in self._features]

    def classify(self, rows: EventRows) -> NDArray[np.int32]:
        """Pattern int32[n] of every event."""
        self._learn_keys()
        patterns = self._start[rows.keys]
        active = patterns.nonzero()[0]
        state = patterns[active]
        for number, feature in enumerate(self._features):
            if not len(active):
                break
            state = self._step(number, feature, state, feature.classes(rows)[active])
        patterns[active] = state
        return patterns

    def _learn_keys(self) -> None:
        for key in self._keys[len(self._start) :]:
            read = tuple(number for number, matcher in enumerate(self.matchers) if reads(matcher, key))
            self._start = np.append(self._start, np.int32(self._number(read)))

    def _number(self, state: tuple[int, ...]) -> int:
        number = self._numbers.setdefault(state, len(self.patterns))
        if number == len(self.patterns):
            self.patterns.append(state)
        return number

    def _step(
        self, number: int, feature: Feature, state: NDArray[np.int32], classes: NDArray[np.int32]
    ) -> NDArray[np.int32]:
        table = self._fitted(number, len(feature.truths))
        following = table.reshape(-1).take(state * np.int32(table.shape[1]) + classes)
        if len(following) and following.min() < 0:
            self._resolve(number, feature, state[following < 0], classes[following < 0])
            table = self._tables[number]
            following = table.reshape(-1).take(state * np.int32(table.shape[1]) + classes)
        return following

    def _fitted(self, number: int, classes: int) -> NDArray[np.int32]:
        table = self._tables[number]
        if table.shape[1] < classes:
            wider = np.full((table.shape[0], classes + 8), -1, np.int32)
            wider[:, : table.shape[1]] = table
            wider[0] = 0
            table = wider
        self._tables[number] = grown(table, len(self.patterns), -1)
        return self._tables[number]

    def _resolve(self, number: int, feature: Feature, states: NDArray[np.int32], classes: NDArray[np.int32]) -> None:
        table = self._tables[number]
        for state, cls in {*zip(states.tolist(), classes.tolist(), strict=True)}:
            truths = feature.truths[cls]
            left = tuple(m for m in self.patterns[state] if all(truths[t] for t in self._asks[m].get(number, ())))
            table[state, cls] = self._number(left)


def _features(
    matchers: tuple[Matcher, ...], dictionaries: dict[Field, Dictionary], workspaces: dict[str, str]
) -> tuple[list[Feature], list[dict[int, list[int]]]]:
    """The features that the matchers ask about, and for each matcher {feature: tests of it that must hold}."""
    features: list[Feature] = []
    asks: list[dict[int, list[int]]] = [{} for _ in matchers]

    def add(feature: Feature, wants: list[tuple[int, int]]) -> None:
        for matcher, test in wants:
            asks[matcher].setdefault(len(features), []).append(test)
        features.append(feature)

    scopes = _Collected(((m.workspaces, m.inputs) if m.workspaces or m.inputs else None) for m in matchers)
    if scopes.values:
        add(ScopeFeature(INPUT, scopes.values, dictionaries.setdefault(INPUT, Dictionary()), workspaces), scopes.wants)
    for field in sorted({check.field for m in matchers for check in m.checks if check.field.namespace != "product"}):
        tests: dict[ValueTest, int] = {}
        wants = [
            (number, tests.setdefault(check.test, len(tests)))
            for number, m in enumerate(matchers)
            for check in m.checks
            if check.field == field
        ]
        add(AttributeFeature(field, tuple(tests), dictionaries.setdefault(field, Dictionary())), wants)
    spans = _Collected(((m.start, m.end) if m.start > -FOREVER or m.end < FOREVER else None) for m in matchers)
    if spans.values:
        add(TimeFeature(spans.values), spans.wants)
    groups = _Collected(_product_checks(m) or None for m in matchers)
    for check in (check for group in groups.values for check in group):
        dictionaries.setdefault(check.field, Dictionary())
    if groups.values:
        add(ProductFeature(groups.values, dictionaries), groups.wants)
    return features, asks


def _product_checks(matcher: Matcher) -> tuple[Check, ...]:
    return tuple(check for check in matcher.checks if check.field.namespace == "product")


class _Collected:
    """Distinct values by appearance, and (position of the asker, number of its value) for each that has one."""

    def __init__(self, asked: Any) -> None:
        known: dict[Any, int] = {}
        self.wants = [
            (number, known.setdefault(value, len(known))) for number, value in enumerate(asked) if value is not None
        ]
        self.values = tuple(known)
