"""One name for every identity, whichever client spelled it."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

__all__ = ["DEVICE_IDS", "PRIORITY", "USER_IDS", "canonical"]

_OTHERS: Final = tuple(f"other_id_{number}" for number in range(2, 11))

USER_IDS: Final = (
    "customer_id", "mobile_number", "phone_number_2", "phone_number_3", "email", "other", *_OTHERS, "facebook",
    "facebook_custom_audience_id", "google", "twitter", "microsoft", "yahoo", "alias",
)  # fmt: skip

DEVICE_IDS: Final = (
    "ios_advertising_id", "ios_idfv", "android_advertising_id", "android_uuid", "fire_advertising_id",
    "roku_advertising_id", "roku_publisher_id", "microsoft_advertising_id", "microsoft_publisher_id", "amp_id",
    "mp_deviceid", "push_token",
)  # fmt: skip

PRIORITY: Final = tuple(name for name in USER_IDS if name != "alias") + DEVICE_IDS
"""Order in which identities decide whose batch it is when it has no MPID (semantics D18)."""

_ALIASES: Final = {
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


_NAMES: Final = {_squash(name): name for name in USER_IDS + DEVICE_IDS} | _ALIASES


@lru_cache(maxsize=4096)
def canonical(name: str) -> str:
    """The Events API's name of an identity, whatever the case and the underscores; an unknown name stays as it is."""
    return _NAMES.get(_squash(name), name)
