"""`raudience erase`, `opt-out` and `receipts`."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from typing import Any

import msgspec

from raudience.cli import options
from raudience.cli.reaching import add_engine, reached
from raudience.cli.screen import table, tell_json
from raudience.criteria.dates import write_moment
from raudience.records import Receipt

__all__ = ["add", "erase", "opt_out", "receipts"]


def add(commands: Any) -> None:
    erasing = commands.add_parser("erase", help="forget users for good, each with a receipt")
    erasing.add_argument("mpids", type=options.mpid, nargs="+", metavar="MPID")
    erasing.set_defaults(run=erase)
    opting = commands.add_parser("opt-out", help="have a user leave every audience and join none")
    opting.add_argument("mpid", type=options.mpid, metavar="MPID")
    opting.add_argument("--undo", action="store_true", help="opt in again")
    opting.set_defaults(run=opt_out)
    for command in (erasing, opting):
        command.add_argument("--by", required=True, metavar="WHO", help="who asks for it: stands in the receipt")
    listing = commands.add_parser("receipts", help="what was erased, and who opted out")
    listing.add_argument("--user", type=options.mpid, metavar="MPID", help="of this user only")
    listing.set_defaults(run=receipts)
    for command in (erasing, opting, listing):
        command.add_argument("--json", action="store_true", help="one JSON object a line")
        add_engine(command, writes=command is not listing)


def erase(asked: argparse.Namespace) -> int:
    with reached(asked) as client:
        _tell(client.erase_all(asked.mpids, asked.by, asked.take_over), asked.json)
    return 0


def opt_out(asked: argparse.Namespace) -> int:
    with reached(asked) as client:
        _tell([client.opt_out(asked.mpid, asked.by, not asked.undo, asked.take_over)], asked.json)
    return 0


def receipts(asked: argparse.Namespace) -> int:
    with reached(asked) as client:
        _tell(client.receipts(asked.user), asked.json)
    return 0


def _tell(found: Iterable[Receipt], as_json: bool) -> None:
    if not as_json:
        headings = ("receipt", "kind", "asked", "by", "removed", "purged")
        table(headings, [(each.id, each.kind, write_moment(each.asked_at), each.by, *_removed(each)) for each in found])
        return
    for each in found:
        moments = {name: _moment(getattr(each, name)) for name in ("at", "asked_at", "purged_at")}
        tell_json({**msgspec.to_builtins(each), **moments})


def _removed(receipt: Receipt) -> tuple[str, str]:
    if receipt.removed is None:
        return "", ""
    counts = msgspec.structs.asdict(receipt.removed)
    return ", ".join(f"{count} {name}" for name, count in counts.items()), _moment(receipt.purged_at) or "not yet"


def _moment(instant: int | None) -> str | None:
    return None if instant is None else write_moment(instant)
