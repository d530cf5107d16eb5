"""Event criteria become counts in windows, aggregates, sequences and carts."""

import pytest

from raudience.catalog import Input, Settings
from raudience.catalog.planning import plan
from raudience.clock import DAY, HOUR
from raudience.criteria.definition import (
    Aggregate,
    CartAbandonment,
    Condition,
    Event,
    Frequency,
    Sequence,
    Step,
)
from raudience.criteria.durations import UNLIMITED, Duration
from raudience.criteria.leaves import (
    FOREVER,
    Cart,
    Check,
    Count,
    Distinct,
    Matcher,
    SequenceOf,
    Sum,
    ValueTest,
    Window,
)
from raudience.criteria.operators import (
    Before,
    Between,
    BetweenAgo,
    Equals,
    ExactMatch,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
    NotEquals,
    On,
    Test,
    Within,
)
from raudience.records import Field
from tests.catalog.planned import MONTH, asked, book, commerce, counted, days


@pytest.mark.parametrize(
    ("frequency", "least", "most"),
    [
        pytest.param(Frequency(more_than=2), 3, None, id="83-more-than"),
        pytest.param(Frequency(fewer_than=1), 0, 0, id="85-fewer-than-1"),
        pytest.param(Frequency(exactly=0), 0, 0, id="D2-did-not-do"),
        pytest.param(Frequency(at_least=2), 2, None, id="D2-at-least"),
        pytest.param(Frequency(at_most=2), 0, 2, id="D2-at-most"),
        pytest.param(Frequency(exactly=4), 4, 4, id="D2-exactly"),
        pytest.param(Frequency(between=(2, 5)), 2, 5, id="D2-between"),
    ],
)
def test_frequency_becomes_bounds(frequency: Frequency, least: int, most: int | None) -> None:
    assert asked(Event("commerce", frequency=frequency)) == counted(least=least, most=most)


@pytest.mark.parametrize(
    ("recency", "window", "start", "end"),
    [
        pytest.param(None, Window(0, MONTH), -FOREVER, FOREVER, id="D1-the-lookback"),
        pytest.param(BetweenAgo(days(4), days(6)), Window(4 * DAY, 6 * DAY), -FOREVER, FOREVER, id="75-between-ago"),
        pytest.param(Within(days(7)), Window(0, 7 * DAY), -FOREVER, FOREVER, id="79-within"),
        pytest.param(Within(days(90)), Window(0, MONTH), -FOREVER, FOREVER, id="87-cut-to-the-lookback"),
        pytest.param(BetweenAgo(days(30), days(60)), Window(MONTH, MONTH), -FOREVER, FOREVER, id="87-edge-of-lookback"),
        pytest.param(On("1970-01-02"), Window(0, MONTH), DAY, 2 * DAY, id="90-on-a-date"),
        pytest.param(Before("1970-01-02"), Window(0, MONTH), -FOREVER, DAY, id="88-before-a-date"),
    ],
)
def test_recency_becomes_a_window(recency: Within | None, window: Window, start: int, end: int) -> None:
    assert asked(Event("commerce", recency=recency)) == Count(commerce(start=start, end=end), window, 1, None)


def test_unlimited_lookback_has_no_edge() -> None:
    settings = Settings(lookback=Duration(UNLIMITED))
    a_plan = plan(book(Event("commerce"), settings=settings))
    assert (a_plan.lookback, a_plan.retention) == (None, None)
    assert counted(window=Window(0, FOREVER)) in a_plan.leaves


def test_settings_in_milliseconds() -> None:
    a_plan = plan(book(Event("commerce"), inputs=(Input("web", "shop"), Input("till"))))
    assert a_plan.workspaces == {"web": "shop", "till": "default"}
    assert (a_plan.lookback, a_plan.retention) == (MONTH, MONTH)
    assert (a_plan.remember_messages, a_plan.remember_batches) == (2 * DAY, 30 * DAY)


TOTAL = Field("event", "total_amount")


def total(test: ValueTest) -> Count:
    return counted(Check(TOTAL, test))


