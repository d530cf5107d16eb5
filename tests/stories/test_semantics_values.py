"""Semantics, sections 4 to 6: the tests on values, each row on a user attribute of one user."""

import pytest

from tests.stories.stage import audience, batch, book, event, utc

NOW = utc("2026-03-01T00:00:00Z")
NOTHING = {}


def text(op, value):
    return {"op": op, "value": value}


STRINGS = [
    ("35", text("contains", "blue"), {"attr": "blue"}, True),
    ("35", text("contains", "blue"), {"attr": "blue shirt"}, True),
    ("36", text("does_not_contain", "blue"), {"attr": "blue shirt"}, False),
    ("36", text("does_not_contain", "blue"), {"attr": "red"}, True),
    ("37", text("exact_match", "blue"), {"attr": "blue"}, True),
    ("37", text("exact_match", "blue"), {"attr": "blue shirt"}, False),
    ("38", text("does_not_match", "blue"), {"attr": "blue shirt"}, True),
    ("38", text("does_not_match", "blue"), {"attr": "blue"}, False),
    ("39", text("exact_match", "BLUE"), {"attr": "Blue"}, True),
    ("39", text("contains", "LUE S"), {"attr": "blue shirt"}, True),
    ("39", text("pattern", "BL?E"), {"attr": "blue"}, True),
    ("40", text("contains", "ÉCOLE"), {"attr": "l'école"}, True),
    ("40", text("exact_match", "МОСКВА"), {"attr": "москва"}, True),
    ("40", text("exact_match", "ΣΊΣΥΦΟΣ"), {"attr": "Σίσυφος"}, True),
    ("41", text("exact_match", "STRASSE"), {"attr": "straße"}, True),
    ("41", text("exact_match", "I"), {"attr": "i"}, True),
    ("42-D6", text("exact_match", "\u00e9"), {"attr": "e\u0301"}, True),
    ("43", text("exact_match", "blue"), {"attr": " blue"}, False),
    ("44", text("pattern", "bl?e"), {"attr": "blue"}, True),
    ("44", text("pattern", "b*e"), {"attr": "blue"}, True),
    ("45", text("pattern", "bl?e"), {"attr": "ble"}, False),
    ("45", text("pattern", "bl?e"), {"attr": "bluue"}, False),
    ("46", text("pattern", "blue*"), {"attr": "blue"}, True),
    ("46", text("pattern", "b*lue"), {"attr": "blue"}, True),
    ("47", text("pattern", "b*e"), {"attr": "blue shirt"}, False),
    ("47", text("pattern", "*blue*"), {"attr": "a blue shirt"}, True),
    ("48", text("pattern", "a.c"), {"attr": "abc"}, False),
    ("48", text("pattern", "a+b"), {"attr": "aab"}, False),
    ("48", text("pattern", "[x]"), {"attr": "x"}, False),
    ("48", text("pattern", "a(b"), {"attr": "a(b"}, True),
    ("49", text("pattern", "50% off\\?"), {"attr": "50% off?"}, True),
    ("49", text("pattern", "50% off\\?"), {"attr": "50% off!"}, False),
    ("49", text("pattern", "a\\*b"), {"attr": "a*b"}, True),
    ("49", text("pattern", "a\\*b"), {"attr": "axb"}, False),
    ("49", text("pattern", "a\\\\b"), {"attr": "a\\b"}, True),
    ("50", text("contains", "?"), {"attr": "why?"}, True),
    ("50", text("contains", "?"), {"attr": "why"}, False),
    ("51", text("pattern", "a*b"), {"attr": "a\nb"}, True),
    ("51", text("pattern", "?"), {"attr": "😀"}, True),
    ("52", text("pattern", "*a*a*a*a*a*a*b"), {"attr": "a" * 10_000}, False),
    ("53", text("exact_match", ""), {"attr": ""}, True),
    ("53", text("contains", "x"), {"attr": ""}, False),
    ("53", text("pattern", "*"), {"attr": ""}, True),
    ("53", text("pattern", "?"), {"attr": ""}, False),
    ("55", text("contains", "blue"), NOTHING, False),
    ("55", text("exact_match", "blue"), NOTHING, False),
    ("55", text("pattern", "blue"), NOTHING, False),
    ("55", text("contains", "blue"), {"attr": None}, False),
    ("55", text("exact_match", "blue"), {"attr": None}, False),
    ("55", text("pattern", "*"), {"attr": None}, False),
    ("56", text("does_not_contain", "blue"), NOTHING, True),
    ("56", text("does_not_match", "blue"), NOTHING, True),
    ("56", text("does_not_match_pattern", "blue"), NOTHING, True),
    ("56", text("does_not_contain", "blue"), {"attr": None}, True),
    ("56", {"op": "none_of", "values": ["blue"]}, NOTHING, True),
    ("57", text("contains", "4"), {"attr": 42}, True),
    ("57", text("exact_match", "42"), {"attr": 42}, True),
    ("57", text("exact_match", "42"), {"attr": 42.0}, True),
    ("57", text("exact_match", "0.5"), {"attr": 0.5}, True),
    ("57", text("equals", 42), {"attr": "42"}, True),
    ("58", {"op": "is_true"}, {"attr": True}, True),
    ("58", {"op": "is_false"}, {"attr": True}, False),
    ("58", {"op": "is_false"}, {"attr": False}, True),
    ("58", text("greater", 41), {"attr": 42}, True),
    ("58", text("less", 42), {"attr": 42}, False),
    ("58", text("equals", 42.0), {"attr": 42}, True),
    ("one-of", {"op": "one_of", "values": ["Red", "BLUE"]}, {"attr": "blue"}, True),
    ("one-of", {"op": "one_of", "values": ["Red", "BLUE"]}, {"attr": "blue shirt"}, False),
    ("one-of", {"op": "none_of", "values": ["Red", "BLUE"]}, {"attr": "blue"}, False),
]

