"""Which values of a member a partner should hold."""

import hashlib

from raudience.forward.identities import names_of, wanted
from raudience.forward.partner import IdentityRule

EMAIL = IdentityRule(
    "email", ("email", "other_email"), lambda _, value: value.strip().lower() or None, "sha256", "emails"
)
DEVICE = IdentityRule(
    "device", ("ios_advertising_id", "android_advertising_id"),
    lambda name, value: value.lower() if name.startswith("ios") else value,
)  # fmt: skip
RULES = (EMAIL, DEVICE)


def test_the_names_of_all_rules_are_asked_for_once():
    assert names_of((EMAIL, DEVICE, EMAIL)) == (
        "email", "other_email", "ios_advertising_id", "android_advertising_id",
    )  # fmt: skip


def test_several_identities_of_a_kind_are_all_sent():
    found = wanted(RULES, {"emails": True}, {"email": ("A@x.com",), "other_email": ("b@x.com", " ")})
    assert found["email"] == {hashlib.sha256(text).digest() for text in (b"a@x.com", b"b@x.com")}


def test_how_a_value_is_normalised_may_depend_on_its_name():
    found = wanted(RULES, {}, {"ios_advertising_id": ("AB-1",), "android_advertising_id": ("CD-2",)})
    assert found == {"device": {b"ab-1", b"CD-2"}}


def test_a_kind_that_is_switched_off_wants_nothing():
    assert "email" not in wanted(RULES, {"emails": False}, {"email": ("a@x.com",)})
