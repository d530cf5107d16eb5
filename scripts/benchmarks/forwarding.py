"""A connect: every member of an audience to X's fake over HTTP, with X's rate and without."""

from __future__ import annotations

import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import msgspec

from raudience.clock import now_ms
from raudience.cluster.calling import Surroundings
from raudience.cluster.forwarding import Forwarder, Link
from raudience.cluster.inline import InlineEngine
from raudience.cluster.keepsakes import Keepsake, Place
from raudience.cluster.sources import AudienceSource, Feed
from raudience.cluster.wire import Wire
from raudience.forward.buckets import Bucket
from raudience.forward.entries import Entry
from raudience.forward.figures import Figures
from raudience.forward.identities import names_of
from raudience.forward.partners.x import X
from scripts.benchmarks.archives import KEY, known_users
from scripts.benchmarks.partner import ANY_RATE, members, serving
from scripts.benchmarks.workload import SIZES

_KEYS = {"account_id": "18ce54d4x5t", "consumer_key": "ck", "consumer_secret": "cs", "token": "tk",
         "token_secret": "ts"}  # fmt: skip
_SETTINGS = _KEYS | {"forward_emails": True, "forward_twitter_handles": True, "forward_device_ids": True}


class Run(msgspec.Struct, frozen=True):
    """Seconds of the wall and of our CPU; requests; share of the time that was spent waiting for the bucket."""

    wall: float
    cpu: float
    requests: int
    throttled: float


class Forwarded(msgspec.Struct, frozen=True):
    """runs: by how the bucket was. allowed: members a second that X takes. ledger: bytes a value."""

    size: str
    members: int
    runs: dict[str, Run]
    allowed: float
    ledger: float
    agreed: bool


def forwarded(size: str) -> Forwarded:
    """The bucket of X's size begins empty, as that of an account that is in use."""
    users, runs, agreed, ledger = SIZES[size].profiles, dict[str, Run](), True, 0.0
    engine, limits = known_users(users), X.limits
    for name, requests in (("X's rate", limits.requests), ("no limit", ANY_RATE)):
        with serving(limited=requests < ANY_RATE) as (address, process), tempfile.TemporaryDirectory(dir=".") as folder:
            forwarder = _forwarder(engine, address, folder, requests)
            runs[name], ledger = _settled(forwarder), forwarder.connection.held["email"].nbytes() / users
            forwarder.close()
            agreed &= members(process) == users
    return Forwarded(size, users, runs, limits.requests * limits.items * 1_000 / limits.window, ledger, agreed)


def _settled(forwarder: Forwarder) -> Run:
    began, cpu = time.perf_counter(), time.process_time()
    while (following := forwarder.work()) is not None:
        time.sleep(max(0, following - now_ms()) / 1_000)
    told: Figures = forwarder.figures("x", now_ms())
    if told.fault is not None:
        message = f"the connection is faulted: {told.fault}"
        raise RuntimeError(message)
    return Run(time.perf_counter() - began, time.process_time() - cpu, told.requests, told.throttled)


def _forwarder(engine: InlineEngine, address: str, folder: str, requests: int) -> Forwarder:
    x, feed, wire = X(), Feed(engine), Wire({"https://ads-api.x.com": address})
    feed.refresh()
    buckets = {kind: Bucket(requests, X.limits.window) for kind in ("members", "write", "read")}
    if requests < ANY_RATE:
        for _ in range(requests):
            buckets["members"].take(now_ms())
    together = partial(_together, ThreadPoolExecutor(8), wire)
    world = Surroundings(wire.send, now_ms, lambda: 0.5, lambda: f"{time.perf_counter_ns()}", buckets, together)  # type: ignore[arg-type]
    source = AudienceSource(engine, feed, KEY, names_of(x.identities), None, None)
    keeper = Keepsake(Place(folder)).keeper("forward-c1", Entry)
    return Forwarder(Link("c1", "Known", _SETTINGS, KEY), x, source, world, keeper)


def _together(pool: ThreadPoolExecutor, wire: Wire, requests: list) -> list:  # type: ignore[type-arg]
    return list(pool.map(wire.send, requests))
