"""Semantics, sections 2, 3 and 9: workspaces and inputs, combining, attribution, identity, location."""

import pytest

from tests.stories.stage import DAY, asks, attribute, audience, batch, book, commerce, custom, event, utc

NOW = utc("2026-03-01T00:00:00Z")
TWO_INPUTS = [{"key": "A", "workspace": "w1"}, {"key": "B", "workspace": "w1"}, {"key": "C", "workspace": "w2"}]
PRO = attribute("plan", "exact_match", value="pro")
CRASHES = {"type": "event", "kind": "crash"}
CRASH = event("crash_report", NOW, severity="error", message="x")
EMAIL = {"type": "identity", "name": "email", "test": {"op": "exists"}}

SCOPES = [
    ("13", asks(), {"workspaces": ["w1"], "inputs": ["A"]}, batch(custom("A", NOW), api_key="B"), False),
    ("13", asks(), {"workspaces": ["w1"], "inputs": ["A"]}, batch(custom("A", NOW), api_key="A"), True),
    ("13", asks(), {"workspaces": ["w1"]}, batch(custom("A", NOW), api_key="B"), True),
    ("14", PRO, {"workspaces": ["w1"], "inputs": ["A"]}, batch(user_attributes={"plan": "pro"}, api_key="B"), True),
    ("15", EMAIL, {"workspaces": ["w1"], "inputs": ["A"]}, batch(user_identities={"email": "a@b"}, api_key="B"), True),
    ("16", CRASHES, {"workspaces": ["w1"], "inputs": ["A"]}, batch(CRASH, api_key="B"), True),
    ("16", CRASHES, {"workspaces": ["w1"], "inputs": ["A"]}, batch(CRASH, api_key="C"), False),
    ("18", PRO, {"workspaces": ["w1"]}, batch(user_attributes={"plan": "pro"}, api_key="C"), False),
    ("19", EMAIL, {"workspaces": ["w1"]}, batch(user_identities={"email": "a@b"}, api_key="C"), False),
]


@pytest.mark.parametrize(
    ("row", "criterion", "scope", "arrived", "expected"),
    SCOPES,
    ids=[f"{row[0]}-{number}" for number, row in enumerate(SCOPES)],
)
def test_what_an_audience_reads_of_workspaces_and_inputs(engine, row, criterion, scope, arrived, expected):
    engine.define(book(audience(criterion, **scope), inputs=TWO_INPUTS), NOW - 1)
    engine.ingest([arrived], NOW)

    assert list(engine.members("a")) == ([1] if expected else [])


def test_17_a_crash_obeys_the_event_retention(engine):
    engine.define(book(audience(CRASHES), settings={"retention": "90 days"}), NOW - 1)
    engine.ingest([batch(CRASH)], NOW)
    assert engine.advance(NOW + 40 * DAY) == [(NOW + 30 * DAY + 1, "a", 1, False)]


def test_20_in_a_multi_workspace_audience_each_user_criterion_names_its_workspace(engine):
    free = attribute("plan", "exact_match", value="free") | {"workspace": "w2"}
    pro = attribute("plan", "exact_match", value="pro") | {"workspace": "w2"}
    both = {"workspaces": ["w1", "w2"]}
    engine.define(book(audience(free, "free", **both), audience(pro, "pro", **both), inputs=TWO_INPUTS), NOW - 1)
    engine.ingest(
        [batch(user_attributes={"plan": "pro"}, api_key="A"), batch(user_attributes={"plan": "free"}, api_key="C")],
        NOW,
    )
    assert list(engine.members("free")) == [1]
    assert list(engine.members("pro")) == []


def test_25_defining_an_audience_takes_in_existing_users_then_new_ones(engine):
    engine.define(book(audience(asks("B"), "b")), NOW - 1)
    engine.ingest([batch(custom("A", NOW))], NOW)
    changes = engine.define(book(audience(asks("B"), "b"), audience(asks())), NOW + 1)
    assert changes == [(NOW + 1, "a", 1, True)]
    changes, _ = engine.ingest([batch(custom("A", NOW + 2), mpid=2)], NOW + 2)
    assert changes == [(NOW + 2, "a", 2, True)]