@pytest.mark.parametrize(
    ("function", "compare", "formula"),
    [
        ("max", Greater(5), total(Greater(5.0))),
        ("max", GreaterOrEqual(5), total(GreaterOrEqual(5.0))),
        ("max", Less(5), ("and", total(Less(5.0)), ("not", total(GreaterOrEqual(5.0))))),
        ("max", LessOrEqual(5), ("and", total(LessOrEqual(5.0)), ("not", total(Greater(5.0))))),
        ("max", Equals(5), ("and", total(Equals(5.0)), ("not", total(Greater(5.0))))),
        ("max", NotEquals(5), ("not", ("and", total(Equals(5.0)), ("not", total(Greater(5.0)))))),
        ("max", Between(1, 5), ("and", total(Between(1.0, 5.0)), ("not", total(Greater(5.0))))),
        ("min", Less(5), total(Less(5.0))),
        ("min", Greater(5), ("and", total(Greater(5.0)), ("not", total(LessOrEqual(5.0))))),
        ("min", GreaterOrEqual(5), ("and", total(GreaterOrEqual(5.0)), ("not", total(Less(5.0))))),
        ("min", Between(1, 5), ("and", total(Between(1.0, 5.0)), ("not", total(Less(1.0))))),
        ("sum", Greater(100), Sum(commerce(), Window(0, MONTH), TOTAL, False, Greater(100.0))),
        ("average", NotEquals(3), Sum(commerce(), Window(0, MONTH), TOTAL, True, NotEquals(3.0))),
        ("distinct", Greater(2), Distinct(commerce(), Window(0, MONTH), TOTAL, 3, None)),
        ("distinct", GreaterOrEqual(2), Distinct(commerce(), Window(0, MONTH), TOTAL, 2, None)),
        ("distinct", Less(2), Distinct(commerce(), Window(0, MONTH), TOTAL, 0, 1)),
        ("distinct", LessOrEqual(2), Distinct(commerce(), Window(0, MONTH), TOTAL, 0, 2)),
        ("distinct", Equals(0), Distinct(commerce(), Window(0, MONTH), TOTAL, 0, 0)),
        ("distinct", Between(1, 2), Distinct(commerce(), Window(0, MONTH), TOTAL, 1, 2)),
        ("distinct", NotEquals(2), ("not", Distinct(commerce(), Window(0, MONTH), TOTAL, 2, 2))),
    ],
)
def test_aggregates(function: str, compare: Test, formula: object) -> None:
    assert asked(Aggregate("commerce", function, "total_amount", compare, "event")) == formula  # type: ignore[arg-type]


def test_101_attribution_events_are_events_of_that_kind() -> None:
    where = (Condition("network", ExactMatch("X")),)
    check = Check(Field("custom", "network"), ExactMatch("x"))
    matching = Matcher("attribution", names=("attribution",), workspaces=("default",), checks=(check,))
    assert asked(Event("attribution", "attribution", where=where)) == Count(matching, Window(0, MONTH), 1, None)


def test_sequence() -> None:
    steps = (
        Step("custom", "A"),
        Step("custom", "B", within=Duration(HOUR)),
        Step("custom", within=Duration(UNLIMITED)),
    )
    leaf = asked(Sequence(steps, same="product", recency=Within(days(7))))
    assert isinstance(leaf, SequenceOf)
    assert [(step.matcher.names, step.within) for step in leaf.steps] == [(("A",), None), (("B",), HOUR), (None, None)]
    assert (leaf.same, leaf.window) == (Field("custom", "product"), Window(0, 7 * DAY))


@pytest.mark.parametrize(
    ("cart", "other", "removed"),
    [
        pytest.param(CartAbandonment(days(4)), False, True, id="115-purchase"),
        pytest.param(CartAbandonment(days(4), "any_product_action"), True, True, id="115-any-product-action"),
        pytest.param(CartAbandonment(days(4), emptied_by_removal=False), False, False, id="117-switched-off"),
    ],
)
def test_cart(cart: CartAbandonment, other: bool, removed: bool) -> None:
    leaf = asked(cart)
    assert isinstance(leaf, Cart)
    assert (leaf.added, leaf.done) == (commerce(names=("add_to_cart",)), commerce(names=("purchase",)))
    assert (leaf.other is not None, leaf.removed is not None) == (other, removed)
    assert (leaf.wait, leaf.lookback) == (4 * DAY, MONTH)


def test_119_conditions_of_a_cart_are_on_what_was_added() -> None:
    leaf = asked(CartAbandonment(days(4), where=(Condition("category", ExactMatch("Shoes"), "product"),)))
    assert isinstance(leaf, Cart)
    assert leaf.added.checks == (Check(Field("product", "category"), ExactMatch("shoes")),)
    assert leaf.done.checks == ()


def test_an_action_with_two_spellings_is_one() -> None:
    leaf = asked(Event("commerce", "remove_from_wishlist"))
    assert isinstance(leaf, Count)
    assert leaf.matcher.names == ("remove_from_wish_list", "remove_from_wishlist")
