"""Tests on one moment of the user, as it changes and ages."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from raudience.criteria.leaves import FOREVER, AgeTest, SpanTest
from raudience.shard.bits import Bits
from raudience.shard.moments import MomentLeaf
from raudience.shard.registers import NEVER
from raudience.shard.timers import Timers

ROWS = 3


class Aging:
    """A leaf with its timers and its bit."""

    def __init__(self, test):
        self.leaf, self.timers, self.bits, self.now = MomentLeaf(0, test), Timers(), Bits(np.zeros(1, bool)), 0
        self.leaf.make_room(ROWS)
        self.bits.make_room(ROWS)

    def step(self, until, *moments):
        """[(at, row)] of what turns in (now, until]; moments: (row, at, moment), ascending by row and at."""
        row, at, moment = zip(*moments, strict=True) if moments else ((), (), ())
        due = self.timers.pop(until)
        toggles = self.leaf.apply(
            np.array(row, np.int32), np.array(at, np.int64), np.array(moment, np.int64), due.row, due.at,
            self.bits, until, self.timers,
        )  # fmt: skip
        self.bits.flip(toggles.row, toggles.leaf)
        self.now = until
        return sorted(zip(toggles.at.tolist(), toggles.row.tolist(), strict=True))


@pytest.mark.parametrize(
    ("test", "expected"),
    [
        (SpanTest(10, 20), [False, False, True, True, False]),
        (AgeTest(10, 20), [False, True, True, True, False]),
        (AgeTest(0, FOREVER), [False, True, True, True, True]),
    ],
    ids=["span", "age", "any-age"],
)
def test_a_moment_is_in_a_span_with_its_start_or_of_an_age_with_both_ends(test, expected):
    moments = np.array([NEVER, 9, 10, 19, 20]) if isinstance(test, SpanTest) else np.array([NEVER, 20, 15, 10, 9])
    assert MomentLeaf(0, test).holds(moments, 30).tolist() == expected


def test_a_span_does_not_flip_by_time():
    assert MomentLeaf(0, SpanTest(0, 9)).flips(np.array([5])) == ()


def test_an_age_flips_as_it_is_reached_and_one_millisecond_after_it_is_passed():
    assert [flip.tolist() for flip in MomentLeaf(0, AgeTest(10, 20)).flips(np.array([5, NEVER]))] == [
        [15, NEVER], [26, NEVER],
    ]  # fmt: skip
    assert len(MomentLeaf(0, AgeTest(10, FOREVER)).flips(np.array([5]))) == 1


def test_a_moment_ages_into_its_range_and_out_of_it():
    aging = Aging(AgeTest(10, 20))
    assert aging.step(1, (1, 1, 1)) == []
    assert [aging.step(now) for now in (10, 11, 21, 22, 99)] == [[], [(11, 1)], [], [(22, 1)], []]


def test_a_moment_that_ages_within_one_step_turns_at_its_own_instants():
    assert Aging(AgeTest(10, 20)).step(99, (1, 1, 1), (2, 40, 39)) == [(11, 1), (22, 1), (49, 2), (60, 2)]


def test_a_moment_that_is_replaced_does_not_flip_any_more():
    aging = Aging(AgeTest(10, 20))
    aging.step(1, (1, 1, 1))
    assert aging.step(9, (1, 9, 50)) == []
    assert aging.step(99) == [(60, 1), (71, 1)]


def test_a_moment_that_is_taken_away_ends_what_it_held():
    aging = Aging(SpanTest(0, 100))
    assert aging.step(5, (1, 5, 7)) == [(5, 1)]
    assert aging.step(6, (1, 6, NEVER)) == [(6, 1)]


def test_filled_moments_flip_as_if_they_had_come_one_by_one():
    aging = Aging(AgeTest(10, 20))
    truth = aging.leaf.fill(np.array([NEVER, 2, 8]), 15, aging.timers)
    aging.bits.fill({0: truth})
    assert truth.tolist() == [False, True, False]
    assert aging.step(99) == [(18, 2), (23, 1), (29, 2)]


def test_forgotten_rows_do_not_flip():
    aging = Aging(AgeTest(10, 20))
    aging.step(1, (1, 1, 1), (2, 1, 2))
    aging.leaf.clear(np.array([1], np.int32))
    assert aging.step(99) == [(12, 2), (23, 2)]


TESTS = st.sampled_from([AgeTest(3, 8), AgeTest(0, 5), AgeTest(4, FOREVER), SpanTest(5, 12)])
MOMENTS = st.tuples(st.integers(0, 2), st.integers(1, 40), st.one_of(st.just(NEVER), st.integers(-5, 45)))


@settings(max_examples=80, deadline=None)
@given(TESTS, st.lists(MOMENTS, max_size=8, unique_by=lambda m: m[:2]), st.lists(st.integers(1, 60), max_size=4))
def test_every_turn_is_told_at_its_millisecond(test, moments, stops):
    aging, told = Aging(test), []
    for until in sorted({*stops, 60}):
        told += aging.step(until, *sorted(m for m in moments if aging.now < m[1] <= until))
    expected = []
    for row in range(ROWS):
        before = False
        for now in range(1, 61):
            known = [m for m in moments if m[0] == row and m[1] <= now]
            moment = max(known, key=lambda m: m[1])[2] if known else NEVER
            age = now - moment
            span = isinstance(test, SpanTest)
            inside = test.start <= moment < test.end if span else test.low <= age <= test.high
            holds = moment != NEVER and inside
            expected += [(now, row)] * (holds != before)
            before = holds
    assert sorted(told) == sorted(expected)
