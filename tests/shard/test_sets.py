"""Fields that gather values."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from raudience.criteria.operators import ExactMatch, Exists, NotExists, NotMatch
from raudience.shard.sets import SetRegister
from raudience.shard.words import ABSENT, NULL_CODE, TruthTable


def added(register, *updates):
    """[(row, values after it)] of the updates (row, value) that added something."""
    register.make_room(5)
    codes = [register.dictionary.code(value) if isinstance(value, str) else value for _, value in updates]
    rows = np.array([row for row, _ in updates], np.int32)
    found = register.update(rows, np.arange(len(updates)), np.array(codes, np.int32))
    sets = [[register.dictionary.word(code) for code in held] for held in found.codes]
    return list(zip(found.row.tolist(), sets, strict=True)), found


def test_a_row_without_values_has_none():
    assert SetRegister().words_of(3) is None


def test_values_are_kept_in_the_order_in_which_they_came():
    register = SetRegister()
    added(register, (1, "b"), (1, "a"), (2, "c"), (1, "b"))
    assert [register.words_of(row) for row in (0, 1, 2)] == [None, ("b", "a"), ("c",)]


def test_what_is_there_is_not_added_again():
    register = SetRegister()
    assert added(register, (1, "a"), (1, "a"), (1, "b"))[0] == [(1, ["a"]), (1, ["a", "b"])]
    assert added(register, (1, "b"), (1, "a"))[0] == []


@pytest.mark.parametrize("code", [NULL_CODE, ABSENT])
def test_a_tag_and_a_deletion_add_nothing(code):
    register = SetRegister()
    assert added(register, (1, code))[0] == []
    assert register.words_of(1) is None


def test_a_test_is_told_after_each_addition():
    register = SetRegister()
    _, found = added(register, (1, "b"), (1, "a"), (1, "c"))
    tests = ExactMatch("a"), NotMatch("a"), Exists()
    truths = [found.truth(TruthTable(test, register.dictionary)).tolist() for test in tests]
    assert truths == [[False, True, True], [True, False, False], [True, True, True]]


def test_a_test_of_all_rows():
    register = SetRegister()
    added(register, (1, "a"), (2, "b"), (3, "b"), (3, "a"))
    expected = {
        ExactMatch("a"): [False, True, False, True],
        NotMatch("a"): [True, False, True, False],
        NotExists(): [True, False, False, False],
    }
    assert {t: register.whole(TruthTable(t, register.dictionary), 4).tolist() for t in expected} == expected


def test_forgotten_rows_have_no_values():
    register = SetRegister()
    added(register, (1, "a"), (1, "b"), (2, "a"))
    register.clear(np.array([1, 400], np.int32))
    assert [register.words_of(row) for row in (1, 2)] == [None, ("a",)]
    assert added(register, (1, "b"))[0] == [(1, ["b"])]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.lists(st.tuples(st.integers(0, 2), st.sampled_from("abc")), max_size=5), max_size=4))
def test_a_gathering_field_is_a_dict_of_ordered_sets(blocks):
    register, model = SetRegister(), {}
    for updates in blocks:
        expected = []
        for row, value in updates:
            if value not in model.setdefault(row, []):
                model[row].append(value)
                expected.append((row, [*model[row]]))
        assert added(register, *updates)[0] == expected
    assert [register.words_of(row) for row in range(3)] == [tuple(model.get(row, ())) or None for row in range(3)]