def test_29_a_definition_counts_in_full_at_once(engine):
    everyone = asks("never", frequency={"exactly": 0})
    member_of_a = {"type": "audience", "audience": "a"}
    excluding = {"type": "exclude", "of": [everyone, member_of_a]}
    engine.define(book(audience(asks("B"), "c")), NOW - 1)
    engine.ingest([batch(custom("A", NOW), mpid=1), batch(custom("B", NOW), mpid=2)], NOW)
    engine.define(book(audience(asks("B"), "c"), audience(asks()), audience(excluding, "b")), NOW + 1)
    assert list(engine.members("a")) == [1]
    assert list(engine.members("b")) == [2]


COMBINED = [("and", False), ("or", True), ("exclude", True)]


@pytest.mark.parametrize(("how", "expected"), COMBINED, ids=[f"30-{how}" for how, _ in COMBINED])
def test_30_criteria_are_joined_with_and_or_exclude(engine, how, expected):
    engine.define(book(audience({"type": how, "of": [asks("A"), asks("B")]})), NOW - 1)
    engine.ingest([batch(custom("A", NOW))], NOW)
    assert list(engine.members("a")) == ([1] if expected else [])


def test_D9_exclude_keeps_those_of_its_first_operand_that_are_in_none_of_the_others(engine):
    engine.define(book(audience({"type": "exclude", "of": [asks("A"), asks("B"), asks("C")]})), NOW - 1)
    engine.ingest(
        [
            batch(custom("A", NOW), mpid=1),
            batch(custom("A", NOW), custom("B", NOW), mpid=2),
            batch(custom("A", NOW), custom("C", NOW), mpid=3),
            batch(custom("C", NOW), mpid=4),
        ],
        NOW,
    )
    assert list(engine.members("a")) == [1]


def where(name, test, level="custom"):
    return {"attribute": name, "test": test, "level": level}


RICH = batch(
    custom("A", NOW, category="transaction", color="Blue", size=42),
    event("screen_view", NOW, screen_name="Home"),
    event("session_start", NOW),
    event("session_end", NOW, session_duration_ms=90_000),
    event("application_state_transition", NOW, application_transition_type="application_initialized", is_upgrade=True),
    event("uninstall", NOW),
    commerce(
        "purchase",
        NOW,
        {"id": "p1", "category": "shoes", "price": 10, "custom_attributes": {"color": "red"}},
        {"id": "p2", "category": "hats", "price": 99, "custom_attributes": {"color": "blue"}},
        total_amount=109,
        coupon_code="SPRING",
    ),
    event("commerce_event", NOW, promotion_action={"action": "view", "promotions": [{"id": "x"}]}),
    device_info={"platform": "iOS", "os_version": "17.2", "device_model": "iPhone15,2", "network_carrier": "Acme"},
    application_info={"application_version": "2.1", "application_build_number": "210"},
)
SHOES = where("category", {"op": "exact_match", "value": "shoes"}, "product")
CHEAP = where("price", {"op": "less", "value": 50}, "product")
DEAR = where("price", {"op": "greater", "value": 50}, "product")

