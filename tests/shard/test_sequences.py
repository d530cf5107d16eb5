"""Sequences, against looking at all chains of all events."""

from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from raudience.criteria.leaves import FOREVER, Matcher, SequenceOf, StepOf, Window
from raudience.records import EventKey, Field
from raudience.shard.sequences import Event, SequenceState
from raudience.shard.windowed import Arrived
from tests.shard import turning
from tests.shard.making import Rows
from tests.shard.turning import ENDS, LAST, ROWS, started, told

A = EventKey("custom", "other", "A")
X = Field("custom", "x")
MATCHER = Matcher("custom")
WINDOW = Window(0, 100)


def sequence(*within, window=WINDOW, same=None):
    return SequenceOf(tuple(StepOf(MATCHER, one) for one in within), same, window)


AB = sequence(None, None)


def chained(leaf, *events):
    return SequenceState(0, leaf, {}).holds([Event(*event) for event in sorted(events)])


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([(1, 0, 0), (2, 1, 0)], True),
        ([(2, 0, 0), (1, 1, 0)], False),
        ([(1, 0, 0), (1, 1, 0)], False),
        ([(1, 0, 0), (7, 1, 0)], False),
        ([(1, 0, 0), (6, 1, 0)], True),
        ([(1, 0, 0), (3, 0, 0), (7, 1, 0)], True),
        ([(1, 0, 0), (2, 1, 1)], False),
        ([(1, 0, 0), (2, 1, 1), (3, 1, 0)], True),
    ],
    ids=["in-order", "reversed", "one-instant", "too-late", "just-in-time", "from-the-later", "not-same", "same"],
)
def test_a_chain_of_two_steps_within_five(events, expected):
    assert chained(sequence(None, 5), *events) == expected


def test_one_event_is_one_step_of_a_chain():
    assert not chained(AB, (1, 0, 0), (1, 1, 0))
    assert chained(AB, (1, 0, 0), (1, 1, 0), (2, 1, 0))


def test_the_text_in_common_is_folded_and_an_event_without_it_is_no_step():
    dictionaries = {}
    state = SequenceState(0, sequence(None, None, same=X), dictionaries)
    values = ["a", "A", 7, "7", None, "b"]
    given = [(A, time, {} if value is None else {X: value}, [], "i") for time, value in enumerate(values)]
    rows = Rows([A], dictionaries, given)
    found = state.read(rows, np.arange(rows.size))
    texts = dict(zip(found.of.tolist(), found.value.tolist(), strict=True))
    assert [*texts] == [0, 1, 2, 3, 5]
    assert (texts[0] == texts[1], texts[2] == texts[3], len({*texts.values()})) == (True, True, 3)


def whole(within, events):
    """Whether some of all chains is one."""
    for chain in product(events, repeat=len(within)):
        gaps = [later[0] - former[0] for former, later in pairwise(chain)]
        if (
            [step for _, step, _ in chain] == list(range(len(within)))
            and len({text for *_, text in chain}) == 1
            and all(gap > 0 and (limit is None or gap <= limit) for gap, limit in zip(gaps, within[1:], strict=True))
        ):
            return True
    return False


EVENTS = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 2), st.integers(0, 1)), max_size=8)
WITHIN = st.lists(st.sampled_from([None, 0, 1, 3, 6]), min_size=2, max_size=3)


@settings(max_examples=200, deadline=None)
@given(WITHIN, EVENTS)
def test_a_sequence_holds_when_some_chain_of_all_events_does(within, events):
    events = [event for event in events if event[1] < len(within)]
    assert chained(sequence(*within), *events) == whole(within, events)


def arrived(leaf, events):
    """Arrivals (row, time, at, step, text), step by step."""
    parts = []
    for number in range(len(leaf.steps)):
        mine = [(row, time, at, text) for row, time, at, step, text in events if step == number]
        row, *longs = zip(*mine, strict=True) if mine else ((),) * 4
        parts.append(Arrived(np.array(row, np.int32), *(np.array(column, np.int64) for column in longs)))
    return parts


def stepped(state, bits, events, ends):
    return turning.stepped(state, bits, events, ends, lambda part: arrived(state.leaf, part) if part else [])


def expected(leaf, events):
    within = [step.within for step in leaf.steps]
    return turning.expected(
        leaf.window, events, lambda inside: whole(within, [(time, step, text) for _, time, _, step, text in inside])
    )


ARRIVALS = st.lists(
    st.tuples(
        st.integers(1, ROWS - 1), st.integers(0, LAST), st.integers(0, LAST), st.integers(0, 2), st.integers(0, 1)
    ),
    max_size=12,
)
WINDOWS = st.sampled_from([Window(0, 5), Window(2, 9), Window(0, FOREVER), Window(3, 12)])
LEAVES = st.builds(lambda within, window: sequence(*within, window=window), WITHIN, WINDOWS)


