"""All connections of an engine at work, or those of some outputs: they begin and end as the catalog says, take turns,
and tell their faults."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from typing import Final

from raudience.catalog.commands import Departed, Fault
from raudience.catalog.connecting import forwarded
from raudience.catalog.entries import CatalogState
from raudience.catalog.outputs import Connection, Departure, Output
from raudience.clock import SECOND, now_ms
from raudience.cluster.calling import Surroundings, fresh_nonce
from raudience.cluster.engine import Engine
from raudience.cluster.forwarding import Forwarder, Link
from raudience.cluster.hands import Hands
from raudience.cluster.keepsakes import Keepsake
from raudience.cluster.ledgers import Ledgers, beside, log_name
from raudience.cluster.secrets import Secrets
from raudience.cluster.setbacks import Setbacks
from raudience.cluster.sources import AudienceSource, Feed, Nobody, Source, attributes_of, is_here, source_of
from raudience.cluster.wire import Wire
from raudience.errors import RaudienceError, Superseded
from raudience.forward.buckets import Bucket
from raudience.forward.entries import Entry, Listed
from raudience.forward.figures import Figures
from raudience.forward.identities import names_of
from raudience.forward.partner import Partner, Request, RequestKind, Response
from raudience.forward.register import partner_of

__all__ = ["Outgoing", "outgoing_of"]

_LOG: Final = logging.getLogger(__name__)
_TURN: Final = 20
"""Steps that a connection makes before the next one has its turn."""
_PAUSE: Final = 0.25
"""Seconds between two looks at an engine in which nothing happens."""
_SHORTLY: Final = 0.02
"""Seconds in which most turns end."""
_CHANCES: Final = 1 << 32
_KINDS: Final[tuple[RequestKind, ...]] = ("members", "write", "read")


class _Seat:
    """A connection at work. departure: it is no more, and something may be left downstream. turn: under way; following:
    what came of the last one. ended: nothing is left to do."""

    def __init__(self, connection: Connection, source: Source, forwarder: Forwarder) -> None:
        self.connection, self.source, self.forwarder = connection, source, forwarder
        self.departure: Departure | None = None
        self.turn: Future[int | None] | None = None
        self.following: int | None = 0
        self.ended = False


class Outgoing:
    """partner_of: a partner by its id. opened: all settings of an output, secrets too. send: makes a request; None when
    no answer came. keepsake: where the logs of the connections are; None keeps them in memory alone. chance: in [0, 1),
    spreads attempts. hands: carry out the turns. outputs: keys of those that are seen to; None: all."""

    def __init__(
        self,
        engine: Engine,
        partner_of: Callable[[str], Partner],
        opened: Callable[[Output], Mapping[str, str | bool | int]],
        send: Callable[[Request], Response | None],
        keepsake: Keepsake | None = None,
        clock: Callable[[], int] = now_ms,
        chance: Callable[[], float] | None = None,
        hands: Hands | None = None,
        outputs: Collection[str] | None = None,
    ) -> None:
        self._hands = hands or Hands()
        self._engine, self._partner_of, self._opened = engine, partner_of, opened
        self._send, self._together = self._hands.outside(send), self._hands.together(send)
        self._keepsake, self._clock = keepsake, clock
        self._chance, self._outputs, self._closing = chance or _chance, outputs, False
        self._feed = Feed(engine)
        self._seats: dict[str, _Seat] = {}
        self._setbacks = Setbacks()
        self._known: dict[str, tuple[Output, Mapping[str, str | bool | int]]] = {}
        self._buckets: dict[str, dict[RequestKind, Bucket]] = {}

    def work(self, hurry: bool = False) -> int | None:
        """Let every connection have its turn; the instant at which the first of them goes on, None when all wait for
        something to happen. hurry: what is gathered for later goes now."""
        with self._hands.floor:
            self._feed.refresh()
            catalog = self._engine.catalog()
            self._retire(catalog)
            self._part(catalog)
            self._follow(catalog, hurry)
            seats = [seat for seat in self._seats.values() if seat.turn is None]
        for seat in seats:
            seat.turn = self._hands.begin(partial(self._turn, seat))
        if self._under_way():
            self.rest(_SHORTLY)
        with self._hands.floor:
            # Whose name was kept free for one that has ended begins in the next pass.
            found: list[int | None] = [self._clock()] if self._gather() else []
            found += [seat.following for seat in self._seats.values() if seat.turn is None]
        if self._under_way():
            found.append(self._clock() + int(_PAUSE * SECOND))
        return min((at for at in found if at is not None), default=None)

    def settle(self, most: int = 100_000) -> bool:
        """Work until every connection waits for something to happen, or is faulted; False when `most` turns or a wait
        for time come before that, or one has had a setback. What is gathered for later goes now."""
        for _ in range(most):
            following = self.work(hurry=True)
            if following is None:
                return not self._setbacks.texts()
            if self._under_way():
                self.rest()
            elif following > self._clock():
                return False
        return False

    def run(self, until: Callable[[], bool]) -> None:
        """Work until somebody says that it is enough."""
        while not until():
            following = self.work()
            if following is None or not self.due(following):
                self.rest()

    def rest(self, seconds: float = _PAUSE) -> None:
        """Wait for so long, or until an answer has come."""
        self._hands.rest(self._under_way(), seconds)

    def due(self, at: int) -> bool:
        """Whether an instant has come."""
        return at <= self._clock()

    @property
    def busy(self) -> bool:
        """Whether answers are waited for."""
        return bool(self._under_way())

    def troubles(self) -> dict[str, str]:
        """Connections that something unforeseen has stopped; they are tried again."""
        return self._setbacks.texts()

    def figures(self) -> tuple[Figures, ...]:
        """How every connection stands, also those that are no more and have something left downstream."""
        with self._hands.floor:
            now = self._clock()
            return tuple(seat.forwarder.figures(seat.connection.output, now) for seat in self._seats.values())

    def backlog(self) -> dict[str, int]:
        """For each connection, users who have to be looked at or sent."""
        return {each.connection: each.backlog for each in self.figures()}

    def held(self) -> dict[str, dict[str, int]]:
        """For each connection and kind of identity, values that the partner has acknowledged."""
        return {each.connection: each.held for each in self.figures()}

    def close(self) -> None:
        """Wait for the answers that are still to come, and let go of the logs."""
        self._closing = True
        self._hands.close()
        for seat in self._seats.values():
            seat.forwarder.close()
        self._seats = {}

    def _under_way(self) -> list[Future[int | None]]:
        return [seat.turn for seat in self._seats.values() if seat.turn is not None and not seat.turn.done()]

    def _gather(self) -> bool:
        """Take in the turns that have ended; whether a connection has ended for good."""
        before = len(self._seats)
        for key, seat in list(self._seats.items()):
            if seat.turn is not None and seat.turn.done():
                ended, seat.turn = seat.turn, None
                self._guarded(seat.connection, partial(self._take_in, key, seat, ended))
        return len(self._seats) < before

    def _take_in(self, key: str, seat: _Seat, ended: Future[int | None]) -> None:
        seat.following = ended.result()
        self._setbacks.over(key)
        if seat.ended:
            del self._seats[key]

    def _guarded(self, connection: Connection, see_to: Callable[[], None]) -> None:
        """See to a connection. What is raised stops this one: it rests, and begins again with what its log says. Raises
        Superseded: then nobody here has a say."""
        if self._setbacks.rests(connection.id, self._clock()):
            return
        try:
            see_to()
        except Superseded:
            raise
        except Exception as error:
            if self._keepsake is None:
                raise
            self._setbacks.note(connection, error, self._clock())
            seat = self._seats.pop(connection.id, None)
            if seat is not None:
                with suppress(RaudienceError):
                    seat.forwarder.close()

    def _is_ours(self, connection: Connection) -> bool:
        return self._outputs is None or connection.output in self._outputs

    def _retire(self, catalog: CatalogState) -> None:
        """End what is no more, or does not send. What has its turn is left alone."""
        for key in [key for key, seat in self._seats.items() if seat.turn is None]:
            if not _is_wanted(catalog, key):
                self._seats.pop(key).forwarder.close()
        for key in self._setbacks.connections():
            if not _is_wanted(catalog, key):
                self._setbacks.over(key)

    def _part(self, catalog: CatalogState) -> None:
        """See to what connections that are no more have left downstream."""
        for key, departure in catalog.departed.items():
            seat = self._seats.get(key)
            if not self._is_ours(departure.connection) or (seat is not None and seat.turn is not None):
                continue
            self._guarded(departure.connection, partial(self._see_off, catalog, departure))

    def _see_off(self, catalog: CatalogState, departure: Departure) -> None:
        key, output = departure.connection.id, catalog.outputs[departure.connection.output]
        seat = self._seats.get(key)
        link = self._link(output, departure.connection, departure.forwarded, hurry=True)
        if seat is None:
            seat = self._seats[key] = self._begun(departure.connection, link, output, Nobody())
        if seat.departure is None and departure.ending == "remove":
            seat.forwarder.leave(link, Nobody())
            seat.forwarder.refill()
        seat.forwarder.leave(link, Nobody())
        seat.connection, seat.departure = departure.connection, departure

    def _follow(self, catalog: CatalogState, hurry: bool) -> None:
        """Begin what is new, and heed what has changed. A list that is about to go is not adopted by another, and
        nobody gets its name before."""
        going = {(each.connection.output, each.forwarded) for each in catalog.departed.values()}
        for key, connection in catalog.connections.items():
            seat = self._seats.get(key)
            if not connection.active or not self._is_ours(connection) or (seat is not None and seat.turn is not None):
                continue
            output, name = catalog.outputs[connection.output], forwarded(catalog, connection)
            if (connection.output, name) in going:
                if seat is None:
                    continue
                name = seat.forwarder.link.name
            self._guarded(connection, partial(self._heed, catalog, connection, output, name, hurry))

    def _heed(self, catalog: CatalogState, connection: Connection, output: Output, name: str, hurry: bool) -> None:
        key, link = connection.id, self._link(output, connection, name, hurry)
        seat = self._seats.get(key)
        if seat is None:
            _LOG.info("connection %s begins", key)
            source = self._source(catalog, connection)
            self._seats[key] = self._begun(connection, link, output, source)
            return
        seat.connection = connection
        if isinstance(seat.source, AudienceSource):
            seat.source.here, seat.source.attributes = is_here(catalog, connection), link.attributes
        seat.forwarder.change(link)

    def _turn(self, seat: _Seat) -> int | None:
        """Some steps of one connection. A fault ends when somebody says so, and is told once."""
        fault = seat.forwarder.connection.fault
        if fault is not None and seat.connection.resumed >= fault.at:
            seat.forwarder.resume()
        following = self._steps(seat.forwarder) if seat.departure is None else self._left(seat, seat.departure)
        self._tell(seat)
        return following

    def _steps(self, forwarder: Forwarder) -> int | None:
        following: int | None = None
        for _ in range(_TURN):
            following = forwarder.work()
            if following is None or following > self._clock() or self._closing:
                break
        return following

    def _tell(self, seat: _Seat) -> None:
        """Have the catalog know of a fault."""
        fault, stop = seat.forwarder.connection.fault, seat.connection.stop
        if fault is None or fault.at <= max(seat.connection.resumed, 0 if stop is None else stop.at):
            return
        failure = fault.failure
        kind = type(failure).__name__
        told = Fault("", seat.connection.id, kind, failure.status, failure.code, failure.text, fault.at)
        self._engine.decide(told, self._clock())

    def _left(self, seat: _Seat, departure: Departure) -> int | None:
        """Delete the lists as the partner's policy says, or take everybody off them, and be done."""
        forwarder = seat.forwarder
        if departure.ending == "remove":
            following = self._steps(forwarder)
            done = following is None and forwarder.connection.fault is None
        else:
            done = departure.ending == "keep" or forwarder.end(departure.at)
            following = None if forwarder.connection.fault is not None else max(forwarder.waits, self._clock() + 1)
        if done:
            self._end(seat)
        return self._clock() if done else following

    def _end(self, seat: _Seat) -> None:
        """Nothing is left downstream: what was kept of it goes, and the catalog knows."""
        key, seat.ended = seat.connection.id, True
        seat.forwarder.close()
        if self._keepsake is not None:
            self._keepsake.keeper(log_name(key), Entry).remove()
            self._keepsake.failpoint("after forgetting")
        self._engine.decide(Departed("", key), self._clock())

    def _source(self, catalog: CatalogState, connection: Connection) -> AudienceSource:
        names = names_of(self._partner_of(catalog.outputs[connection.output].partner).identities)
        return source_of(self._engine, self._feed, catalog, connection, names)

    def _begun(self, connection: Connection, link: Link, output: Output, source: Source) -> _Seat:
        partner, kept = self._partner_of(output.partner), self._keepsake
        world = self._world(output, partner, connection.id)
        if kept is None:
            return _Seat(connection, source, Forwarder(link, partner, source, world))
        keeper = kept.keeper(log_name(link.id), Entry)
        return _Seat(connection, source, Forwarder(link, partner, source, world, keeper, kept.failpoint))

    def _world(self, output: Output, partner: Partner, connection: str) -> Surroundings:
        """Every connection of an account shares its buckets."""
        limits = partner.bounds(self._settings(output))
        rates = {kind: limits.rate(kind) for kind in _KINDS}
        buckets = self._buckets.setdefault(
            output.key, {kind: Bucket(rate.requests, rate.window) for kind, rate in rates.items()}
        )
        others = partial(self._lists_of_others, output, connection)
        return Surroundings(self._send, self._clock, self._chance, fresh_nonce, buckets, self._together, others)

    def _lists_of_others(self, output: Output, key: str) -> set[str]:
        """Ids of the lists that all connections but one have at an account, also those that do not send now."""
        catalog = self._engine.catalog()
        every = catalog.connections | {other: each.connection for other, each in catalog.departed.items()}
        mine = catalog.outputs.get(output.key, output)
        others = [(catalog.outputs[each.output], each) for other, each in every.items() if other != key]
        return {listed.list_id for at, each in others if _same_account(at, mine) for listed in self._lists(at, each)}

    def _lists(self, output: Output, connection: Connection) -> Collection[Listed]:
        seat = self._seats.get(connection.id)
        if seat is not None:
            return seat.forwarder.connection.lists.values()
        if self._keepsake is None:
            return ()
        partner = self._partner_of(output.partner)
        return Ledgers(self._keepsake).read(connection.id, partner, output.settings).lists.values()

    def _link(self, output: Output, connection: Connection, name: str, hurry: bool) -> Link:
        settings = {**self._settings(output), **connection.settings}
        flush = self._partner_of(output.partner).flush if connection.flush is None else connection.flush
        flush, wishes = 0 if hurry else flush, (connection.recheck, connection.resend)
        attributes = attributes_of(self._engine, connection)
        return Link(
            connection.id, name, settings, connection.audience, connection.variation, flush, *wishes, attributes
        )

    def _settings(self, output: Output) -> Mapping[str, str | bool | int]:
        """Settings of an output, opened when they are new."""
        known = self._known.get(output.key)
        if known is None or known[0] != output:
            known = self._known[output.key] = (output, self._opened(output))
        return known[1]


def _is_wanted(catalog: CatalogState, key: str) -> bool:
    known = catalog.connections.get(key)
    return key in catalog.departed or (known is not None and known.active)


def _same_account(one: Output, other: Output) -> bool:
    """Whether two outputs may have the same lists. What is elsewhere is not read: it may be much."""
    return (one.partner, one.settings) == (other.partner, other.settings)


def _chance() -> float:
    return int.from_bytes(os.urandom(4)) / _CHANCES


def outgoing_of(
    engine: Engine,
    instead: Mapping[str, str] | None = None,
    hands: Hands | None = None,
    outputs: Collection[str] | None = None,
    secrets: Secrets | None = None,
) -> Outgoing:
    """All connections of an engine, or those of some outputs, over HTTP and to files; their logs lie beside the state
    of the engine. instead: see `wire.Wire`. secrets: those of this environment, unless others are given."""
    opened, kept = (secrets or Secrets()).settings, beside(engine.keepsake)
    return Outgoing(engine, partner_of, opened, Wire(instead).send, kept, hands=hands, outputs=outputs)
