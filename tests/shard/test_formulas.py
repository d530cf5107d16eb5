"""Formulas over leaves, against plain Python."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from raudience.criteria.leaves import AndOf, NotOf, OrOf
from raudience.shard.formulas import Formulas, evaluate, leaves_of

LEAVES = 30


def formulas(leaves):
    return st.recursive(
        st.integers(0, leaves - 1),
        lambda inner: st.one_of(
            inner.map(NotOf),
            st.lists(inner, min_size=1, max_size=4).map(lambda of: AndOf(tuple(of))),
            st.lists(inner, min_size=1, max_size=4).map(lambda of: OrOf(tuple(of))),
        ),
        max_leaves=20,
    )


def direct(formula, state):
    match formula:
        case NotOf():
            return not direct(formula.of, state)
        case AndOf():
            return all(direct(part, state) for part in formula.of)
        case OrOf():
            return any(direct(part, state) for part in formula.of)
        case leaf:
            return state[leaf]


def truths(all_formulas, states):
    """[state][formula] as `Formulas` finds it."""
    packed = np.packbits(np.array(states, bool), axis=1, bitorder="little")
    audience = np.tile(np.arange(len(all_formulas)), len(states))
    state = np.repeat(np.arange(len(states)), len(all_formulas))
    found = Formulas(tuple(all_formulas)).of(audience, packed, state)
    return found.reshape(len(states), len(all_formulas)).tolist()


def test_leaves_of_a_formula_are_told_once_and_ascending():
    assert leaves_of(OrOf((AndOf((7, NotOf(2))), 7, 0))) == (0, 2, 7)


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        (0, [False, True, False, True]),
        (NotOf(1), [True, True, False, False]),
        (AndOf((0, 1)), [False, False, False, True]),
        (OrOf((0, NotOf(1))), [True, True, False, True]),
        (AndOf((0, NotOf(0))), [False] * 4),
        (OrOf((0, NotOf(0))), [True] * 4),
    ],
)
def test_a_formula_of_two_leaves_in_its_four_states(formula, expected):
    states = [[False, False], [True, False], [False, True], [True, True]]
    assert [found for (found,) in truths([formula], states)] == expected


@pytest.mark.parametrize("count", [12, 13, LEAVES])
def test_all_of_many_leaves_fails_when_one_of_them_does(count):
    states = [[place != wrong for place in range(LEAVES)] for wrong in range(LEAVES)]
    every = AndOf(tuple(range(count)))
    assert truths([every, NotOf(every)], states) == [[wrong >= count, wrong < count] for wrong in range(LEAVES)]


def test_short_and_long_formulas_are_evaluated_side_by_side():
    long = OrOf(tuple(range(20)))
    states = [[False] * LEAVES, [place == 19 for place in range(LEAVES)]]
    assert truths([0, long, 19, NotOf(long)], states) == [[False, False, False, True], [False, True, True, False]]


@settings(max_examples=40, deadline=None)
@given(
    st.lists(formulas(LEAVES), min_size=1, max_size=4),
    st.lists(st.lists(st.booleans(), min_size=LEAVES, max_size=LEAVES), min_size=1, max_size=4),
)
def test_formulas_are_what_python_says_of_them(all_formulas, states):
    assert truths(all_formulas, states) == [[direct(one, state) for one in all_formulas] for state in states]


@settings(max_examples=40, deadline=None)
@given(formulas(6), st.lists(st.lists(st.booleans(), min_size=6, max_size=6), min_size=1))
def test_columns_of_leaves_give_the_column_of_a_formula(formula, states):
    columns = np.array(states, bool).T
    assert evaluate(formula, columns.__getitem__).tolist() == [direct(formula, state) for state in states]


def test_the_readers_of_a_leaf_are_the_audiences_that_name_it():
    readers = Formulas((AndOf((0, 2)), NotOf(2), 1)).readers
    assert readers == {0: [0], 1: [2], 2: [0, 1]}


def test_no_formulas_have_no_readers():
    none = Formulas(())
    assert none.readers == {}
    assert none.of(np.zeros(0, np.int64), np.zeros((0, 1), np.uint8), np.zeros(0, np.int64)).tolist() == []
