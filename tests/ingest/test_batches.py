"""Batches become a block."""

import json

import numpy as np

from raudience.ingest.batches import decode
from raudience.records import DELETED, NULL, NUMBER, EventKey, Field, ListColumn


def batch(**fields):
    return json.dumps({"mpid": 1, "timestamp_unixtime_ms": 1_000_000, **fields}).encode()


def cells(block, namespace, name):
    """(position, value) of every cell of a profile field; a number as float, NULL and DELETED as themselves."""
    found = []
    for update in block.batches.fields:
        if update.field == Field(namespace, name):
            found += shown(update.column, len(block.batches.mpid))
    return found


def shown(column, rows):
    index = np.arange(rows) if column.index is None else column.index
    if isinstance(column, ListColumn):
        edges = zip(column.offsets[:-1], column.offsets[1:], strict=True)
        return [(int(i), [column.words[c] for c in column.codes[a:b]]) for i, (a, b) in zip(index, edges, strict=True)]
    return [(int(i), shown_cell(column, place)) for place, i in enumerate(index)]


def shown_cell(column, place):
    code = int(column.codes[place])
    if code == NUMBER:
        return float(column.numbers[place])
    return column.words[code] if code >= 0 else code


def test_a_number_is_a_number_and_a_text_a_text():
    block = decode([batch(user_attributes={"a": 42, "b": "42", "c": 0.5, "d": True, "e": None})]).block
    assert [cells(block, "user", name) for name in "abcde"] == [
        [(0, 42.0)], [(0, "42")], [(0, 0.5)], [(0, "true")], [(0, NULL)],
    ]  # fmt: skip


def test_an_integer_that_float64_cannot_hold_is_kept_as_text():
    block = decode([batch(user_attributes={"a": 2**53}), batch(user_attributes={"a": 2**53 + 1})]).block
    assert cells(block, "user", "a") == [(0, float(2**53)), (1, "9007199254740993")]


def test_a_list_is_a_list_of_texts():
    block = decode([batch(user_attributes={"a": ["x", 2, 0.5, True]}), batch(user_attributes={"a": "x"})]).block
    assert cells(block, "user", "a") == [(0, ["x", "2", "0.5", "true"]), (1, "x")]


def test_deleted_attributes_are_taken_away():
    assert cells(decode([batch(deleted_user_attributes=["a"])]).block, "user", "a") == [(0, DELETED)]


def test_an_mpid_is_exact_as_number_and_as_text():
    documents = [
        b'{"mpid":%s,"timestamp_unixtime_ms":5}' % text for text in (b"-9223372036854775808", b'"9007199254740993"')
    ]
    assert decode(documents).block.batches.mpid.tolist() == [-(2**63), 9007199254740993]


def test_a_custom_event_has_kind_category_and_name():
    event = {"event_type": "custom_event", "data": {"event_name": "Search", "custom_event_type": "other"}}
    events = decode([batch(events=[event])]).block.events
    assert [events.keys[key] for key in events.key] == [EventKey("custom", "other", "Search")]
