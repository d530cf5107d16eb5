"""Sequences, against looking at all events."""

from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from raudience.criteria.leaves import FOREVER, Matcher, SequenceOf, StepOf, Window
from raudience.shard.bits import Bits
from raudience.shard.histories import Entry, HistoryState, Touch

WINDOW = Window(0, 100)
MATCHER = Matcher("custom")


def sequence(*within, window=WINDOW):
    return SequenceOf(tuple(StepOf(MATCHER, one) for one in within), None, window)


AB = sequence(None, None)


def touched(leaf, *touches):
    """[(at, row)] of what turns; touches: (row, at, [(time, step, value)])."""
    state, bits = HistoryState(0, leaf, {}), Bits(np.zeros(1, bool))
    bits.make_room(3)
    toggles = state.apply([Touch(row, at, tuple(Entry(*e) for e in entries)) for row, at, entries in touches], bits)
    return list(zip(toggles.at.tolist(), toggles.row.tolist(), strict=True)), state


def test_a_history_turns_at_the_instant_at_which_it_is_touched():
    told, _ = touched(AB, (1, 30, [(25, 1, "")]), (1, 10, [(10, 0, "")]), (1, 111, []))
    assert told == [(30, 1), (111, 1)]


def test_what_has_left_the_window_is_forgotten():
    _, state = touched(AB, (1, 10, [(10, 0, "")]), (2, 50, [(50, 0, "")]), (1, 111, []))
    assert state.rows() == [2]
    state.clear(np.array([2], np.int32))
    assert state.nbytes() == 0


def test_the_ages_at_which_an_event_matters_are_the_edges_of_its_window():
    assert HistoryState(0, sequence(None, window=Window(5, 20)), {}).edges() == {5, 21}
    assert HistoryState(0, sequence(None, window=Window(0, FOREVER)), {}).edges() == {0}


def chained(leaf, *entries, now=50):
    state = HistoryState(0, leaf, {})
    state.take(1, tuple(Entry(*entry) for entry in entries))
    return state.holds(state.present(1, now))


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