EVENTS = [
    ("34", asks(where=[where("application_version", {"op": "version", "compare": "greater_or_equal", "value": "2.0"},
                             "event")]), True),
    ("34", asks(where=[where("application_version", {"op": "version", "compare": "greater", "value": "2.1"},
                             "event")]), False),
    ("34", asks(where=[where("application_build_number", {"op": "exact_match", "value": "210"}, "event")]), True),
    ("34", asks(where=[where("platform", {"op": "exact_match", "value": "ios"}, "event")]), True),
    ("34", asks(where=[where("os_version", {"op": "version", "compare": "less", "value": "17.10"}, "event")]), True),
    ("34", asks(where=[where("color", {"op": "exact_match", "value": "blue"})]), True),
    ("34", asks(where=[where("color", {"op": "exact_match", "value": "red"})]), False),
    ("34", asks(where=[where("size", {"op": "greater", "value": 41})]), True),
    ("34", asks(where=[where("size", {"op": "greater", "value": 42})]), False),
    ("34", asks(where=[where("color", {"op": "contains", "value": "b"}),
                       where("size", {"op": "equals", "value": 1})]), False),
    ("34", asks(category="transaction"), True),
    ("34", asks(category="navigation"), False),
    ("D7", asks(where=[where("taste", {"op": "does_not_contain", "value": "b"})]), True),
    ("D7", asks(where=[where("taste", {"op": "contains", "value": "b"})]), False),
    ("D7", asks(where=[where("taste", {"op": "does_not_exist"})]), True),
    ("kinds", {"type": "event", "kind": "custom"}, True),
    ("kinds", {"type": "event", "kind": "screen_view", "name": "Home"}, True),
    ("kinds", {"type": "event", "kind": "screen_view", "name": "Cart"}, False),
    ("kinds", {"type": "event", "kind": "screen_view"}, True),
    ("kinds", {"type": "event", "kind": "session_start"}, True),
    ("kinds", {"type": "event", "kind": "session_end",
               "where": [where("session_duration_ms", {"op": "greater", "value": 60_000}, "event")]}, True),
    ("kinds", {"type": "event", "kind": "upgrade"}, True),
    ("kinds", {"type": "event", "kind": "install"}, False),
    ("kinds", {"type": "event", "kind": "uninstall"}, True),
    ("kinds", {"type": "event", "kind": "crash"}, False),
    ("kinds", {"type": "event", "kind": "commerce", "name": "purchase"}, True),
    ("kinds", {"type": "event", "kind": "commerce", "name": "promotion_view"}, True),
    ("kinds", {"type": "event", "kind": "commerce", "name": "refund"}, False),
    ("D21", {"type": "event", "kind": "commerce",
             "where": [where("total_amount", {"op": "greater", "value": 100}, "event")]}, True),
    ("D21", {"type": "event", "kind": "commerce",
             "where": [where("coupon_code", {"op": "exact_match", "value": "spring"}, "event")]}, True),
    ("D21", {"type": "event", "kind": "commerce", "name": "purchase", "where": [SHOES]}, True),
    ("D21", {"type": "event", "kind": "commerce", "name": "purchase", "where": [SHOES, CHEAP]}, True),
    ("D21", {"type": "event", "kind": "commerce", "name": "purchase", "where": [SHOES, DEAR]}, False),
    ("D21", {"type": "event", "kind": "commerce", "name": "purchase",
             "where": [where("color", {"op": "exact_match", "value": "blue"}, "product"), DEAR]}, True),
    ("109", {"type": "device", "name": "platform", "test": {"op": "exact_match", "value": "IOS"}}, True),
    ("109", {"type": "device", "name": "device_model", "test": {"op": "contains", "value": "iphone"}}, True),
    ("109", {"type": "device", "name": "os_version",
             "test": {"op": "version", "compare": "greater", "value": "17"}}, True),
    ("109", {"type": "device", "name": "network_carrier", "test": {"op": "exact_match", "value": "Other"}}, False),
    ("109", {"type": "device", "name": "application_version", "test": {"op": "exact_match", "value": "2.1"}}, True),
    ("109", {"type": "device", "name": "brand", "test": {"op": "does_not_exist"}}, True),
]  # fmt: skip


@pytest.mark.parametrize(
    ("row", "criterion", "expected"), EVENTS, ids=[f"{row[0]}-{number}" for number, row in enumerate(EVENTS)]
)
def test_what_a_criterion_reads_of_events_and_devices(engine, row, criterion, expected):
    engine.define(book(audience(criterion)), NOW - 1)
    engine.ingest([RICH], NOW)

    assert list(engine.members("a")) == ([1] if expected else [])


def test_install_is_the_first_run_even_when_it_is_an_upgrade_too(engine):
    kinds = ("install", "upgrade", "application_state_transition")
    engine.define(book(*[audience({"type": "event", "kind": kind}, kind) for kind in kinds]), NOW - 1)
    first = event("application_state_transition", NOW, is_first_run=True, is_upgrade=True,
                  application_transition_type="application_initialized")  # fmt: skip
    other = event("application_state_transition", NOW, application_transition_type="application_exit")
    engine.ingest([batch(first, mpid=1), batch(other, mpid=2)], NOW)
    assert [list(engine.members(kind)) for kind in kinds] == [[1], [], [2]]


INSTALLED = custom("attribution", NOW, category="attribution", publisher="Acme", campaign="Spring", network="x")
SPRING = {"type": "attribution", "of": "install", "field": "campaign", "test": {"op": "exact_match", "value": "spring"}}
FROM_EVENT = {"type": "event", "kind": "attribution", "name": "attribution",
              "where": [where("network", {"op": "exact_match", "value": "x"})]}  # fmt: skip


