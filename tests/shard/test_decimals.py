"""Numbers in few bytes give back what they were."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from raudience.shard.decimals import decimals, joined


@pytest.mark.parametrize(
    ("numbers", "size"),
    [
        ([0, 255], 1),
        ([0.1, 2.55], 1),
        ([0.5, 19.99], 2),
        ([65_535], 2),
        ([655.36], 4),
        ([42_949_672.0], 4),
        ([0.25, -1.5], 4),
        ([-0.1], 8),
        ([0.001], 8),
        ([42_949_672.97], 8),
    ],
)
def test_whole_numbers_and_hundredths_take_few_bytes(numbers, size):
    held = decimals(np.array(numbers, np.float64))
    assert (held.held.itemsize, held.values().tolist()) == (size, numbers)


@given(st.lists(st.one_of(st.floats(), st.integers(-10_000, 10**10), st.decimals(0, 10**8, places=2))))
def test_every_number_comes_back_as_it_was(numbers):
    wanted = np.array(list(map(float, numbers)), np.float64)
    assert decimals(wanted).values().tobytes() == wanted.tobytes()


def test_numbers_that_came_in_four_bytes_stay_what_they_are():
    wanted = np.array([0.1, 19.99, 3], np.float32)
    assert decimals(wanted).values().tolist() == wanted.tolist()


def test_parts_are_joined_whatever_they_are_held_as():
    parts = [decimals(np.array(numbers)) for numbers in ([0.1], [300.0, 2.0], [1e300])]
    assert joined(parts).tolist() == [0.1, 300, 2, 1e300]
    assert joined([parts[1].part(slice(1, 2)), parts[1]]).tolist() == [2, 300, 2]
