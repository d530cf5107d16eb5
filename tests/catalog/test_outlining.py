"""An outline is the definition as it was written, over the leaves of the plan."""

import json

from raudience.catalog.documents import read_book
from raudience.catalog.outlining import outlined
from raudience.criteria.leaves import Alive, AndOf, FieldTest, NotOf
from raudience.criteria.operators import ExactMatch
from raudience.criteria.outlines import All, Any, Ask, Except, Member, Not, outline_of
from raudience.records import Field
from tests.stories.stage import attribute, audience, book

ALIVE = Ask(Alive(("default",)))


def outline(key, *audiences):
    return outlined(read_book(json.dumps(book(*audiences)).encode(), "book.json", "json"), key)


def plan_is(value):
    return attribute("plan", "exact_match", value=value)


def asked(value):
    return Ask(FieldTest("default", Field("user", "plan"), ExactMatch(value)))


def test_groups_stay_as_they_are_written():
    criteria = {"type": "and", "of": [{"type": "and", "of": [plan_is("a"), plan_is("b")]},
                                      {"type": "or", "of": [plan_is("c"), plan_is("a")]}]}  # fmt: skip
    written = All((All((asked("a"), asked("b"))), Any((asked("c"), asked("a")))))
    assert outline("x", audience(criteria, "x")) == All((ALIVE, written))


def test_an_exclusion_stays_one():
    criteria = {"type": "exclude", "of": [plan_is("a"), plan_is("b")]}
    assert outline("x", audience(criteria, "x")) == All((ALIVE, Except((asked("a"), asked("b")))))


def test_another_audience_is_named_and_outlined():
    inner, outer = audience(plan_is("a"), "inner"), audience({"type": "audience", "audience": "inner"}, "outer")
    assert outline("outer", inner, outer) == All((ALIVE, Member("inner", All((ALIVE, asked("a"))))))


def test_an_audience_that_is_not_in_the_book_has_no_outline():
    assert outline("y", audience(plan_is("a"), "x")) is None


def test_a_formula_alone_still_tells_exclusions():
    leaves = (ALIVE.leaf, asked("a").leaf, asked("b").leaf)
    formula = All((ALIVE, asked("a")))
    assert outline_of(AndOf((0, 1, NotOf(2))), leaves) == Except((formula, asked("b")))
    assert outline_of(AndOf((NotOf(1), NotOf(2))), leaves) == All((Not(asked("a")), Not(asked("b"))))
