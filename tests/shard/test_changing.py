"""Changes in their order, and what cancels."""

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from raudience.records import Changes
from raudience.shard import changing
from raudience.shard.changing import joined, numbered, ordered
from tests.stories.stage import told


def changes(*rows, audiences=("a", "b", "c"), versions=(1, 1, 1)):
    """rows: (at, audience, mpid, entered)."""
    at, key, mpid, entered = zip(*rows, strict=True) if rows else ((),) * 4
    number = [audiences.index(one) for one in key]
    return Changes(
        audiences, versions, np.array(number, np.int32), np.array(mpid, np.int64), np.array(entered, bool),
        np.array(at, np.int64),
    )  # fmt: skip


def in_order(parts):
    return ordered(("a", "b", "c"), (1, 1, 1), parts, [np.zeros(len(part), np.int32) for part in parts])[0]


def test_changes_stand_by_instant_then_audience_then_mpid():
    later, sooner = changes((9, "a", 1, True)), changes((5, "b", 7, True), (5, "a", 8, False), (5, "a", -3, True))
    assert told(in_order([later, sooner])) == [
        (5, "a", -3, True), (5, "a", 8, False), (5, "b", 7, True), (9, "a", 1, True),
    ]  # fmt: skip


def test_nothing_in_order_is_nothing():
    nothing = in_order([])
    assert (told(nothing), nothing.audiences, nothing.versions) == ([], ("a", "b", "c"), (1, 1, 1))


def test_of_who_came_and_went_within_one_instant_nothing_is_told():
    assert told(in_order([changes((5, "a", 1, True)), changes((5, "a", 1, False))])) == []


def test_of_who_came_went_and_came_again_within_one_instant_the_last_is_told():
    steps = [changes((5, "a", 1, entered), (5, "b", 1, True)) for entered in (True, False, True)]
    assert told(in_order(steps)) == [(5, "a", 1, True), (5, "b", 1, True)]


def test_at_two_instants_both_are_told():
    assert len(in_order([changes((5, "a", 1, True), (6, "a", 1, False))])) == 2


EDGES = [-(1 << 62), -1, 0, 1, 1 << 62]


@pytest.mark.parametrize("instants", [st.integers(0, 3), st.sampled_from(EDGES)], ids=["near", "far apart"])
@given(st.data())
def test_many_changes_stand_in_the_order_of_few(instants, data):
    steps = st.tuples(instants, st.sampled_from("abc"), st.sampled_from(EDGES), st.booleans())
    parts = [changes(*part) for part in data.draw(st.lists(st.lists(steps, max_size=9), max_size=4))]
    rows = [np.arange(len(part), dtype=np.int32) + 10 * number for number, part in enumerate(parts)]
    few = ordered(("a", "b", "c"), (1, 1, 1), parts, rows)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(changing, "_MANY", 1)
        many = ordered(("a", "b", "c"), (1, 1, 1), parts, rows)
    assert (told(many[0]), many[1].tolist()) == (told(few[0]), few[1].tolist())


@given(st.lists(st.tuples(st.integers(0, 2), st.sampled_from("abc"), st.integers(0, 2)), max_size=20))
def test_what_is_told_leads_to_the_same_members(steps):
    steps = sorted(steps, key=lambda step: step[0])
    members, rows = set(), []
    for at, key, mpid in steps:
        members ^= {(key, mpid)}
        rows.append((at, key, mpid, (key, mpid) in members))
    again = set()
    for _, key, mpid, entered in told(in_order([changes(row) for row in rows])):
        assert entered == ((key, mpid) not in again)
        again ^= {(key, mpid)}
    assert again == members


def test_changes_under_one_plan_and_the_next_name_the_audiences_of_both():
    before = changes((5, "b", 1, True), audiences=("b", "c"), versions=(1, 4))
    after = changes((7, "c", 2, False), (7, "a", 1, True), audiences=("a", "c"), versions=(2, 5))
    both = joined(before, after)
    assert (both.audiences, both.versions) == (("a", "b", "c"), (2, 1, 5))
    assert told(both) == [(5, "b", 1, True), (7, "c", 2, False), (7, "a", 1, True)]


def test_without_changes_before_there_are_those_after():
    after = changes((7, "a", 1, True))
    assert joined(changes(), after) is after


def test_who_was_touched_under_one_plan_or_the_next_was_touched():
    one, two = (msgspec.structs.replace(changes(), touched=np.array(mpids)) for mpids in ([1, 5], [-2, 5]))
    assert joined(one, two).touched.tolist() == [-2, 1, 5]
    both = joined(msgspec.structs.replace(changes((5, "a", 1, True)), touched=np.array([1])), two)
    assert (told(both), both.touched.tolist()) == ([(5, "a", 1, True)], [-2, 1, 5])


def test_who_is_in_an_audience_that_begins_or_ends_with_a_command_did_not_enter_it():
    told = changes((5, "a", 1, True), (5, "b", 1, True), (5, "c", 2, True))
    assert numbered(told, ("a", "b", "d"), ("b", "c", "d")).tolist() == [-1, 0, -1]
    assert numbered(changes(), (), ("a",)).tolist() == []
