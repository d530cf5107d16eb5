"""Connections as people work with them: which audience goes where, and how. Part of the client."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import closing
from typing import Literal, TypeVar

import msgspec

from raudience.catalog.commands import (
    CatalogCommand,
    Configure,
    Connect,
    Departed,
    Disconnect,
    Reconcile,
    Resume,
    Switch,
)
from raudience.catalog.connecting import forwarded
from raudience.catalog.entries import CatalogState
from raudience.catalog.nearest import unknown
from raudience.catalog.outputs import Connection, Departure, Downstream, Output, Value
from raudience.clock import now_ms
from raudience.cluster.asking import decided
from raudience.cluster.engine import Engine
from raudience.cluster.enquiring import Desk
from raudience.cluster.ledgers import Ledgers, beside
from raudience.cluster.reconciling import Reconciliation, reconciled
from raudience.cluster.secrets import Secrets
from raudience.cluster.statuses import ListRow, list_rows
from raudience.criteria.text import fold
from raudience.errors import Fault, FixDefinition, FixRequest
from raudience.forward.comparing import Found
from raudience.forward.partner import Setting
from raudience.forward.register import partner_of
from raudience.forward.settings import faults_of, filled

__all__ = ["Connected", "ConnectionRow", "Connections"]

Known = TypeVar("Known", Connection, Departure, Output)


class ConnectionRow(msgspec.Struct, frozen=True):
    """One line of the list of connections. name: what the partner calls the audience; fault: why it is stopped."""

    name: str
    partner: str
    fault: str | None
    connection: Connection


class Connected(msgspec.Struct, frozen=True):
    """What came of connecting one audience of many: the id of its connection, or what is wrong."""

    audience: str
    variation: str | None
    connection: str | None
    faults: tuple[Fault, ...] = ()


class Connections:
    """The connections of one engine. by: who asks. Every method that changes something returns when that lasts, and
    raises FixDefinition with every fault of what was asked; then nothing has changed."""

    def __init__(self, engine: Engine, by: str) -> None:
        self._engine, self._by = engine, by

    def rows(self, audience: str | None = None, output: str | None = None) -> list[ConnectionRow]:
        """The list of connections, the earliest first: all, or those of an audience, of an output, or of both."""
        catalog = self._engine.catalog()
        return [
            _row(catalog, each)
            for each in catalog.connections.values()
            if audience in (None, each.audience) and output in (None, each.output)
        ]

    def row(self, connection: str) -> ConnectionRow:
        """The line of one connection. Raises FixRequest when there is none."""
        catalog = self._engine.catalog()
        return _row(catalog, _known(connection, catalog.connections))

    def connect(
        self,
        audience: str,
        output: str,
        variation: str | None = None,
        settings: Mapping[str, Value] | None = None,
        active: bool = True,
        flush: int | None = None,
        attributes: Collection[str] = (),
    ) -> ConnectionRow:
        """Send an active audience, or one variation of its A/B test, to an output. settings: of the partner's table for
        connections. active: it sends from now on. flush: milliseconds for which changes are gathered. attributes: names
        of user attributes that go along."""
        asked = Connect(self._by, audience, output, variation, dict(settings or {}), active, flush, tuple(attributes))
        table = self._table(output)
        wrong = [*faults_of(table, asked.settings), *self._untaken(output, attributes)]
        command = msgspec.structs.replace(asked, settings=filled(table, asked.settings))
        catalog = decided(self._engine, command, wrong)
        return _row(catalog, _made(catalog, command))

    def connect_all(
        self,
        audiences: Iterable[str | tuple[str, str | None]],
        output: str,
        settings: Mapping[str, Value] | None = None,
        active: bool = True,
        flush: int | None = None,
        attributes: Collection[str] = (),
    ) -> list[Connected]:
        """Connect many audiences, or audiences with a variation, with one set of settings. Those that cannot be
        connected are told with what is wrong; the others stand (semantics 178, 179)."""

        def connect(audience: str, variation: str | None) -> Connected:
            try:
                row = self.connect(audience, output, variation, settings, active, flush, attributes)
            except FixDefinition as error:
                return Connected(audience, variation, None, error.faults)
            return Connected(audience, variation, row.connection.id)

        whole = ((each, None) if isinstance(each, str) else each for each in audiences)
        return [connect(*each) for each in dict.fromkeys(whole)]

    def disconnect(self, connection: str, downstream: Downstream = "keep") -> None:
        """Send no more. What the partner holds is kept, or removed; the forwarder sees to that."""
        self._decide(Disconnect(self._by, connection, downstream))

    def switch(self, connection: str, active: bool) -> ConnectionRow:
        """Send, or do not; what changed meanwhile is sent when it is active again."""
        return self._changed(Switch(self._by, connection, active), connection)

    def configure(
        self,
        connection: str,
        settings: Mapping[str, Value] | None = None,
        flush: int | Literal["default"] | None = None,
        attributes: Collection[str] | None = None,
    ) -> ConnectionRow:
        """Other properties; what is not named stays, also of the settings. flush: "default" is as its partner has
        it."""
        before = self.row(connection).connection
        whole = None if settings is None else {**before.settings, **settings}
        wrong = [] if whole is None else faults_of(self._table(before.output), whole)
        wrong += self._untaken(before.output, attributes or ())
        chosen = None if attributes is None else tuple(attributes)
        return self._changed(Configure(self._by, connection, whole, flush, chosen), connection, wrong)

    def resume(self, connection: str) -> None:
        """The cause of its fault is gone: go on. Also for one that is no more and has something left downstream."""
        self._decide(Resume(self._by, connection))

    def status(self, connection: str | None = None, instead: Mapping[str, str] | None = None) -> list[ListRow]:
        """The lists of one connection, or of all, as their partners tell it: a list that is being worked on or is too
        small is no fault. instead: another address for that of a partner, for tests and proxies. Raises FixRequest
        without the key for secrets, or when the engine does not last."""
        catalog = self._engine.catalog()
        with closing(Desk(instead)) as desk:
            return list(list_rows(catalog, self._chosen(catalog, connection), self._ledgers(), Secrets(), desk))

    def reconcile(self, connection: str, tell: Callable[[Found], object] = lambda _: None) -> Reconciliation:
        """What the partner should hold against what it has acknowledged; nothing is sent. tell: hears of each
        difference. Raises FixRequest when the engine does not last."""
        catalog = self._engine.catalog()
        return reconciled(self._engine, catalog, _known(connection, catalog.connections), self._ledgers(), tell)

    def repair(self, connection: str, again: bool = False) -> None:
        """Have the forwarder look at everybody once more, whenever it is at work, and send the difference. again: send
        the rest once more as well, for a list that others have changed at the partner."""
        self._decide(Reconcile(self._by, connection, again))

    def departed(self) -> tuple[Departure, ...]:
        """Connections that are no more, of which something may be left downstream; the earliest first."""
        return tuple(self._engine.catalog().departed.values())

    def forget(self, connection: str) -> None:
        """See to nothing downstream of a connection that is no more: what the partner holds is left to you. Raises
        FixRequest when there is none."""
        _known(connection, self._engine.catalog().departed)
        self._decide(Departed(self._by, connection))

    def _ledgers(self) -> Ledgers:
        return Ledgers(beside(self._engine.keepsake))

    def _chosen(self, catalog: CatalogState, connection: str | None) -> list[Connection]:
        """One connection, or all."""
        return list(catalog.connections.values()) if connection is None else [_known(connection, catalog.connections)]

    def _table(self, output: str) -> tuple[Setting, ...]:
        """Settings of connections to an output. Raises FixRequest when there is none."""
        return partner_of(_known(output, self._engine.catalog().outputs, "output").partner).connection_settings

    def _untaken(self, output: str, attributes: Collection[str]) -> list[Fault]:
        """Attributes for a partner that takes none."""
        partner = partner_of(_known(output, self._engine.catalog().outputs, "output").partner)
        if partner.whole or not attributes:
            return []
        expected, hint = f"none: {partner.name} takes identities alone", "leave them out"
        return [Fault("attributes", expected, ", ".join(f"`{name}`" for name in attributes), hint)]

    def _changed(self, command: Switch | Configure, connection: str, wrong: Collection[Fault] = ()) -> ConnectionRow:
        catalog = decided(self._engine, command, wrong)
        return _row(catalog, catalog.connections[connection])

    def _decide(self, command: CatalogCommand) -> None:
        self._engine.decide(command, now_ms())


def _row(catalog: CatalogState, connection: Connection) -> ConnectionRow:
    fault = None if connection.stop is None else str(connection.stop)
    return ConnectionRow(forwarded(catalog, connection), catalog.outputs[connection.output].partner, fault, connection)


def _made(catalog: CatalogState, command: Connect) -> Connection:
    """The connection that a command has made: a variation is found as names are compared."""
    variation = fold((command.variation or "").strip())
    return next(
        each
        for each in catalog.connections.values()
        if (each.audience, each.output, fold(each.variation or "")) == (command.audience, command.output, variation)
    )


def _known(key: str, known: Mapping[str, Known], what: str = "connection") -> Known:
    """What has a key. Raises FixRequest when nothing has."""
    if key not in known:
        expected = "the id of a connection" if what == "connection" else f"the key of an {what}"
        raise FixRequest(str(unknown(what, expected, key, known)))
    return known[key]
