"""Identities as a partner takes them: chosen by the table of the partner and the switches of the connection, normalised
and hashed."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from raudience.forward.entries import Row
from raudience.forward.partner import IdentityRule, Settings

__all__ = ["names_of", "value_of", "wanted", "wanted_rows"]

_LENGTHS: Final = {"sha256": 64, "sha1": 40, "md5": 32}
_HEX: Final = re.compile(r"[0-9a-f]+")
_HASHES: Final[dict[str, Callable[[bytes], bytes]]] = {
    "sha256": lambda text: hashlib.sha256(text).digest(),
    "sha1": lambda text: hashlib.sha1(text, usedforsecurity=False).digest(),
    "md5": lambda text: hashlib.md5(text, usedforsecurity=False).digest(),
}
"""What partners ask for; the values are no secrets by that."""


def names_of(rules: Sequence[IdentityRule]) -> tuple[str, ...]:
    """The names of all identities that a partner takes, each once."""
    return tuple(dict.fromkeys(name for rule in rules for name in rule.identities))


def wanted(
    rules: Sequence[IdentityRule], settings: Settings, identities: Mapping[str, Sequence[str]]
) -> dict[str, set[bytes]]:
    """For each kind that is switched on, the values that the partner should hold of a member.

    A value that is hashed already, as it looks, is passed on; one that cannot be normalised is left out.
    """
    found = wanted_rows(rules, settings, [(0, identities)])
    return {kind: {value for _, value in rows} for kind, rows in found.items()}


def wanted_rows(
    rules: Sequence[IdentityRule], settings: Settings, members: Sequence[tuple[int, Mapping[str, Sequence[str]]]]
) -> dict[str, list[Row]]:
    """`wanted` of many members: users and values, each once, in the order of the members."""
    on = (rule for rule in rules if rule.flag is None or settings.get(rule.flag))
    return {rule.kind: list(dict.fromkeys(_rows(rule, members))) for rule in on}


def _rows(rule: IdentityRule, members: Iterable[tuple[int, Mapping[str, Sequence[str]]]]) -> Iterable[Row]:
    for mpid, identities in members:
        for name in rule.identities:
            for text in identities.get(name, ()):
                value = value_of(rule, name, text)
                if value is not None:
                    yield mpid, value


def value_of(rule: IdentityRule, name: str, value: str) -> bytes | None:
    """What is sent for an identity of that name; None: it cannot be."""
    if rule.hash != "none" and _is_hashed(value, rule.hash):
        return bytes.fromhex(value.strip())
    normal = rule.normalise(name, value)
    if normal is None:
        return None
    return normal.encode() if rule.hash == "none" else _HASHES[rule.hash](normal.encode())


def _is_hashed(value: str, kind: str) -> bool:
    if len(value) < _LENGTHS[kind]:
        return False
    bare = value.strip().lower()
    return len(bare) == _LENGTHS[kind] and _HEX.fullmatch(bare) is not None
