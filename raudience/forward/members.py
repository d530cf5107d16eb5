"""Users as partners take them who take them whole: one value with everything that is forwarded of a user.

The value holds the MPID, so no other user has it. Whatever changes in it, an identity, an attribute, a switch, is the
same to a ledger: one value goes and another comes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec

from raudience.forward.entries import Row
from raudience.forward.identities import value_of
from raudience.forward.partner import IdentityRule, Settings
from raudience.records.listings import Attribute

__all__ = ["ANONYMOUS", "EXCLUDED", "WHOLE", "Member", "decode", "encode", "lost", "wanted_users"]

WHOLE: Final = "user"
"""The only kind of partners who take users whole."""
ANONYMOUS: Final = "send_anonymous_users"
"""The setting of a connection that says whether members without any identity are sent."""
EXCLUDED: Final = "identities_to_exclude"
"""The setting of a connection with names of identities that are not sent, between commas."""


class Member(msgspec.Struct, frozen=True, array_like=True):
    """A user as a partner is told of him. Values of an identity ascend; what a user does not have is not there."""

    mpid: int
    identities: dict[str, tuple[str, ...]]
    attributes: dict[str, Attribute] = {}


_ENCODER: Final = msgspec.msgpack.Encoder(order="deterministic")
_DECODER: Final = msgspec.msgpack.Decoder(Member)


def encode(member: Member) -> bytes:
    """The same bytes for the same member, and other bytes for any other."""
    return _ENCODER.encode(member)


def decode(value: bytes) -> Member:
    return _DECODER.decode(value)


def wanted_users(
    rules: Sequence[IdentityRule],
    settings: Settings,
    members: Iterable[tuple[int, Mapping[str, Sequence[str]], Mapping[str, Attribute]]],
) -> list[Row]:
    """What a partner should hold of members, who are given with their identities and attributes, as
    `identities.wanted_rows` has it for others: a value for each, and none of one without any identity that is switched
    on, if such are not sent. Hashes stand in hexadecimal digits."""
    chosen, anonymous = _chosen(rules, settings), settings.get(ANONYMOUS, True)
    rows = list[Row]()
    for mpid, identities, attributes in members:
        found: dict[str, tuple[str, ...]] = {}
        for name, texts in identities.items():
            for rule in chosen.get(name, ()):
                if values := _texts(rule, name, texts):
                    found[rule.kind] = tuple(sorted({*found.get(rule.kind, ()), *values}))
        if found or anonymous:
            rows.append((mpid, encode(Member(mpid, found, dict(attributes)))))
    return rows


def _chosen(rules: Sequence[IdentityRule], settings: Settings) -> dict[str, list[IdentityRule]]:
    """Rules that are switched on, by the name of an identity."""
    excluded = {name.strip() for name in str(settings.get(EXCLUDED) or "").split(",")}
    chosen: dict[str, list[IdentityRule]] = {}
    for rule in rules:
        if rule.kind not in excluded and (rule.flag is None or settings.get(rule.flag)):
            for name in rule.identities:
                chosen.setdefault(name, []).append(rule)
    return chosen


def _texts(rule: IdentityRule, name: str, texts: Iterable[str]) -> list[str]:
    values = (value_of(rule, name, text) for text in texts)
    return [value.decode() if rule.hash == "none" else value.hex() for value in values if value is not None]


def lost(former: Sequence[Member], present: Member | None) -> dict[str, tuple[str, ...]]:
    """Identities that a user was told with and has no longer."""
    kept = present.identities if present is not None else {}
    gone: dict[str, set[str]] = {}
    for each in former:
        for name, values in each.identities.items():
            gone.setdefault(name, set()).update(set(values).difference(kept.get(name, ())))
    return {name: tuple(sorted(values)) for name, values in sorted(gone.items()) if values}
