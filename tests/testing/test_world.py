"""A world: what users do, in a word, and what audiences make of it."""

import json

import pytest

from raudience.catalog.build import audience, book
from raudience.catalog.documents import read_book
from raudience.criteria.build import (
    calculated,
    cart_abandoned,
    consent,
    custom,
    device,
    event,
    identity,
    product,
    sequence,
    user,
)
from raudience.errors import FixRequest
from raudience.testing.world import World


def world(*criteria, **more):
    """A world with audiences named a, b, c ..."""
    return World([audience(key, key, asked) for key, asked in zip("abcdef", criteria, strict=False)], **more)


@pytest.mark.parametrize(
    ("criteria", "do"),
    [
        (event("commerce", "purchase"), lambda ana: ana.does("purchase")),
        (event("commerce", "promotion_click"), lambda ana: ana.does("promotion_click", products=["spring"])),
        (event("commerce", "impression"), lambda ana: ana.does("impression", products=["mug"])),
        (event("session_start"), lambda ana: ana.does("session_start")),
        (event("install"), lambda ana: ana.does("install")),
        (event("upgrade"), lambda ana: ana.does("upgrade")),
        (event("crash"), lambda ana: ana.does("crash")),
        (event("uninstall"), lambda ana: ana.does("uninstall")),
        (event("screen_view", "Home"), lambda ana: ana.views("Home")),
        (event("custom", "Search"), lambda ana: ana.does("Search")),
        (event("custom", "purchase"), lambda ana: ana.does("purchase", kind="custom")),
        (event("custom", "Search", "search"), lambda ana: ana.does("Search", category="search")),
        (event("custom", "Visit").at_least(3), lambda ana: ana.does("Visit", times=3)),
        (event("custom", "Visit").at_least(2), lambda ana: ana.does("Visit").does("Visit")),
        (event("custom", "Visit").between_ago("1 day", "3 days"), lambda ana: ana.does("Visit", ago="2 days")),
        (event("custom", "S").where(custom("results") > 2), lambda ana: ana.does("S", results=3)),
        (event("custom", "S").where(custom("kind") > 2), lambda ana: ana.does("S", attributes={"kind": 3})),
        (event("commerce", "purchase").sum("total_amount", "event") >= 20,
         lambda ana: ana.does("purchase", total_amount=20)),
        (event("commerce", "purchase").where(custom("gift").is_true()), lambda ana: ana.does("purchase", gift=True)),
        (event("commerce", "add_to_cart").where(product("price") > 9),
         lambda ana: ana.does("add_to_cart", products=[{"id": "mug", "price": 12}])),
        (user("plan").exactly("pro"), lambda ana: ana.has(plan="pro")),
        (user("$Age").equals(30), lambda ana: ana.has({"$Age": 30})),
        (user("vip").exists(), lambda ana: ana.has(vip=None)),
        (user("clubs").includes("tea"), lambda ana: ana.has(clubs=["tea", "milk"])),
        (calculated("score") > 1, lambda ana: ana.has_calculated(score=2)),
        (identity("email").exactly("ana@example.org"), lambda ana: ana.is_known_by(email="ana@example.org")),
        (device("platform").exactly("iOS"), lambda ana: ana.uses(platform="iOS")),
        (device("application_version").exactly("2.1"), lambda ana: ana.uses(application_version="2.1")),
        (consent("marketing"), lambda ana: ana.agrees_to("marketing")),
    ],
)  # fmt: skip
def test_what_a_user_does_is_what_an_audience_asks_for(criteria, do):
    one = world(criteria)
    do(one.user("ana"))
    one.user("ben").does("something else")
    assert set(one.audience("a")) == {"ana"}


