"""A plan as the shard works it: what is counted, what is watched, which fields are read."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import Final, Literal, NamedTuple, TypeVar, assert_never

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
    leaves_of,
)  # fmt: skip
from raudience.criteria.operators import IsTrue
from raudience.criteria.values import holds_absent, holds_numbers
from raudience.records import Field

__all__ = ["OPTED_OUT", "Compiled", "Fresh", "Watcher", "default_of", "placed"]

OPTED_OUT: Final = FieldTest("", Field("status", "opted_out"), IsTrue())
_LEAVES_PER_COUNTER = 63
_Thing = TypeVar("_Thing", bound=Hashable)


class Watcher(NamedTuple):
    """Who hears of events of a matcher: a cart state, an aggregate or a sequence, by number, in a role.

    For carts the role is ADDED, DONE, OTHER or REMOVED (3), for sequences the step.
    """

    matcher: int
    edges: frozenset[int]
    kind: Literal["cart", "aggregate", "sequence"]
    number: int
    role: int


class Counted(NamedTuple):
    """What a counter counts. part: of the leaves on it, when they are too many for one."""

    matcher: Matcher
    window: Window
    part: int


class Fresh(NamedTuple):
    """Numbers of leaves, counters and audiences of which nothing is known yet."""

    leaves: frozenset[int]
    counters: frozenset[int]
    audiences: frozenset[int]


class Compiled:
    """leaves: those of the plan and the internal one of opting out. Alive(...) stands for being present only; in the
    formulas it is joined with "has not opted out".

    former: leaves, counters and audiences keep the numbers that they have there. What the plan does not ask for any
    longer stays, and goes on, until something new takes its number; an audience that is gone has nobody in it.
    """

    def __init__(self, plan: Plan, former: Compiled | None = None) -> None:
        self.plan = plan
        self.leaves: tuple[Leaf, ...] = placed(former.leaves if former else (), (*plan.leaves, OPTED_OUT))
        self.numbers = {leaf: number for number, leaf in enumerate(self.leaves)}
        self.default = np.array([default_of(leaf) for leaf in self.leaves], bool)
        asked = {audience.key: _numbered(audience.formula, plan.leaves, self.numbers) for audience in plan.audiences}
        self.keys: tuple[str, ...] = placed(former.keys if former else (), asked)
        opted_out = self.numbers[OPTED_OUT]
        self.formulas = tuple(asked.get(key, AndOf((opted_out, NotOf(opted_out)))) for key in self.keys)
        self._matchers: dict[Matcher, int] = {}
        self.counted: tuple[Counted, ...] = former.counted if former else ()
        self.counters: list[tuple[int, Window]] = []
        self.counter_leaves: list[list[tuple[int, Count]]] = []
        self.carts: list[list[tuple[int, Cart]]] = []
        self.aggregates: list[tuple[int, Sum | Distinct]] = []
        self.sequences: list[tuple[int, SequenceOf]] = []
        self.watchers: list[Watcher] = []
        self._compile_counters()
        self._compile_carts()
        self._compile_aggregates()
        self._compile_sequences()

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

    def since(self, former: Compiled | None) -> Fresh:
        """What is not known when all is known that was compiled before, None: nothing was."""
        if former is None:
            return Fresh(*(frozenset(range(len(every))) for every in (self.leaves, self.counted, self.keys)))
        leaves = set(_differing(self.leaves, former.leaves))
        leaves.update(number for group in self.carts if group not in former.carts for number, _ in group)
        reading = (at for at, formula in enumerate(self.formulas) if not leaves.isdisjoint(leaves_of(formula)))
        return Fresh(
            frozenset(leaves),
            frozenset(_differing(self.counted, former.counted)),
            frozenset((*_differing(self.formulas, former.formulas), *reading)),
        )

    def _matcher(self, matcher: Matcher) -> int:
        return self._matchers.setdefault(matcher, len(self._matchers))

    def _compile_counters(self) -> None:
        groups: dict[Counted, list[tuple[int, Count]]] = {}
        seen: dict[tuple[Matcher, Window], int] = {}
        for number, leaf in enumerate(self.leaves):
            if isinstance(leaf, Count):
                counter = (leaf.matcher, leaf.window)
                part = seen.get(counter, 0) // _LEAVES_PER_COUNTER
                seen[counter] = seen.get(counter, 0) + 1
                groups.setdefault(Counted(*counter, part), []).append((number, leaf))
        self.counted = placed(self.counted, groups)
        self.counters = [(self._matcher(counted.matcher), counted.window) for counted in self.counted]
        self.counter_leaves = [groups.get(counted, []) for counted in self.counted]

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

    # Aggregates and sequences remember by themselves when what they have heard of leaves.
    def _compile_aggregates(self) -> None:
        for number, leaf in enumerate(self.leaves):
            if isinstance(leaf, Sum | Distinct):
                self._watch(leaf.matcher, "aggregate", len(self.aggregates), 0)
                self.aggregates.append((number, leaf))

    def _compile_sequences(self) -> None:
        for number, leaf in enumerate(self.leaves):
            if isinstance(leaf, SequenceOf):
                for step, of in enumerate(leaf.steps):
                    self._watch(of.matcher, "sequence", len(self.sequences), step)
                self.sequences.append((number, leaf))

    def _watch(self, matcher: Matcher, kind: Literal["aggregate", "sequence"], number: int, role: int) -> None:
        self.watchers.append(Watcher(self._matcher(matcher), frozenset(), kind, number, role))


def placed(former: Sequence[_Thing], wanted: Iterable[_Thing]) -> tuple[_Thing, ...]:
    """Wanted things, distinct, each where it was; one that is new takes the place of one that is no longer wanted, or
    stands behind all."""
    asked, known = dict.fromkeys(wanted), set(former)
    new = iter([thing for thing in asked if thing not in known])
    kept = [thing if thing in asked else next(new, thing) for thing in former]
    return (*kept, *new)


def _differing(things: Sequence[object], former: Sequence[object]) -> list[int]:
    """Places at which there is not what was there."""
    return [at for at, thing in enumerate(things) if at >= len(former) or thing != former[at]]


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


def _numbered(formula: Formula, leaves: tuple[Leaf, ...], numbers: dict[Leaf, int]) -> Formula:
    """A formula over leaves in their numbers, in which who has opted out is not alive."""
    match formula:
        case int():
            leaf = leaves[formula]
            number = numbers[leaf]
            return AndOf((number, NotOf(numbers[OPTED_OUT]))) if isinstance(leaf, Alive) else number
        case NotOf():
            return NotOf(_numbered(formula.of, leaves, numbers))
        case AndOf():
            return AndOf(tuple(_numbered(part, leaves, numbers) for part in formula.of))
        case OrOf():
            return OrOf(tuple(_numbered(part, leaves, numbers) for part in formula.of))
        case _:
            assert_never(formula)
