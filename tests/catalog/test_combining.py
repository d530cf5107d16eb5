"""Groups become formulas; the same question becomes the same leaf."""

import pytest

from raudience.catalog import Audience, Book
from raudience.catalog.planning import plan
from raudience.criteria.definition import (
    And,
    Condition,
    Criterion,
    Event,
    Exclude,
    FirstSeen,
    Frequency,
    Or,
    UserAttribute,
)
from raudience.criteria.operators import (
    Between,
    BetweenAgo,
    Contains,
    Equals,
    ExactMatch,
    OneOf,
    Pattern,
    Version,
    Within,
)
from tests.catalog.planned import ADULT, FREE, PRO, asked, book, days, is_plan


@pytest.mark.parametrize(
    ("criterion", "formula"),
    [
        pytest.param(And((PRO, FREE)), ("and", is_plan("pro"), is_plan("free")), id="30-and"),
        pytest.param(Or((PRO, FREE)), ("or", is_plan("pro"), is_plan("free")), id="30-or"),
        pytest.param(Exclude((PRO, FREE)), ("and", is_plan("pro"), ("not", is_plan("free"))), id="30-exclude"),
        pytest.param(
            Exclude((PRO, FREE, ADULT)),
            ("and", is_plan("pro"), ("not", is_plan("free")), ("not", is_plan("adult"))),
            id="D9-none-of-the-others",
        ),
        pytest.param(
            And((And((PRO, FREE)), PRO)), ("and", is_plan("pro"), is_plan("free")), id="nested-and-is-one-and"
        ),
        pytest.param(Or((PRO,)), is_plan("pro"), id="one-operand-is-itself"),
        pytest.param(
            And((Or((PRO, FREE)), ADULT)),
            ("and", ("or", is_plan("pro"), is_plan("free")), is_plan("adult")),
            id="31-a-tree",
        ),
    ],
)
def test_groups(criterion: Criterion, formula: object) -> None:
    assert asked(criterion) == formula


Y = Condition("b", Contains("y"))


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (UserAttribute("p", ExactMatch("PRO")), UserAttribute("p", OneOf(("pro", "Pro")))),
        (UserAttribute("p", OneOf(("b", "A"))), UserAttribute("p", OneOf(("a", "b", "B")))),
        (UserAttribute("p", Pattern("A**b")), UserAttribute("p", Pattern("a*B"))),
        (UserAttribute("p", Between(3, 3)), UserAttribute("p", Equals(3.0))),
        (UserAttribute("p", Equals(-0.0)), UserAttribute("p", Equals(0))),
        (UserAttribute("p", Version("less", "2")), UserAttribute("p", Version("less", "2.0.0"))),
        (FirstSeen(BetweenAgo(days(0), days(9))), FirstSeen(Within(days(9)))),
        (Event("crash"), Event("crash", frequency=Frequency(more_than=0), recency=Within(days(30)))),
        (Event("crash", recency=Within(days(60))), Event("crash", recency=Within(days(90)))),
        (
            Event("crash", where=(Condition("a", Contains("x")), Y)),
            Event("crash", where=(Condition("b", Contains("Y")), Condition("a", Contains("x")), Y)),
        ),
    ],
)  # fmt: skip
def test_the_same_question_has_one_leaf(left: Criterion, right: Criterion) -> None:
    a_plan = plan(book(left, right))
    assert len(a_plan.leaves) == 2
    assert a_plan.audiences[0].formula == a_plan.audiences[1].formula


def test_leaves_do_not_depend_on_the_order_of_audiences() -> None:
    forward = plan(Book((Audience("a", "A", Or((PRO, FREE))), Audience("b", "B", ADULT))))
    backward = plan(Book((Audience("b", "B", ADULT), Audience("a", "A", Or((PRO, FREE))))))
    assert forward == backward
