"""From leaves that turn to members that come and go, against evaluating everything at every instant."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from raudience.criteria.leaves import AndOf, NotOf, OrOf
from raudience.shard.formulas import Formulas
from raudience.shard.membership import Membership
from raudience.shard.toggles import Toggles

BOTH, EITHER, NOT_FIRST = AndOf((0, 1)), OrOf((0, 1)), NotOf(0)


def membership(*formulas, leaves=10):
    made = Membership(np.zeros(leaves, bool), Formulas(formulas))
    made.make_room(4)
    return made


def turned(made, *toggles):
    """(at, audience, row, entered) of what follows from toggles (row, at, leaf)."""
    row, at, leaf = zip(*toggles, strict=True) if toggles else ((), (), ())
    turns = made.apply(Toggles(np.array(row, np.int32), np.array(at, np.int64), np.array(leaf, np.int32)))
    columns = (turns.at, turns.audience, turns.row, turns.entered)
    return sorted(zip(*(column.tolist() for column in columns), strict=True))


def test_no_toggles_turn_nobody():
    assert turned(membership(BOTH)) == []


def test_a_user_enters_when_the_last_leaf_turns():
    made = membership(BOTH)
    assert turned(made, (1, 10, 0), (1, 20, 1)) == [(20, 0, 1, True)]
    assert turned(made, (1, 30, 0)) == [(30, 0, 1, False)]


def test_leaves_that_turn_in_one_instant_are_seen_together():
    made = membership(OrOf((AndOf((0, NotOf(1))), AndOf((1, NotOf(0))))))
    assert turned(made, (1, 10, 0), (1, 10, 1)) == []
    assert turned(made, (1, 20, 0)) == [(20, 0, 1, True)]
    assert turned(made, (1, 30, 0), (1, 30, 1)) == []


def test_who_comes_and_goes_in_one_step_is_told_both_times():
    assert turned(membership(0), (1, 10, 0), (1, 20, 0)) == [(10, 0, 1, True), (20, 0, 1, False)]


def test_only_audiences_that_read_a_leaf_are_evaluated():
    made = membership(0, NOT_FIRST, 9)
    assert turned(made, (1, 10, 9)) == [(10, 2, 1, True)]


def test_an_audience_that_holds_for_nobody_yet_is_entered_at_the_first_toggle_that_it_reads():
    assert turned(membership(NOT_FIRST, EITHER), (1, 10, 1)) == [(10, 1, 1, True)]


def test_rows_do_not_know_each_other():
    assert turned(membership(BOTH), (1, 10, 0), (2, 10, 1), (2, 5, 0)) == [(10, 0, 2, True)]


def test_reset_rows_have_the_leaves_of_a_profile_without_data():
    made = membership(BOTH)
    turned(made, (1, 10, 0))
    made.reset(np.array([1], np.int32))
    assert turned(made, (1, 20, 1)) == []


FORMULAS = [0, BOTH, EITHER, NOT_FIRST, AndOf((2, NotOf(9))), AndOf((*range(10), NotOf(10), 11, 12, 13))]
TOGGLES = st.tuples(st.integers(0, 2), st.integers(1, 6), st.sampled_from([0, 1, 2, 9]))


def holds(formula, leaves):
    match formula:
        case NotOf():
            return not holds(formula.of, leaves)
        case AndOf():
            return all(holds(part, leaves) for part in formula.of)
        case OrOf():
            return any(holds(part, leaves) for part in formula.of)
    return formula in leaves


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(TOGGLES, max_size=12, unique=True), max_size=3))
def test_members_are_those_of_evaluating_all_after_every_instant(steps):
    made, leaves, members = membership(*FORMULAS, leaves=14), {row: set() for row in range(4)}, set()
    for number, toggles in enumerate(steps):
        toggles = [(row, 10 * number + at, leaf) for row, at, leaf in toggles]
        expected = []
        for at in sorted({at for _, at, _ in toggles}):
            for row, _, leaf in (toggle for toggle in toggles if toggle[1] == at):
                leaves[row] ^= {leaf}
            read = {(row, leaf) for row, moment, leaf in toggles if moment == at}
            for audience, formula in enumerate(FORMULAS):
                for row in {row for row, leaf in read if leaf in Formulas((formula,)).readers}:
                    if holds(formula, leaves[row]) != ((audience, row) in members):
                        members ^= {(audience, row)}
                        expected.append((at, audience, row, (audience, row) in members))
        assert turned(made, *toggles) == sorted(expected)
    columns = [made.members.column(audience, 4).nonzero()[0].tolist() for audience in range(len(FORMULAS))]
    assert {(audience, row) for audience, rows in enumerate(columns) for row in rows} == members
