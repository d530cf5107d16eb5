"""From an event to the partner's request: events in on Ray, a forwarding actor, X's fake over HTTP."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import threading
import time
from pathlib import Path

import msgspec
import numpy as np

from raudience.catalog.build import audience
from raudience.cluster.client import Client, connect
from raudience.cluster.secrets import KEY_FILE, write_key
from raudience.criteria.build import event
from scripts.benchmarks.partner import serving

_KEY, _EACH, _ENTERS = "buyers", 0.1, 0.02
"""Seconds of events in one call; share of events that let somebody enter."""
_SECRETS = {"account_id": "18ce54d4x5t", "consumer_key": "ck", "consumer_secret": "cs", "token": "tk",
            "token_secret": "ts"}  # fmt: skip


class Latency(msgspec.Struct, frozen=True):
    """Milliseconds from the call that brought an event to the arrival of the request with the user at the partner, by
    percentile. offered, taken: events a second that were to come and that came."""

    offered: int
    taken: float
    changes: int
    percentiles: dict[str, float]
    agreed: bool


def latency(offered: int, seconds: int, shards: int = 2) -> Latency:
    """Users who buy something for the first time enter; the flush interval is 0."""
    with tempfile.TemporaryDirectory(dir=".") as folder:
        notes, key = Path(folder, "notes"), Path(folder, "key")
        write_key(key)
        os.environ[KEY_FILE] = str(key)
        with serving(notes) as (address, _):
            client = connect(engine="ray", shards=shards, name="latency", state=str(Path(folder, "state")))
            try:
                began, taken = _fed(client, address, notes, offered, seconds)
            finally:
                client.end_outgoing()
                client.close()
        return _compared(offered, taken, began, notes)


def _fed(client: Client, address: str, notes: Path, offered: int, seconds: int) -> tuple[dict[str, float], float]:
    """Bring events at a rate; when the value of each user who enters came, and events a second."""
    client.audiences.create(audience(_KEY, "Buyers", event("commerce", "purchase").at_least(1)))
    client.outputs.create("ads", "x", _SECRETS)
    client.connections.connect(_KEY, "ads")
    sending, over = client.outgoing({"https://ads-api.x.com": address}), threading.Event()
    watch = threading.Thread(target=sending.run, args=(over.is_set,))
    watch.start()
    while not notes.exists():
        client.ingest([_batch(0, {})])
        time.sleep(0.1)
    came: dict[str, float] = {}
    each, number, start = int(offered * _EACH), 1, time.time()
    for call in range(int(seconds / _EACH)):
        time.sleep(max(0, start + call * _EACH - time.time()))
        batches = [_batch(number + place, came) for place in range(each)]
        client.ingest(batches)
        number += each
    taken = (number - 1) / (time.time() - start)
    time.sleep(5)
    over.set()
    watch.join()
    sending.close()
    return came, taken


def _batch(number: int, came: dict[str, float]) -> dict[str, object]:
    now = time.time()
    enters = number % round(1 / _ENTERS) == 0
    mail = f"person{number}@example.com"
    if enters:
        came[hashlib.sha256(mail.encode()).hexdigest()] = now
    what = {"product_action": {"action": "purchase", "products": [{"id": "cup", "price": 3}]}}
    data = {"timestamp_unixtime_ms": int(now * 1_000), **(what if enters else {"event_name": "Visit"})}
    return {
        "mpid": number,
        "source_request_id": f"R-{number}",
        "timestamp_unixtime_ms": int(now * 1_000),
        "user_identities": {"email": mail},
        "events": [{"event_type": "commerce_event" if enters else "custom_event", "data": data}],
    }


def _compared(offered: int, taken: float, came: dict[str, float], notes: Path) -> Latency:
    arrived: dict[str, float] = {}
    for line in notes.read_text().splitlines():
        at, users = json.loads(line)
        for user in users:
            arrived.setdefault(user, at)
    waits = np.array([1e3 * (arrived[user] - at) for user, at in came.items() if user in arrived])
    asked = (50, 90, 99, 100)
    percentiles = {f"p{each}": float(np.percentile(waits, each)) for each in asked} if len(waits) else {}
    return Latency(offered, taken, len(came), percentiles, arrived.keys() >= came.keys())
