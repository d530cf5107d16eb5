"""What batches and their events tell of a profile."""

import pytest

from raudience.ingest.batches import decode
from raudience.records import Field
from tests.ingest.shown import GONE, TAG, batch, cells, event, field, profile


@pytest.mark.parametrize(
    ("spelling", "name"),
    [
        ("customer_id", "customer_id"), ("customerid", "customer_id"), ("customerId", "customer_id"),
        ("other2", "other_id_2"), ("other_id_2", "other_id_2"), ("other_id_10", "other_id_10"),
        ("facebookcustomaudienceid", "facebook_custom_audience_id"), ("mobilenumber", "mobile_number"),
        ("phone_number_2", "phone_number_2"), ("loyalty", "loyalty"),
    ],
)  # fmt: skip
def test_a_user_identity_has_one_name_however_it_is_spelled(spelling, name):
    assert profile(batch(user_identities={spelling: "x"})) == {f"identity/{name}": ["x"]}


@pytest.mark.parametrize(
    ("spelling", "name"),
    [("ios_idfa", "ios_advertising_id"), ("android_aaid", "android_advertising_id"), ("ios_idfv", "ios_idfv")],
)
def test_a_device_identity_is_one_of_a_set(spelling, name):
    shown = profile(batch(device_info={spelling: "x"}), batch(device_info={spelling: "y\\"}))
    assert shown == {f"device_id/{name}": ["x", "y\\"]}


def test_identities_are_texts():
    assert profile(batch(user_identities={"other": 42, "email": 0.5})) == {
        "identity/email": ["0.5"], "identity/other": ["42"],
    }  # fmt: skip


def test_a_null_or_empty_user_identity_takes_the_former_away():
    assert profile(batch(user_identities={"email": None}), batch(user_identities={"email": ""})) == {
        "identity/email": [GONE, GONE]
    }


def test_a_device_id_of_zeros_is_none():
    zeros = "00000000-0000-0000-0000-000000000000"
    assert profile(
        batch(device_info={"ios_advertising_id": zeros}), batch(device_info={"ios_advertising_id": "a"})
    ) == {"device_id/ios_advertising_id": ["a"]}


def test_identities_may_come_as_an_array():
    rows = [{"identity_type": "email", "identity": "e", "timestamp_unixtime_ms": 5}, None]
    assert profile(batch(user_identities=rows)) == {"identity/email": ["e"]}


def test_a_reserved_attribute_has_one_key_in_any_case():
    assert profile(batch(user_attributes={"$Age": 5}), batch(user_attributes={"$AGE": 6, "Age": 7})) == {
        "user/$age": [5.0, 6.0], "user/Age": [7.0],
    }  # fmt: skip


def test_calculated_attributes_are_apart():
    assert profile(batch(calculated_attributes={"ltv": 5})) == {"calculated/ltv": [5.0]}


def test_device_and_application_are_fields_and_hold_for_the_events():
    shown = decode(
        [batch(device_info={"platform": "iOS", "carrier": None, "os": 1}, application_info={"os": "2"})]
    ).block
    assert profile(batch(device_info={"platform": "iOS"}, application_info={"os": "2"})) == {
        "application/os": ["2"], "device/platform": ["iOS"],
    }  # fmt: skip
    assert [(each, cells(column, 1)) for each, column in shown.batches.context] == [
        (Field("event", "os"), [(0, "2")]), (Field("event", "platform"), [(0, "iOS")]),
    ]  # fmt: skip


def stamped(name, *documents):
    [update] = [each for each in decode(list(documents)).block.batches.fields if str(each.field.name) == name]
    values = [value for _, value in cells(update.column, len(documents))]
    return list(zip(values, [None] * 9 if update.stamps is None else update.stamps.tolist(), strict=False))


def test_consent_has_its_own_time():
    state = {
        "gdpr": {"Ads": {"consented": True, "timestamp_unixtime_ms": 7}},
        "ccpa": {"data_sale_opt_out": {"consented": False}},
    }
    assert stamped("gdpr.ads", batch(consent_state=state)) == [("true", 7)]
    assert stamped("ccpa.data_sale_opt_out", batch(consent_state=state)) == [("false", 1_000_000)]


def test_attribute_changes_stand_after_the_batch_at_their_own_time():
    change = [
        event("user_attribute_change", user_attribute_name="a", new=2, timestamp_unixtime_ms=5),
        event("user_attribute_change", user_attribute_name="a", new=None, deleted=True, timestamp_unixtime_ms=6),
        event("user_attribute_change", user_attribute_name="a", new=None, timestamp_unixtime_ms=7),
    ]
    assert stamped("a", batch(user_attributes={"a": 1}, events=change)) == [
        (1.0, 1_000_000),
        (2.0, 5),
        (GONE, 6),
        (TAG, 7),
    ]


def test_identity_changes_set_and_take_away():
    change = [
        event(
            "user_identity_change", new={"identity_type": "email", "identity": "e"}, old=None, timestamp_unixtime_ms=5
        ),
        event(
            "user_identity_change", new=None, old={"identity_type": "email", "identity": "e"}, timestamp_unixtime_ms=6
        ),
    ]
    assert stamped("email", batch(events=change)) == [("e", 5), (GONE, 6)]


def test_opting_out_is_a_status_at_the_time_of_its_event():
    change = [event("opt_out", is_opted_out=state, timestamp_unixtime_ms=5) for state in (True, False)]
    assert stamped("opted_out", batch(events=change)) == [("true", 5), ("false", 5)]


def test_the_location_is_that_of_the_batch_else_of_its_first_event_with_one():
    odd, good = {"latitude": 91, "longitude": 0}, {"latitude": 48.8, "longitude": 2, "city_name": "Paris"}
    events = [event("session_start", location=place) for place in (None, odd, good, {"city_name": "Rome"})]
    assert profile(batch(events=events), batch(events=events, context={"location": {"city_name": "Oslo"}})) == {
        "location/city": ["Paris", "Oslo"], "location/latitude": [48.8], "location/longitude": [2.0],
    }  # fmt: skip


def test_the_install_attribution_is_kept():
    told = {"publisher": "Acme", "campaign": "Spring"}
    events = [
        event("custom_event", event_name="attribution", custom_event_type="attribution", custom_attributes=told),
        event(
            "custom_event",
            event_name="re-engagement",
            custom_event_type="attribution",
            custom_attributes={"publisher": "No"},
        ),
        event("uninstall", custom_attributes={"publisher": "Bye"}),
    ]
    assert profile(batch(events=events)) == {
        "attribution/install.campaign": ["Spring"], "attribution/install.publisher": ["Acme"],
        "attribution/uninstall.publisher": ["Bye"],
    }  # fmt: skip


def test_the_attribution_of_a_batch_is_the_install_attribution():
    assert profile(batch(attribution_info={"publisher": "Acme", "campaign": None})) == {
        "attribution/install.publisher": ["Acme"]
    }


def test_device_ids_are_cut_out_wherever_they_stand_and_whatever_is_in_them():
    ids = ["a", "ä€", "b\\c", 'q"r', "", "a"]
    given = [
        batch(mpid=place, device_info={"os": "x", "ios_advertising_id": each, "model": "m"} if place % 2 else
              {"ios_advertising_id": each, "os": "x"})
        for place, each in enumerate(ids)
    ]  # fmt: skip
    shown = field(decode(given).block, "device_id", "ios_advertising_id")
    assert shown == [(place, each) for place, each in enumerate(ids) if each]
