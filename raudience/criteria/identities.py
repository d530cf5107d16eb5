"""Names of identities: one canonical spelling for each, that of the Events API, whichever client spelled it."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Final

from raudience.records import Field

__all__ = ["DEVICE_IDENTITIES", "USER_IDENTITIES", "identity_field", "similar_identity"]

USER_IDENTITIES: Final = (
    "customer_id", "email", "facebook", "twitter", "google", "microsoft", "yahoo", "other", "other_id_2", "other_id_3",
    "other_id_4", "other_id_5", "other_id_6", "other_id_7", "other_id_8", "other_id_9", "other_id_10", "mobile_number",
    "phone_number_2", "phone_number_3", "alias", "facebook_custom_audience_id",
)  # fmt: skip

DEVICE_IDENTITIES: Final = (
    "ios_advertising_id", "ios_idfv", "android_advertising_id", "android_uuid", "roku_advertising_id",
    "roku_publisher_id", "fire_advertising_id", "microsoft_advertising_id", "microsoft_publisher_id", "amp_id",
    "mp_deviceid", "push_token",
)  # fmt: skip

_ALIASES: Final = {
    "customer": "customer_id",
    "iosidfa": "ios_advertising_id",
    "idfa": "ios_advertising_id",
    "iosvendorid": "ios_idfv",
    "idfv": "ios_idfv",
    "androidaaid": "android_advertising_id",
    "googleadvertisingid": "android_advertising_id",
    "gaid": "android_advertising_id",
    "androidid": "android_uuid",
    "fireaid": "fire_advertising_id",
    "rokuaid": "roku_advertising_id",
    "deviceapplicationstamp": "mp_deviceid",
    **{f"other{number}": f"other_id_{number}" for number in range(2, 11)},
}


def _squash(name: str) -> str:
    return name.replace("_", "").lower()


_NAMES: Final = {_squash(name): name for name in USER_IDENTITIES + DEVICE_IDENTITIES} | _ALIASES


def identity_field(name: str) -> Field | None:
    """The profile field of a user or device identity, whatever the case and the underscores; None: no identity."""
    canonical = _NAMES.get(_squash(name))
    if canonical is None:
        return None
    return Field("identity" if canonical in USER_IDENTITIES else "device_id", canonical)


def similar_identity(name: str) -> str | None:
    """The identity whose name is closest to a wrong one, None when none is close."""
    close = get_close_matches(name.lower(), USER_IDENTITIES + DEVICE_IDENTITIES, 1)
    return close[0] if close else None
