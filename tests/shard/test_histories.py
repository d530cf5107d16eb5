"""Sums, distinct values and sequences, against looking at all events."""

from fractions import Fraction
from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from raudience.criteria.leaves import FOREVER, Check, Distinct, Matcher, SequenceOf, StepOf, Sum, Window
from raudience.criteria.operators import Between, Equals, ExactMatch, Less, NotEquals
from raudience.records import EventKey, Field
from raudience.shard.bits import Bits
from raudience.shard.histories import Entry, HistoryState, Touch
from tests.shard.making import Rows

A = EventKey("custom", "other", "A")
X, PRICE, BRAND = Field("custom", "x"), Field("product", "price"), Field("product", "brand")
WINDOW = Window(0, 100)
MATCHER = Matcher("custom")


def total(test, average=False, field=X, matcher=MATCHER):
    return Sum(matcher, WINDOW, field, average, test)


def distinct(least, most=None, field=X):
    return Distinct(MATCHER, WINDOW, field, least, most)


def sequence(*within, window=WINDOW):
    return SequenceOf(tuple(StepOf(MATCHER, one) for one in within), None, window)


def holds(leaf, *events, now=50):
    """Truth of a leaf for events (time, {attribute: value}, [products])."""
    dictionaries = {}
    state = HistoryState(0, leaf, dictionaries)
    rows = Rows([A], dictionaries, [(A, time, attributes, products, "i") for time, attributes, products in events])
    for entries in state.entries(rows, np.arange(rows.size), 0, rows.times):
        state.take(1, entries)
    return state.holds(state.present(1, now), now)


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


@pytest.mark.parametrize(("now", "expected"), [(9, False), (10, True), (110, True), (111, False)])
def test_events_are_seen_in_their_window_with_both_ends(now, expected):
    leaf = Distinct(MATCHER, Window(10, 110), X, 1, None)
    assert holds(leaf, (0, {X: "a"}, []), now=now) == expected


def touched(leaf, *touches):
    """[(at, row)] of what turns; touches: (row, at, [(time, step, value)])."""
    state, bits = HistoryState(0, leaf, {}), Bits(np.zeros(1, bool))
    bits.make_room(3)
    toggles = state.apply([Touch(row, at, tuple(Entry(*e) for e in entries)) for row, at, entries in touches], bits)
    return list(zip(toggles.at.tolist(), toggles.row.tolist(), strict=True)), state


def test_a_history_turns_at_the_instant_at_which_it_is_touched():
    told, _ = touched(distinct(2), (1, 30, [(25, 0, "b")]), (1, 10, [(10, 0, "a")]), (1, 111, []))
    assert told == [(30, 1), (111, 1)]


def test_what_has_left_the_window_is_forgotten():
    _, state = touched(distinct(1), (1, 10, [(10, 0, "a")]), (2, 50, [(50, 0, "a")]), (1, 111, []))
    assert state.rows() == [2]
    state.clear(np.array([2], np.int32))
    assert state.nbytes() == 0


def test_the_ages_at_which_an_event_matters_are_the_edges_of_its_window():
    assert HistoryState(0, sequence(None, window=Window(5, 20)), {}).edges() == {5, 21}
    assert HistoryState(0, sequence(None, window=Window(0, FOREVER)), {}).edges() == {0}


def chained(leaf, *entries, now=50):
    state = HistoryState(0, leaf, {})
    state.take(1, tuple(Entry(*entry) for entry in entries))
    return state.holds(state.present(1, now), now)


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ([(1, 0, ""), (2, 1, "")], True),
        ([(2, 0, ""), (1, 1, "")], False),
        ([(1, 0, ""), (1, 1, "")], False),
        ([(1, 0, ""), (7, 1, "")], False),
        ([(1, 0, ""), (6, 1, "")], True),
        ([(1, 0, ""), (3, 0, ""), (7, 1, "")], True),
        ([(1, 0, "u"), (2, 1, "v")], False),
        ([(1, 0, "u"), (2, 1, "v"), (3, 1, "u")], True),
    ],
    ids=["in-order", "reversed", "one-instant", "too-late", "just-in-time", "from-the-later", "not-same", "same"],
)
def test_a_chain_of_two_steps_within_five(entries, expected):
    assert chained(sequence(None, 5), *entries) == expected


def test_one_event_is_one_step_of_a_chain():
    leaf, both = sequence(None, None), [(1, 0, ""), (1, 1, "")]
    assert not chained(leaf, *both)
    assert chained(leaf, *both, (2, 1, ""))


ENTRIES = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 2), st.sampled_from("uv")), max_size=8)
WITHIN = st.lists(st.sampled_from([None, 0, 1, 3, 6]), min_size=1, max_size=3)


def brute(within, entries):
    for chain in product(entries, repeat=len(within)):
        gaps = [later[0] - former[0] for former, later in pairwise(chain)]
        if (
            [step for _, step, _ in chain] == list(range(len(within)))
            and len({value for *_, value in chain}) == 1
            and all(gap > 0 and (limit is None or gap <= limit) for gap, limit in zip(gaps, within[1:], strict=True))
        ):
            return True
    return False


@settings(max_examples=150, deadline=None)
@given(WITHIN, ENTRIES, st.integers(0, 4), st.sampled_from([6, 10, FOREVER]))
def test_a_sequence_holds_when_some_chain_of_all_events_does(within, entries, low, high):
    entries = [entry for entry in entries if entry[1] < len(within)]
    inside = [entry for entry in entries if low <= 12 - entry[0] <= high]
    leaf = sequence(*within, window=Window(low, high))
    assert chained(leaf, *entries, now=12) == brute(within, inside)


NUMBERS = st.one_of(st.integers(-(10**9), 10**9), st.floats(-1e6, 1e6), st.sampled_from([0.1, 1e-7, "3.5", "x", None]))


@settings(max_examples=60, deadline=None)
@given(st.lists(NUMBERS, max_size=6), st.randoms())
def test_a_sum_does_not_depend_on_order(values, random):
    numbers = [float(value) for value in values if value not in ("x", None)]
    exact = sum(round(Fraction(number) * 10**6) for number in numbers) / 10**6
    shuffled = random.sample(values, len(values))
    assert of_values(total(Between(exact, exact)), *values)
    assert of_values(total(Between(exact, exact)), *shuffled)
