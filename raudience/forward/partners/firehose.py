"""Amazon Kinesis Data Firehose: a record for each change, in a delivery stream of one's own.

A request is no HTTP that is made here: its address is `firehose://region/stream`, its body a record a line, with an
empty line between users. Who carries it out, with however many calls, answers in the form of `PutRecordBatch` for each
user: taken when all of his records are. The credentials are among the headers; without any, whoever carries it out uses
those of its machine. GET asks how the stream is; without a stream, whose credentials they are.

Sources: mParticle's Amazon Kinesis Firehose output (settings, and a record up to `UserIdentities`; what stands behind
is ours), the service model 2015-08-04 (limits, answers, errors).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any, Final

import msgspec

from raudience.clock import MINUTE
from raudience.criteria.identities import DEVICE_IDENTITIES, USER_IDENTITIES
from raudience.forward.capabilities import Advises
from raudience.forward.kinds import Failure, Outcome
from raudience.forward.members import ANONYMOUS, EXCLUDED, Member, decode, lost
from raudience.forward.partner import Forwarded, IdentityRule, Item, Limits, Request, Response, Setting, Settings
from raudience.forward.partners.firehose_answers import advice, checked, taken
from raudience.forward.sink import PLAIN, Sink, forwarded_of

__all__ = ["NAMES", "Firehose", "audience_id"]

NAMES: Final = {
    "customer_id": "CustomerId",
    "email": "Email",
    "facebook": "FacebookId",
    "twitter": "TwitterId",
    "google": "GoogleId",
    "microsoft": "MicrosoftId",
    "yahoo": "YahooId",
    "other": "Other",
    **{f"other_id_{number}": f"Other{number}" for number in range(2, 11)},
    "mobile_number": "MobileNumber",
    "phone_number_2": "PhoneNumber2",
    "phone_number_3": "PhoneNumber3",
    "alias": "Alias",
    "facebook_custom_audience_id": "FacebookCustomAudienceId",
    "ios_advertising_id": "AppleAdvertisingIdentifier",
    "ios_idfv": "AppleVendorIdentifier",
    "android_advertising_id": "GoogleAdvertisingIdentifier",
    "android_uuid": "AndroidId",
    "roku_advertising_id": "RokuAdvertisingIdentifier",
    "roku_publisher_id": "RokuPublisherIdentifier",
    "fire_advertising_id": "FireAdvertisingIdentifier",
    "microsoft_advertising_id": "MicrosoftAdvertisingIdentifier",
    "microsoft_publisher_id": "MicrosoftPublisherIdentifier",
    "amp_id": "AmpId",
    "mp_deviceid": "DeviceApplicationStamp",
    "push_token": "PushToken",
}
"""Identities in a record. The source publishes six of them, the others are by analogy."""

_SWITCHES: Final = {
    "email": "Forward Email Addresses",
    "customer_id": "Forward Customer IDs",
    "ios_advertising_id": "Forward IDFAs",
    "android_advertising_id": "Forward Google Advertising IDs",
}
_REMOVES: Final = "send_remove_on_identity_change"
_REGION: Final = "us-east-1"
_ID_BYTES: Final = 6
"""Of a hash: whole numbers below 2**48 are exact in every reader of JSON."""


def _rule(rule: IdentityRule) -> IdentityRule:
    return msgspec.structs.replace(rule, flag=rule.flag if rule.kind in _SWITCHES else None)


class Firehose(Sink, Advises):
    """The partner Amazon Kinesis Firehose."""

    id = "firehose"
    name = "Amazon Kinesis Firehose"
    docs = "docs/partners/firehose.md"
    output_settings = (
        Setting("access_key_id", "Access Key ID", help="left out, as its secret: the credentials of the machine"),
        Setting("secret_access_key", "Secret Access Key", secret=True),
        Setting(_REMOVES, "Send Remove On Identity Change", "flag", True, help="with the identities as they were"),
        Setting("endpoint", "Endpoint", help="https://... in place of AWS's own, such as that of a VPC"),
    )
    connection_settings = (
        Setting("delivery_stream_name", "Delivery Stream Name", required=True, help="its source is Direct PUT"),
        Setting("region", "AWS Region Endpoint", default=_REGION),
        Setting(ANONYMOUS, "Send Anonymous Users", "flag", True, help="by MPID alone"),
        *(Setting(f"forward_{name}", label, "flag", True) for name, label in _SWITCHES.items()),
        Setting(EXCLUDED, "Identities to Exclude", "names", choices=USER_IDENTITIES + DEVICE_IDENTITIES),
    )
    identities = tuple(_rule(rule) for rule in PLAIN)
    limits = Limits(items=500, bytes=4 << 20, requests=600, window=MINUTE)
    deletes = "message"

    def send(self, settings: Settings, list_id: str, kind: str, items: Sequence[Item], now: int) -> Request:
        forwarded = forwarded_of(list_id)
        users = (b"".join(_record(forwarded, *each, now) for each in _changes(item, settings)) for item in items)
        return _put(settings, b"\n".join(users))

    def read_sent(self, response: Response, items: Sequence[Item]) -> Outcome:
        return taken(response, len(items))

    def delete_list(self, settings: Settings, list_id: str, at: int) -> Request:
        """One record, and the last of this connection."""
        forwarded = forwarded_of(list_id)
        return _put(settings, _line(forwarded, False, {}, at, b"", {"IsAudienceDeleted": True}))

    def read_done(self, response: Response) -> Outcome:
        return taken(response, 1)

    def check(self, settings: Settings) -> Request:
        """Of an output whose streams are not known: whose credentials they are, which everybody may ask."""
        return Request("GET", _address(settings), _query(settings), kind="read")

    def read_checked(self, response: Response) -> Outcome:
        return checked(response)

    def advice(self, failure: Failure) -> str:
        return advice(failure)

    def sign(self, request: Request, settings: Settings, nonce: str, now: int) -> Request:
        """With the credentials as they are: the signature is made with each call."""
        key, secret = str(settings.get("access_key_id") or ""), str(settings.get("secret_access_key") or "")
        if not key and not secret:
            return request
        headers = (("access-key-id", key.strip()), ("secret-access-key", secret.strip()))
        return msgspec.structs.replace(request, headers=headers)


def audience_id(forwarded: Forwarded) -> int:
    """The number of an audience or of its variation, made of its key and the variation's name: the same for ever."""
    text = "\0".join((forwarded.audience, *([forwarded.variation] if forwarded.variation else [])))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:_ID_BYTES])


