"""`raudience connections`: which audience goes to which output, and how."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any, Final, Literal

from raudience.catalog.outputs import Connection, Value
from raudience.cli import options, reconciling
from raudience.cli.figures import KEY, properties
from raudience.cli.prompting import plain
from raudience.cli.reaching import add_action, reached
from raudience.cli.screen import say, table, tell_json
from raudience.cluster.client import Client
from raudience.cluster.connections import ConnectionRow
from raudience.criteria.dates import write_moment
from raudience.forward.figures import Figures
from raudience.forward.register import partner_of
from raudience.forward.settings import read_texts

__all__ = ["add", "connections"]


def add(commands: Any) -> None:
    """Add the command to those of `raudience`."""
    command = commands.add_parser(
        "connections", help="which audience goes to which output: connect, switch, status, reconcile, resume"
    )
    command.set_defaults(run=connections)
    actions = command.add_subparsers(dest="action", required=True, metavar="ACTION")
    listed = _action(actions, "list", "with their status and faults", key=False)
    listed.add_argument("--audience", metavar="KEY", help="of this audience only")
    listed.add_argument("--output", metavar="KEY", help="to this output only")
    shown = _action(actions, "show", "everything about one of them")
    for each in (listed, shown):
        each.add_argument("--json", action="store_true", help="as JSON, an object a line")
    connected = _action(
        actions, "connect", "send active audiences to an output; those that cannot be are told", key=False
    )
    connected.add_argument("output", metavar="OUTPUT", help="key of the output")
    connected.add_argument("audiences", nargs="+", metavar="AUDIENCE[:VARIATION]", help="key of an audience")
    connected.add_argument("--inactive", action="store_true", help="send nothing until `activate`")
    configured = _action(actions, "configure", "other settings; what is not named stays")
    for each in (connected, configured):
        _of_sending(each)
    gone = _action(actions, "disconnect", "send no more")
    gone.add_argument("--remove", action="store_true", help="have it removed at the partner too (default: kept)")
    for name, text in (
        ("activate", "send"),
        ("deactivate", "send nothing; what changes meanwhile is sent after `activate`"),
        ("resume", "the cause of the fault is gone: go on"),
        ("forget", "see to nothing downstream of one that is no more"),
    ):
        _action(actions, name, text)
    reconciling.describe(
        _action(actions, "status", "lists at partners: size, targetable, and why not", key=False),
        _action(actions, "reconcile", "what partners should hold against what they have acknowledged", key=False),
    )
    _action(actions, "departed", "those that are no more, of which something may be left downstream", key=False)


def connections(asked: argparse.Namespace) -> int:
    with reached(asked) as client:
        if getattr(asked, "connection", None):
            asked.connection = _meant(client, asked.connection)
        return _ACTIONS[asked.action](client, asked)


def _meant(client: Client, start: str) -> str:
    """The id that begins so, if it is a single one: `raudience forward` shows so many letters."""
    known = [row.connection for row in client.connections.rows()]
    known += [each.connection for each in client.connections.departed()]
    found = {each.id for each in known if each.id.startswith(start)} if len(start) >= KEY else set()
    return found.pop() if len(found) == 1 else start


def _of_sending(command: Any) -> None:
    options.settings(command)
    command.add_argument(
        "--flush", type=_milliseconds, metavar="MS",
        help="milliseconds for which changes are gathered; default: as the partner has it",
    )  # fmt: skip
    command.add_argument("--attributes", type=options.names, metavar="NAMES", help="attributes that go along: ltv,city")


def _milliseconds(text: str) -> int | Literal["default"]:
    if text == "default":
        return "default"
    if not (text.isascii() and text.isdecimal()):
        message = f"expected milliseconds, 0 or more, or default; got {text}"
        raise argparse.ArgumentTypeError(message)
    return int(text)


def _action(actions: Any, name: str, text: str, key: bool = True) -> Any:
    return add_action(actions, name, text, ("connection", "ID", "of the connection") if key else None)


def _list(client: Client, asked: argparse.Namespace) -> int:
    rows = client.connections.rows(asked.audience, asked.output)
    if asked.json:
        for row in rows:
            tell_json(row)
        return 0
    lines: list[tuple[str, ...]] = [(*_places(row.connection), _status(row), row.connection.id) for row in rows]
    headings: tuple[str, ...] = ("audience", "variation", "output", "status", "id")
    if known := {each.connection: each for each in client.sent()}:
        headings = (*headings, "left", "oldest", "backfill")
        lines = [(*each, *_left(known.get(each[-1]))) for each in lines]
    table(headings, lines)
    return 0


def _show(client: Client, asked: argparse.Namespace) -> int:
    row = client.connections.row(asked.connection)
    if asked.json:
        tell_json(row)
        return 0
    it = row.connection
    audience, variation, output = _places(it)
    shown = {
        "connection": it.id,
        "audience": f"{audience} {variation}".rstrip(),
        "output": f"{output} ({row.partner})",
        "called there": row.name,
        "status": _status(row),
        "flush": "as the partner has it" if it.flush is None else f"{it.flush} ms",
        "attributes": ", ".join(it.attributes) or "--",
        "created": f"{write_moment(it.created_at)} by {it.created_by or '--'}",
        "updated": f"{write_moment(it.updated_at)} by {it.updated_by or '--'}",
        **{name: plain(value) for name, value in it.settings.items()},
    }
    shown |= {
        name: text for each in client.sent() if each.connection == it.id for name, text in properties(each).items()
    }
    width = max(map(len, shown))
    for name, text in shown.items():
        say(f"{name:<{width}} {text}")
    return 0


def _left(known: Figures | None) -> tuple[str, ...]:
    """As far as it is at work in an actor now."""
    if known is None:
        return ("--", "--", "--")
    told = properties(known)
    return (told["users left"], told["oldest change left"], told["backfill"])


def _connect(client: Client, asked: argparse.Namespace) -> int:
    """0 when all are connected, 2 when some cannot be; the others stand."""
    flush = None if asked.flush == "default" else asked.flush
    how = (_settings(client, asked.output, asked.set), not asked.inactive, flush, asked.attributes or ())
    names = [each.partition(":")[::2] for each in asked.audiences]
    found = client.connections.connect_all([(key, name or None) for key, name in names], asked.output, *how)
    for each in found:
        called = each.audience if each.variation is None else f"{each.audience}:{each.variation}"
        for line in (f"connected ({each.connection})",) if each.connection else map(str, each.faults):
            say(f"{called}: {line}")
    return 0 if all(each.connection for each in found) else 2


def _configure(client: Client, asked: argparse.Namespace) -> int:
    output = client.connections.row(asked.connection).connection.output
    settings = _settings(client, output, asked.set) or None
    return _tell(client.connections.configure(asked.connection, settings, asked.flush, asked.attributes))


def _disconnect(client: Client, asked: argparse.Namespace) -> int:
    client.connections.disconnect(asked.connection, "remove" if asked.remove else "keep")
    say(f"{asked.connection}: disconnected; what the partner holds is {'to be removed' if asked.remove else 'kept'}")
    return 0


def _resume(client: Client, asked: argparse.Namespace) -> int:
    client.connections.resume(asked.connection)
    say(f"{asked.connection}: resumed")
    return 0


def _forget(client: Client, asked: argparse.Namespace) -> int:
    client.connections.forget(asked.connection)
    say(f"{asked.connection}: forgotten")
    return 0


def _departed(client: Client, asked: argparse.Namespace) -> int:
    left = client.connections.departed()
    lines = [(each.forwarded, each.connection.output, each.ending, _stop(each.connection), each.connection.id)
             for each in left]  # fmt: skip
    table(("called there", "output", "ended", "fault", "id"), lines)
    return 0


def _settings(client: Client, output: str, texts: dict[str, str]) -> dict[str, Value]:
    table_of = partner_of(client.outputs.row(output).partner).connection_settings
    return read_texts(table_of, texts)


def _places(connection: Connection) -> tuple[str, str, str]:
    return (connection.audience, connection.variation or "", connection.output)


def _status(row: ConnectionRow) -> str:
    status = "active" if row.connection.active else "inactive"
    return status if row.fault is None else f"{status}, {row.fault}"


def _stop(connection: Connection) -> str:
    return "" if connection.stop is None else str(connection.stop)


def _tell(row: ConnectionRow) -> int:
    audience, variation, output = _places(row.connection)
    say(f"{audience}{':' if variation else ''}{variation} to {output}: {_status(row)}")
    return 0


_ACTIONS: Final[dict[str, Callable[[Client, argparse.Namespace], int]]] = {
    "list": _list,
    "show": _show,
    "connect": _connect,
    "configure": _configure,
    "disconnect": _disconnect,
    "activate": lambda client, asked: _tell(client.connections.switch(asked.connection, True)),
    "deactivate": lambda client, asked: _tell(client.connections.switch(asked.connection, False)),
    "resume": _resume,
    "status": reconciling.status,
    "reconcile": reconciling.reconcile,
    "departed": _departed,
    "forget": _forget,
}
