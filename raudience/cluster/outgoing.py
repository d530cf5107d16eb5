"""All connections of an engine at work: they begin and end as the catalog says, take turns, and tell their faults."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import urlsplit

from raudience.catalog.commands import Departed, Fault
from raudience.catalog.connecting import forwarded
from raudience.catalog.entries import CatalogState
from raudience.catalog.outputs import Connection, Departure, Output
from raudience.clock import SECOND, now_ms
from raudience.cluster.engine import Engine
from raudience.cluster.forwarding import Forwarder, Link, Source, Surroundings
from raudience.cluster.keepsakes import Keepsake
from raudience.cluster.ledgers import beside, log_name
from raudience.cluster.objects import SCHEMES, Objects
from raudience.cluster.secrets import Secrets
from raudience.cluster.sources import AudienceSource, Feed, Nobody
from raudience.cluster.wire import Wire
from raudience.forward.buckets import Bucket
from raudience.forward.entries import Entry, Faulted
from raudience.forward.identities import names_of
from raudience.forward.partner import Partner, Request, Response
from raudience.forward.register import partner_of

__all__ = ["Outgoing", "outgoing_of"]

_LOG: Final = logging.getLogger(__name__)
_TURN: Final = 20
"""Steps that a connection makes before the next one has its turn."""
_AGAIN: Final = SECOND
"""Milliseconds after which it is tried again to see to what is left downstream."""
_PAUSE: Final = 0.25
"""Seconds between two looks at an engine in which nothing happens."""
_NONCE_BYTES: Final = 16
_CHANCES: Final = 1 << 32


class Outgoing:
    """partner_of: a partner by its id. opened: all settings of an output, secrets too. send: makes a request; None when
    no answer came. keepsake: where the logs of the connections are; None keeps them in memory alone. chance: in [0, 1),
    spreads attempts."""

    def __init__(
        self,
        engine: Engine,
        partner_of: Callable[[str], Partner],
        opened: Callable[[Output], Mapping[str, str | bool | int]],
        send: Callable[[Request], Response | None],
        keepsake: Keepsake | None = None,
        clock: Callable[[], int] = now_ms,
        chance: Callable[[], float] | None = None,
    ) -> None:
        self._engine, self._partner_of, self._opened = engine, partner_of, opened
        self._send, self._keepsake, self._clock, self._chance = send, keepsake, clock, chance or _chance
        self._feed = Feed(engine)
        self._forwarders: dict[str, Forwarder] = {}
        self._leaving: dict[str, Forwarder] = {}
        self._sources: dict[str, AudienceSource] = {}
        self._known: dict[str, tuple[Output, Mapping[str, str | bool | int]]] = {}
        self._buckets: dict[str, dict[str, Bucket]] = {}

    def work(self) -> int | None:
        """Let every connection have its turn; the instant at which the first of them goes on, None when all wait for
        something to happen."""
        self._feed.refresh()
        catalog = self._engine.catalog()
        self._retire(catalog)
        if catalog.departed:
            for key in catalog.departed:
                self._part(catalog, key)
            catalog = self._engine.catalog()
        self._follow(catalog)
        found = [self._turn(catalog.connections[key], forwarder) for key, forwarder in self._forwarders.items()]
        found += [self._clock() + _AGAIN for _ in catalog.departed]
        return min((at for at in found if at is not None), default=None)

    def settle(self, most: int = 100_000) -> bool:
        """Work until every connection waits for something to happen, or is faulted; False when `most` turns or a wait
        for time come before that."""
        for _ in range(most):
            following = self.work()
            if following is None:
                return True
            if following > self._clock():
                return False
        return False

    def run(self, until: Callable[[], bool]) -> None:
        """Work until somebody says that it is enough."""
        pause = threading.Event()
        while not until():
            following = self.work()
            if following is None or following > self._clock():
                pause.wait(_PAUSE)

    def due(self, at: int) -> bool:
        """Whether an instant has come."""
        return at <= self._clock()

    def backlog(self) -> dict[str, int]:
        """For each connection, users who have to be looked at or sent."""
        return {key: forwarder.connection.backlog for key, forwarder in self._forwarders.items()}

    def held(self) -> dict[str, dict[str, int]]:
        """For each connection and kind of identity, values that the partner has acknowledged."""
        return {
            key: {kind: len(held) for kind, held in forwarder.connection.held.items()}
            for key, forwarder in self._forwarders.items()
        }

    def close(self) -> None:
        for forwarder in (*self._forwarders.values(), *self._leaving.values()):
            forwarder.close()
        self._forwarders, self._leaving = {}, {}

    def _retire(self, catalog: CatalogState) -> None:
        """End what is no more, or does not send."""
        for key in list(self._forwarders):
            if key in catalog.departed:
                self._leaving[key] = self._forwarders.pop(key)
            elif key not in catalog.connections or not catalog.connections[key].active:
                self._forwarders.pop(key).close()

    def _follow(self, catalog: CatalogState) -> None:
        """Begin what is new, and heed what has changed. A list that is about to go is not adopted by another."""
        going = {(each.connection.output, each.forwarded) for each in catalog.departed.values()}
        for key, connection in catalog.connections.items():
            if not connection.active:
                continue
            link = self._link(catalog, connection)
            if key not in self._forwarders and (connection.output, link.name) not in going:
                self._sources[key] = self._source(catalog, connection)
                self._forwarders[key] = self._begun(catalog, connection, link)
            elif key in self._forwarders:
                self._sources[key].here = catalog.audiences[connection.audience].in_force > 0
                self._forwarders[key].change(link)

    def _turn(self, connection: Connection, forwarder: Forwarder) -> int | None:
        """Some steps of one connection."""
        fault = forwarder.connection.fault
        if fault is not None:
            self._tell(connection, forwarder, fault)
        following: int | None = self._clock()
        for _ in range(_TURN):
            following = forwarder.work()
            if following is None or following > self._clock():
                break
        fault = forwarder.connection.fault
        if fault is not None:
            self._tell(connection, forwarder, fault)
        return following

    def _tell(self, connection: Connection, forwarder: Forwarder, fault: Faulted) -> None:
        """A fault is told to the catalog, and ends when somebody there says so."""
        if connection.resumed >= fault.at:
            forwarder.resume()
        elif connection.stop is None or connection.stop.at < fault.at:
            failure = fault.failure
            kind = type(failure).__name__
            told = Fault("", connection.id, kind, failure.status, failure.code, failure.text, fault.at)
            self._engine.decide(told, self._clock())

    def _part(self, catalog: CatalogState, key: str) -> None:
        """See to what a connection that is no more has left downstream."""
        departure = catalog.departed[key]
        output = catalog.outputs[departure.connection.output]
        partner = self._partner_of(output.partner)
        settings = {**self._settings(output), **departure.connection.settings}
        link = _link(departure.connection, departure.forwarded, settings)
        if key not in self._leaving:
            self._leaving[key] = self._forwarder(link, partner, Nobody(), output)
        forwarder = self._leaving[key]
        forwarder.leave(link, Nobody())
        if departure.ending == "keep" or self._left(forwarder, departure):
            self._leaving.pop(key).close()
            if self._keepsake is not None:
                self._keepsake.keeper(log_name(key), Entry).remove()
                self._keepsake.failpoint("after forgetting")
            self._engine.decide(Departed("", key), self._clock())

    def _left(self, forwarder: Forwarder, departure: Departure) -> bool:
        """Delete the lists as the partner's policy says, or take everybody off them; whether that is done."""
        if departure.ending == "deleted":
            return forwarder.end(departure.at)
        forwarder.refill()
        for _ in range(_TURN):
            following = forwarder.work()
            if following is None:
                return forwarder.connection.fault is None
        return False

    def _source(self, catalog: CatalogState, connection: Connection) -> AudienceSource:
        names = names_of(self._partner_of(catalog.outputs[connection.output].partner).identities)
        entry = catalog.audiences[connection.audience]
        source = AudienceSource(
            self._engine, self._feed, connection.audience, names, entry.experiment, connection.variation
        )
        source.here = entry.in_force > 0
        return source

    def _begun(self, catalog: CatalogState, connection: Connection, link: Link) -> Forwarder:
        output = catalog.outputs[connection.output]
        _LOG.info("connection %s begins", link.id)
        return self._forwarder(link, self._partner_of(output.partner), self._sources[connection.id], output)

    def _forwarder(self, link: Link, partner: Partner, source: Source, output: Output) -> Forwarder:
        kept, world = self._keepsake, self._world(output, partner)
        if kept is None:
            return Forwarder(link, partner, source, world)
        return Forwarder(link, partner, source, world, kept.keeper(log_name(link.id), Entry), kept.failpoint)

    def _world(self, output: Output, partner: Partner) -> Surroundings:
        """Every connection of an account shares its buckets."""
        kinds = ("members", "write", "read")
        limits = partner.bounds(self._settings(output))
        buckets = self._buckets.setdefault(output.key, {kind: Bucket(limits.requests, limits.window) for kind in kinds})
        return Surroundings(self._send, self._clock, self._chance, lambda: os.urandom(_NONCE_BYTES).hex(), buckets)

    def _link(self, catalog: CatalogState, connection: Connection) -> Link:
        output = catalog.outputs[connection.output]
        settings = {**self._settings(output), **connection.settings}
        return _link(connection, forwarded(catalog, connection), settings)

    def _settings(self, output: Output) -> Mapping[str, str | bool | int]:
        """Settings of an output, opened when they are new."""
        known = self._known.get(output.key)
        if known is None or known[0] != output:
            known = self._known[output.key] = (output, self._opened(output))
        return known[1]


def _link(connection: Connection, name: str, settings: dict[str, str | bool | int]) -> Link:
    wishes = (connection.recheck, connection.resend)
    return Link(connection.id, name, settings, connection.audience, connection.variation, connection.flush, *wishes)


def _chance() -> float:
    return int.from_bytes(os.urandom(4)) / _CHANCES


def outgoing_of(engine: Engine, instead: Mapping[str, str] | None = None) -> Outgoing:
    """All connections of an engine, with the secrets of this environment, over HTTP and to files; their logs lie beside
    the state of the engine. instead: see `wire.Wire`."""
    return Outgoing(engine, partner_of, Secrets().settings, _Sender(instead).send, beside(engine.keepsake))


class _Sender:
    """Sends a request to where its address says."""

    def __init__(self, instead: Mapping[str, str] | None) -> None:
        self._instead, self._objects = instead, Objects()
        self._wire: Wire | None = None

    def send(self, request: Request) -> Response | None:
        if urlsplit(request.url).scheme in SCHEMES:
            return self._objects.send(request)
        self._wire = self._wire or Wire(self._instead)
        return self._wire.send(request)
