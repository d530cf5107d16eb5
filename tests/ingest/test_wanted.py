"""A replay keeps the fields that its audiences ask about, and refuses what it would have refused with all of them."""

import pytest

from raudience.criteria.leaves import (
    AgeTest,
    Alive,
    Cart,
    Check,
    Count,
    Distinct,
    FieldTest,
    FirstSeenTest,
    Matcher,
    Place,
    Plan,
    SequenceOf,
    StepOf,
    Sum,
    Window,
)  # fmt: skip
from raudience.criteria.operators import Exists
from raudience.ingest.batches import Decoder
from raudience.ingest.wanted import Wanted, wanted_by
from raudience.records import Field
from tests.ingest.shown import TAG, batch, cells, event

NOTHING = Wanted(frozenset())


def wanted(*fields):
    return Wanted(frozenset(Field(*field.split("/", 1)) for field in fields))


def kept(documents, wanted):
    block = Decoder(wanted=wanted).decode(documents).block
    tables = (block.batches.fields, block.batches.context, block.events.columns, block.products.columns)
    named = [each if isinstance(each, tuple) else (each.field, each.column) for table in tables for each in table]
    return sorted(f"{field.namespace}/{field.name}" for field, _ in named)


def whole():
    bought = {"action": "purchase", "coupon_code": "c", "products": [{"id": "p", "custom_attributes": {"size": 1}}]}
    events = [
        event("custom_event", event_name="a", session_uuid="s", custom_attributes={"x": 1, "y": "z"}),
        event("commerce_event", product_action=bought, currency_code="EUR"),
    ]
    return batch(
        events=events, user_attributes={"age": 3, "tags": ["a"]}, user_identities={"email": "e", "other": "o"},
        device_info={"platform": "iOS", "ios_idfa": "i"}, application_info={"application_version": "1"},
    )  # fmt: skip


@pytest.mark.parametrize(
    "fields",
    [
        [],
        ["user/age"],
        ["user/tags", "identity/email"],
        ["custom/y", "event/currency_code"],
        ["device/platform", "device_id/ios_advertising_id"],
        ["event/platform", "event/session_uuid"],
        ["product/id", "product/size"],
        ["application/application_version", "event/application_version"],
    ],
)
def test_only_wanted_fields_are_kept(fields):
    assert kept([whole()] * 2, wanted(*fields)) == sorted(fields)


def test_everything_else_is_the_same_whatever_is_wanted():
    documents = [whole(), batch(events=[event("custom_event", custom_attributes={"x": 2})])]
    few, all_of_it = (Decoder(wanted=asked).decode(documents).block for asked in (NOTHING, Wanted()))
    for table in ("batches", "events"):
        for name in ("mpid", "at", "stamp", "input", "request", "batch", "time", "key", "message"):
            one, other = (getattr(getattr(block, table), name, None) for block in (few, all_of_it))
            assert one is other is None or one.tolist() == other.tolist()
    assert few.events.keys == all_of_it.events.keys


def test_a_wanted_attribute_has_the_value_that_it_has_among_all():
    documents = [
        batch(events=[event("custom_event", custom_attributes=given)])
        for given in ({"x": 1, "y": None}, {}, {"y": [1, "b"], "x": "1"}, None, {"y": True})
    ]
    few, all_of_it = (Decoder(wanted=asked).decode(documents).block for asked in (wanted("custom/y"), Wanted()))
    ours, theirs = (dict(block.events.columns)[Field("custom", "y")] for block in (few, all_of_it))
    assert cells(ours, 5) == cells(theirs, 5) == [(0, TAG), (2, '[1,"b"]'), (4, "true")]


def test_publisher_and_campaign_are_found_when_only_attribution_is_wanted():
    told = event("uninstall", custom_attributes={"publisher": "p", "campaign": "c", "x": 1})
    assert kept([batch(events=[told])], wanted("attribution/uninstall.publisher")) == [
        "attribution/uninstall.publisher"
    ]


@pytest.mark.parametrize(
    "document",
    [
        batch(events=[event("session_start", session_uuid={})]),
        batch(device_info=[]),
        batch(user_attributes="x"),
        batch(user_identities={"email": []}),
        b'{"mpid":1,"timestamp_unixtime_ms":5,"events":[{"event_type":"custom_event",'
        b'"data":{"custom_attributes":{"unread":"\xff"}}}]}',
        b'{"mpid":1,"timestamp_unixtime_ms":5,"events":[{"event_type":"custom_event",'
        b'"data":{"custom_attributes":{"unread":01}}}]}',
        b'{"mpid":1,"timestamp_unixtime_ms":5,"unknown":"\xc3\xa9","user_attributes":{"a":"\xff"}}',
    ],
)
def test_what_is_refused_does_not_depend_on_what_is_wanted(document):
    documents = [whole(), document, whole()]
    few, all_of_it = (Decoder(wanted=asked).decode(documents) for asked in (NOTHING, Wanted()))
    assert few.faults == all_of_it.faults
    assert [position for position, _ in few.faults] == [1]


def test_an_event_of_an_unknown_type_has_the_wanted_attributes_too():
    odd = batch(events=[event("from_tomorrow", custom_attributes={"x": 1, "y": 2}), event("session_start")])
    assert kept([whole(), odd], wanted("custom/y")) == ["custom/y"]


BOUGHT = Matcher("commerce", checks=(Check(Field("event", "platform"), Exists()),))
SEEN = Matcher("custom", checks=(Check(Field("custom", "x"), Exists()), Check(Field("product", "brand"), Exists())))
WINDOW = Window(0, 5)


@pytest.mark.parametrize(
    ("leaf", "fields"),
    [
        (Count(SEEN, WINDOW, 1, None), ["custom/x", "product/brand"]),
        (Sum(BOUGHT, WINDOW, Field("product", "price"), False, Exists()), ["event/platform", "product/price"]),
        (Distinct(BOUGHT, WINDOW, Field("custom", "y"), 2, None), ["event/platform", "custom/y"]),
        (
            SequenceOf((StepOf(BOUGHT, None), StepOf(SEEN, 3)), Field("custom", "s"), WINDOW),
            ["event/platform", "custom/x", "product/brand", "custom/s"],
        ),
        (Cart(BOUGHT, Matcher("commerce"), SEEN, None, 1, 5), ["event/platform", "custom/x", "product/brand"]),
        (Cart(Matcher("commerce"), Matcher("commerce"), None, BOUGHT, 1, 5), ["event/platform", "product/id"]),
        (FieldTest("", Field("consent", "gdpr.a"), Exists()), ["consent/gdpr.a"]),
        (Place("", 1.0, 2.0, 3.0), ["location/latitude", "location/longitude"]),
        (FirstSeenTest("", AgeTest(0, 1)), []),
        (Alive(()), []),
    ],
)
def test_a_plan_wants_what_its_leaves_read(leaf, fields):
    planned = Plan((leaf,), (), {}, None, None, 0, 0)
    told = wanted_by(Plan((), (), {}, None, None, 0, 0)).fields
    assert wanted_by(planned).fields - told == wanted(*fields).fields
    assert Field("status", "opted_out") in told


def test_identities_by_which_users_are_found_are_always_wanted_others_when_they_are_asked_for():
    asked = wanted_by(Plan((), (), {}, None, None, 0, 0), ["snapchat"])
    assert asked.has(Field("identity", "customer_id")) and asked.has(Field("device_id", "push_token"))
    assert asked.has(Field("identity", "snapchat")) and not asked.has(Field("identity", "alias"))
