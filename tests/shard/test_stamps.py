"""Stamps of fields: six bytes each as long as six are enough, and the same answers when they are not."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from raudience.shard.stamps import NEVER, Stamps

FAR = 1 << 47
"""Milliseconds that no longer fit six bytes."""


def stamps(*moments):
    held = Stamps()
    held.make_room(len(moments))
    held.put(np.arange(len(moments)), np.array(moments, np.int64))
    return held


def held(some, rows):
    return some.of(np.arange(rows)).tolist()


def test_a_row_has_no_stamp_before_it_gets_one():
    some = Stamps()
    some.make_room(1)
    assert (held(some, 1)[0], some.item(0)) == (NEVER, NEVER)


@pytest.mark.parametrize("moment", [0, -1, 1_772_323_200_000, FAR - 1, 1 - FAR, FAR, -FAR, 1 << 60])
def test_every_moment_comes_back_as_it_was(moment):
    one, many = stamps(5, 7), stamps(moment, 7)
    one.put_one(0, moment)
    assert [held(one, 2), one.item(0), held(many, 2), many.item(0)] == [[moment, 7], moment] * 2


def test_what_six_bytes_cannot_hold_takes_eight():
    some = stamps(*range(100))
    before = some.nbytes()
    some.put_one(0, FAR)
    assert some.nbytes() == 8 * len(some) > before


@pytest.mark.parametrize("high", [9, FAR])
def test_stamps_rise_to_the_latest_and_never_fall(high):
    some = stamps(5, 5, 5)
    some.rise(np.array([0, 0, 2, 2]), np.array([7, 6, 1, 4]))
    some.rise(np.array([1]), np.array([high]))
    assert held(some, 3) == [7, high, 5]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4), st.sampled_from([0, 3, -9, 10**12, FAR - 1, FAR])), max_size=20))
def test_stamps_are_a_dict(updates):
    some, model = Stamps(), {}
    some.make_room(5)
    for row, moment in updates:
        twin, before = some.twin(), held(some, 5)
        some.put_one(row, moment)
        model[row] = moment
        assert held(twin, 5) == before
    some.clear(np.array([1]))
    model.pop(1, None)
    assert held(some, 5) == [model.get(row, NEVER) for row in range(5)]
