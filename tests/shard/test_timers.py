"""Moments to come, against a sorted list."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from raudience.shard.timers import Timers

HOUR = 3_600_000


def pushed(timers, leaf, *moments):
    """Timers of rows 0, 1, ... at moments."""
    timers.push(np.array(moments, np.int64), np.arange(len(moments), dtype=np.int32), leaf)


def popped(timers, until):
    due = timers.pop(until)
    return list(zip(due.at.tolist(), due.row.tolist(), due.leaf.tolist(), strict=True))


def test_without_timers_nothing_is_due():
    timers = Timers()
    assert (timers.next(), popped(timers, 10**15)) == (None, [])


def test_timers_come_ascending_up_to_and_including_the_moment():
    timers = Timers()
    pushed(timers, 4, 30, 10, 20)
    assert popped(timers, 20) == [(10, 1, 4), (20, 2, 4)]
    assert timers.next() == 30


def test_what_has_come_is_forgotten():
    timers = Timers()
    pushed(timers, 4, 30)
    assert popped(timers, 30) == [(30, 0, 4)]
    assert (popped(timers, 99), timers.next()) == ([], None)


def test_timers_pushed_into_the_hour_that_is_open_come_in_their_order():
    timers = Timers()
    pushed(timers, 1, 10, 50)
    assert popped(timers, 20) == [(10, 0, 1)]
    pushed(timers, 2, 40, 60)
    assert popped(timers, 100) == [(40, 0, 2), (50, 1, 1), (60, 1, 2)]


def test_timers_of_years_come_in_their_order():
    timers = Timers()
    pushed(timers, 1, *(day * 24 * HOUR for day in (900, 1, 30, 400)))
    assert [at // (24 * HOUR) for at, _, _ in popped(timers, 10**12)] == [1, 30, 400, 900]


def test_moments_before_1970_are_moments():
    timers = Timers()
    pushed(timers, 1, -5 * HOUR, 5 * HOUR)
    assert timers.next() == -5 * HOUR
    assert popped(timers, 0) == [(-5 * HOUR, 0, 1)]


def test_only_wanted_leaves_are_kept():
    timers = Timers()
    pushed(timers, 1, 10, 90 * HOUR)
    pushed(timers, -1, 20, 80 * HOUR)
    popped(timers, 5)
    timers.keep(lambda leaf: leaf >= 0)
    assert popped(timers, 10**12) == [(10, 0, 1), (90 * HOUR, 1, 1)]


def test_timers_that_are_no_longer_wanted_give_their_memory_back():
    timers = Timers()
    pushed(timers, 1, *range(1_000))
    timers.keep(lambda leaf: leaf != 1)
    assert (timers.nbytes(), timers.next()) == (0, None)


PUSH = st.tuples(st.just("push"), st.lists(st.integers(-3 * HOUR, 5 * HOUR), max_size=5))
POP = st.tuples(st.just("pop"), st.integers(-4 * HOUR, 6 * HOUR))
KEEP = st.tuples(st.just("keep"), st.integers(0, 2))


@settings(max_examples=100, deadline=None)
@given(st.lists(st.one_of(PUSH, POP, KEEP), max_size=15))
def test_timers_are_a_heap(steps):
    timers, model = Timers(), []
    for number, (action, value) in enumerate(steps):
        leaf = number % 3
        if action == "push":
            pushed(timers, leaf, *value)
            model = sorted([*model, *((at, row, leaf) for row, at in enumerate(value))])
        elif action == "pop":
            assert sorted(popped(timers, value)) == [due for due in model if due[0] <= value]
            model = [due for due in model if due[0] > value]
        else:
            timers.keep(lambda leaves, gone=value: leaves != gone)
            model = [due for due in model if due[2] != value]
        assert timers.next() == (model[0][0] if model else None)