def test_100_to_102_the_two_forms_of_attribution_and_how_long_they_hold(engine):
    engine.define(
        book(audience(SPRING, "profile"), audience(FROM_EVENT, "event"), settings={"retention": "90 days"}), NOW - 1
    )
    engine.ingest([batch(INSTALLED)], NOW)
    assert [list(engine.members(key)) for key in ("profile", "event")] == [[1], [1]]
    engine.advance(NOW + 40 * DAY)
    assert [list(engine.members(key)) for key in ("profile", "event")] == [[1], []]


def test_100_install_attribution_of_the_batch(engine):
    engine.define(book(audience(SPRING)), NOW - 1)
    engine.ingest([batch(attribution_info={"publisher": "Acme", "campaign": "Spring"})], NOW)
    assert list(engine.members("a")) == [1]


def test_100_uninstall_attribution(engine):
    gone = {"type": "attribution", "of": "uninstall", "field": "publisher",
            "test": {"op": "exact_match", "value": "acme"}}  # fmt: skip
    engine.define(book(audience(gone)), NOW - 1)
    engine.ingest(
        [
            batch(event("uninstall", NOW, custom_attributes={"publisher": "Acme"}), mpid=1),
            batch(custom("uninstall", NOW, category="attribution", publisher="Acme"), mpid=2),
            batch(INSTALLED, mpid=3),
        ],
        NOW,
    )
    assert list(engine.members("a")) == [1, 2]


IDENTITIES = [
    ("103", "email", {"op": "exists"}, {"user_identities": {"email": "a@b.c"}}, True),
    ("103", "email", {"op": "exists"}, {"user_identities": {"customer_id": "c"}}, False),
    ("103", "email", {"op": "does_not_exist"}, {"user_identities": {"email": None}}, True),
    (
        "104",
        "email",
        {"op": "contains", "value": "@example.com"},
        {"user_identities": {"email": "a@EXAMPLE.com"}},
        True,
    ),
    ("104", "email", {"op": "pattern", "value": "*.edu"}, {"user_identities": {"email": "x@y.EDU"}}, True),
    ("104", "email", {"op": "pattern", "value": "*.edu"}, {"user_identities": {"email": "x@y.com"}}, False),
    ("spelling", "customer_id", {"op": "exact_match", "value": "c"}, {"user_identities": {"customerid": "c"}}, True),
    ("spelling", "customer_id", {"op": "exact_match", "value": "c"}, {"user_identities": {"customerId": "c"}}, True),
    ("spelling", "other_id_2", {"op": "exists"}, {"user_identities": {"other2": "c"}}, True),
    ("spelling", "ios_advertising_id", {"op": "exists"}, {"device_info": {"ios_advertising_id": "I-1"}}, True),
    ("device", "android_advertising_id", {"op": "exists"}, {"device_info": {"ios_advertising_id": "I-1"}}, False),
]


@pytest.mark.parametrize(
    ("row", "name", "test", "fields", "expected"),
    IDENTITIES,
    ids=[f"{row[0]}-{number}" for number, row in enumerate(IDENTITIES)],
)
def test_a_test_on_an_identity(engine, row, name, test, fields, expected):
    engine.define(book(audience({"type": "identity", "name": name, "test": test})), NOW - 1)
    engine.ingest([batch(**fields)], NOW)

    assert list(engine.members("a")) == ([1] if expected else [])


def test_212_a_user_with_several_device_ids_is_one_member_and_one_id_suffices(engine):
    def asked(op):
        return {"type": "identity", "name": "ios_advertising_id", "test": {"op": op, "value": "I-1"}}

    engine.define(book(audience(asked("exact_match"), "is"), audience(asked("does_not_match"), "isnt")), NOW - 1)
    engine.ingest([batch(device_info={"ios_advertising_id": "I-1"})], NOW)
    engine.ingest([batch(device_info={"ios_advertising_id": "I-2"})], NOW + 1)
    engine.ingest([batch(device_info={"ios_advertising_id": "I-2"}, mpid=2)], NOW + 1)
    assert list(engine.members("is")) == [1]
    assert list(engine.members("isnt")) == [2]


def test_213_mpids_are_signed_64_bit_as_number_or_text(engine):
    engine.define(book(audience(asks())), NOW - 1)
    engine.ingest(
        [
            batch(custom("A", NOW), mpid=-1327484737295091692),
            batch(custom("A", NOW), mpid="9007199254740993"),
            batch(custom("A", NOW), mpid=2**63 - 1),
        ],
        NOW,
    )
    assert list(engine.members("a")) == [-1327484737295091692, 9007199254740993, 2**63 - 1]


