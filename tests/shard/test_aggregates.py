"""Sums, averages and numbers of different values, against looking at all events."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from raudience.criteria.leaves import FOREVER, Check, Distinct, Matcher, Sum, Window
from raudience.criteria.operators import Between, Equals, ExactMatch, Greater, Less, NotEquals
from raudience.records import EventKey, Field
from raudience.shard.aggregates import AggregateState
from raudience.shard.amounts import millionths
from raudience.shard.windowed import Arrived
from tests.shard import turning
from tests.shard.making import Rows
from tests.shard.turning import ENDS, LAST, ROWS, started, told

A = EventKey("custom", "other", "A")
X, PRICE, BRAND = Field("custom", "x"), Field("product", "price"), Field("product", "brand")
WINDOW = Window(0, 100)
MATCHER = Matcher("custom")


def total(test, average=False, field=X, matcher=MATCHER, window=WINDOW):
    return Sum(matcher, window, field, average, test)


def distinct(least, most=None, field=X, window=WINDOW):
    return Distinct(MATCHER, window, field, least, most)


def holds(leaf, *events):
    """Truth of a leaf for events (time, {attribute: value}, [products])."""
    dictionaries = {}
    state = AggregateState(0, leaf, dictionaries)
    rows = Rows([A], dictionaries, [(A, time, attributes, products, "i") for time, attributes, products in events])
    return state.holds(state.read(rows, np.arange(rows.size)).value)


def of_values(leaf, *values):
    return holds(leaf, *((place, {} if value is ... else {X: value}, []) for place, value in enumerate(values)))


def test_a_sum_is_exact_in_millionths():
    assert of_values(total(Equals(0.3)), 0.1, 0.1, 0.1)
    assert of_values(total(Equals(1)), *[0.1] * 10)
    assert of_values(total(Equals(0)), 0.1, 0.2, -0.3)


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0.0000004, 0), (0.0000006, 0.000001), (0.0078125, 0.007812), (0.0234375, 0.023438), (1e15, 1e15)],
    ids=["down", "up", "half-to-even-below", "half-to-even-above", "large"],
)
def test_each_value_counts_rounded_to_six_decimals(value, expected):
    assert of_values(total(Equals(expected)), value)
    assert of_values(total(Equals(-expected)), -value)


def test_a_sum_reads_numbers_in_texts_and_passes_over_the_rest():
    assert of_values(total(Equals(12.5)), "7", 5.5, "seven", None, ..., "")


def test_the_sum_of_nothing_is_nought_and_of_its_average_nothing_holds():
    assert of_values(total(Equals(0)))
    assert of_values(total(Less(1)), ...)
    assert not of_values(total(Equals(0), average=True))
    assert of_values(total(NotEquals(0), average=True))


def test_an_average_counts_only_events_that_have_a_number():
    assert of_values(total(Equals(3), average=True), 2, 4, "x", ...)
    assert of_values(total(Equals(1 / 3), average=True), 0, 0, 1)


def test_a_product_attribute_sums_over_the_products_that_pass_the_checks():
    matcher = Matcher("custom", checks=(Check(BRAND, ExactMatch("acme")),))
    cart = [{BRAND: "acme", PRICE: 2}, {BRAND: "other", PRICE: 30}, {BRAND: "acme", PRICE: "5"}, {BRAND: "acme"}]
    events = [(1, {}, cart), (2, {}, []), (3, {}, [{BRAND: "acme", PRICE: 1}])]
    assert holds(total(Equals(8), field=PRICE, matcher=matcher), *events)
    assert holds(total(Equals(4), average=True, field=PRICE, matcher=matcher), *events)


@pytest.mark.parametrize(
    ("values", "count"),
    [(["a", "A", "b"], 2), ([7, "7", 7.0], 1), ([0.5, "0.5"], 1), ([None, ..., "a"], 1), ([], 0), (["ß", "SS"], 1)],
    ids=["case", "numbers", "decimals", "absent", "none", "folding"],
)
def test_distinct_values_are_folded_texts(values, count):
    assert of_values(distinct(count, count), *values)
    assert not of_values(distinct(count + 1), *values)


def test_distinct_values_of_products_are_those_of_all_of_them():
    carts = [(1, {}, [{BRAND: "a"}, {BRAND: "b"}]), (2, {}, [{BRAND: "b"}, {BRAND: "c"}])]
    assert holds(distinct(3, 3, field=BRAND), *carts)


NUMBERS = st.one_of(st.integers(-(10**9), 10**9), st.floats(-1e6, 1e6), st.sampled_from([0.1, 1e-7, "3.5", "x", None]))


@settings(max_examples=60, deadline=None)
@given(st.lists(NUMBERS, max_size=6), st.randoms())
def test_a_sum_does_not_depend_on_order(values, random):
    numbers = [float(value) for value in values if value not in ("x", None)]
    exact = sum(round(Fraction(number) * 10**6) for number in numbers) / 10**6
    shuffled = random.sample(values, len(values))
    assert of_values(total(Between(exact, exact)), *values)
    assert of_values(total(Between(exact, exact)), *shuffled)


HALVES = st.integers(-(10**9), 10**9).map(lambda number: (number + 0.5) / 10**6)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.one_of(HALVES, st.floats(allow_nan=False, allow_infinity=False)), max_size=6))
def test_millionths_are_those_of_the_exact_number(numbers):
    assert millionths(np.array(numbers, float)).tolist() == [round(Fraction(number) * 10**6) for number in numbers]


def arrived(events):
    """Arrivals (row, time, at, value)."""
    row, time, at, value = zip(*events, strict=True) if events else ((), (), (), ())
    large = any(abs(one) >= 2**62 for one in value)
    longs = (np.array(time, np.int64), np.array(at, np.int64), np.array(value, object if large else np.int64))
    return Arrived(np.array(row, np.int32), *longs)


def stepped(state, bits, events, ends):
    return turning.stepped(state, bits, events, ends, lambda part: arrived(part) if part else None)


def expected(leaf, events):
    return turning.expected(leaf.window, events, lambda inside: judged(leaf, [value for *_, value in inside]))


def judged(leaf, values):
    if isinstance(leaf, Distinct):
        return leaf.least <= len(set(values)) <= (leaf.most or 99)
    if leaf.average:
        return bool(values) and Fraction(sum(values), 10**6 * len(values)) > leaf.test.value
    return Fraction(sum(values), 10**6) > leaf.test.value


EVENTS = st.lists(
    st.tuples(
        st.integers(1, ROWS - 1),
        st.integers(0, LAST),
        st.integers(0, LAST),
        st.sampled_from([-2_000_000, 1, 999_999, 1_000_000, 3_000_000, 2**61, -(2**61), 10**40]),
    ),
    max_size=12,
)
WINDOWS = st.sampled_from([Window(0, 5), Window(2, 9), Window(0, FOREVER), Window(4, 4)])
LEAVES = st.one_of(
    st.builds(lambda window: total(Greater(1), window=window), WINDOWS),
    st.builds(lambda window: total(Greater(1), average=True, window=window), WINDOWS),
    st.builds(lambda window, least, more: distinct(least, least + 1 if more else None, window=window), WINDOWS,
              st.integers(1, 3), st.booleans()),
)  # fmt: skip


def known(leaf):
    """A state that has seen seven texts."""
    dictionaries = {}
    state = AggregateState(0, leaf, dictionaries)
    rows = Rows([A], dictionaries, [(A, 0, {X: text}, [], "i") for text in "abcdefg"])
    state.read(rows, np.arange(rows.size))
    return state


def numbered(leaf, events):
    """Values of distinct leaves are numbers of texts."""
    small = [(row, time, at, abs(value) % 7) for row, time, at, value in events]
    return small if isinstance(leaf, Distinct) else events


@settings(max_examples=300, deadline=None)
@given(LEAVES, EVENTS, ENDS)
def test_an_aggregate_turns_at_the_instants_at_which_its_window_says_so_whatever_the_steps(leaf, events, ends):
    events = numbered(leaf, events)
    assert stepped(AggregateState(0, leaf, {}), started(), events, ends) == expected(leaf, events)


@settings(max_examples=100, deadline=None)
@given(LEAVES, EVENTS, st.integers(0, LAST - 1))
def test_an_aggregate_filled_later_goes_on_like_one_that_was_always_there(leaf, events, now):
    events = [(row, time, time, value) for row, time, _, value in numbered(leaf, events)]
    before = [event for event in events if event[1] <= now]
    state, bits, column = AggregateState(0, leaf, {}), started(), np.zeros(ROWS, bool)
    state.fill(arrived(before), now, column)
    bits.fill({0: column})
    always = expected(leaf, events)
    rest = [event for event in events if event[1] > now]
    toggles = state.step(now, LAST, arrived(rest) if rest else None, bits)
    assert told(toggles) == {turn for turn in always if turn[0] > now}


@settings(max_examples=100, deadline=None)
@given(LEAVES, EVENTS, st.integers(0, LAST - 1))
def test_rows_of_another_shard_go_on_where_they_were(leaf, events, now):
    events = [event for event in numbered(leaf, events) if event[2] <= now]
    whole, *parts = (known(leaf) for _ in range(3))
    bits = started()
    stepped(whole, bits, events, [now])
    stepped(parts[0], started(), [event for event in events if event[0] < 3], [now])
    stepped(parts[1], started(), [(1, *event[1:]) for event in events if event[0] == 3], [now])
    parts[0].graft(parts[1], np.array([0, 3], np.int32))
    found = [told(state.step(now, LAST, None, bits)) for state in (whole, parts[0])]
    assert found[0] == found[1]


@pytest.mark.parametrize("leaf", [total(Greater(1)), total(Greater(1), average=True), distinct(1)])
def test_a_row_that_is_cleared_begins_with_nothing(leaf):
    state, bits = AggregateState(0, leaf, {}), started()
    assert stepped(state, bits, [(1, 0, 0, 2_000_000), (2, 0, 0, 2_000_000)], [0]) == {(0, 1), (0, 2)}
    state.clear(np.array([1, 3], np.int32))
    bits.reset(np.array([1], np.int32))
    toggles = state.step(0, 101, None, bits)
    assert (toggles.row.tolist(), toggles.at.tolist()) == ([2], [101])
    assert state.next_edge(101) is None


def test_a_sum_beyond_all_floats_is_endless():
    leaf = total(Greater(1e308))
    assert of_values(leaf, 1.5e308, 1.5e308)
    assert not of_values(leaf, -1.5e308, -1.5e308)


def test_the_next_edge_is_that_of_the_oldest_value():
    state = AggregateState(0, total(Greater(1), window=Window(10, 20)), {})
    state.step(-1, 7, arrived([(1, 5, 6, 1), (1, 3, 7, 1)]), started())
    assert [state.next_edge(now) for now in (7, 13, 15, 24)] == [13, 15, 24, 26]
