"""A plan as the shard works it: what is counted, what is watched, which fields are read."""

from __future__ import annotations

from typing import Final, Literal, NamedTuple, assert_never

import numpy as np
from numpy.typing import NDArray

from raudience.criteria.leaves import (
    AgeTest,
    Alive,
    AndOf,
    Cart,
    Count,
    Distinct,
    FieldTest,
    FirstSeenTest,
    Formula,
    Leaf,
    Matcher,
    NotOf,
    OrOf,
    Place,
    Plan,
    SequenceOf,
    Sum,
    Window,
)  # fmt: skip
from raudience.criteria.operators import IsTrue
from raudience.criteria.values import holds_absent, holds_numbers
from raudience.records import Field

__all__ = ["OPTED_OUT", "Compiled", "Watcher", "default_of"]

OPTED_OUT: Final = FieldTest("", Field("status", "opted_out"), IsTrue())
_LEAVES_PER_COUNTER = 63


class Watcher(NamedTuple):
    """Who hears of events of a matcher: a cart state or a history, by number, in a role.

    For carts the role is ADDED, DONE, OTHER or REMOVED (3), for histories the step.
    """

    matcher: int
    edges: frozenset[int]
    kind: Literal["cart", "history"]
    number: int
    role: int


class Compiled:
    """leaves: those of the plan, then the internal one of opting out. Alive(...) stands for being present only; in the
    formulas it is joined with "has not opted out"."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.leaves: tuple[Leaf, ...] = (*plan.leaves, OPTED_OUT)
        self.default = np.array([default_of(leaf) for leaf in self.leaves], bool)
        self.formulas = tuple(_with_opt_out(audience.formula, self.leaves) for audience in plan.audiences)
        self._matchers: dict[Matcher, int] = {}
        self.counters: list[tuple[int, Window]] = []
        self.counter_leaves: list[list[tuple[int, Count]]] = []
        self.carts: list[list[tuple[int, Cart]]] = []
        self.histories: list[tuple[int, Sum | Distinct | SequenceOf]] = []
        self.watchers: list[Watcher] = []
        self._compile_counters()
        self._compile_carts()
        self._compile_histories()

    @property
    def matchers(self) -> tuple[Matcher, ...]:
        return tuple(self._matchers)

    def numbered(self, kind: type) -> list[tuple[int, Leaf]]:
        """Leaves of a kind with their numbers."""
        return [(number, leaf) for number, leaf in enumerate(self.leaves) if isinstance(leaf, kind)]

    def fields(self) -> dict[tuple[str, Field], list[tuple[int, FieldTest]]]:
        """FieldTest leaves, but for those about age, by what they read."""
        read: dict[tuple[str, Field], list[tuple[int, FieldTest]]] = {}
        for number, leaf in enumerate(self.leaves):
            if isinstance(leaf, FieldTest) and not isinstance(leaf.test, AgeTest):
                read.setdefault((leaf.workspace, leaf.field), []).append((number, leaf))
        return read

    def _matcher(self, matcher: Matcher) -> int:
        return self._matchers.setdefault(matcher, len(self._matchers))

    def _compile_counters(self) -> None:
        groups: dict[tuple[int, Window, int], list[tuple[int, Count]]] = {}
        seen: dict[tuple[int, Window], int] = {}
        for number, leaf in enumerate(self.leaves):
            if isinstance(leaf, Count):
                counter = (self._matcher(leaf.matcher), leaf.window)
                part = seen.get(counter, 0) // _LEAVES_PER_COUNTER
                seen[counter] = seen.get(counter, 0) + 1
                groups.setdefault((*counter, part), []).append((number, leaf))
        self.counters = [(matcher, window) for matcher, window, _ in groups]
        self.counter_leaves = list(groups.values())

    def _compile_carts(self) -> None:
        groups: dict[tuple[Matcher | None, ...], list[tuple[int, Cart]]] = {}
        for number, leaf in enumerate(self.leaves):
            if isinstance(leaf, Cart):
                groups.setdefault((leaf.added, leaf.done, leaf.removed), []).append((number, leaf))
        self.carts = [part for leaves in groups.values() for part in _one_other_each(leaves)]
        for state, leaves in enumerate(self.carts):
            first = leaves[0][1]
            waits = frozenset(leaf.wait for _, leaf in leaves)
            other_waits = frozenset(leaf.wait for _, leaf in leaves if leaf.other is not None)
            ends = frozenset(leaf.lookback + 1 for _, leaf in leaves)
            for role, (matcher, edges) in enumerate(
                [
                    (first.added, waits | ends),
                    (first.done, frozenset()),
                    (first.other, other_waits),
                    (first.removed, frozenset()),
                ]
            ):
                if matcher is not None:
                    self.watchers.append(Watcher(self._matcher(matcher), edges, "cart", state, role))

    def _compile_histories(self) -> None:
        for number, leaf in enumerate(self.leaves):
            if not isinstance(leaf, Sum | Distinct | SequenceOf):
                continue
            matchers = [step.matcher for step in leaf.steps] if isinstance(leaf, SequenceOf) else [leaf.matcher]
            edges = frozenset((leaf.window.low, leaf.window.high + 1))
            for step, matcher in enumerate(matchers):
                watcher = Watcher(self._matcher(matcher), edges, "history", len(self.histories), step)
                self.watchers.append(watcher)
            self.histories.append((number, leaf))


def _one_other_each(leaves: list[tuple[int, Cart]]) -> list[list[tuple[int, Cart]]]:
    """Cart leaves parted so that each part looks at one kind of other action; a leaf that looks at none, if there is
    one, joins the first part, behind the others."""
    parts: dict[Matcher | None, list[tuple[int, Cart]]] = {}
    for number, leaf in leaves:
        parts.setdefault(leaf.other, []).append((number, leaf))
    indifferent = parts.pop(None, [])
    found = list(parts.values()) or [[]]
    return [[*found[0], *indifferent], *found[1:]]


def default_of(leaf: Leaf) -> bool:
    """Truth of a leaf for a profile of which nothing is known."""
    match leaf:
        case Count() | Distinct():
            return leaf.least <= 0
        case Sum():
            return holds_absent(leaf.test) if leaf.average else _zero(leaf)
        case FieldTest():
            return not isinstance(leaf.test, AgeTest) and holds_absent(leaf.test)
        case SequenceOf() | Cart() | FirstSeenTest() | Place() | Alive():
            return False
        case _:
            assert_never(leaf)


def _zero(leaf: Sum) -> bool:
    zero: NDArray[np.float64] = np.zeros(1)
    return bool(holds_numbers(leaf.test, zero)[0])


def _with_opt_out(formula: Formula, leaves: tuple[Leaf, ...]) -> Formula:
    match formula:
        case int():
            alive = isinstance(leaves[formula], Alive)
            return AndOf((formula, NotOf(len(leaves) - 1))) if alive else formula
        case NotOf():
            return NotOf(_with_opt_out(formula.of, leaves))
        case AndOf():
            return AndOf(tuple(_with_opt_out(part, leaves) for part in formula.of))
        case OrOf():
            return OrOf(tuple(_with_opt_out(part, leaves) for part in formula.of))
        case _:
            assert_never(formula)
