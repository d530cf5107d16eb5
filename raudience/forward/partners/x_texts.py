"""Identities as X wants them before they are hashed (X's page "Audiences", user data; semantics 204)."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["device_id", "email", "handle"]

_BARE: Final = re.compile(r"([0-9a-f]{8})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{12})")
_NOBODY: Final = "00000000-0000-0000-0000-000000000000"
"""What a device says whose user does not want to be tracked: no device is known by it."""


def email(name: str, value: str) -> str | None:
    """Trimmed and in lower case; dots and what follows a plus stay."""
    return value.strip().lower() or None


def handle(name: str, value: str) -> str | None:
    """Without @, trimmed and in lower case."""
    return value.strip().lstrip("@").strip().lower() or None


def device_id(name: str, value: str) -> str | None:
    """In lower case with dashes, both of Apple and of Android."""
    dashed = _BARE.sub(r"\1-\2-\3-\4-\5", value.strip().lower())
    return dashed if dashed not in ("", _NOBODY) else None
