"""What events are, and their attributes."""

import pytest

from raudience.ingest.batches import decode
from tests.ingest.shown import TAG, batch, event, events, products


def happened(*of):
    return events(decode([batch(events=list(of))]).block)


@pytest.mark.parametrize(
    ("given", "key"),
    [
        (event("custom_event", event_name="Search", custom_event_type="search"), ("custom", "search", "Search")),
        (event("custom_event", event_name="x", custom_event_type="attribution"), ("attribution", "attribution", "x")),
        (event("custom_event"), ("custom", "", "")),
        (event("custom_event", event_name=42), ("custom", "", "42")),
        (event("screen_view", screen_name="home"), ("screen_view", "", "home")),
        (event("session_start"), ("session_start", "", "")),
        (event("crash_report", message="m"), ("crash", "", "")),
        (event("application_state_transition", application_transition_type="application_exit"),
         ("application_state_transition", "", "application_exit")),
        (event("application_state_transition", is_first_run=True, is_upgrade=True), ("install", "", "")),
        (event("application_state_transition", is_upgrade=True), ("upgrade", "", "")),
        (event("commerce_event", product_action={"action": "purchase"}), ("commerce", "", "purchase")),
        (event("commerce_event", promotion_action={"action": "view"}), ("commerce", "", "promotion_view")),
        (event("commerce_event", promotion_action={"action": 2}), ("commerce", "", "promotion_click")),
        (event("commerce_event", product_impressions=[]), ("commerce", "", "impression")),
        (event("push_reaction"), ("push_reaction", "", "")),
        (event("brand_new_type"), ("brand_new_type", "", "")),
    ],
)  # fmt: skip
def test_an_event_has_a_kind_a_category_and_a_name(given, key):
    assert happened(given)[0][:3] == key


def test_fields_of_an_event_are_attributes_of_level_event():
    given = event("session_end", session_duration_ms=5, session_uuid="u", session_id=-7, page_url="p", event_name="no")
    assert happened(given)[0][3] == {
        "event/session_duration_ms": 5.0, "event/session_uuid": "u", "event/session_id": -7.0, "event/page_url": "p",
    }  # fmt: skip


def test_a_crash_has_its_fields():
    given = event("crash_report", severity="fatal", message="m", class_name="c", exception_handled=False)
    assert happened(given)[0][3] == {
        "event/severity": "fatal", "event/message": "m", "event/class_name": "c", "event/exception_handled": "false",
    }  # fmt: skip


def test_custom_attributes_keep_nulls_and_show_lists_as_text():
    assert happened(event("custom_event", custom_attributes={"a": None, "b": [1], "c": "x"}))[0][3] == {
        "custom/a": TAG, "custom/b": "[1]", "custom/c": "x",
    }  # fmt: skip


def test_a_purchase_has_its_cart_level_fields():
    action = {"action": "purchase", "transaction_id": "t", "total_amount": 9.5, "tax_amount": 1, "shipping_amount": "2",
              "coupon_code": "c", "affiliation": "a", "checkout_step": 3, "product_action_list": "l"}  # fmt: skip
    [(_, _, _, shown)] = happened(event("commerce_event", currency_code="EUR", product_action=action))
    assert shown == {
        "event/action": "purchase", "event/transaction_id": "t", "event/total_amount": 9.5, "event/tax_amount": 1.0,
        "event/shipping_amount": "2", "event/coupon_code": "c", "event/affiliation": "a", "event/checkout_step": 3.0,
        "event/product_action_list": "l", "event/currency_code": "EUR",
    }  # fmt: skip


def test_products_belong_to_their_event_and_their_fields_win_over_custom_attributes():
    bought = [
        {"id": "p", "price": 2, "custom_attributes": {"size": "L", "price": "mine", "brand": "b"}},
        None,
        {"id": "q"},
    ]
    block = decode(
        [batch(events=[event("session_start"), event("commerce_event", product_action={"products": bought})])]
    ).block
    assert products(block) == [(1, {"id": "p", "price": 2.0, "size": "L", "brand": "b"}), (1, {"id": "q"})]


def test_impressions_have_products_with_their_list():
    shown = [{"product_impression_list": "top", "products": [{"id": "p"}]}, {"products": [{"id": "q"}]}]
    assert products(decode([batch(events=[event("commerce_event", product_impressions=shown)])]).block) == [
        (0, {"id": "p", "product_impression_list": "top"}), (0, {"id": "q"}),
    ]  # fmt: skip


def test_the_first_promotion_is_at_the_level_of_the_event():
    action = {"action": "click", "promotions": [{"id": "1", "name": "n", "creative": "c", "position": 2}, {"id": "2"}]}
    assert happened(event("commerce_event", promotion_action=action))[0][3] == {
        "event/promotion_id": "1", "event/promotion_name": "n", "event/promotion_creative": "c",
        "event/promotion_position": 2.0,
    }  # fmt: skip
