"""Bits by row, against a matrix of booleans."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from raudience.shard.bits import Bits

DEFAULT = np.array([place % 3 == 0 for place in range(11)])


def rows(*numbers):
    return np.array(numbers, np.int32)


def matrix(bits, count):
    return np.array([bits.column(column, count) for column in range(bits.width)]).T.tolist()


def test_new_rows_hold_the_default():
    bits = Bits(DEFAULT)
    bits.make_room(3)
    bits.flip(rows(0, 1, 2), rows(0, 5, 10))
    bits.make_room(500)
    assert bits.column(0, 500).tolist() == [False, *[True] * 499]
    assert matrix(bits, 5)[3:] == [DEFAULT.tolist()] * 2


def test_reset_gives_rows_the_default_again():
    bits = Bits(DEFAULT)
    bits.make_room(3)
    bits.flip(rows(0, 1, 1), rows(0, 5, 10))
    bits.reset(rows(1))
    assert bits.get(rows(0, 1, 2), 0).tolist() == [False, True, True]
    assert bits.get(rows(1, 1), 5).tolist() == [False, False]


def test_a_bit_named_twice_is_turned_twice():
    bits = Bits(DEFAULT)
    bits.make_room(1)
    bits.flip(rows(0, 0, 0), rows(4, 4, 5))
    assert bits.of(rows(0), rows(4, 5)).tolist() == [[False], [True]]


def test_some_columns_of_some_rows_stand_column_by_column():
    bits = Bits(DEFAULT)
    bits.make_room(4)
    bits.flip(rows(3), rows(10))
    assert bits.of(rows(3, 0, 3), rows(10, 9)).tolist() == [[True, False, True], [True, True, True]]


def test_bits_of_no_columns_take_rows():
    bits = Bits(np.zeros(0, bool))
    bits.make_room(3)
    bits.reset(rows(1))
    bits.fill({})
    assert bits.of(rows(0, 1), rows()).shape == (0, 2)


@pytest.mark.parametrize("count", [1, 70_000])
def test_filled_bits_are_what_was_filled(count):
    columns = np.arange(count) % np.arange(2, 13)[:, None] == 0
    bits = Bits(DEFAULT)
    bits.fill(dict(enumerate(columns)))
    assert np.array_equal(np.array([bits.column(number, count) for number in range(11)]), columns)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 20), st.lists(st.tuples(st.integers(0, 5), st.integers(0, 19)), max_size=20), st.data())
def test_turned_bits_are_a_matrix_of_booleans(width, turned, data):
    turned = [(row, column % width) for row, column in turned]
    start = np.array(data.draw(st.lists(st.booleans(), min_size=6 * width, max_size=6 * width)), bool)
    model = start.reshape(6, width).copy()
    bits = Bits(np.zeros(width, bool))
    bits.fill(dict(enumerate(np.ascontiguousarray(model.T))))
    bits.flip(rows(*(row for row, _ in turned)), rows(*(column for _, column in turned)))
    for row, column in turned:
        model[row, column] ^= True
    assert matrix(bits, 6) == model.tolist()