PARIS = {"city_name": "Paris", "region_code": "IDF", "postal_code": "75001", "country_code": "FR", "dma_code": "807",
         "latitude": 48.85, "longitude": 2.35}  # fmt: skip
SUBURB = {"latitude": 48.80, "longitude": 2.10}


def within(distance, **place):
    return {"type": "location_within", "distance": distance, **place}


def equals(field, value):
    return {"type": "location_equals", "field": field, "value": value}


PLACES = [
    ("105", equals("city", "paris"), PARIS, True),
    ("105", equals("city", "Parma"), PARIS, False),
    ("105", equals("state", "idf"), PARIS, True),
    ("105", equals("zip", "75001"), PARIS, True),
    ("105", equals("dma", "807"), PARIS, True),
    ("105", equals("country", "fr"), PARIS, True),
    ("106", within(40, city="Paris"), SUBURB, True),
    ("106", within(5, city="Paris"), SUBURB, False),
    ("106", within(25, unit="miles", city="Paris"), SUBURB, True),
    ("106", within(10, unit="miles", city="Paris"), SUBURB, False),
    ("107", within(5, latitude=0.0, longitude=-179.99), {"latitude": 0.0, "longitude": 179.99}, True),
    ("107", within(2, latitude=0.0, longitude=-179.99), {"latitude": 0.0, "longitude": 179.99}, False),
    ("107", within(3, latitude=89.99, longitude=0.0), {"latitude": 89.99, "longitude": 180.0}, True),
    ("107", within(2, latitude=89.99, longitude=0.0), {"latitude": 89.99, "longitude": 180.0}, False),
    ("108", within(20_000, city="Paris"), None, False),
    ("108", equals("city", "paris"), None, False),
]


@pytest.mark.parametrize(
    ("row", "criterion", "location", "expected"),
    PLACES,
    ids=[f"{row[0]}-{number}" for number, row in enumerate(PLACES)],
)
def test_a_location(engine, row, criterion, location, expected):
    engine.define(book(audience(criterion)), NOW - 1)
    engine.ingest([batch(context={"location": location})], NOW)

    assert list(engine.members("a")) == ([1] if expected else [])


def test_105_without_a_location_of_the_batch_the_first_one_of_an_event_counts(engine):
    engine.define(book(audience(equals("city", "paris"))), NOW - 1)
    somewhere, else_where = custom("A", NOW), custom("B", NOW)
    somewhere["data"]["location"] = PARIS
    else_where["data"]["location"] = PARIS | {"city_name": "Parma"}
    engine.ingest([batch(custom("C", NOW), somewhere, else_where)], NOW)
    assert list(engine.members("a")) == [1]


def consent(regulation, purpose, consented, time):
    return batch(consent_state={regulation: {purpose: {"consented": consented, "timestamp_unixtime_ms": time}}})


def test_109_gdpr_consent_given_then_withdrawn(engine):
    given = {"type": "consent", "regulation": "gdpr", "purpose": "Advertising", "state": "given"}
    rejected = given | {"state": "rejected"}
    engine.define(book(audience(given, "given"), audience(rejected, "rejected")), NOW - 1)
    engine.ingest([consent("gdpr", "advertising", True, NOW)], NOW)
    assert [list(engine.members(key)) for key in ("given", "rejected")] == [[1], []]
    engine.ingest([consent("gdpr", "advertising", False, NOW + 1)], NOW + 1)
    assert [list(engine.members(key)) for key in ("given", "rejected")] == [[], [1]]


def test_109_ccpa_an_absent_record_is_not_opted_out(engine):
    present = {"type": "consent", "regulation": "ccpa", "state": "present"}
    absent = present | {"state": "not_present"}
    engine.define(book(audience(present, "present"), audience(absent, "absent")), NOW - 1)
    engine.ingest([batch(mpid=2), consent("ccpa", "data_sale_opt_out", True, NOW)], NOW)
    assert [list(engine.members(key)) for key in ("present", "absent")] == [[1], [2]]


def test_109_calculated_attributes_are_given_as_values(engine):
    engine.define(
        book(audience({"type": "calculated_attribute", "name": "LTV", "test": {"op": "greater", "value": 10}})), NOW - 1
    )
    engine.ingest([batch(calculated_attributes={"LTV": 11}), batch(user_attributes={"LTV": 11}, mpid=2)], NOW)
    assert list(engine.members("a")) == [1]
