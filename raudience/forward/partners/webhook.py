"""Webhook: changes as CloudEvents 1.0, in batches of JSON, signed.

One event for each user who comes to an audience, leaves it, or is another one there: with another identity, another
value of an attribute that goes along. It says what is so from its `time` on: of two events of a connection about the
same user the later one holds, whatever the order in which they arrive.

Sources: CloudEvents 1.0.2, JSON event format (4, JSON batch) and HTTP protocol binding (3.3, batched content mode).
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec

from raudience.clock import MINUTE
from raudience.criteria.dates import write_moment
from raudience.forward.answers import without_items
from raudience.forward.kinds import Done, GoneAtPartner, Outcome
from raudience.forward.members import decode, lost
from raudience.forward.partner import Forwarded, Item, Limits, Request, Response, Setting, Settings
from raudience.forward.sink import Sink, forwarded_of, outcome_of, secrets_of

__all__ = ["Webhook", "signature"]

_TYPE: Final = "application/cloudevents-batch+json; charset=utf-8"
_ADDED: Final = "raudience.member.added"
_UPDATED: Final = "raudience.member.updated"
_REMOVED: Final = "raudience.member.removed"
_DELETED: Final = "raudience.audience.deleted"


class Webhook(Sink):
    """The partner Webhook."""

    id = "webhook"
    name = "Webhook"
    docs = "docs/partners/webhook.md"
    output_settings = (
        Setting(
            "address",
            "Address",
            required=True,
            help="https://... that takes POST requests",
            begins=("https://", "http://"),
        ),
        Setting(
            "secret",
            "Secret",
            required=True,
            secret=True,
            help="Requests are signed with it; 32 letters or more",
            least=32,
        ),
        Setting("source", "Source", default="/raudience", help="The `source` of events: tells your accounts apart"),
        Setting("batch_size", "Events in a request", "number", 500, help="1 to 5,000", least=1, most=5_000),
    )
    limits = Limits(items=5_000, bytes=5_000_000, requests=600, window=MINUTE)
    deletes = "message"

    def send(self, settings: Settings, list_id: str, kind: str, items: Sequence[Item], now: int) -> Request:
        """An event for each item. Its id is made of what it says, `now` included: the same when it is sent again."""
        forwarded = forwarded_of(list_id)
        return _post(settings, (_change(settings, forwarded, item, now) for item in items))

    def read_sent(self, response: Response, items: Sequence[Item]) -> Outcome:
        return outcome_of(response, secrets_of(items))

    def delete_list(self, settings: Settings, list_id: str, at: int) -> Request:
        """One event, and the last of this connection."""
        forwarded = forwarded_of(list_id)
        event_id = _id(_DELETED, forwarded.connection)
        said = msgspec.to_builtins(forwarded)
        return _post(settings, [_event(settings, _DELETED, forwarded.audience, said, event_id, at)])

    def read_done(self, response: Response) -> Outcome:
        """Nobody has to be told who is not there any longer."""
        outcome = without_items(outcome_of(response))
        return Done() if isinstance(outcome, GoneAtPartner) else outcome

    def check(self, settings: Settings) -> Request:
        """A batch of no events, signed as all others."""
        return _post(settings, ())

    def read_checked(self, response: Response) -> Outcome:
        return without_items(outcome_of(response))

    def sign(self, request: Request, settings: Settings, nonce: str, now: int) -> Request:
        proof = signature(str(settings["secret"]), now, request.body)
        stamp = ("raudience-timestamp", str(now // 1_000))
        headers = (*request.headers, stamp, ("raudience-signature", f"v1={proof}"))
        return msgspec.structs.replace(request, headers=headers)


def signature(secret: str, now: int, body: bytes) -> str:
    """HMAC-SHA256 over the seconds of `now`, a full stop and the body; in hexadecimal digits."""
    return hmac.digest(secret.encode(), b"%d.%s" % (now // 1_000, body), hashlib.sha256).hex()


def _post(settings: Settings, events: Iterable[dict[str, Any]]) -> Request:
    body = msgspec.json.encode(list(events))
    return Request("POST", str(settings["address"]).strip(), headers=(("content-type", _TYPE),), body=body)


def _change(settings: Settings, forwarded: Forwarded, item: Item, now: int) -> dict[str, Any]:
    """A user as he is from now on; who leaves, as he was told. former: what he was told with and has no longer."""
    member, replaced = decode(item.value), [decode(value) for value in item.replaces]
    said: dict[str, Any] = {**msgspec.to_builtins(forwarded), "mpid": str(member.mpid)}
    if item.add:
        said |= {"identities": member.identities, "attributes": member.attributes}
        said |= {"former": lost(replaced, member)} if replaced else {}
        type_ = _UPDATED if replaced else _ADDED
    else:
        said |= {"identities": lost([member, *replaced], None), "attributes": {}}
        type_ = _REMOVED
    subject, digest = f"{forwarded.audience}/{member.mpid}", hashlib.sha256(item.value).hexdigest()
    event_id = _id(type_, forwarded.connection, digest, str(now))
    return _event(settings, type_, subject, said, event_id, now)


def _event(
    settings: Settings, type_: str, subject: str, data: dict[str, Any], event_id: str, at: int
) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": event_id,
        "source": str(settings.get("source") or "/raudience"),
        "type": type_,
        "subject": subject,
        "time": write_moment(at),
        "datacontenttype": "application/json",
        "data": data,
    }


def _id(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]
