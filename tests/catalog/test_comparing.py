"""How two books differ: what was added, edited, removed or affected, who may move, and what breaks."""

import json

import msgspec
import pytest
from hypothesis import given, settings

from raudience.catalog.audiences import Book, EventTier, Input, Settings, Workspace
from raudience.catalog.build import audience
from raudience.catalog.comparing import compare_books, patch
from raudience.catalog.documents import read_book
from raudience.clock import DAY
from raudience.criteria.build import event, member_of, user
from raudience.criteria.durations import Duration
from tests.oracle.definitions import books

VISITS = event("session_start").within("7 days")
CARTS = audience("carts", "Carts", event("commerce", "add_to_cart").within("7 days"))
PRO = audience("pro", "Pro", user("plan").exactly("pro"))
replace = msgspec.structs.replace


def differences(before, after):
    before, after = (each if isinstance(each, Book) else Book(tuple(each)) for each in (before, after))
    return compare_books(before, after)


def only(before, after):
    (found,) = differences(before, after)
    return found


@settings(max_examples=50, deadline=None)
@given(books())
def test_a_book_does_not_differ_from_itself(document):
    found = read_book(json.dumps(document).encode(), "book", "json")
    assert compare_books(found, found) == ()
    shuffled = replace(found, audiences=tuple(replace(each, version=9) for each in reversed(found.audiences)))
    assert compare_books(found, shuffled) == ()


def test_an_audience_more_is_added():
    found = only([CARTS], [CARTS, PRO])
    assert (found.what, found.key, found.change, found.moves, found.breaking) == ("audience", "pro", "added", True, "")
    assert "+name: Pro" in found.patch


def test_an_audience_less_is_removed_and_that_breaks():
    found = only([CARTS, PRO], [CARTS])
    assert (found.key, found.change, found.moves) == ("pro", "removed", True)
    assert "its members leave" in found.breaking


def test_an_edit_names_the_parts_and_shows_a_patch():
    found = only([CARTS], [replace(CARTS, criteria=event("commerce", "add_to_cart").within("8 days").criterion)])
    assert (found.change, found.parts, found.moves, found.breaking) == ("edited", ("criteria",), True, "")
    assert found.patch.splitlines() == [
        "--- carts (present)",
        "+++ carts (wanted)",
        "@@ -4,4 +4,4 @@",
        "   type: event",
        "   kind: commerce",
        "   name: add_to_cart",
        "-  recency: {op: within, last: 1 week}",
        "+  recency: {op: within, last: 8 days}",
    ]


def test_what_is_written_otherwise_and_asks_the_same_moves_nobody():
    once, twice = audience("a", "A", VISITS), audience("a", "A", VISITS & VISITS)
    found = only([once], [twice])
    assert (found.parts, found.moves) == (("criteria",), False)


@pytest.mark.parametrize(
    ("fields", "part", "breaking"),
    [
        ({"name": "Left"}, "name", "partners know it as `Carts` and get `Left`"),
        ({"external_name": "Partner"}, "external_name", "partners know it as `Carts` and get `Partner`"),
        ({"external_name": "Carts"}, "external_name", ""),
        ({"tags": ("spring",)}, "tags", ""),
        ({"access": "private"}, "access", "people of other workspaces lose access (`usable` to `private`)"),
    ],
)
def test_labels_move_nobody_and_may_break_what_partners_hold_by(fields, part, breaking):
    found = only([CARTS], [replace(CARTS, **fields)])
    assert (found.parts, found.moves, found.breaking) == ((part,), False, breaking)


def test_the_order_of_tags_and_sources_does_not_count():
    one = replace(CARTS, tags=("a", "b"), inputs=("web", "app"))
    other = replace(CARTS, tags=("b", "a"), inputs=("app", "web"))
    inputs = (Input("web", "shop"), Input("app", "shop"))
    assert differences(Book((one,), inputs=inputs), Book((other,), inputs=inputs)) == ()


def test_a_key_that_vanishes_while_its_definition_comes_under_another_one_is_a_rename():
    found = {each.key: each for each in differences([CARTS, PRO], [CARTS, replace(PRO, key="professionals")])}
    assert (found["professionals"].change, found["professionals"].renamed_from) == ("added", "pro")
    assert found["pro"].change == "removed"


def test_a_second_audience_with_the_same_definition_is_no_rename():
    assert only([PRO], [PRO, replace(PRO, key="professionals")]).renamed_from is None


def test_who_uses_what_changed_is_affected():
    holder = audience("both", "Both", member_of("pro") & VISITS)
    edited = replace(PRO, criteria=user("plan").exactly("max").criterion)
    found = {each.key: each for each in differences([PRO, holder], [edited, holder])}
    assert (found["both"].change, found["both"].moves, found["both"].patch) == ("affected", True, "")
    assert found["pro"].change == "edited"


def test_a_longer_lookback_affects_who_has_no_window_of_its_own():
    long = Settings(lookback=Duration(60 * DAY))
    ever = audience("ever", "Ever", event("crash"))
    found = {(each.what, each.key): each for each in differences(Book((CARTS, ever)), Book((CARTS, ever), long))}
    assert found["settings", ""].parts == ("lookback",)
    assert (found["settings", ""].moves, found["settings", ""].breaking) == (True, "")
    assert found["audience", "ever"].change == "affected"
    assert ("audience", "carts") not in found


def test_a_shorter_memory_cannot_be_undone():
    short = Settings(lookback=Duration(10 * DAY))
    found = differences(Book(()), Book((), short))[0]
    assert found.breaking == "lookback and retention get shorter: what is older is forgotten for good"
    assert "-lookback: 30 days" in found.patch


def test_sources_tiers_and_purposes_are_compared():
    before = Book((), inputs=(Input("web", "shop"),), workspaces=(Workspace("shop"),), purposes=("ads",))
    after = Book(
        (),
        inputs=(Input("web", "cafe"), Input("app", "shop")),
        workspaces=(Workspace("shop", "The shop"),),
        tiers=(EventTier("custom", "Ping", "connect"),),
        purposes=("ads", "mail"),
    )
    assert [(each.what, each.key, each.change, each.parts) for each in differences(before, after)] == [
        ("workspace", "shop", "edited", ("name",)),
        ("input", "app", "added", ()),
        ("input", "web", "edited", ("workspace",)),
        ("tier", "custom Ping", "added", ()),
        ("purposes", "", "edited", ()),
    ]


def test_two_versions_of_an_audience_have_a_patch():
    later = replace(CARTS, name="Left", version=2)
    assert patch(CARTS, replace(CARTS, version=3)) == ""
    assert patch(CARTS, later).splitlines()[:2] == ["--- carts version 1", "+++ carts version 2"]
    assert "+name: Left" in patch(CARTS, later)