def _address(settings: Settings) -> str:
    region = str(settings.get("region") or _REGION).strip()
    return f"firehose://{region}/{str(settings.get('delivery_stream_name') or '').strip()}"


def _query(settings: Settings) -> tuple[tuple[str, str], ...]:
    endpoint = str(settings.get("endpoint") or "").strip()
    return (("endpoint", endpoint),) if endpoint else ()


def _put(settings: Settings, body: bytes) -> Request:
    return Request("POST", _address(settings), _query(settings), body=body)


def _changes(item: Item, settings: Settings) -> Iterator[tuple[bool, Member, bytes]]:
    """What is said of a user: that he is no member with the identities that he was told with, that he is one now."""
    member = decode(item.value)
    former = [(decode(value), value) for value in item.replaces]
    if not item.add:
        former = [(member, item.value), *former]
    elif not settings.get(_REMOVES, True) or not lost([each for each, _ in former], member):
        # Another attribute alone takes no identity away.
        former = []
    yield from ((False, each, value) for each, value in former)
    if item.add:
        yield True, member, item.value


def _record(forwarded: Forwarded, member: bool, user: Member, value: bytes, now: int) -> bytes:
    identities = {NAMES[name]: texts[0] if len(texts) == 1 else texts for name, texts in user.identities.items()}
    more: dict[str, Any] = {"MPID": str(user.mpid)}
    if member and user.attributes:
        more["UserAttributes"] = user.attributes
    return _line(forwarded, member, identities, now, value, more)


def _line(
    forwarded: Forwarded, member: bool, identities: dict[str, Any], now: int, value: bytes, more: dict[str, Any]
) -> bytes:
    said = b"\0".join((forwarded.connection.encode(), value, b"%d %d" % (member, now)))
    line = {
        "MembershipChangedTimestamp": str(now // 1_000),
        "AudienceId": audience_id(forwarded),
        "AudienceName": forwarded.name,
        "IsMember": member,
        "UserIdentities": identities,
        **more,
        "ConnectionId": forwarded.connection,
        "ChangedAt": now,
        "ChangeId": hashlib.sha256(said).hexdigest()[:32],
    }
    return msgspec.json.encode(line) + b"\n"
