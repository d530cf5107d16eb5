"""One book in many files: read together, every fault of all files at once, each with its file and line."""

import pytest

from raudience.catalog.folders import Document, read_folder
from raudience.errors import FixDefinition

CARTS = """
audiences:
  - key: carts
    name: Left a cart
    criteria: {type: cart_abandonment, wait: 6 hours}
"""
BUYERS = """
audiences:
  - key: buyers
    name: Bought
    criteria: {type: event, kind: commerce, name: purchase}
  - key: good
    name: Bought and left a cart
    criteria:
      type: and
      of:
        - {type: audience, audience: carts}
        - {type: audience, audience: buyers}
"""
ACCOUNT = """
settings: {lookback: 10 days}
inputs:
  - {key: web, workspace: shop}
"""


def folder(**texts):
    return read_folder([Document(f"{name}.yaml", text.encode(), "yaml") for name, text in texts.items()], "shop")


def faults(**texts):
    with pytest.raises(FixDefinition) as refused:
        folder(**texts)
    assert refused.value.source == "shop"
    return [str(fault) for fault in refused.value.faults]


def test_files_make_one_book():
    read = folder(account=ACCOUNT, buyers=BUYERS, carts=CARTS)
    assert [audience.key for audience in read.book.audiences] == ["buyers", "good", "carts"]
    assert str(read.book.settings.lookback) == "10 days"
    assert [source.key for source in read.book.inputs] == ["web"]


def test_each_audience_knows_where_it_is_written():
    origins = folder(account=ACCOUNT, buyers=BUYERS, carts=CARTS).origins
    assert {key: (str(origin), origin.path) for key, origin in origins.items()} == {
        "buyers": ("buyers.yaml:3", "audiences[0]"),
        "good": ("buyers.yaml:6", "audiences[1]"),
        "carts": ("carts.yaml:3", "audiences[0]"),
    }


def test_an_empty_file_has_nothing():
    assert folder(carts=CARTS, empty="# to come\n") == folder(carts=CARTS)


def test_json_stands_beside_yaml():
    criteria = '{"type": "identity", "name": "email", "test": {"op": "exists"}}'
    text = f'{{\n\t"audiences": [{{"key": "a", "name": "A", "criteria": {criteria}}}]\n}}'.encode()
    read = read_folder([Document("a.json", text, "json"), Document("carts.yaml", CARTS.encode(), "yaml")], "shop")
    assert sorted(read.origins) == ["a", "carts"]


def test_a_key_that_stands_twice_names_both_places():
    assert faults(one=CARTS, two=CARTS) == [
        "two.yaml:3 audiences[0].key: expected a key of its own, got `carts`; one.yaml:3 audiences[0] has the same"
    ]


def test_settings_stand_in_one_file():
    assert faults(one=ACCOUNT, two="settings: {lookback: 5 days}", carts=CARTS) == [
        "two.yaml:1 settings: expected settings in one file, got settings again; one.yaml:2 has them"
    ]


def test_faults_of_all_files_come_at_once_each_with_its_line():
    wrong = CARTS.replace("6 hours", "soon").replace("name: Left", "nme: Left")
    unknown = BUYERS.replace("audience: carts", "audience: cats").replace("key: good", "key: too good")
    found = faults(one=wrong, two=unknown)
    assert [fault.split(": expected")[0] for fault in found] == [
        "one.yaml:4 audiences[0].nme",
        "one.yaml:5 audiences[0].criteria.wait",
        "two.yaml:6 audiences[1].key",
        "two.yaml:11 audiences[1].criteria.of[0].audience",
    ]


def test_paths_are_as_the_file_writes_them():
    listed = "audiences:\n- key: a\n  name: A\n  criteria:\n  - {type: audience, audience: nobody}\n"
    assert [fault.split(": expected")[0] for fault in faults(one=CARTS, two=listed)] == [
        "two.yaml:5 audiences[0].criteria[0].audience"
    ]


def test_a_file_that_cannot_be_read_says_where_and_keeps_no_others_from_being_judged():
    found = faults(one="audiences: [", two=CARTS.replace("6 hours", "soon"))
    assert found[0].startswith("one.yaml: line 2, column 1: expected YAML")
    assert found[1].startswith("two.yaml:5 audiences[0].criteria.wait: expected a length of time")
    assert len(found) == 2


def test_what_stands_in_a_file_that_cannot_be_read_is_not_missed_in_others():
    assert len(faults(carts="audiences: [", buyers=BUYERS)) == 1


def test_what_is_no_part_of_a_book_is_refused():
    assert faults(one="audience: []", two="5") == [
        "one.yaml:1 audience: expected one of the fields audiences, settings, inputs, workspaces, tiers, purposes, "
        "got an unknown field; did you mean `audiences`?",
        "two.yaml:1 document: expected a mapping, got the number 5",
    ]


def within(present, **texts):
    documents = [Document(f"{name}.yaml", text.encode(), "yaml") for name, text in texts.items()]
    return read_folder(documents, "shop", present)


PRESENT = folder(account=ACCOUNT, carts=CARTS).book


def test_what_the_files_do_not_say_is_taken_from_what_is_present():
    read = within(PRESENT, buyers=BUYERS)
    assert [audience.key for audience in read.book.audiences] == ["buyers", "good", "carts"]
    assert (read.book.settings, read.book.inputs) == (PRESENT.settings, PRESENT.inputs)
    assert sorted(read.origins) == ["buyers", "good"]


def test_what_the_files_say_counts():
    read = within(PRESENT, account="settings: {lookback: 5 days}", carts=CARTS.replace("6 hours", "1 day"))
    assert str(read.book.settings.lookback) == "5 days"
    assert [str(audience.criteria.wait) for audience in read.book.audiences] == ["1 day"]


def test_what_would_break_in_what_is_present_is_named_by_its_key():
    short = "settings: {lookback: 1 hour}"
    with pytest.raises(FixDefinition) as refused:
        within(PRESENT, account=short)
    assert str(refused.value.faults[0]).startswith("audience `carts`.criteria.wait (in force): expected")
