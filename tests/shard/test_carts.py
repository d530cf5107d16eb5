"""Carts that are left: their moments and what lies in them, against looking at all events anew."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from raudience.criteria.leaves import Cart, Matcher
from raudience.shard.bits import Bits
from raudience.shard.carts import ADDED, DONE, OTHER, CartState, Happenings, running_max
from raudience.shard.contents import CartContents
from raudience.shard.registers import NEVER

ADD, PURCHASE, VIEW, TAKE = (Matcher("commerce", names=(name,)) for name in ("add", "purchase", "view", "remove"))
WAIT, LOOKBACK, TIME = 10, 100, -1


class Abandoned:
    """The state of carts with one leaf per wait."""

    def __init__(self, *waits, other=None, removed=None):
        leaves = [Cart(ADD, PURCHASE, other, removed, wait, LOOKBACK) for wait in waits or (WAIT,)]
        self.state, self.bits = CartState([*enumerate(leaves)]), Bits(np.zeros(len(leaves), bool))
        self.state.make_room(3)
        self.bits.make_room(3)

    def step(self, *happened):
        """[(at, row, leaf)] of what turns; happened: (row, at, role, time[, time of the add of what is left])."""
        row, at, role, time, left = zip(*((*h, Happenings.UNCHANGED)[:5] for h in happened), strict=True)
        told = Happenings(
            np.array(row, np.int32), np.array(at), np.array(role, np.int8), np.array(time), np.array(left)
        )
        found = []
        for toggles in self.state.apply(told, self.bits):
            self.bits.flip(toggles.row, toggles.leaf)
            found += zip(toggles.at.tolist(), toggles.row.tolist(), toggles.leaf.tolist(), strict=True)
        return sorted(found)


def test_a_cart_is_left_when_the_wait_is_over():
    cart = Abandoned()
    assert cart.step((1, 0, ADDED, 0)) == []
    assert cart.step((1, 9, TIME, 0), (1, 10, TIME, 0)) == [(10, 1, 0)]


@pytest.mark.parametrize(("done", "expected"), [(-1, [(10, 1, 0)]), (0, []), (5, [])])
def test_a_purchase_at_or_after_the_add_ends_the_cart(done, expected):
    assert Abandoned().step((1, 0, ADDED, 0), (1, 5, DONE, done), (1, 10, TIME, 0)) == expected


def test_a_purchase_after_the_wait_brings_the_user_back():
    assert Abandoned().step((1, 0, ADDED, 0), (1, 10, TIME, 0), (1, 20, DONE, 20)) == [(10, 1, 0), (20, 1, 0)]


def test_another_add_begins_the_wait_anew():
    steps = [(1, 0, ADDED, 0), (1, 5, ADDED, 5), (1, 10, TIME, 0), (1, 15, TIME, 5)]
    assert Abandoned().step(*steps) == [(15, 1, 0)]


def test_another_action_begins_the_wait_anew():
    steps = [(1, 0, ADDED, 0), (1, 5, OTHER, 5), (1, 10, TIME, 0), (1, 15, TIME, 5)]
    assert Abandoned(other=VIEW).step(*steps) == [(15, 1, 0)]


def test_a_cart_ages_out_one_millisecond_after_the_lookback():
    cart = Abandoned()
    cart.step((1, 0, ADDED, 0), (1, 10, TIME, 0))
    assert cart.step((1, 100, TIME, 0)) == []
    assert cart.step((1, 101, TIME, 0)) == [(101, 1, 0)]


def test_leaves_that_wait_for_different_times_share_one_state():
    cart = Abandoned(10, 20, 30)
    steps = [(1, 0, ADDED, 0), *((1, wait, TIME, 0) for wait in (10, 20, 30)), (1, 40, DONE, 40)]
    assert cart.step(*steps) == [(10, 1, 0), (20, 1, 1), (30, 1, 2), (40, 1, 0), (40, 1, 1), (40, 1, 2)]


def test_a_purchase_that_comes_before_its_earlier_add_still_ends_it():
    cart = Abandoned()
    assert cart.step((1, 5, DONE, 5)) == []
    assert cart.step((1, 6, ADDED, 3), (1, 13, TIME, 3)) == []


def test_a_cart_emptied_by_removal_is_not_left():
    cart = Abandoned(removed=TAKE)
    assert cart.step((1, 0, ADDED, 0, 0), (1, 5, TIME, 5, NEVER), (1, 10, TIME, 0)) == []
    assert cart.step((1, 20, TIME, 20, 15), (1, 25, TIME, 15)) == [(20, 1, 0)]


def test_given_away_rows_have_empty_carts():
    cart = Abandoned()
    cart.step((1, 0, ADDED, 0))
    cart.state.clear(np.array([1], np.int32))
    assert cart.step((1, 10, TIME, 0)) == []


def test_filled_carts_are_as_those_that_came_one_by_one():
    cart = Abandoned()
    latest = np.array([[0, 5, 9], [NEVER, 7, NEVER], [NEVER] * 3])
    assert cart.state.fill(latest, 15).tolist() == [[True, False, False]]
    cart.bits.fill({0: np.array([True, False, False])})
    assert cart.step((2, 19, TIME, 9), (0, 20, DONE, 18)) == [(19, 2, 0), (20, 0, 0)]


EVENTS = st.tuples(st.integers(0, 2), st.integers(1, 50), st.sampled_from([ADDED, DONE, OTHER]), st.integers(0, 8))


@settings(max_examples=60, deadline=None)
@given(st.lists(EVENTS, max_size=10), st.booleans(), st.lists(st.integers(1, 70), max_size=3))
def test_carts_are_those_of_looking_at_all_events_at_every_instant(events, others, stops):
    cart = Abandoned(other=VIEW if others else None)
    events = [(row, at, role, at - age) for row, at, role, age in events]
    edges = [(row, time + WAIT, TIME, time) for row, at, _, time in events if time + WAIT > at]
    told, expected, now = [], [], 0
    for until in sorted({*stops, 70}):
        some = [event for event in sorted(events + edges, key=lambda e: e[1]) if now < event[1] <= until]
        told, now = told + (cart.step(*some) if some else []), until
    for row in range(3):
        before = False
        for moment in range(1, 71):
            last = [
                max((time for r, at, role, time in events if (r, role) == (row, wanted) and at <= moment), default=-999)
                for wanted in (ADDED, DONE, OTHER)
            ]
            since = max(last[ADDED], last[OTHER]) if others else last[ADDED]
            holds = last[ADDED] > last[DONE] and since <= moment - WAIT and last[ADDED] > -999
            expected += [(moment, row, 0)] * (holds != before)
            before = holds
    assert sorted(told) == sorted(expected)


@pytest.mark.parametrize("scale", [1, 1 << 50], ids=["small", "large"])
def test_a_running_maximum_begins_anew_in_each_segment(scale):
    values = np.array([3, 1, NEVER, 5, NEVER, -2, 2]) * np.array([scale, scale, 1, scale, 1, scale, scale])
    begins = np.array([True, False, False, False, True, False, True])
    expected = [3 * scale, 3 * scale, 3 * scale, 5 * scale, NEVER, -2 * scale, 2 * scale]
    assert running_max(values, begins).tolist() == expected


def test_the_latest_add_of_which_something_is_left_is_told():
    contents = CartContents()
    assert contents.take(1, 10, True, ("p", "q")) == 10
    assert contents.take(1, 20, True, ("r",)) == 20
    assert contents.take(1, 30, False, ("r",)) == 10
    assert contents.take(1, 40, False, ("p",)) == 10
    assert contents.take(1, 50, False, ("q",)) == NEVER


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2), (1, 2, 0)])
def test_the_order_of_arrival_of_cart_events_does_not_matter(order):
    contents, found = CartContents(), NEVER
    steps = [(10, True, ("p",)), (20, False, ("p",)), (15, True, ("q",))]
    for place in order:
        found = contents.take(1, *steps[place])
    assert found == 15


def test_a_product_taken_out_in_the_instant_of_its_add_is_out():
    contents = CartContents()
    contents.take(1, 10, True, ("p",))
    assert contents.take(1, 10, False, ("p",)) == NEVER


def test_events_of_the_future_are_carried_out_when_their_time_comes():
    contents = CartContents()
    contents.defer(1, 30, True, ("q",))
    contents.defer(1, 20, True, ("p",))
    assert contents.due(1, 19) is None
    assert [contents.due(1, 20), contents.due(1, 30), contents.due(1, 99)] == [20, 30, None]


def test_products_last_touched_before_a_moment_are_forgotten_and_their_memory_is_free():
    contents = CartContents()
    contents.take(1, 10, True, ("p", "q"))
    contents.take(1, 20, False, ("q",))
    contents.expire(1, 11)
    assert contents.take(1, 5, True, ("q",)) == NEVER
    contents.expire(1, 21)
    contents.expire(2, 21)
    assert contents.nbytes() == 0


def test_the_contents_of_rows_that_are_given_away_are_forgotten():
    contents = CartContents()
    contents.take(1, 10, True, ("p",))
    contents.defer(1, 30, True, ("q",))
    contents.clear(np.array([1, 2], np.int32))
    assert contents.due(1, 99) is None
    assert contents.take(1, 40, False, ("x",)) == NEVER