NUMBERS = [
    ("D8", text("less_or_equal", 42), {"attr": 42}, True),
    ("D8", text("greater_or_equal", 42), {"attr": 42}, True),
    ("D8", text("greater_or_equal", 42), {"attr": 41.5}, False),
    ("D8", text("not_equals", 42), {"attr": 42}, False),
    ("D8", text("not_equals", 42), {"attr": 43}, True),
    ("D8", {"op": "between", "low": 1, "high": 2}, {"attr": 1}, True),
    ("D8", {"op": "between", "low": 1, "high": 2}, {"attr": 2}, True),
    ("D8", {"op": "between", "low": 1, "high": 2}, {"attr": 2.001}, False),
    ("D8-unreadable", text("less", 42), {"attr": "few"}, False),
    ("D8-unreadable", text("equals", 0), {"attr": ""}, False),
    ("D8-unreadable", text("equals", 1), {"attr": True}, False),
    ("D8-unreadable", text("not_equals", 42), {"attr": "few"}, True),
    ("D8-unreadable", {"op": "is_false"}, {"attr": "no"}, False),
    ("D8-unreadable", {"op": "is_true"}, {"attr": "TRUE"}, True),
    ("D7", text("not_equals", 42), NOTHING, True),
    ("D7", text("not_equals", 42), {"attr": None}, True),
    ("D7", {"op": "is_false"}, NOTHING, False),
    ("version", {"op": "version", "compare": "greater", "value": "2.9"}, {"attr": "2.10"}, True),
    ("version", {"op": "version", "compare": "equals", "value": "2"}, {"attr": "2.0"}, True),
    ("version", {"op": "version", "compare": "equals", "value": "2.1"}, {"attr": "2.1-beta"}, True),
    ("version", {"op": "version", "compare": "less", "value": "2.0.1"}, {"attr": "2"}, True),
    ("version", {"op": "version", "compare": "less", "value": "2"}, {"attr": "beta 1"}, False),
    ("version", {"op": "version", "compare": "less_or_equal", "value": "2"}, {"attr": "2.0.0"}, True),
    ("version", {"op": "version", "compare": "greater_or_equal", "value": "3"}, {"attr": 3.5}, True),
]

LISTS = [
    ("59", text("includes", "Chicago"), {"attr": ["Chicago", "Alien"]}, True),
    ("59", text("includes", "Chicago"), {"attr": ["Chicago Cubs"]}, False),
    ("60", text("partial_match", "Chicago"), {"attr": ["Chicago Cubs"]}, True),
    ("61", text("partial_match", "Chicago"), {"attr": ["Chicago"]}, True),
    ("61", text("partial_match", "Chicago"), {"attr": ["Alien"]}, False),
    ("62", text("does_not_include", "Chicago"), {"attr": ["Chicago"]}, False),
    ("62", text("does_not_include", "Chicago"), {"attr": ["Chicago Cubs"]}, True),
    ("63", text("includes", "chicago"), {"attr": ["CHICAGO"]}, True),
    ("64", text("includes", "x"), {"attr": []}, False),
    ("64", text("does_not_include", "x"), {"attr": []}, True),
    ("64", {"op": "exists"}, {"attr": []}, True),
    ("65", text("does_not_include", "x"), NOTHING, True),
    ("67", text("includes", "2"), {"attr": [1, 2]}, True),
    ("67", text("includes", "3"), {"attr": [1, 2]}, False),
    ("scalar-on-list", text("exact_match", "a"), {"attr": ["a"]}, False),
    ("scalar-on-list", text("does_not_match", "a"), {"attr": ["a"]}, True),
    ("scalar-on-list", text("equals", 1), {"attr": [1]}, False),
    ("list-on-scalar", text("includes", "a"), {"attr": "a"}, False),
    ("list-on-scalar", text("does_not_include", "a"), {"attr": "a"}, True),
    ("list-on-scalar", text("partial_match", "a"), {"attr": "a"}, False),
]

