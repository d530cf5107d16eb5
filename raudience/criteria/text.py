"""Text as criteria compare it: NFC, then full Unicode case folding, no locale, no trimming (semantics D6)."""

from __future__ import annotations

import unicodedata
from typing import Final

__all__ = ["RESERVED_KEYS", "attribute_key", "fold"]

RESERVED_KEYS: Final = frozenset(
    {"$age", "$firstname", "$lastname", "$gender", "$mobile", "$address", "$city", "$state", "$zip", "$country"}
)
"""User attributes that the platform names itself; the only keys whose case does not matter (semantics D10)."""


def fold(text: str) -> str:
    """The form in which texts are compared; folding twice changes nothing."""
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


def attribute_key(name: str) -> str:
    """The key of a user attribute: a reserved key in lower case, any other as it is."""
    lower = name.lower()
    return lower if lower in RESERVED_KEYS else name
