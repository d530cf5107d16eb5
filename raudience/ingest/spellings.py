"""One name for every identity, whichever client spelled it, and the order in which they decide (semantics D18)."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from raudience.criteria.identities import DEVICE_IDENTITIES, identity_field

__all__ = ["DEVICE_IDS", "PRIORITY", "canonical"]

DEVICE_IDS: Final = DEVICE_IDENTITIES

PRIORITY: Final = (
    "customer_id", "mobile_number", "phone_number_2", "phone_number_3", "email", "other",
    *(f"other_id_{number}" for number in range(2, 11)), "facebook", "facebook_custom_audience_id", "google", "twitter",
    "microsoft", "yahoo", "ios_advertising_id", "ios_idfv", "android_advertising_id", "android_uuid",
    "fire_advertising_id", "roku_advertising_id", "roku_publisher_id", "microsoft_advertising_id",
    "microsoft_publisher_id", "amp_id", "mp_deviceid", "push_token",
)  # fmt: skip
"""Order in which identities decide whose batch it is when it has no MPID; an alias never decides."""


@lru_cache(maxsize=4096)
def canonical(name: str) -> str:
    """The Events API's name of an identity, whatever the case and the underscores; an unknown name stays as it is."""
    field = identity_field(name)
    return name if field is None else field.name
