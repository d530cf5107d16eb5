"""Outputs as people work with them: accounts at partners, their settings and secrets. Part of the client."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import closing

import msgspec

from raudience.catalog.commands import PutOutput, RemoveOutput
from raudience.catalog.connecting import forwarded
from raudience.catalog.nearest import unknown
from raudience.catalog.outputs import Connection, Output, Value
from raudience.catalog.refusing_outputs import output_faults
from raudience.clock import now_ms
from raudience.cluster.asking import decided
from raudience.cluster.engine import Engine
from raudience.cluster.enquiring import Checked, Desk
from raudience.cluster.secrets import Secrets
from raudience.cluster.signing_in import Login, who_signs_in
from raudience.errors import FixDefinition, FixRequest
from raudience.forward.partner import Partner
from raudience.forward.register import partner_of, partners
from raudience.forward.settings import apart, faults_of, filled

__all__ = ["OutputRow", "Outputs"]


class OutputRow(msgspec.Struct, frozen=True):
    """One line of the list of outputs. secrets: names of the secret settings that it has; their values are never told.
    connections: how many there are. faults: what is stopped here, and why."""

    key: str
    name: str
    partner: str
    settings: dict[str, Value]
    secrets: tuple[str, ...]
    connections: int
    faults: tuple[str, ...]
    created_by: str
    created_at: int
    updated_by: str
    updated_at: int


class Outputs:
    """The outputs of one engine. by: who asks. Every method that changes something returns when that lasts, and raises
    FixDefinition with every fault of what was asked; then nothing has changed."""

    def __init__(self, engine: Engine, by: str, secrets: Secrets | None = None) -> None:
        self._engine, self._by, self._secrets = engine, by, secrets or Secrets()

    def partners(self) -> tuple[Partner, ...]:
        """Partners that an output may have, by id."""
        return partners()

    def rows(self) -> list[OutputRow]:
        """The list of outputs, by key."""
        catalog = self._engine.catalog()
        named = [(forwarded(catalog, each), each) for each in catalog.connections.values()]
        named += [(each.forwarded, each.connection) for each in catalog.departed.values()]
        connected = Counter(each.output for each in catalog.connections.values())
        return [_row(each, connected[key], named) for key, each in sorted(catalog.outputs.items())]

    def row(self, key: str) -> OutputRow:
        """The line of one output. Raises FixRequest when there is none."""
        self._output(key)
        return next(each for each in self.rows() if each.key == key)

    def create(self, key: str, partner: str, settings: Mapping[str, Value], name: str | None = None) -> OutputRow:
        """A new output. settings: of the partner's table, the secret ones among them, which are kept encrypted. Raises
        FixRequest for another partner, or when there is no key for the secrets."""
        if key in self._engine.catalog().outputs:
            message = f"key: expected a key of its own, got `{key}`; there is an output of that key: update it"
            raise FixRequest(message)
        return self._put(Output(key, key if name is None else name, partner_of(partner).id), settings)

    def update(self, key: str, settings: Mapping[str, Value] | None = None, name: str | None = None) -> OutputRow:
        """Other settings, secrets or another name; what is not named stays."""
        before = self._output(key)
        named = before if name is None else msgspec.structs.replace(before, name=name)
        return self._put(named, {**before.settings, **(settings or {})})

    def check(self, key: str, instead: Mapping[str, str] | None = None) -> Checked:
        """Whether the partner takes the credentials of an output, and lets them do what outputs do. instead: another
        address for that of a partner, for tests and proxies. Raises FixRequest without the key for its secrets."""
        output, connections = self._output(key), self._engine.catalog().connections.values()
        with closing(Desk(instead)) as desk:
            settings = [each.settings for each in connections if each.output == key]
            return desk.check(partner_of(output.partner), self._secrets.settings(output), settings)

    def login(
        self,
        key: str,
        partner: str | None = None,
        settings: Mapping[str, Value] | None = None,
        callback: str | None = None,
        name: str | None = None,
        instead: Mapping[str, str] | None = None,
    ) -> Login:
        """Let a user sign in at the partner of an output, or at that of a new one. settings: those of the app among
        them; an output that is there has them already. callback: where the browser goes afterwards; None: the partner
        shows a PIN. Nothing is kept before `save` of what is returned. Raises FixRequest as `save` would, where that
        can be known before."""
        catalog = self._engine.catalog()
        before = catalog.outputs.get(key)
        output = before or Output(key, key, partner_of(partner or "").id)
        output = msgspec.structs.replace(output, partner=partner or output.partner, name=name or output.name)
        found = partner_of(output.partner)
        table, app = found.output_settings, who_signs_in(found).app
        given = {**({} if before is None else self._secrets.settings(before)), **(settings or {})}
        later = {each.name for each in table}.difference(app)
        faults = [*output_faults(catalog, PutOutput(self._by, output)), *faults_of(table, given, later)]
        if faults:
            about = f"login {key}"
            raise FixDefinition(about, tuple(faults))
        # Without a key for secrets nobody should have to sign in first.
        self._secrets.seal(key, apart(table, given)[1])
        return Login(found, given, callback, Desk(instead), lambda whole: self._put(output, whole))

    def remove(self, key: str) -> None:
        """Refused while something is connected to it, or is to be seen to downstream; all of that is named."""
        self._engine.decide(RemoveOutput(self._by, key), now_ms())

    def _put(self, output: Output, given: Mapping[str, Value]) -> OutputRow:
        table = partner_of(output.partner).output_settings
        wrong = faults_of(table, given, output.sealed)
        seen, secret = apart(table, filled(table, given, output.sealed))
        sealed = {} if wrong else self._secrets.seal(output.key, secret)
        whole = msgspec.structs.replace(output, settings=seen, sealed={**output.sealed, **sealed})
        decided(self._engine, PutOutput(self._by, whole), wrong)
        return self.row(output.key)

    def _output(self, key: str) -> Output:
        outputs = self._engine.catalog().outputs
        if key not in outputs:
            raise FixRequest(str(unknown("key", "the key of an output", key, outputs)))
        return outputs[key]


def _row(output: Output, connected: int, named: Iterable[tuple[str, Connection]]) -> OutputRow:
    stopped = [(name, each.stop) for name, each in named if each.output == output.key and each.stop is not None]
    return OutputRow(
        key=output.key,
        name=output.name,
        partner=output.partner,
        settings=output.settings,
        secrets=tuple(sorted(output.sealed)),
        connections=connected,
        faults=tuple(f"{name}: {stop}" for name, stop in stopped),
        created_by=output.created_by,
        created_at=output.created_at,
        updated_by=output.updated_by,
        updated_at=output.updated_at,
    )
