"""Identities as a partner takes them: chosen by the table of the partner and the switches of the connection, normalised
and hashed."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Final

from raudience.forward.partner import IdentityRule, Settings

__all__ = ["names_of", "wanted"]

_LENGTHS: Final = {"sha256": 64, "sha1": 40, "md5": 32}
_HEX: Final = re.compile(r"[0-9a-f]+")


def names_of(rules: Sequence[IdentityRule]) -> tuple[str, ...]:
    """The names of all identities that a partner takes, each once."""
    return tuple(dict.fromkeys(name for rule in rules for name in rule.identities))


def wanted(
    rules: Sequence[IdentityRule], settings: Settings, identities: Mapping[str, Sequence[str]]
) -> dict[str, set[bytes]]:
    """For each kind that is switched on, the values that the partner should hold of a member.

    A value that is hashed already, as it looks, is passed on; one that cannot be normalised is left out.
    """
    return {rule.kind: _values(rule, identities) for rule in rules if rule.flag is None or settings.get(rule.flag)}


def _values(rule: IdentityRule, identities: Mapping[str, Sequence[str]]) -> set[bytes]:
    found = (_sent(rule, name, value) for name in rule.identities for value in identities.get(name, ()))
    return {value for value in found if value is not None}


def _sent(rule: IdentityRule, name: str, value: str) -> bytes | None:
    if rule.hash != "none" and _is_hashed(value.strip().lower(), rule.hash):
        return bytes.fromhex(value.strip())
    normal = rule.normalise(name, value)
    if normal is None:
        return None
    if rule.hash == "none":
        return normal.encode()
    return hashlib.new(rule.hash, normal.encode(), usedforsecurity=False).digest()


def _is_hashed(value: str, kind: str) -> bool:
    return len(value) == _LENGTHS[kind] and _HEX.fullmatch(value) is not None
