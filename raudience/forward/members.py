"""Users as partners take them who take them whole: one value with everything that is forwarded of a user.

The value holds the MPID, so no other user has it. Whatever changes in it, an identity, an attribute, a switch, is the
same to a ledger: one value goes and another comes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from raudience.forward.identities import wanted
from raudience.forward.partner import IdentityRule, Settings
from raudience.records.listings import Attribute

__all__ = ["ANONYMOUS", "EXCLUDED", "WHOLE", "Member", "decode", "encode", "lost", "wanted_whole"]

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


def wanted_whole(
    rules: Sequence[IdentityRule],
    settings: Settings,
    mpid: int,
    identities: Mapping[str, Sequence[str]],
    attributes: Mapping[str, Attribute],
) -> dict[str, set[bytes]]:
    """What a partner should hold of a member, as `identities.wanted` has it for others: one value, or none of a member
    without any identity that is switched on, if such are not sent."""
    excluded = {name.strip() for name in str(settings.get(EXCLUDED, "")).split(",")}
    chosen = [rule for rule in rules if rule.kind not in excluded]
    found = {
        kind: tuple(sorted(value.decode() for value in values))
        for kind, values in wanted(chosen, settings, identities).items()
        if values
    }
    if not found and not settings.get(ANONYMOUS, True):
        return {}
    return {WHOLE: {encode(Member(mpid, found, dict(attributes)))}}


def lost(former: Sequence[Member], present: Member | None) -> dict[str, tuple[str, ...]]:
    """Identities that a user was told with and has no longer."""
    kept = present.identities if present is not None else {}
    gone: dict[str, set[str]] = {}
    for each in former:
        for name, values in each.identities.items():
            gone.setdefault(name, set()).update(set(values).difference(kept.get(name, ())))
    return {name: tuple(sorted(values)) for name, values in sorted(gone.items()) if values}