@pytest.mark.parametrize(
    ("criteria", "do"),
    [
        ({"type": "location_equals", "field": "city", "value": "Paris"}, lambda ana: ana.is_in(city="Paris")),
        ({"type": "location_equals", "field": "zip", "value": "75001"}, lambda ana: ana.is_in(zip="75001")),
        ({"type": "location_within", "city": "Paris", "distance": 9},
         lambda ana: ana.is_in(latitude=48.85, longitude=2.35)),
        ({"type": "consent", "regulation": "gdpr", "purpose": "ads", "state": "rejected"},
         lambda ana: ana.refuses("ads")),
        ({"type": "consent", "regulation": "ccpa", "state": "present"}, lambda ana: ana.forbids_sale()),
    ],
)  # fmt: skip
def test_places_and_consent_are_said_in_a_word_too(criteria, do):
    document = {"audiences": [{"key": "a", "name": "a", "criteria": criteria}]}
    one = World(read_book(json.dumps(document).encode(), "book", "json"))
    do(one.user("ana"))
    one.user("ben").does("something else")
    assert set(one.audience("a")) == {"ana"}


def test_what_is_taken_away_is_gone():
    one = world(user("plan").exists())
    ana = one.user("ana").has(plan="pro")
    one.passes("1 hour")
    assert ana in one.audience("a")
    assert ana.lacks("plan") not in one.audience("a")


def test_who_opted_out_is_in_no_audience():
    one = world(event("custom", "Visit"))
    ana = one.user("ana").does("Visit")
    one.passes("1 hour")
    assert ana.opts_out() not in one.audience("a")


def test_steps_of_a_sequence_need_time_between_them():
    one = world(sequence(event("custom", "Look"), event("custom", "Buy")))
    ana = one.user("ana").does("Look")
    one.passes("1 minute")
    assert ana.does("Buy") in one.audience("a")


def test_an_audience_is_as_it_is_when_looked_at():
    one = world(cart_abandoned("6 hours"))
    carts, ana = one.audience("a"), one.user("ana").does("add_to_cart", products=["mug"])
    assert ana not in carts
    one.passes("6 hours")
    assert ana in carts
    assert (list(carts), len(carts), repr(carts)) == (["ana"], 1, "<a: ana>")


def test_users_are_looked_for_by_themselves_by_name_and_by_mpid():
    one = world(event("custom", "Visit"))
    one.user(7).does("Visit")
    assert 7 in one.audience("a")
    assert one.user(7) in one.audience("a")
    assert "7" not in one.audience("a")
    assert None not in one.audience("a")


def test_a_user_of_one_name_is_one_user():
    one = world(event("custom", "Visit"))
    assert one.user("ana") is one.user("ana")


def test_an_unknown_audience_names_those_that_are_there():
    with pytest.raises(FixRequest, match="expected one of a, b; got c"):
        world(event("crash"), event("install")).audience("c")


def test_what_users_do_comes_through_the_first_input_of_the_book():
    visits = event("session_start")
    inputs = read_book(b"audiences: []\ninputs: [{key: web, workspace: shop}, {key: app, workspace: shop}]", "", "yaml")
    web = audience("web", "web", visits, inputs=("web",))
    app = audience("app", "app", visits, inputs=("app",))
    one = World(book(web, app, inputs=inputs.inputs))
    one.user("ana").does("session_start")
    one.user("ben").does("session_start", input="app")
    assert (set(one.audience("web")), set(one.audience("app"))) == ({"ana"}, {"ben"})
    one.input = "app"
    one.user("cyd").does("session_start")
    assert set(one.audience("app")) == {"ben", "cyd"}


def test_the_reasons_say_what_was_found_and_when_it_turns():
    one = world(cart_abandoned("6 hours"))
    one.user("ana").does("add_to_cart", products=["mug"])
    first, *lines = one.audience("a").reasons("ana", expected=True)
    assert first == "ana is not in a at 2026-01-01 00:00:00 UTC"
    assert lines == [
        "no   commerce add_to_cart without purchase for 6 hours (found: 1 add)",
        "yes  active, not opted out",
        "if nothing happens, joins at 2026-01-01 06:00:00",
    ]
    assert one.user("ana").why("a").startswith("ana is not in a\n")


def test_a_time_line_calls_users_by_their_names():
    one = world(event("session_start"))
    one.user("ana").does("session_start")
    assert one.drawn().startswith("user ana, 2026-01-01 00:00:00")


def test_time_may_go_on_to_an_instant():
    assert world(event("crash"), start="2026-03-01").until("2026-03-05").now.day == 5
