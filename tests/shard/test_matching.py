"""Which matchers an event satisfies, against asking each of them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from raudience.criteria.leaves import FOREVER, Check, Matcher
from raudience.criteria.operators import (
    Between,
    Contains,
    Equals,
    ExactMatch,
    Exists,
    Greater,
    NotEquals,
    NotExists,
    NotMatch,
)
from raudience.criteria.values import holds_absent, holds_word, number_text
from raudience.records import EventKey, Field
from raudience.shard.matching import Matching, reads
from tests.shard.making import Rows

A, B, BUY = EventKey("custom", "other", "A"), EventKey("custom", "location", "B"), EventKey("commerce", "", "purchase")
X, Y = Field("custom", "x"), Field("event", "y")
BRAND, PRICE = Field("product", "brand"), Field("product", "price")
WORKSPACES = {"web": "w1", "ios": "w2", "tv": "w1"}


def happening(key=A, time=0, attributes=None, products=(), source="web"):
    return key, time, attributes or {}, [*products], source


def satisfied(matchers, *events, keys=(A, B, BUY)):
    """Numbers of the matchers that each event satisfies."""
    dictionaries = {}
    matching = Matching(tuple(matchers), [*keys], dictionaries, WORKSPACES)
    patterns = matching.classify(Rows(keys, dictionaries, events))
    return [set(matching.patterns[pattern]) for pattern in patterns.tolist()]


def of_value(test, *values):
    """Whether events with these values of an attribute pass a test."""
    matcher = Matcher("custom", checks=(Check(X, test),))
    events = [happening(attributes={} if value is ... else {X: value}) for value in values]
    return [bool(found) for found in satisfied([matcher], *events)]


@pytest.mark.parametrize(
    ("matcher", "expected"),
    [
        (Matcher("custom"), [True, True, False]),
        (Matcher("custom", category="location"), [False, True, False]),
        (Matcher("custom", names=("A", "C")), [True, False, False]),
        (Matcher("commerce", names=("purchase",)), [False, False, True]),
        (Matcher("commerce", category="other"), [False, False, False]),
        (Matcher("custom", names=()), [False, False, False]),
    ],
)
def test_kind_category_and_name_decide_which_keys_are_read(matcher, expected):
    assert [reads(matcher, key) for key in (A, B, BUY)] == expected
    assert [bool(found) for found in satisfied([matcher], *map(happening, (A, B, BUY)))] == expected


def test_keys_that_come_later_are_learned():
    keys, dictionaries = [A], {}
    matching = Matching((Matcher("commerce"),), keys, dictionaries, {})
    assert matching.classify(Rows(keys, dictionaries, [happening(A)])).tolist() == [0]
    keys.append(BUY)
    found = matching.classify(Rows(keys, dictionaries, [happening(A), happening(BUY)]))
    assert [matching.patterns[pattern] for pattern in found] == [(), (0,)]


def test_an_event_that_nothing_asks_about_has_pattern_nought():
    matching = Matching((), [A], {}, {})
    assert matching.classify(Rows([A], {}, [happening()] * 3)).tolist() == [0, 0, 0]


def test_text_numbers_tags_and_absence_are_told_apart():
    assert of_value(ExactMatch("7"), "7", 7, 8, None, ...) == [True, True, False, False, False]
    assert of_value(Equals(7), "7.0", 7, 8, None, ...) == [True, True, False, False, False]
    assert of_value(NotEquals(7), "7.0", 7, 8, None, ...) == [False, False, True, True, True]
    assert of_value(Exists(), "", 0, 8, None, ...) == [True, True, True, True, False]
    assert of_value(NotExists(), "", 0, 8, None, ...) == [False, False, False, False, True]


def test_numbers_on_the_edge_of_a_test_are_told_from_their_neighbours():
    assert of_value(Between(1, 2), 0.999, 1, 1.5, 2, 2.001) == [False, True, True, True, False]
    assert of_value(Greater(2), 2, 2.0000000000000004, -1e300, 1e300) == [False, True, False, True]


def test_values_that_come_later_are_tested_too():
    dictionaries, matcher = {}, Matcher("custom", checks=(Check(X, Contains("b")),))
    matching = Matching((matcher,), [A], dictionaries, {})
    for word in ("a", "ab", "c", "B", "ab"):
        rows = Rows([A], dictionaries, [happening(attributes={X: word})])
        assert (matching.classify(rows)[0] > 0) == ("b" in word.lower())


def test_a_span_holds_its_start_and_not_its_end():
    spans = [Matcher("custom", start=10, end=20), Matcher("custom", start=20), Matcher("custom", end=10)]
    events = [happening(time=time) for time in (9, 10, 19, 20)]
    assert satisfied(spans, *events) == [{2}, {0}, {0}, {1}]


def test_scopes_name_workspaces_and_inputs_and_an_unknown_input_belongs_to_default():
    scopes = [
        Matcher("custom", workspaces=("w1",)),
        Matcher("custom", workspaces=("default",)),
        Matcher("custom", inputs=("web", "unknown")),
        Matcher("custom", workspaces=("w1", "w2"), inputs=("ios",)),
    ]
    events = [happening(source=source) for source in ("web", "tv", "ios", "unknown")]
    assert satisfied(scopes, *events) == [{0, 2}, {0}, {3}, {1, 2}]


def test_all_product_checks_hold_for_one_and_the_same_product():
    checks = (Check(BRAND, ExactMatch("acme")), Check(PRICE, Greater(10)))
    both = [{BRAND: "acme", PRICE: 5}, {BRAND: "other", PRICE: 50}]
    one = [{BRAND: "x"}, {BRAND: "ACME", PRICE: 50}]
    events = [happening(BUY, products=products) for products in (both, one, [])]
    assert satisfied([Matcher("commerce", checks=checks)], *events) == [set(), {0}, set()]


def test_a_negative_product_check_needs_a_product():
    matcher = Matcher("commerce", checks=(Check(BRAND, NotMatch("acme")),))
    carts = ([], [{BRAND: "acme"}], [{BRAND: "acme"}, {}])
    assert satisfied([matcher], *(happening(BUY, products=cart) for cart in carts)) == [set(), set(), {0}]


TESTS = st.sampled_from(
    [ExactMatch("a"), NotMatch("a"), Contains("1"), Exists(), NotExists(), Equals(1), NotEquals(1), Greater(1),
     Between(1, 2)]
)  # fmt: skip
CHECKS = st.lists(st.builds(Check, st.sampled_from([X, Y, BRAND, PRICE]), TESTS), max_size=3).map(tuple)
SPANS = st.sampled_from([(-FOREVER, FOREVER), (0, 10), (5, FOREVER), (-FOREVER, 5)])
SUBSETS = st.sampled_from([(), ("w1",), ("w2", "default")])
INPUTS = st.sampled_from([(), ("web",), ("ios", "unknown")])


@st.composite
def matchers(draw):
    start, end = draw(SPANS)
    kind, category = draw(st.sampled_from(["custom", "commerce"])), draw(st.sampled_from([None, "other"]))
    names = draw(st.sampled_from([None, ("A",), ("A", "B", "purchase")]))
    return Matcher(kind, category, names, draw(SUBSETS), draw(INPUTS), start, end, draw(CHECKS))


VALUES = st.sampled_from([..., None, "a", "A1", "", "1", 1, 1.5, 2, -3])
PRODUCTS = st.lists(st.fixed_dictionaries({BRAND: VALUES, PRICE: VALUES}), max_size=2)
EVENTS = st.builds(
    happening,
    st.sampled_from([A, B, BUY]),
    st.sampled_from([-1, 0, 4, 5, 9, 10]),
    st.fixed_dictionaries({X: VALUES, Y: VALUES}),
    PRODUCTS,
    st.sampled_from(["web", "ios", "tv", "unknown"]),
)


def says(test, value):
    if value is ...:
        return holds_absent(test)
    return holds_word(test, number_text(float(value)) if isinstance(value, int | float) else value)


def matches(matcher, event):
    key, time, attributes, products, source = event
    workspace = WORKSPACES.get(source, "default")
    mine = [check for check in matcher.checks if check.field.namespace != "product"]
    theirs = [check for check in matcher.checks if check.field.namespace == "product"]
    return (
        matcher.kind == key.kind
        and matcher.category in (None, key.category)
        and (matcher.names is None or key.name in matcher.names)
        and (not matcher.workspaces or workspace in matcher.workspaces)
        and (not matcher.inputs or source in matcher.inputs)
        and matcher.start <= time < matcher.end
        and all(says(check.test, attributes.get(check.field, ...)) for check in mine)
        and (not theirs or any(all(says(c.test, product.get(c.field, ...)) for c in theirs) for product in products))
    )


@settings(max_examples=80, deadline=None)
@given(st.lists(matchers(), min_size=1, max_size=5, unique=True), st.lists(EVENTS, min_size=1, max_size=6))
def test_every_event_satisfies_what_each_matcher_says_of_it(asked, events):
    expected = [{number for number, one in enumerate(asked) if matches(one, event)} for event in events]
    assert satisfied(asked, *events) == expected


@settings(max_examples=40, deadline=None)
@given(st.lists(matchers(), min_size=1, max_size=4, unique=True), st.lists(EVENTS, min_size=2, max_size=8))
def test_what_was_learned_from_some_events_holds_for_others(asked, events):
    dictionaries, keys = {}, [A, B, BUY]
    matching = Matching(tuple(asked), keys, dictionaries, WORKSPACES)
    for event in events:
        (pattern,) = matching.classify(Rows(keys, dictionaries, [event])).tolist()
        assert set(matching.patterns[pattern]) == {n for n, one in enumerate(asked) if matches(one, event)}
