"""What is downstream of an engine: fakes of partners on one clock, the forwarders that send there, and what the fakes
should hold. What they should is worked out from members and identities by nothing that forwards."""

import hashlib
from urllib.parse import urlsplit

import numpy as np

from raudience.catalog.outputs import Output
from raudience.cluster.outgoing import Outgoing
from raudience.cluster.wire import address_of
from raudience.coordinator.variants import in_variation
from raudience.forward.partner import Response
from raudience.forward.register import partner_of
from tests.forward.fakes.receiver import Receiver
from tests.forward.fakes.wire import Lost
from tests.forward.fakes.x import ACCOUNT, FakeX

ADS = Output("ads", "Our ads account", "x", {"account_id": ACCOUNT})
SHOP = Output(
    "shop", "Our own receiver", "webhook", {"address": "https://receiver.example/audiences", "source": "/shop"}
)
SECRETS = {
    "x": {"consumer_key": "ck", "consumer_secret": "cs", "token": "tk", "token_secret": "ts"},
    "webhook": {"secret": "s3cret"},
}
FLAGS = {"forward_emails": True, "forward_twitter_handles": True, "forward_device_ids": True}
PLAIN = {"forward_email": True, "forward_customer_id": True}
AT_X = {"email": ("forward_emails", ("email",)), "handle": ("forward_twitter_handles", ("twitter",)),
        "device id": ("forward_device_ids", ("ios_advertising_id",))}  # fmt: skip
"""Kinds of lists: the switch, and what goes there of what tests have."""
SENT = tuple(dict.fromkeys(("email", "twitter", "ios_advertising_id", "customer_id")))


class Downstream:
    """X, and a receiver of webhooks. lose: says whether the answer to a request that was carried out is lost."""

    def __init__(self, now, lose=lambda: False):
        self.x, self.receiver, self.now, self.lose = FakeX(), Receiver(), now, lose

    def begin(self, engine, keepsake=None, chance=lambda: 0.5):
        """Forwarders that know nothing but their logs."""
        return Outgoing(engine, partner_of, opened, self.send, keepsake, lambda: self.now, chance)

    def send(self, request):
        self.now += 1
        fake = self.x if "x.com" in urlsplit(request.url).netloc else self.receiver
        try:
            status, headers, body = fake(
                request.method, address_of(request), dict(request.headers), request.body, self.now
            )
        except (Lost, ConnectionResetError):
            return None
        return None if self.lose() else Response(status, headers, body)

    def wrong(self, engine, kept=()):
        """What the partners hold otherwise than they should, in words. kept: names of audiences at X whose lists were
        left there on purpose."""
        catalog, found, lists = engine.catalog(), [], set()
        for each in catalog.connections.values():
            name, output = called(catalog, each), catalog.outputs[each.output]
            should = should_hold(engine, each)
            if output.partner == "x":
                lists |= {f"{name} ({kind})" for kind in should}
                held = {kind: self.at_x(f"{name} ({kind})") for kind in should}
            else:
                held = {kind: self.receiver.members(each.id, kind) for kind in should}
                held["mpid"] = {int(mpid) for mpid in self.receiver.users(each.id)}
            found += [f"{name} ({kind}): {held[kind]} instead of {should[kind]}"
                      for kind in should if held[kind] != should[kind]]  # fmt: skip
        here = {each.id for each in catalog.connections.values()}
        left = [key for key, (_, told) in self.receiver.latest.items() if told and key[0] not in here | set(kept)]
        strange = [name for name in self.x.lists() if name not in lists and self.at_x(name)
                   and name.rpartition(" (")[0] not in kept]  # fmt: skip
        twice = [name for name in self.x.lists() if self.x.lists().count(name) > 1]
        return (
            found
            + [f"left at X: {name}" for name in strange + twice]
            + [f"left at the receiver: {key}" for key in left]
        )

    def at_x(self, name):
        return self.x.members(name, self.now) if name in self.x.lists() else set()


def opened(output):
    return {**output.settings, **SECRETS[output.partner]}


def called(catalog, connection):
    """What a partner calls the audience of a connection (semantics 22, 23, 153)."""
    entry = catalog.audiences[connection.audience]
    name = entry.external_name or entry.name
    return name if connection.variation is None else f"{name} - {connection.variation}"


def should_hold(engine, connection):
    """For each kind, what the partner should hold."""
    catalog = engine.catalog()
    entry = catalog.audiences[connection.audience]
    mpids = engine.members(connection.audience) if entry.in_force else np.zeros(0, np.int64)
    if connection.variation is not None:
        mpids = in_variation(entry.experiment, connection.variation, mpids)
    users = engine.identities(mpids, SENT) if len(mpids) else []
    if catalog.outputs[connection.output].partner == "x":
        return {kind: {sha256(normal(name, value)) for user in users for name in names for value in user.get(name, ())}
                      if connection.settings[flag] else set()
                for kind, (flag, names) in AT_X.items()}  # fmt: skip
    return {name: {value for user in users for value in user.get(name, ())} if connection.settings[f"forward_{name}"]
                  else set()
            for name in ("email", "customer_id")} | {"mpid": set(mpids.tolist())}  # fmt: skip


def normal(name, value):
    """As X asks for it (semantics 204)."""
    return value.strip().lower().removeprefix("@" if name == "twitter" else "")


def sha256(text):
    return hashlib.sha256(text.encode()).hexdigest()
