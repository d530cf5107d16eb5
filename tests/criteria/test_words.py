"""Leaves in plain English."""

import pytest

from raudience.catalog import Audience, Book, Input
from raudience.catalog.planning import plan
from raudience.clock import DAY, HOUR
from raudience.criteria.definition import (
    Aggregate,
    CartAbandonment,
    Condition,
    Criterion,
    Device,
    Event,
    FirstSeen,
    Frequency,
    Identity,
    LocationWithin,
    Sequence,
    Step,
    UserAttribute,
)
from raudience.criteria.durations import Duration
from raudience.criteria.leaves import Alive
from raudience.criteria.operators import (
    After,
    Before,
    Between,
    BetweenAgo,
    BetweenDates,
    Contains,
    Exists,
    Greater,
    GreaterOrEqual,
    IsTrue,
    On,
    OneOf,
    Version,
    Within,
)
from raudience.criteria.words import describe

WEEK = Within(Duration(7 * DAY))
ELSEWHERE = Input("till", "shop")


def words(criterion: Criterion, *inputs: Input) -> list[str]:
    leaves = plan(Book((Audience("a", "A", criterion),), inputs=inputs)).leaves
    return [describe(leaf) for leaf in leaves if not isinstance(leaf, Alive)]


@pytest.mark.parametrize(
    ("criterion", "expected"),
    [
        (
            Event("commerce", "purchase", frequency=Frequency(more_than=2), recency=WEEK),
            "commerce purchase at least 3 times in the last 1 week",
        ),
        (
            Event("custom", "Played", "media", (Condition("length", Greater(2.5)),), Frequency(exactly=1)),
            "custom media Played with attribute length > 2.5 exactly 1 time in the last 30 days",
        ),
        (
            Event("crash", frequency=Frequency(exactly=0), recency=BetweenAgo(Duration(4 * DAY), Duration(6 * DAY))),
            "crash never between 4 days and 6 days ago",
        ),
        (Event("install", recency=On("2018-09-09")), "install on 2018-09-09 at least 1 time in the last 30 days"),
        (
            Event("install", frequency=Frequency(between=(2, 3)), recency=BetweenDates("2018-09-07", "2018-09-09")),
            "install from 2018-09-07 to 2018-09-09 2 to 3 times in the last 30 days",
        ),
        (
            Aggregate("commerce", "average", "total_amount", Between(5, 9), "event", "purchase", recency=WEEK),
            "average of event's total_amount over commerce purchase in the last 1 week is from 5 to 9",
        ),
        (
            Aggregate("commerce", "distinct", "id", Greater(2), "product", recency=WEEK),
            "at least 3 distinct values of product's id over commerce in the last 1 week",
        ),
        (
            Sequence((Step("custom", "A"), Step("custom", "B", within=Duration(HOUR))), "item", recency=WEEK),
            "custom A, then custom B within 1 hour, with the same attribute item in the last 1 week",
        ),
        (CartAbandonment(Duration(4 * DAY)), "commerce add_to_cart without purchase for 4 days"),
        (
            CartAbandonment(Duration(4 * DAY), "any_product_action"),
            "commerce add_to_cart without any product action for 4 days",
        ),
        (UserAttribute("plan", OneOf(("pro", "free"))), 'user attribute plan is one of "free", "pro"'),
        (UserAttribute("vip", IsTrue()), "user attribute vip is true"),
        (UserAttribute("end", After("2020-01-01")), "user attribute end is from 2020-01-01 on"),
        (Identity("email", Contains("@Example.com")), 'identity email contains "@example.com"'),
        (Identity("email", Exists()), "identity email exists"),
        (Device("os_version", Version("greater", "2.10")), "device os_version > version 2.10"),
        (FirstSeen(Before("2018-09-09")), "first seen before 2018-09-09"),
        (FirstSeen(BetweenAgo(Duration(DAY), Duration.parse("unlimited"))), "first seen 1 day ago or earlier"),
        (LocationWithin(40, latitude=48.8, longitude=2.1), "last seen within 40 km of 48.8, 2.1"),
    ],
)
def test_describe(criterion: Criterion, expected: str) -> None:
    assert words(criterion) == [expected]


def test_a_workspace_is_named_where_there_is_one() -> None:
    criterion = UserAttribute("age", GreaterOrEqual(18))
    assert words(criterion, ELSEWHERE) == ["user attribute age ≥ 18 in shop"]
    assert describe(Alive(("cafe", "shop"))) == "active in cafe or shop, not opted out"
