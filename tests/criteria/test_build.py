"""The Python form makes what a document would."""

import pytest

from raudience.criteria.build import (
    Asked,
    ask,
    calculated,
    cart_abandoned,
    consent,
    custom,
    device,
    event,
    field,
    first_seen,
    identity,
    located_near,
    member_of,
    product,
    sequence,
    user,
)
from raudience.criteria.definition import (
    Aggregate,
    And,
    AudienceMembership,
    CalculatedAttribute,
    CartAbandonment,
    Condition,
    Consent,
    Criterion,
    Device,
    Event,
    Exclude,
    FirstSeen,
    Frequency,
    Identity,
    LocationWithin,
    Or,
    Sequence,
    Step,
    UserAttribute,
)
from raudience.criteria.durations import Duration
from raudience.criteria.operators import (
    Between,
    BetweenAgo,
    Contains,
    Equals,
    ExactMatch,
    Exists,
    Greater,
    GreaterOrEqual,
    Includes,
    IsTrue,
    Less,
    LessOrEqual,
    NoneOf,
    On,
    OneOf,
    Pattern,
    Test,
    Within,
)

HOUR, MONTH = Duration.parse("1 hour"), Duration.parse("30 days")


@pytest.mark.parametrize(
    ("asked", "criterion"),
    [
        (
            event("commerce", "purchase").at_least(2).within("30 days").where(product("price") >= 50),
            Event(
                "commerce", "purchase", None, (Condition("price", GreaterOrEqual(50), "product"),),
                Frequency(at_least=2), Within(MONTH),
            ),
        ),
        (event("crash").exactly(0), Event("crash", frequency=Frequency(exactly=0))),
        (event("crash").at_most(3), Event("crash", frequency=Frequency(at_most=3))),
        (
            event("crash").between_ago("1 hour", "30 days"),
            Event("crash", recency=BetweenAgo(HOUR, MONTH)),
        ),
        (event("install").during(On("2018-09-09")), Event("install", recency=On("2018-09-09"))),
        (
            event("custom", "x", "media").where(custom("a").exactly("b")).where(field("platform").contains("i")),
            Event(
                "custom", "x", "media",
                (Condition("a", ExactMatch("b")), Condition("platform", Contains("i"), "event")),
            ),
        ),
        (
            event("commerce", "purchase").within("1 hour").sum("total_amount", "event") > 100,
            Aggregate(
                "commerce", "sum", "total_amount", Greater(100), "event", "purchase", recency=Within(HOUR)
            ),
        ),
        (event("custom").average("a").between(1, 2), Aggregate("custom", "average", "a", Between(1, 2))),
        (event("custom").minimum("a") < 2, Aggregate("custom", "min", "a", Less(2))),
        (event("custom").maximum("a") <= 2, Aggregate("custom", "max", "a", LessOrEqual(2))),
        (event("custom").distinct("a").equals(2), Aggregate("custom", "distinct", "a", Equals(2))),
        (
            sequence(event("custom", "a").within("30 days"), ("1 hour", event("crash")), event("crash"), same="s"),
            Sequence((Step("custom", "a"), Step("crash", within=HOUR), Step("crash")), "s", recency=Within(MONTH)),
        ),
        (cart_abandoned("1 hour"), CartAbandonment(HOUR)),
        (calculated("ltv", "shop").exists(), CalculatedAttribute("ltv", Exists(), "shop")),
        (device("platform").exactly("iOS"), Device("platform", ExactMatch("iOS"))),
        (identity("email").matches("*.edu"), Identity("email", Pattern("*.edu"))),
        (consent("ads"), Consent("gdpr", "given", "ads")),
        (first_seen(Within(HOUR)), FirstSeen(Within(HOUR))),
        (located_near("Paris", 40), LocationWithin(40, city="Paris")),
        (member_of("big"), AudienceMembership("big")),
        (ask(UserAttribute("a", Exists())), UserAttribute("a", Exists())),
    ],
)  # fmt: skip
def test_criteria(asked: Asked, criterion: Criterion) -> None:
    assert asked.criterion == criterion


@pytest.mark.parametrize(
    ("asked", "test"),
    [
        (user("a").exactly("x"), ExactMatch("x")),
        (user("a").one_of("x", "y"), OneOf(("x", "y"))),
        (user("a").none_of("x", "y"), NoneOf(("x", "y"))),
        (user("a").includes("x"), Includes("x")),
        (user("a").is_true(), IsTrue()),
        (user("a") > 1, Greater(1)),
    ],
)
def test_tests(asked: Asked, test: Test) -> None:
    assert asked.criterion == UserAttribute("a", test)


A, B, C = (UserAttribute(name, Exists()) for name in "abc")


@pytest.mark.parametrize(
    ("asked", "criterion"),
    [
        pytest.param(ask(A) & ask(B), And((A, B)), id="30-and"),
        pytest.param(ask(A) | ask(B), Or((A, B)), id="30-or"),
        pytest.param(ask(A) - ask(B), Exclude((A, B)), id="30-exclude"),
        pytest.param(ask(A) | ask(B) & ask(C), Or((A, And((B, C)))), id="31-as-python-binds"),
        pytest.param((ask(A) | ask(B)) - ask(C), Exclude((Or((A, B)), C)), id="31-parentheses"),
    ],
)
def test_combinations(asked: Asked, criterion: Criterion) -> None:
    assert asked.criterion == criterion


def test_a_question_is_not_changed_by_what_is_made_of_it() -> None:
    purchase = event("commerce", "purchase")
    purchase.at_least(2)
    assert purchase.criterion == Event("commerce", "purchase")
