"""The peer to beat: what a careful engineer writes by hand in plain Python, with no library.

One dictionary of counts per counter, one log of (time, profile) per counter with pointers where its window begins and
ends, heaps for what came late, and formulas only for profiles that crossed a threshold, once at the end of each batch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from scripts.benchmarks.engine import Delta
from scripts.benchmarks.leaves import ACTIONS, Abandoned, Attribute, Counted, Formula, resolve
from scripts.benchmarks.python_carts import Carts
from scripts.benchmarks.python_counters import Counter, Row
from scripts.benchmarks.questions import Question
from scripts.benchmarks.vocabulary import NAMES
from scripts.benchmarks.workload import FIELDS, Workload

_IS_ACTION = [code in ACTIONS for code in range(len(NAMES))]
Pairs = list[tuple[int, int]]


class PythonEngine:
    def load(self, workload: Workload, questions: Sequence[Question]) -> None:
        self.parts: dict[str, float] = {}
        self._workload, asked = workload, resolve(questions)
        now = int(workload.arrival[workload.history - 1])
        self._counters = _counters(asked.leaves)
        for counter in self._counters.values():
            counter.fill(workload, now)
        self._by_name = [_tests([one for one in self._counters.values() if one.ask.name == code]) for code in range(40)]
        carts = ((place, leaf) for place, leaf in enumerate(asked.leaves) if isinstance(leaf, Abandoned))
        self._carts = Carts(carts)
        self._carts.fill(workload, now)
        self._attributes = {place: leaf for place, leaf in enumerate(asked.leaves) if isinstance(leaf, Attribute)}
        self._tests = {place: _attribute_test(leaf) for place, leaf in self._attributes.items()}
        self._holds = {place: _holders(workload, leaf) for place, leaf in self._attributes.items()}
        self._readers: list[list[int]] = [[] for _ in asked.leaves]
        for audience, formula in enumerate(asked.formulas):
            for leaf in set(_leaves(formula)):
                self._readers[leaf].append(audience)
        self._formulas = [self._compile(formula, asked.leaves) for formula in asked.formulas]
        everybody = range(workload.profiles)
        self._members = [{profile for profile in everybody if holds(profile)} for holds in self._formulas]

    def _compile(self, formula: Formula, leaves: Sequence[object]) -> Callable[[int], bool]:
        """The formula as one Python function of a profile."""
        scope: dict[str, object] = {}

        def source(part: Formula) -> str:
            if not isinstance(part, int):
                word, of = part
                return f"(not {source(of[0])})" if word == "not" else "(" + f" {word} ".join(map(source, of)) + ")"
            match leaves[part]:
                case Counted(times=times) as leaf:
                    scope[f"count{part}"] = self._counters[leaf.counter].counts.get
                    return f"count{part}(p, 0) >= {times}"
                case Abandoned():
                    scope[f"holds{part}"] = self._carts.holds[part]
                case _:
                    scope[f"holds{part}"] = self._holds[part]
            return f"p in holds{part}"

        return eval(f"lambda p: {source(formula)}", scope)

    def prepare(self, start: int, stop: int) -> object:
        data, part = self._workload, slice(start, stop)
        columns = (data.time, data.profile, data.name, data.price, data.category, data.platform)
        late = (data.time[part] < data.arrival[part]).tolist()
        changed = data.changes(start, stop)
        tags = [[code for code in row if code != 255] for row in data.change_tags[changed].tolist()]
        changes = list(
            zip(
                data.change_field[changed].tolist(),
                data.profile[data.change_event[changed]].tolist(),
                data.change_value[changed].tolist(),
                tags,
                strict=True,
            )
        )
        return [column[part].tolist() for column in columns], late, changes, int(data.arrival[stop - 1])

    def step(self, prepared: object) -> tuple[Pairs, Pairs]:  # noqa: C901 (calls would cost the peer time)
        columns, lates, changes, now = prepared  # type: ignore[misc]
        crossed: set[Row] = set()
        cross, by_name, carts, is_action = crossed.add, self._by_name, self._carts, _IS_ACTION
        take_action = carts.take if carts.leaves else None
        for time, profile, name, price, category, platform, late in zip(*columns, lates, strict=True):
            if late:
                self._take_late(time, profile, name, price, category, platform, crossed)
                continue
            if is_action[name] and take_action is not None:
                take_action(name, time, profile)
            plain, tested = by_name[name]
            for append, counts, crossings in plain:
                append((time, profile))
                count = counts.get(profile, 0) + 1
                counts[profile] = count
                if count in crossings:
                    for leaf in crossings[count]:
                        cross((profile, leaf))
            for floor, categories, platforms, days, waits, append, counts, crossings in tested:
                if floor is not None and price < floor:
                    continue
                if categories is not None and category not in categories:
                    continue
                if platforms is not None and platform not in platforms:
                    continue
                if days is not None and not days[0] <= time < days[1]:
                    continue
                append((time, profile))
                if waits:
                    continue
                count = counts.get(profile, 0) + 1
                counts[profile] = count
                if count in crossings:
                    for leaf in crossings[count]:
                        cross((profile, leaf))
        self._take_changes(changes, crossed)
        for counter in self._counters.values():
            counter.pass_time(now, crossed)
        carts.pass_time(now, crossed)
        return self._decide(crossed)

    def _take_late(
        self, time: int, profile: int, name: int, price: float, category: int, platform: int, crossed: set[Row]
    ) -> None:
        if _IS_ACTION[name]:
            self._carts.take_late(name, time, profile)
        for counter in self._counters.values():
            if counter.ask.name == name and counter.passes(time, price, category, platform):
                counter.take_late(time, profile, crossed)

    def _take_changes(self, changes: list[tuple[int, int, float, list[int]]], crossed: set[Row]) -> None:
        for field, profile, value, tags in changes:
            for leaf, ask in self._attributes.items():
                if ask.field == FIELDS[field]:
                    holds = self._holds[leaf]
                    if self._tests[leaf](tags if ask.field == "tags" else value) != (profile in holds):
                        (holds.discard if profile in holds else holds.add)(profile)
                        crossed.add((profile, leaf))

    def _decide(self, crossed: set[Row]) -> tuple[Pairs, Pairs]:
        adds: Pairs = []
        drops: Pairs = []
        for profile, leaf in crossed:
            for audience in self._readers[leaf]:
                members = self._members[audience]
                if self._formulas[audience](profile):
                    if profile not in members:
                        members.add(profile)
                        adds.append((audience, profile))
                elif profile in members:
                    members.discard(profile)
                    drops.append((audience, profile))
        return adds, drops

    def delta(self, result: object) -> Delta:
        adds, drops = result  # type: ignore[misc]
        return Delta(_sorted(adds), _sorted(drops))

    def members(self) -> list[np.ndarray]:
        return [np.array(sorted(members), np.int64) for members in self._members]


def _sorted(pairs: Pairs) -> np.ndarray:
    return np.array(sorted(audience * 2**32 + profile for audience, profile in pairs), np.int64)


def _counters(leaves: Sequence[object]) -> dict[Counted, Counter]:
    """One counter for all leaves that differ only in their threshold."""
    found: dict[Counted, Counter] = {}
    for place, leaf in enumerate(leaves):
        if isinstance(leaf, Counted):
            counter = found.setdefault(leaf.counter, Counter(leaf.counter))
            counter.crossings[leaf.times] = (*counter.crossings.get(leaf.times, ()), place)
    return found


def _tests(counters: Sequence[Counter]) -> tuple[list[tuple], list[tuple]]:
    """What the loop over events needs of the counters of one name: those that count always, and those that look."""
    plain, tested = [], []
    for one in counters:
        parts = (one.log.append, one.counts, one.crossings)
        if one.conditional() or one.low:
            tested.append((one.ask.price, one.categories, one.platforms, one.days, one.low > 0, *parts))
        else:
            plain.append(parts)
    return plain, tested


def _leaves(formula: Formula) -> list[int]:
    return [formula] if isinstance(formula, int) else [leaf for part in formula[1] for leaf in _leaves(part)]


def _attribute_test(ask: Attribute) -> Callable[[float | list[int]], bool]:
    if ask.codes is not None:
        codes = frozenset(ask.codes)
        return (lambda value: not codes.isdisjoint(value)) if ask.field == "tags" else (lambda value: value in codes)
    low = float("-inf") if ask.low is None else ask.low
    high = float("inf") if ask.high is None else ask.high
    return lambda value: low <= value <= high


def _holders(workload: Workload, ask: Attribute) -> set[int]:
    column = getattr(workload, ask.field)
    if ask.codes is None:
        low = -np.inf if ask.low is None else ask.low
        high = np.inf if ask.high is None else ask.high
        found = column if column.dtype == bool else (column >= low) & (column <= high)
    else:
        found = np.isin(column, ask.codes)
    return set(np.flatnonzero(found.any(1) if found.ndim == 2 else found).tolist())
