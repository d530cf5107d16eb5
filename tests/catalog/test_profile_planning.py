"""Profile criteria become tests on fields of a workspace."""

import pytest

from raudience.clock import DAY
from raudience.criteria.definition import (
    Attribution,
    CalculatedAttribute,
    Consent,
    Criterion,
    Device,
    FirstSeen,
    Identity,
    LocationEquals,
    LocationWithin,
    UserAttribute,
)
from raudience.criteria.leaves import (
    FOREVER,
    AgeTest,
    FieldTest,
    FirstSeenTest,
    Place,
    SpanTest,
)
from raudience.criteria.operators import (
    Before,
    BetweenAgo,
    ExactMatch,
    Exists,
    Greater,
    IsFalse,
    IsTrue,
    Less,
    On,
    Pattern,
    Version,
    Within,
)
from raudience.records import Field
from tests.catalog.planned import asked, days


@pytest.mark.parametrize(
    ("criterion", "leaf"),
    [
        pytest.param(
            UserAttribute("plan", ExactMatch("PRO")),
            FieldTest("default", Field("user", "plan"), ExactMatch("pro")),
            id="37-operand-is-folded",
        ),
        pytest.param(
            UserAttribute("$AGE", Greater(41)),
            FieldTest("default", Field("user", "$age"), Greater(41.0)),
            id="D10-reserved-key",
        ),
        pytest.param(
            UserAttribute("TrialEndDate", On("1970-01-02")),
            FieldTest("default", Field("user", "TrialEndDate"), SpanTest(DAY, 2 * DAY)),
            id="99-date-attribute",
        ),
        pytest.param(
            UserAttribute("renewed", Within(days(90))),
            FieldTest("default", Field("user", "renewed"), AgeTest(0, 90 * DAY)),
            id="87-attributes-do-not-obey-the-lookback",
        ),
        pytest.param(
            CalculatedAttribute("ltv", Less(5)),
            FieldTest("default", Field("calculated", "ltv"), Less(5.0)),
            id="109-calculated",
        ),
        pytest.param(
            Consent("gdpr", "given", "Advertising"),
            FieldTest("default", Field("consent", "gdpr.advertising"), IsTrue()),
            id="109-gdpr-given",
        ),
        pytest.param(
            Consent("gdpr", "rejected", "advertising"),
            FieldTest("default", Field("consent", "gdpr.advertising"), IsFalse()),
            id="109-gdpr-rejected",
        ),
        pytest.param(
            Consent("ccpa", "present"),
            FieldTest("default", Field("consent", "ccpa.data_sale_opt_out"), IsTrue()),
            id="109-ccpa-present",
        ),
        pytest.param(
            Consent("ccpa", "not_present"),
            ("not", FieldTest("default", Field("consent", "ccpa.data_sale_opt_out"), IsTrue())),
            id="109-ccpa-not-present",
        ),
        pytest.param(
            Device("os_version", Version("greater", "2.10.0")),
            FieldTest("default", Field("device", "os_version"), Version("greater", "2.10")),
            id="109-device",
        ),
        pytest.param(
            Device("application_version", Version("less", "03.0")),
            FieldTest("default", Field("application", "application_version"), Version("less", "3")),
            id="34-application",
        ),
        pytest.param(
            FirstSeen(Before("1970-01-02")), FirstSeenTest("default", SpanTest(-FOREVER, DAY)), id="98-first-seen-date"
        ),
        pytest.param(
            FirstSeen(BetweenAgo(days(1), days(99))),
            FirstSeenTest("default", AgeTest(DAY, 99 * DAY)),
            id="98-first-seen-ago",
        ),
        pytest.param(
            LocationEquals("city", "PARIS"),
            FieldTest("default", Field("location", "city"), ExactMatch("paris")),
            id="105-location",
        ),
        pytest.param(
            LocationWithin(40, city="Paris"),
            Place("default", 48.85341, 2.3488, 40_000.0),
            id="106-kilometers-of-a-city",
        ),
        pytest.param(
            LocationWithin(5, "miles", latitude=0, longitude=-179.99),
            Place("default", 0.0, -179.99, 8_046.72),
            id="107-miles-of-a-coordinate",
        ),
        pytest.param(
            Identity("customerId", Exists()), FieldTest("", Field("identity", "customer_id"), Exists()), id="103-exists"
        ),
        pytest.param(
            Identity("email", Pattern("*.EDU")),
            FieldTest("", Field("identity", "email"), Pattern("*.edu")),
            id="104-as-text",
        ),
        pytest.param(
            Identity("ios_idfa", Exists()),
            FieldTest("", Field("device_id", "ios_advertising_id"), Exists()),
            id="104-device-identity",
        ),
        pytest.param(
            Attribution("install", "campaign", ExactMatch("Spring")),
            FieldTest("default", Field("attribution", "install.campaign"), ExactMatch("spring")),
            id="100-attribution",
        ),
    ],
)
def test_profile_criteria(criterion: Criterion, leaf: object) -> None:
    assert asked(criterion) == leaf
