"""Rows by MPID, and keys that are remembered for a time."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from raudience.shard.index import NOBODY, Remembered, RowIndex


def signed(number):
    """The int64 of the same 64 bits."""
    return (number + (1 << 63)) % (1 << 64) - (1 << 63)


ONE_SLOT = [signed(pow(0x9E3779B97F4A7C15, -1, 1 << 64) * place) for place in range(60)]
"""MPIDs that a multiplication by the golden ratio sends to one place."""


def ids(*mpids):
    return np.array(mpids, np.int64)


def found(index, *mpids):
    return index.find(ids(*mpids)).tolist()


def added(index, *mpids):
    rows, fresh = index.find_or_add(ids(*mpids))
    return rows.tolist(), fresh.tolist()


def first_time(remembered, keys, at):
    return remembered.first_time(np.array(keys, np.uint64), np.array(at, np.int64)).tolist()


def test_who_was_never_added_has_no_row():
    assert found(RowIndex(), 1, 0, -1) == [-1, -1, -1]


def test_rows_are_handed_out_ascending_in_the_order_of_appearance():
    assert added(RowIndex(), 30, 10, 30, 20) == ([1, 2, 1, 3], [1, 2, 3])


def test_who_is_there_is_not_added_again():
    index = RowIndex()
    added(index, 5, 6)
    assert added(index, 6, 7, 5) == ([2, 3, 1], [3])


def test_nobody_owns_the_row_of_nobody():
    index = RowIndex()
    added(index, *range(100))
    assert NOBODY not in index.live()


def test_a_removed_mpid_is_unknown_and_its_row_is_not_given_away_before_release():
    index = RowIndex()
    added(index, 5, 6)
    index.remove(np.array([1], np.int32))
    assert found(index, 5, 6) == [-1, 2]
    assert added(index, 7, 5) == ([3, 4], [3, 4])


def test_released_rows_are_used_again_first():
    index = RowIndex()
    added(index, 5, 6, 7)
    index.remove(np.array([1, 3], np.int32))
    index.release(np.array([3, 1], np.int32))
    assert added(index, 8, 9, 10) == ([3, 1, 4], [3, 1, 4])
    assert found(index, 5, 6, 7, 8) == [-1, 2, -1, 3]


def test_all_free_gives_every_row_without_an_owner_but_nobody():
    index = RowIndex()
    added(index, 5, 6, 7, 8)
    index.remove(np.array([2, 4], np.int32))
    assert index.all_free().tolist() == [2, 4]
    assert added(index, 9) == ([2], [2])


def test_mpids_that_fall_into_one_slot_are_told_apart():
    index = RowIndex()
    rows, _ = added(index, *ONE_SLOT)
    index.remove(np.array(rows[:30], np.int32))
    assert found(index, *ONE_SLOT) == [-1] * 30 + rows[30:]


def test_negative_mpids_and_the_edges_of_64_bits_are_mpids_like_others():
    index = RowIndex()
    assert added(index, -(2**63), 2**63 - 1, 0, -1) == ([1, 2, 3, 4], [1, 2, 3, 4])
    assert found(index, -1, -(2**63)) == [4, 1]


def test_thousands_of_mpids_make_the_table_larger_and_keep_their_rows():
    index = RowIndex()
    added(index, *range(0, 9_000))
    index.remove(np.arange(1, 4_001, dtype=np.int32))
    added(index, *range(9_000, 20_000))
    assert found(index, 0, 3_999, 4_000, 8_999, 9_000, 19_999) == [-1, -1, 4_001, 9_000, 9_001, 20_000]
    assert len(index.live()) == 16_000


MPIDS = st.lists(st.sampled_from([*range(6), *ONE_SLOT[:6]]), max_size=8)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["add", "remove", "release"]), MPIDS), max_size=12))
def test_an_index_is_a_dict_whose_released_values_are_used_again(steps):
    index, model, removed = RowIndex(), {}, []
    for action, mpids in steps:
        if action == "add":
            new = [mpid for mpid in dict.fromkeys(mpids) if mpid not in model]
            rows, fresh = added(index, *mpids)
            model |= dict(zip(mpids, rows, strict=True))
            assert fresh == [model[mpid] for mpid in new]
        elif action == "remove":
            gone = [model.pop(mpid) for mpid in {*mpids} & {*model}]
            index.remove(np.array(gone, np.int32))
            removed += gone
        else:
            index.release(np.array(removed, np.int32))
            removed = []
        assert sorted(model.values()) == index.live().tolist()
        assert found(index, *mpids) == [model.get(mpid, -1) for mpid in mpids]
    assert len({*model.values()}) == len(model)


@pytest.mark.parametrize(
    ("keys", "expected"),
    [([7, 8], [True, True]), ([7, 7, 8, 7], [True, False, True, False]), ([0, 0], [True, True]), ([], [])],
    ids=["distinct", "again-in-one-block", "zero-is-no-key", "nothing"],
)
def test_of_equal_keys_the_first_is_new(keys, expected):
    assert first_time(Remembered(100), keys, [50] * len(keys)) == expected


def test_a_key_that_was_seen_is_not_new():
    remembered = Remembered(100)
    first_time(remembered, [7, 8], [10, 20])
    assert first_time(remembered, [9, 8, 7], [30, 30, 40]) == [True, False, False]


@pytest.mark.parametrize(
    ("seen", "again", "expected"), [(0, 199, False), (99, 199, False), (99, 200, True), (100, 299, False)]
)
def test_a_key_is_remembered_until_the_end_of_the_next_slice(seen, again, expected):
    remembered = Remembered(100)
    first_time(remembered, [7], [seen])
    assert first_time(remembered, [7], [again]) == [expected]


def test_a_repeat_does_not_lengthen_the_memory():
    remembered = Remembered(100)
    assert [first_time(remembered, [7], [at])[0] for at in (0, 150, 250)] == [True, False, True]


def test_a_block_over_many_slices_is_as_its_keys_one_by_one():
    keys, at = [7, 7, 8, 7, 0, 8, 7], [10, 110, 110, 210, 210, 330, 330]
    single = Remembered(100)
    one_by_one = [first_time(single, [key], [moment])[0] for key, moment in zip(keys, at, strict=True)]
    assert first_time(Remembered(100), keys, at) == one_by_one


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 60)), max_size=12), st.integers(0, 12))
def test_memory_does_not_depend_on_how_the_input_was_cut(seen, cut):
    ordered = sorted(seen, key=lambda pair: pair[1])
    keys, at = [key for key, _ in ordered], [10 * moment for _, moment in ordered]
    slices, expected = {}, []
    for key, moment in zip(keys, at, strict=True):
        number = moment // 100
        expected.append(key == 0 or slices.get(key, -9) < number - 1)
        if key and expected[-1]:
            slices[key] = number
    remembered = Remembered(100)
    parts = first_time(remembered, keys[:cut], at[:cut]) + first_time(remembered, keys[cut:], at[cut:])
    assert parts == expected


def test_with_another_span_what_is_remembered_counts_as_seen_now():
    remembered = Remembered(100)
    first_time(remembered, [7], [0])
    remembered.keep_for(1_000, 150)
    assert first_time(remembered, [7], [1_999]) == [False]
    assert first_time(remembered, [7], [2_000]) == [True]


def test_the_same_span_again_changes_nothing():
    remembered = Remembered(100)
    first_time(remembered, [7], [0])
    remembered.keep_for(100, 199)
    assert first_time(remembered, [7], [200]) == [True]


def test_thousands_of_keys_are_remembered_and_then_forgotten_with_their_memory():
    remembered = Remembered(100)
    keys = np.arange(1, 50_001, dtype=np.uint64) * np.uint64(1 << 40)
    assert remembered.first_time(keys, np.full(50_000, 10)).all()
    assert not remembered.first_time(keys[::-1].copy(), np.full(50_000, 110)).any()
    full = remembered.nbytes()
    assert remembered.first_time(keys, np.full(50_000, 300)).all()
    assert remembered.nbytes() <= full
