"""Semantics: the definitions that are refused, with the path of what is wrong."""

import json

import pytest

from raudience.catalog.documents import read_book
from raudience.catalog.planning import plan
from raudience.errors import FixDefinition
from tests.stories.stage import asks, attribute, audience, book

ENTERED = asks(recency={"op": "between_dates", "first": "2018-09-09", "last": "2018-09-07"})
MEMBER_OF_A = {"type": "audience", "audience": "a"}
MEMBER_OF_B = {"type": "audience", "audience": "b"}
W1_W2 = [{"key": "A", "workspace": "w1"}, {"key": "B", "workspace": "w2"}]
MIXED = {"type": "and", "of": [asks("A"), "or", asks("B"), "and", asks("C")]}
MINUTES_LATE = asks(recency={"op": "between_ago", "least": "31 days", "most": "40 days"})

REFUSED = {
    "31-D9 a flat list of mixed operators": book(audience(MIXED)),
    "54-D6 an empty operand of contains": book(audience(attribute("x", "contains", value=""))),
    "D6 an empty operand of pattern": book(audience(attribute("x", "pattern", value=""))),
    "94 between with the dates swapped": book(audience(ENTERED)),
    "D3 between with the ages swapped": book(
        audience(asks(recency={"op": "between_ago", "least": "6 days", "most": "4 days"}))
    ),
    "D8 between with the numbers swapped": book(audience(attribute("x", "between", low=2, high=1))),
    "99 a date that is none": book(audience(asks(recency={"op": "on", "date": "2023-02-29"}))),
    "121 nesting of a nesting audience": book(
        audience(asks(), "a"), audience(MEMBER_OF_A, "b"), audience(MEMBER_OF_B, "c")
    ),
    "123 an audience that nests itself": book(audience(MEMBER_OF_A, "a")),
    "120 an audience that is not there": book(audience(MEMBER_OF_B, "a")),
    "20 a user criterion without a workspace among several": book(
        audience(attribute("x", "exists"), workspaces=["w1", "w2"]), inputs=W1_W2
    ),
    "an empty group": book(audience({"type": "and", "of": []})),
    "two audiences with one key": book(audience(asks(), "a"), audience(asks("B"), "a")),
    "an unknown operator": book(audience(attribute("x", "resembles", value="y"))),
    "an unknown kind of criterion": book(audience({"type": "horoscope"})),
    "an unknown field": book(audience(asks(colour="red"))),
    "two frequencies": book(audience(asks(frequency={"at_least": 1, "at_most": 2}))),
    "no frequency": book(audience(asks(frequency={}))),
    "a frequency with its ends swapped": book(audience(asks(frequency={"between": [3, 1]}))),
    "a frequency below zero": book(audience(asks(frequency={"at_least": -1}))),
    "a length of time without a unit": book(audience(asks(recency={"op": "within", "last": "7"}))),
    "a window that begins before the lookback": book(audience(MINUTES_LATE)),
    "a workspace that is not there": book(audience(asks(), workspaces=["w9"]), inputs=W1_W2),
    "an input that is not there": book(audience(asks(), inputs=["Z"]), inputs=W1_W2),
    "a city that is not there": book(audience({"type": "location_within", "distance": 5, "city": "Xyzzyville"})),
    "a sequence without steps": book(audience({"type": "sequence", "steps": []})),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_definition_is_refused(name):
    with pytest.raises(FixDefinition) as refusal:
        plan(read_book(json.dumps(REFUSED[name]).encode(), "book.json", "json"))
    assert refusal.value.faults
    assert all(fault.path and fault.expected for fault in refusal.value.faults)


def test_all_faults_of_a_document_are_told_at_once():
    wrong = book(
        audience(attribute("x", "contains", value=""), "a"),
        audience(ENTERED, "b"),
        audience({"type": "and", "of": []}, "c"),
    )
    with pytest.raises(FixDefinition) as refusal:
        plan(read_book(json.dumps(wrong).encode(), "book.json", "json"))
    paths = [fault.path for fault in refusal.value.faults]
    assert [any(f"audiences[{number}]" in path for path in paths) for number in range(3)] == [True, True, True]
