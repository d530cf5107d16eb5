"""A receiver of webhooks, as somebody would write it from docs/partners/webhook.md. Nothing of raudience is in it.

Switches: `trouble(...)`, `secret`, `refused` values, `most_bytes`, `gone`, `allowed`.
"""

import hashlib
import hmac
import json
from datetime import datetime

from tests.forward.fakes.switched import Switched

NEEDED = {"specversion", "id", "source", "type", "subject", "time", "datacontenttype", "data"}


class Receiver(Switched):
    def __init__(self, secret="s3cret"):
        super().__init__()
        self.secret, self.refused, self.most_bytes, self.gone, self.allowed = secret, set(), 1_000_000, False, True
        self.forget()

    def forget(self):
        """Lose everything that was received."""
        self.events, self.latest, self.names, self.deleted = {}, {}, {}, []

    def members(self, connection, identity):
        """Values of an identity of all members."""
        return {value for member in self.users(connection).values() for value in member["identities"].get(identity, ())}

    def users(self, connection):
        """{mpid: what was told last} of all members."""
        return {mpid: told for (where, mpid), (_, told) in self.latest.items() if where == connection and told}

    def answer(self, method, url, headers, body, now):
        if self.gone:
            return 410, {}, b""
        if method != "POST" or url != "https://receiver.example/audiences":
            return 404, {}, b""
        if not self.is_signed(headers, body, now):
            return 401, {}, b"wrong signature"
        if not self.allowed:
            return 403, {}, b""
        if len(body) > self.most_bytes:
            return 413, {}, b""
        if not headers["content-type"].startswith("application/cloudevents-batch+json"):
            return 415, {}, b""
        return self.take(json.loads(body))

    def is_signed(self, headers, body, now):
        stamp = headers.get("raudience-timestamp", "0")
        proof = hmac.new(self.secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
        return abs(now / 1000 - int(stamp)) <= 300 and headers.get("raudience-signature") == f"v1={proof}"

    def take(self, events):
        if any(self.refused & values(event) for event in events):
            return 422, {}, f"one of {sorted(self.refused)}".encode()
        for event in events:
            assert event["specversion"] == "1.0"
            assert event.keys() == NEEDED
            if event["id"] not in self.events:
                self.note(event["type"], event["data"], event)
            assert self.events.setdefault(event["id"], event) == event
        return 204, {}, b""

    def note(self, kind, data, event):
        self.names[data["connection"]] = data["name"]
        if kind == "raudience.audience.deleted":
            self.deleted.append(data)
            self.latest = {key: told for key, told in self.latest.items() if key[0] != data["connection"]}
            return
        key, time = (data["connection"], data["mpid"]), datetime.fromisoformat(event["time"])
        if key not in self.latest or time >= self.latest[key][0]:
            self.latest[key] = (time, None if kind == "raudience.member.removed" else data)


def values(event):
    """All that an event says a user is known by."""
    return {value for each in event["data"].get("identities", {}).values() for value in each}