def fitting(leaf, events):
    return [event for event in events if event[3] < len(leaf.steps)]


@settings(max_examples=300, deadline=None)
@given(LEAVES, ARRIVALS, ENDS)
def test_a_sequence_turns_at_the_instants_at_which_its_window_says_so_whatever_the_steps(leaf, events, ends):
    events = fitting(leaf, events)
    assert stepped(SequenceState(0, leaf, {}), started(), events, ends) == expected(leaf, events)


@settings(max_examples=150, deadline=None)
@given(LEAVES, ARRIVALS, st.integers(0, LAST - 1))
@example(sequence(None, None, window=Window(0, FOREVER)), [(1, 0, 0, 0, 0), (1, 1, 1, 0, 0)], 0)
def test_a_sequence_filled_later_goes_on_like_one_that_was_always_there(leaf, events, now):
    events = [(row, time, time, step, text) for row, time, _, step, text in fitting(leaf, events)]
    before, rest = ([event for event in events if (event[1] <= now) == known] for known in (True, False))
    state, bits, column = SequenceState(0, leaf, {}), started(), np.zeros(ROWS, bool)
    state.fill(arrived(leaf, before), now, column)
    bits.fill({0: column})
    always = expected(leaf, events)
    assert told(state.step(now, LAST, arrived(leaf, rest), bits)) == {turn for turn in always if turn[0] > now}


@settings(max_examples=150, deadline=None)
@given(LEAVES, ARRIVALS, st.integers(0, LAST - 1))
def test_rows_of_another_shard_go_on_where_they_were(leaf, events, now):
    events = [(*event[:4], 0) for event in fitting(leaf, events) if event[2] <= now]
    alone, *parts = (SequenceState(0, leaf, {}) for _ in range(3))
    bits = started()
    stepped(alone, bits, events, [now])
    stepped(parts[0], started(), [event for event in events if event[0] < 3], [now])
    stepped(parts[1], started(), [(1, *event[1:]) for event in events if event[0] == 3], [now])
    parts[0].graft(parts[1], np.array([0, 3], np.int32))
    assert told(alone.step(now, LAST, [], bits)) == told(parts[0].step(now, LAST, [], bits))


def test_texts_of_rows_of_another_shard_are_those_of_the_own():
    leaf, shards = sequence(None, None, same=X), []
    for texts in ("ab", "ba"):
        dictionaries = {}
        state = SequenceState(0, leaf, dictionaries)
        rows = Rows([A], dictionaries, [(A, 1, {X: text}, [], "i") for text in texts])
        firsts = state.read(rows, np.arange(2)).value
        row, moment = np.array([1, 1], np.int32), np.array([1, 1])
        state.step(0, 1, [Arrived(row[:1], moment[:1], moment[:1], firsts[:1])], started())
        shards.append(state)
    shards[0].graft(shards[1], np.array([0, 2], np.int32))
    b, moment = np.array([1]), np.array([2])  # What the first shard calls "b".
    seconds = [Arrived(np.array([row], np.int32), moment, moment, b) for row in (1, 2)]
    turned = [told(shards[0].step(1, 2, [part.pick(slice(0)), part], started())) for part in seconds]
    assert turned == [set(), {(2, 2)}]


@settings(max_examples=100, deadline=None)
@given(ARRIVALS, st.integers(0, LAST - 1), WINDOWS)
def test_a_row_that_is_cleared_is_that_of_somebody_new(events, now, window):
    leaf = sequence(None, None, window=window)
    events = fitting(leaf, events)
    state, bits = SequenceState(0, leaf, {}), started()
    stepped(state, bits, [event for event in events if event[2] <= now], [now])
    state.clear(np.array([1, 2], np.int32))
    bits.reset(np.array([1, 2], np.int32))
    left = [event for event in events if event[2] > now or event[0] == 3]
    later = [event for event in events if event[2] > now]
    found = told(state.step(now, LAST, arrived(leaf, later), bits))
    assert found == {turn for turn in expected(leaf, left) if turn[0] > now}


def test_what_has_left_the_window_takes_no_room():
    state, empty = SequenceState(0, AB, {}), SequenceState(0, AB, {}).nbytes()
    stepped(state, started(), [(1, 0, 0, 0, 0), (1, 1, 1, 1, 0), (2, 5, 5, 0, 0)], [5])
    assert state.nbytes() > empty
    assert state.next_edge(5) == 101
    state.step(5, 200, [], started())
    assert state.nbytes() == empty
    assert state.next_edge(200) is None
