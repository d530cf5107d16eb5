"""Blocks cut at batches."""

from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from raudience.ingest.batches import decode
from raudience.records import Column, Field, FieldColumn, ListColumn
from raudience.records.slicing import cut, empty_block
from tests.ingest.shown import batch, event, rows

PLAN, TAGS = Field("user", "plan"), Field("user", "tags")


def bought(*ids, **data):
    action = {"action": "purchase", "products": [{"id": id} for id in ids]}
    return event("commerce_event", product_action=action, **data)


DOCUMENTS = [
    batch(mpid=1, events=[event("custom_event", event_name="A", custom_attributes={"n": 1, "w": "x"})]),
    batch(mpid=2, user_attributes={"plan": "gold", "tags": ["a", "b"]}, api_key="i"),
    batch(mpid=1, events=[bought("p", "q"), bought()], device_info={"platform": "web"}),
    batch(mpid=3, user_attributes={"plan": 4.5, "tags": []}, events=[bought("p"), bought("q", "r")]),
    batch(mpid=4, user_attributes={"plan": None}, user_identities={"email": "e"}),
]
WHOLE = decode(DOCUMENTS).block


def test_the_whole_is_a_cut():
    assert rows(cut(WHOLE, 0, 5)) == rows(WHOLE)


def test_a_cut_holds_its_batches_with_their_events_and_products():
    assert rows(cut(WHOLE, 1, 4)) == rows(WHOLE)[1:4]


def test_a_cut_without_events_has_none():
    part = cut(WHOLE, 1, 2)
    assert (len(part.events.time), len(part.products.event)) == (0, 0)
    assert rows(part) == rows(WHOLE)[1:2]


def test_an_empty_cut_has_no_rows():
    assert rows(cut(WHOLE, 2, 2)) == []


@settings(deadline=None)
@given(st.lists(st.integers(0, 5), max_size=4))
def test_the_parts_of_a_block_are_the_block(cuts):
    edges = [0, *sorted(cuts), 5]
    parts = [rows(cut(WHOLE, first, last)) for first, last in pairwise(edges)]
    assert [row for part in parts for row in part] == rows(WHOLE)


@given(st.integers(0, 5), st.integers(0, 5), st.integers(0, 5), st.integers(0, 5))
@settings(deadline=None)
def test_a_cut_of_a_cut_is_a_cut(first, last, begin, end):
    first, last = sorted((first, last))
    begin, end = sorted((min(begin, last - first), min(end, last - first)))
    assert rows(cut(cut(WHOLE, first, last), begin, end)) == rows(cut(WHOLE, first + begin, first + end))


def with_fields(*columns):
    batches = empty_block().batches
    longs, ints = np.arange(4), np.zeros(4, np.int32)
    shaped = type(batches)(longs, longs, longs, ints, ("i",), longs.astype(np.uint64), columns)
    return type(WHOLE)(shaped, empty_block().events, empty_block().products)


def test_a_field_that_a_batch_tells_twice_is_told_twice_with_its_own_stamps():
    codes, index = np.array([0, 1, 0], np.int32), np.array([1, 1, 3], np.int32)
    column = FieldColumn(PLAN, Column(index, codes, np.zeros(0), ("a", "b")), np.array([70, 50, 60]))
    assert rows(cut(with_fields(column), 1, 3))[0][5] == {str(PLAN): [("a", 70), ("b", 50)]}


def test_a_field_of_all_batches_keeps_no_index():
    codes = np.array([0, 1, -1, -2], np.int32)
    column = FieldColumn(PLAN, Column(None, codes, np.array([0.0, 0.0, 7.5, 0.0]), ("a", "b")))
    part = cut(with_fields(column), 1, 3)
    assert part.batches.fields[0].column.index is None
    assert [row[5][str(PLAN)] for row in rows(part)] == [[("b", 1)], [(7.5, 2)]]


def test_lists_of_a_cut_begin_at_nought():
    index, offsets = np.array([0, 2, 3], np.int32), np.array([0, 2, 2, 3], np.int32)
    column = FieldColumn(TAGS, ListColumn(index, offsets, np.array([0, 1, 1], np.int32), ("a", "b")))
    part = cut(with_fields(column), 2, 4)
    assert part.batches.fields[0].column.offsets.tolist() == [0, 0, 1]
    assert [row[5][str(TAGS)] for row in rows(part)] == [[([], 2)], [(["b"], 3)]]


def test_an_empty_block_has_no_rows():
    assert rows(empty_block()) == []
