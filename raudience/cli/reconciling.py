"""`raudience connections status` and `reconcile`: what partners say of their lists, and what they have acknowledged."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from raudience.cli import options
from raudience.cli.screen import say, table, tell_json, waiting
from raudience.cluster.client import Client
from raudience.cluster.connections import ConnectionRow
from raudience.cluster.reconciling import Reconciliation
from raudience.cluster.statuses import ListRow
from raudience.forward.comparing import Difference, Found

__all__ = ["describe", "reconcile", "status"]


def describe(asking: argparse.ArgumentParser, comparing: argparse.ArgumentParser) -> None:
    """Add what both can be told."""
    asking.add_argument("connection", nargs="?", metavar="ID", help="of the connection (default: all)")
    options.instead(asking)
    comparing.add_argument("connections", nargs="*", metavar="ID", help="of connections (default: all)")
    comparing.add_argument(
        "--repair", action="store_true", help="have the forwarder look at everybody once more, and send the difference"
    )
    comparing.add_argument(
        "--resend", action="store_true", help="the same, and send all the rest again: others have changed the list"
    )
    comparing.add_argument("--users", type=Path, metavar="FILE", help="write what differs: MPID, kind and what it is")
    for each in (asking, comparing):
        each.add_argument("--json", action="store_true", help="as JSON, an object a line")


def status(client: Client, asked: argparse.Namespace) -> int:
    """What partners say of their lists. 1 when one does not answer; what cannot be targeted is no fault."""
    rows = client.connections.status(asked.connection, asked.instead)
    if asked.json:
        for row in rows:
            tell_json(row)
    else:
        outputs = {each.connection.id: each.connection.output for each in client.connections.rows()}
        lines = [
            (row.name, outputs.get(row.connection, "--"), f"{row.held:,}", *_standing(row), row.connection)
            for row in rows
        ]
        table(("list", "output", "acknowledged", "size", "targetable", "connection"), lines)
    for row in rows:
        if row.problem and not asked.json:
            say(f"{row.name}: {row.problem}", style="red")
    return 1 if any(row.problem for row in rows) else 0


def _standing(row: ListRow) -> tuple[str, str]:
    if row.status is None:
        return ("--", "--")
    size = "--" if row.status.size is None else f"{row.status.size:,}"
    return (size, "yes" if row.status.targetable else ", ".join(("no", *row.status.reasons)))


def reconcile(client: Client, asked: argparse.Namespace) -> int:
    """1 when something is missing, superfluous or unsure, and nobody was told to repair it."""
    keys = asked.connections or [row.connection.id for row in client.connections.rows()]
    rows = [client.connections.row(key) for key in keys]
    with _written(asked.users) as tell, waiting(asked.json, "comparing ..."):
        found = [client.connections.reconcile(row.connection.id, tell) for row in rows]
    if asked.json:
        for each in found:
            tell_json(each)
    else:
        _tell(rows, found)
    if not (asked.repair or asked.resend):
        return 0 if all(each.is_exact for each in found) else 1
    for row in rows:
        client.connections.repair(row.connection.id, asked.resend)
        if not asked.json:
            say(f"{_called(row)}: {_promise(row, asked.resend)}")
    return 0


@contextmanager
def _written(path: Path | None) -> Iterator[Callable[[Found], object]]:
    """Takes what differs, a line for each."""
    if path is None:
        yield lambda found: None
        return
    with path.open("w", encoding="utf-8") as file:
        file.write("mpid,kind,difference\n")
        yield lambda found: file.write(",".join(map(str, found)) + "\n")


def _tell(rows: list[ConnectionRow], found: list[Reconciliation]) -> None:
    lines = [(_called(row), *_figures(kind)) for row, each in zip(rows, found, strict=True) for kind in each.kinds]
    table(("connection", "kind", "should", "held", "missing", "superfluous", "unsure", "refused"), lines)
    for row, each in zip(rows, found, strict=True):
        for words, count in each.refusals.items():
            say(f"{_called(row)}: {count:,} refused, {words}")
        if each.waiting or each.behind:
            left = f"{each.waiting:,} user(s) to be looked at, {each.behind:,} round(s) of changes to be heard of"
            say(f"{_called(row)}: the forwarder has still {left}")


def _called(row: ConnectionRow) -> str:
    return f"{row.name} to {row.connection.output}"


def _figures(kind: Difference) -> tuple[str, ...]:
    counts = (kind.should, kind.held, kind.missing, kind.superfluous, kind.unsure, kind.refused)
    return (kind.kind, *(f"{count:,}" for count in counts))


def _promise(row: ConnectionRow, again: bool) -> str:
    what = "everything is sent once more" if again else "everybody is looked at once more"
    if row.fault is not None:
        return f"{what} after `resume`: it is stopped, {row.fault}"
    return what if row.connection.active else f"{what} when it is active again"