EXISTS = [
    ("68", {"op": "exists"}, {"attr": "Female"}, True),
    ("69", {"op": "exists"}, {"attr": None}, True),
    ("70", {"op": "exists"}, {"attr": ""}, True),
    ("70", {"op": "exists"}, {"attr": False}, True),
    ("70", {"op": "exists"}, {"attr": 0}, True),
    ("71", {"op": "exists"}, {"other": "Female"}, False),
    ("71", {"op": "does_not_exist"}, {"other": "Female"}, True),
    ("71", {"op": "does_not_exist"}, {"attr": None}, False),
    ("74", {"op": "exists"}, {"Attr": "Female"}, False),
]

ROWS = STRINGS + NUMBERS + LISTS + EXISTS


@pytest.mark.parametrize(
    ("row", "test", "attributes", "expected"), ROWS, ids=[f"{row[0]}-{number}" for number, row in enumerate(ROWS)]
)
def test_a_test_on_a_user_attribute(engine, row, test, attributes, expected):
    engine.define(book(audience({"type": "user_attribute", "name": "attr", "test": test})), NOW)
    engine.ingest([batch(user_attributes=attributes)], NOW + 1)

    assert list(engine.members("a")) == ([1] if expected else [])


def has(engine, op="exists", **operands):
    criterion = {"type": "user_attribute", "name": "Gender", "test": {"op": op, **operands}}
    engine.define(book(audience(criterion)), NOW)


def test_72_deleting_the_attribute_makes_it_absent_and_73_setting_it_again_present(engine):
    has(engine)
    engine.ingest([batch(user_attributes={"Gender": "Female"})], NOW + 1)
    assert list(engine.members("a")) == [1]
    engine.ingest([batch(deleted_user_attributes=["Gender"])], NOW + 2)
    assert list(engine.members("a")) == []
    engine.ingest([batch(user_attributes={"Gender": None})], NOW + 3)
    assert list(engine.members("a")) == [1]


def test_72_a_change_event_with_deleted_makes_it_absent(engine):
    has(engine, "does_not_exist")
    engine.ingest([batch(user_attributes={"Gender": "Female"})], NOW + 1)
    assert list(engine.members("a")) == []
    gone = event("user_attribute_change", NOW + 2, user_attribute_name="Gender", new=None, old="Female", deleted=True)
    engine.ingest([batch(gone)], NOW + 2)
    assert list(engine.members("a")) == [1]


def test_66_the_latest_list_replaces_the_former_one(engine):
    has(engine, "includes", value="a")
    engine.ingest([batch(user_attributes={"Gender": ["a", "b"]})], NOW + 1)
    assert list(engine.members("a")) == [1]
    engine.ingest([batch(user_attributes={"Gender": ["c"]})], NOW + 2)
    assert list(engine.members("a")) == []


def test_214_profile_criteria_use_the_latest_value(engine):
    has(engine, "exact_match", value="pro")
    engine.ingest([batch(user_attributes={"Gender": "free"})], NOW + 1)
    engine.ingest([batch(user_attributes={"Gender": "pro"})], NOW + 2)
    assert list(engine.members("a")) == [1]


def test_215_an_older_batch_that_arrives_late_does_not_overwrite_a_newer_value(engine):
    has(engine, "exact_match", value="pro")
    engine.ingest([batch(user_attributes={"Gender": "pro"}, timestamp_unixtime_ms=NOW + 2)], NOW + 2)
    engine.ingest([batch(user_attributes={"Gender": "free"}, timestamp_unixtime_ms=NOW + 1)], NOW + 3)
    assert list(engine.members("a")) == [1]


def test_D11_of_equal_times_the_later_one_wins(engine):
    has(engine, "exact_match", value="pro")
    engine.ingest([batch(user_attributes={"Gender": "free"}, timestamp_unixtime_ms=NOW)], NOW + 1)
    engine.ingest([batch(user_attributes={"Gender": "pro"}, timestamp_unixtime_ms=NOW)], NOW + 2)
    assert list(engine.members("a")) == [1]


@pytest.mark.parametrize(("key", "asked", "expected"), [("$age", "$Age", [1]), ("Plan", "plan", [])])
def test_D10_only_reserved_keys_are_found_in_any_case(engine, key, asked, expected):
    engine.define(book(audience({"type": "user_attribute", "name": asked, "test": {"op": "exists"}})), NOW)
    engine.ingest([batch(user_attributes={key: 1})], NOW + 1)
    assert list(engine.members("a")) == expected
