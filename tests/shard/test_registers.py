"""Fields of profiles: the latest value, and lists that come and go."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from raudience.criteria.operators import (
    Equals,
    ExactMatch,
    Exists,
    Includes,
    NotEquals,
    NotExists,
    NotIncludes,
    NotMatch,
)
from raudience.criteria.values import holds_absent, holds_list, holds_word, number_text
from raudience.records import DELETED, NULL, NUMBER, Column, ListColumn
from raudience.shard.features import ValueClasses
from raudience.shard.registers import Register
from raudience.shard.words import TruthTable


def updated(register, row, stamp, *lists):
    words = tuple(sorted({word for one in lists for word in one}))
    codes = np.array([words.index(word) for one in lists for word in one], np.int32)
    offsets = np.cumsum([0, *map(len, lists)]).astype(np.int32)
    column = ListColumn(np.arange(len(lists), dtype=np.int32), offsets, codes, words)
    rows = np.full(len(lists), row, np.int32)
    register.tidy()
    moments = np.arange(stamp, stamp + len(lists))
    return register.update(rows, moments, moments, register.cells(column))


def test_truths_are_those_of_each_list_while_thousands_of_lists_replace_one_another():
    register = Register()
    register.make_room(2)
    test = Includes("a")
    table, classes = TruthTable(test, register.dictionary), ValueClasses([test], register.dictionary)
    for start in range(0, 15_000, 5_000):
        lists = [("a", "b") if place % 3 == 0 else ("b",) for place in range(5_000)]
        timeline = updated(register, 1, start, *lists)
        truths = register.truths(classes, [table], timeline)[0]
        assert truths.tolist() == [place % 3 == 0 for place in range(5_000)]
    assert register.words_of(1) == ("b",)


def test_lists_that_nobody_holds_any_more_are_cleared_away():
    register = Register()
    register.make_room(2)
    for start in range(0, 50_000, 5_000):
        updated(register, 1, start, *([("a",)] * 5_000))
    assert register.nbytes() < 50_000 * 8


def held(register, *updates):
    """Take updates (row, at, stamp, value) of one block and give the timeline; a value is as `column` takes it."""
    rows, ats, stamps, values = zip(*updates, strict=True)
    some = Register() if register is None else register
    some.make_room(max(rows) + 1)
    cells = some.cells(column(values))
    return some.update(np.array(rows, np.int32), np.array(ats), np.array(stamps), cells)


def column(values):
    """A column of text, numbers, None for a tag, ... for deleted; of lists when the values are lists."""
    listed = isinstance(values[0], list)
    words = tuple(dict.fromkeys(w for v in values for w in (v if listed else [v]) if isinstance(w, str)))
    places = {word: place for place, word in enumerate(words)}
    if listed:
        codes = np.array([places[word] for one in values for word in one], np.int32)
        return ListColumn(np.arange(len(values)), np.cumsum([0, *map(len, values)]).astype(np.int32), codes, words)
    special = {None: NULL, ...: DELETED}
    codes = [places[v] if isinstance(v, str) else special.get(v, NUMBER) for v in values]
    numbers = np.array([v if isinstance(v, int | float) else 0.0 for v in values], float)
    return Column(None, np.array(codes, np.int32), numbers if NUMBER in codes else np.zeros(0), words)


def texts(register, rows):
    return [register.words_of(row) for row in range(rows)]


def truth(register, test, timeline):
    tables = [TruthTable(test, register.dictionary)]
    return register.truths(ValueClasses([test], register.dictionary), tables, timeline)[0].tolist()


@pytest.mark.parametrize(
    ("updates", "expected"),
    [
        ([(0, 1, 10, "a"), (0, 2, 20, "b")], "b"),
        ([(0, 1, 20, "a"), (0, 2, 10, "b")], "a"),
        ([(0, 1, 10, "a"), (0, 2, 10, "b")], "b"),
        ([(0, 1, 10, "a"), (0, 1, 10, "b"), (0, 1, 5, "c")], "b"),
        ([(0, 1, -5, "a"), (0, 1, -7, "b")], "a"),
    ],
    ids=["later-stamp", "earlier-stamp", "equal-stamps", "one-instant", "before-1970"],
)
@pytest.mark.parametrize("together", [True, False])
def test_the_latest_stamp_wins_and_of_equal_stamps_the_later(updates, expected, together):
    register = Register()
    for block in [updates] if together else [[update] for update in updates]:
        held(register, *block)
    assert register.words_of(0) == (expected,)


def test_a_field_nobody_told_is_absent():
    assert Register().words_of(7) is None


def test_null_is_a_value_without_text_and_deleting_takes_it_away():
    register = Register()
    held(register, (0, 1, 1, None), (1, 1, 1, "a"), (2, 1, 1, ...))
    assert texts(register, 3) == [(), ("a",), None]
    held(register, (1, 2, 2, ...))
    assert register.words_of(1) is None


def test_what_was_deleted_later_is_not_brought_back_by_an_earlier_value():
    register = Register()
    held(register, (0, 1, 20, ...))
    held(register, (0, 2, 10, "a"))
    assert register.words_of(0) is None
    assert register.stamp_of(0) == 20


def test_a_field_is_a_number_then_a_word_then_a_list_and_a_number_again():
    register, found = Register(), []
    for at, value in enumerate([4.5, "gold", ["x", "y"], [], 42.0, None]):
        held(register, (1, at, at, value))
        found.append(register.words_of(1))
    assert found == [("4.5",), ("gold",), ("x", "y"), (), ("42",), ()]


def test_a_timeline_tells_the_field_after_each_update_of_a_row():
    register = Register()
    held(register, (1, 0, 50, "old"))
    timeline = held(register, (1, 1, 40, "early"), (0, 2, 1, 7.0), (1, 3, 60, "new"), (1, 4, 55, "between"))
    assert list(zip(timeline.row.tolist(), timeline.at.tolist(), strict=True)) == [(0, 2), (1, 1), (1, 3), (1, 4)]
    assert truth(register, ExactMatch("new"), timeline) == [False, False, True, True]
    assert truth(register, ExactMatch("old"), timeline) == [False, True, False, False]
    assert truth(register, Equals(7), timeline) == [True, False, False, False]


def test_the_whole_field_is_what_each_row_holds():
    register = Register()
    held(register, (0, 1, 1, "7"), (1, 1, 1, 7.0), (2, 1, 1, None), (3, 1, 1, 8.0))
    held(register, (4, 2, 2, ["7", "8"]))
    whole = register.whole(6)
    expected = {
        Equals(7): [True, True, False, False, False, False],
        NotEquals(7): [False, False, True, True, True, True],
        Includes("7"): [False, False, False, False, True, False],
        Exists(): [True] * 5 + [False],
    }
    assert {test: truth(register, test, whole) for test in expected} == expected


def test_hundreds_and_thousands_of_words_keep_their_codes():
    register = Register()
    for start in (0, 200, 70_000):
        held(register, *((row, start + row, 1, f"w{start + row}") for row in range(200)))
        assert register.words_of(199) == (f"w{start + 199}",)
    held(register, *((0, place, 2, f"v{place}") for place in range(70_000)))
    assert (register.words_of(0), register.words_of(5)) == (("v69999",), ("w70005",))


def test_forgotten_rows_hold_nothing_and_take_any_stamp():
    register = Register()
    held(register, (0, 1, 99, "a"), (1, 1, 99, "b"))
    register.clear(np.array([0, 500], np.int32))
    assert texts(register, 2) == [None, ("b",)]
    held(register, (0, 2, 1, "c"))
    assert register.words_of(0) == ("c",)


SCALARS = st.sampled_from(["a", "b", "7", 7.0, 0.5, None, ...])
LISTS = st.sampled_from([["a"], ["b", "a"], []])
UPDATES = st.tuples(st.integers(0, 2), st.integers(0, 3), st.integers(0, 4))
TESTS = [
    ExactMatch("a"),
    NotMatch("a"),
    Equals(7),
    NotEquals(7),
    Exists(),
    NotExists(),
    Includes("a"),
    NotIncludes("a"),
]


def says(test, value):
    if value is ...:
        return holds_absent(test)
    if isinstance(value, list):
        return holds_list(test, value)
    return holds_word(test, number_text(value) if isinstance(value, float) else value)


@st.composite
def blocks(draw):
    updates = sorted(draw(st.lists(UPDATES, min_size=1, max_size=6)), key=lambda update: update[1])
    values = LISTS if draw(st.booleans()) else SCALARS
    return [(row, at, stamp, draw(values)) for row, at, stamp in updates]


@settings(max_examples=80, deadline=None)
@given(st.lists(blocks(), max_size=4))
def test_registers_are_dicts_of_the_latest_value(all_blocks):
    register, model = Register(), {}
    for number, updates in enumerate(all_blocks):
        timeline = held(register, *((row, 10 * number + at, stamp, value) for row, at, stamp, value in updates))
        steps = []
        for row, at, stamp, value in updates:
            if stamp >= model.get(row, (-1,))[0]:
                model[row] = (stamp, value)
            steps.append((row, 10 * number + at, model[row][1]))
        where = zip(timeline.row.tolist(), timeline.at.tolist(), strict=True)
        told = sorted(zip(where, *(truth(register, test, timeline) for test in TESTS), strict=True), key=lambda x: x[0])
        steps.sort(key=lambda step: step[:2])
        assert told == [((row, at), *(says(test, value) for test in TESTS)) for row, at, value in steps]
    whole = [truth(register, test, register.whole(3)) for test in TESTS]
    assert whole == [[says(test, model.get(row, (0, ...))[1]) for row in range(3)] for test in TESTS]


VALUES = st.one_of(st.sampled_from(["a", "b", None, ...]), st.sampled_from([1.0, 2.5]))
LISTS = st.lists(st.sampled_from("ab"), max_size=2)
BLOCKS = st.one_of(
    *(
        st.lists(st.tuples(st.integers(0, 2), st.integers(0, 3), kind), min_size=1, max_size=6)
        for kind in (VALUES, LISTS)
    )
)


@settings(max_examples=60)
@given(st.lists(BLOCKS, max_size=5))
def test_the_rows_that_changed_are_the_same_whether_updates_are_taken_together_or_one_by_one(blocks):
    together, singly = Register(), Register()
    for register in (together, singly):
        register.make_room(3)
    for number, block in enumerate(blocks):
        row, stamp, values = zip(*block, strict=True)
        rows, ats, stamps = np.array(row, np.int32), np.arange(len(row)), np.array(stamp) + number
        before = texts(singly, 3)
        _, changed = together.update_and_compare(rows, ats, stamps, together.cells(column(values)))
        places = [place for place, _ in singly.take_singly(rows, stamps, column(values), None)]
        assert set(changed.tolist()) == set(rows[places].tolist())
        assert {one for one in range(3) if texts(singly, 3)[one] != before[one]} <= set(changed.tolist())
        assert texts(together, 3) == texts(singly, 3)
