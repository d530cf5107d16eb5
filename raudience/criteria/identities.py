"""Names of identities: one canonical spelling for each, that of the Events API."""

from __future__ import annotations

from typing import Final

from raudience.records import Field

__all__ = ["DEVICE_IDENTITIES", "USER_IDENTITIES", "identity_field"]

USER_IDENTITIES: Final = (
    "customer_id", "email", "facebook", "twitter", "google", "microsoft", "yahoo", "other", "other_id_2", "other_id_3",
    "other_id_4", "other_id_5", "other_id_6", "other_id_7", "other_id_8", "other_id_9", "other_id_10", "mobile_number",
    "phone_number_2", "phone_number_3", "alias", "facebook_custom_audience_id",
)  # fmt: skip

DEVICE_IDENTITIES: Final = (
    "ios_advertising_id", "ios_idfv", "android_advertising_id", "android_uuid", "roku_advertising_id",
    "roku_publisher_id", "fire_advertising_id", "microsoft_advertising_id", "microsoft_publisher_id", "amp_id",
    "push_token",
)  # fmt: skip

_OTHER_SPELLINGS: Final = {
    "customerid": "customer_id",
    "customer": "customer_id",
    "facebookcustomaudienceid": "facebook_custom_audience_id",
    "mobilenumber": "mobile_number",
    "phonenumber2": "phone_number_2",
    "phonenumber3": "phone_number_3",
    "ios_idfa": "ios_advertising_id",
    "ios_vendor_id": "ios_idfv",
    "android_aaid": "android_advertising_id",
    "google_advertising_id": "android_advertising_id",
    "android_id": "android_uuid",
    **{f"other{number}": f"other_id_{number}" for number in range(2, 11)},
}


def identity_field(name: str) -> Field | None:
    """The profile field of a user or device identity, None for a name that no identity has."""
    lower = name.lower()
    canonical = _OTHER_SPELLINGS.get(lower, lower)
    if canonical in USER_IDENTITIES:
        return Field("identity", canonical)
    return Field("device_id", canonical) if canonical in DEVICE_IDENTITIES else None
