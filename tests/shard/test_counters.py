"""Counts of events in windows, and the leaves that turn with them."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from raudience.criteria.leaves import Count, Matcher, Window
from raudience.shard.counters import Counters


def leaf(least, most=None):
    return Count(Matcher("custom"), Window(0, 1_000), least, most)


def counters(*groups, rows=4):
    """A counter per group of leaves, all of them numbered one after the other."""
    numbers = iter(range(100))
    made = Counters([[(next(numbers), leaf(*bounds)) for bounds in group] for group in groups])
    made.make_room(rows)
    return made


def moved(made, *moves):
    """(at, row, leaf) of what turns, and not back within the instant; moves: (row, at, counter, gain or loss)."""
    row, at, counter, gain = zip(*moves, strict=True) if moves else ((),) * 4
    entry = np.array(counter, np.int32) * 2 + (np.array(gain, np.int32) < 0)
    toggles = made.apply(np.array(row, np.int32), np.array(at, np.int64), entry.astype(np.int32))
    told = Counter(zip(toggles.at.tolist(), toggles.row.tolist(), toggles.leaf.tolist(), strict=True))
    return sorted(toggle for toggle, times in told.items() if times % 2)


def gained(made, row, times, at=0):
    return moved(made, *[(row, at, 0, 1)] * times)


def test_no_moves_turn_nothing():
    assert moved(counters([(1,)])) == []


def test_a_leaf_turns_at_the_instant_of_the_crossing():
    made = counters([(2, None)])
    assert moved(made, (1, 10, 0, 1), (1, 20, 0, 1), (1, 30, 0, 1)) == [(20, 1, 0)]
    assert moved(made, (1, 40, 0, -1), (1, 50, 0, -1)) == [(50, 1, 0)]


def test_a_range_is_entered_and_left():
    assert moved(counters([(1, 2)]), *((0, at, 0, 1) for at in (10, 20, 30))) == [(10, 0, 0), (30, 0, 0)]


def test_moves_of_one_instant_are_one_move():
    made = counters([(1, 1)])
    assert moved(made, (0, 10, 0, 1), (0, 10, 0, 1)) == []
    assert moved(made, (0, 20, 0, 1), (0, 20, 0, -1)) == []
    assert moved(made, (0, 30, 0, -1)) == [(30, 0, 0)]


def test_the_order_in_which_moves_are_told_does_not_matter():
    moves = [(0, 30, 0, -1), (1, 10, 0, 1), (0, 10, 0, 1), (0, 20, 0, 1)]
    assert moved(counters([(2,)]), *moves) == [(20, 0, 0), (30, 0, 0)]


def test_every_leaf_of_a_counter_turns_at_its_own_bound():
    made = counters([(1, None), (3, None), (0, 0), (2, 3)])
    assert moved(made, *((0, at, 0, 1) for at in (10, 20, 30, 40))) == [
        (10, 0, 0), (10, 0, 2), (20, 0, 3), (30, 0, 1), (40, 0, 3),
    ]  # fmt: skip


def test_counters_of_a_row_do_not_know_each_other():
    made = counters([(1,)], [(2,)])
    assert moved(made, (0, 10, 1, 1), (0, 20, 0, 1), (1, 20, 1, 1)) == [(20, 0, 0)]
    assert [made.column(counter, 2).tolist() for counter in (0, 1)] == [[1, 0], [1, 1]]


@pytest.mark.parametrize("bound", [254, 255, 256, 257, 700])
def test_a_bound_around_and_beyond_a_byte_is_crossed_once_each_way(bound):
    made = counters([(bound,)])
    assert gained(made, 1, bound - 1) == []
    assert gained(made, 1, 1, at=5) == [(5, 1, 0)]
    assert gained(made, 1, 300) == []
    assert moved(made, *[(1, 6, 0, -1)] * 301) == [(6, 1, 0)]
    assert made.column(0, 2).tolist() == [0, bound - 1]


def test_a_large_count_that_comes_back_below_a_byte_is_a_small_one_again():
    made = counters([(1,)])
    gained(made, 0, 600)
    moved(made, *[(0, 1, 0, -1)] * 345)
    assert made.column(0, 1).tolist() == [255]
    assert made.nbytes() == counters([(1,)]).nbytes()


def test_instants_years_apart_are_in_order():
    year = 31_536_000_000_000
    made = counters([(1,)], rows=3_000_000)
    moves = [(2_999_999, 5_000 * year, 0, -1), (2_999_999, -5_000 * year, 0, 1)]
    assert moved(made, *moves) == [(-5_000 * year, 2_999_999, 0), (5_000 * year, 2_999_999, 0)]


def test_filled_counts_are_counts():
    made = counters([(1,)], [(1,)])
    made.fill({0: np.array([0, 3, 255]), 1: np.array([256, 1, 70_000])})
    assert [made.column(counter, 3).tolist() for counter in (0, 1)] == [[0, 3, 255], [256, 1, 70_000]]
    assert moved(made, *[(0, 9, 1, -1)] * 256) == [(9, 0, 1)]


def test_counts_of_many_rows_are_filled():
    made = counters([(1,)], [(1,)], [(1,)])
    first, second = np.arange(20_000) % 300, np.arange(20_000) % 7
    made.fill({1: first, 2: second})
    assert np.array_equal([made.column(counter, 20_000) for counter in range(3)], [first * 0, first, second])


def test_counts_of_rows_that_are_given_away_are_nought():
    made = counters([(1,)])
    moved(made, (1, 0, 0, 1), (2, 0, 0, 1))
    made.clear(np.array([1], np.int32))
    assert made.column(0, 4).tolist() == [0, 0, 1, 0]


def test_large_counts_of_rows_that_are_given_away_are_nought_for_good():
    made = counters([(1,)])
    gained(made, 1, 600)
    made.clear(np.array([1], np.int32))
    gained(made, 1, 255)
    assert made.column(0, 2).tolist() == [0, 255]


MOVES = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 6), st.integers(0, 1), st.integers(1, 130)), max_size=8)


@settings(max_examples=40, deadline=None)
@given(st.lists(MOVES, max_size=4))
def test_counters_are_sums_of_gains_and_losses(rounds):
    bounds, made, counts, now = [(1, None), (100, 256)], counters([(1, None)], [(100, 256)]), {}, 0
    for steps in rounds:
        moves, expected, deltas = [], [], {}
        for row, after, counter, times in sorted(steps, key=lambda step: step[1]):
            gain = -1 if counts.get((row, counter), 0) + deltas.get((row, counter), 0) >= times else 1
            moves += [(row, now + after, counter, gain)] * times
            deltas[row, counter] = deltas.get((row, counter), 0) + gain * times
        for row, counter in {*((row, counter) for row, _, counter, _ in moves)}:
            least, most = bounds[counter]
            for at in sorted({m[1] for m in moves if (m[0], m[2]) == (row, counter)}):
                before = counts.get((row, counter), 0)
                after = before + sum(m[3] for m in moves if m[:3] == (row, at, counter))
                inside = [least <= count and (most is None or count <= most) for count in (before, after)]
                expected += [(at, row, counter)] * (inside[0] != inside[1])
                counts[row, counter] = after
        assert moved(made, *moves) == sorted(expected)
        now += 10
    for (row, counter), count in counts.items():
        assert made.column(counter, 4)[row] == count
