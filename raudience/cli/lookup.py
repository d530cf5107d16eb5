"""`raudience user`, `members` and `changes`: who is in what since when, and what changed."""

from __future__ import annotations

import argparse
from typing import Any

from raudience.cli import options
from raudience.cli.reaching import add_engine, reached
from raudience.cli.screen import remark, say, table, tell_json
from raudience.cluster.users import Member
from raudience.criteria.dates import write_moment
from raudience.records import Change

__all__ = ["add", "changes", "members", "user"]


def add(commands: Any) -> None:
    of_user = commands.add_parser("user", help="the audiences of a user: since when, and until when if nothing happens")
    of_user.set_defaults(run=user)
    of_user.add_argument("mpid", type=options.mpid, metavar="MPID")
    of_audience = commands.add_parser("members", help="users of an audience, page by page")
    of_audience.set_defaults(run=members)
    of_audience.add_argument("audience", metavar="AUDIENCE", help="key of the audience")
    of_audience.add_argument("--after", type=options.mpid, metavar="MPID", help="only who comes behind this one")
    of_audience.add_argument("--most", type=options.count, default=1_000, metavar="N", help="default: 1000")
    of_audience.add_argument(
        "--identities", type=options.identities, default=(), metavar="NAMES", help="email,customer_id"
    )
    since = commands.add_parser("changes", help="who entered and left, since a position")
    since.set_defaults(run=changes)
    since.add_argument("--audience", metavar="AUDIENCE", help="of this audience only")
    since.add_argument("--user", type=options.mpid, metavar="MPID", help="of this user only")
    since.add_argument("--after", type=int, default=0, metavar="POSITION", help="default: as far back as is kept")
    for command in (of_user, of_audience, since):
        command.add_argument("--json", action="store_true", help="one JSON object a line")
        add_engine(command)


def user(asked: argparse.Namespace) -> int:
    with reached(asked) as client:
        found = client.user(asked.mpid)
        seen = bool(found) or client.seen(asked.mpid)
    rows = [(each.audience, _moment(each.entered, "unknown"), _moment(each.expires, "")) for each in found]
    if asked.json:
        for audience, entered, expires in rows:
            tell_json({"audience": audience, "entered": entered, "expires": expires or None})
    elif found:
        table(("audience", "entered", "leaves if nothing happens"), rows)
    if not found:
        nothing = "is in no audience" if seen else "was never seen, or not since what is kept: see that it is an MPID"
        remark(f"user {asked.mpid} {nothing}")
    return 0


def members(asked: argparse.Namespace) -> int:
    with reached(asked) as client:
        page = client.page(asked.audience, asked.after, asked.most, asked.identities)
    if asked.json:
        for each in page:
            entered = _moment(each.entered, "unknown")
            tell_json({"mpid": str(each.mpid), "entered": entered, "identities": each.identities})
        return 0
    table(("MPID", "entered", *asked.identities), [_row(each, asked.identities) for each in page])
    if len(page) == asked.most:
        say(f"The next page begins with --after {page[-1].mpid}", "dim")
    return 0


def changes(asked: argparse.Namespace) -> int:
    with reached(asked) as client:
        position = client.position
        for change in client.changes_of(asked.audience, asked.user, asked.after, position):
            if asked.json:
                tell_json({"audience": change.audience, "mpid": str(change.mpid), **_rest(change)})
            else:
                turn = "in " if change.entered else "out"
                say(f"{write_moment(change.at)}  {turn}  {change.mpid}  {change.audience}")
    if asked.json:
        tell_json({"position": position})
    else:
        say(f"Read on with --after {position}", "dim")
    return 0


def _row(member: Member, names: tuple[str, ...]) -> tuple[str, ...]:
    values = (" ".join(member.identities.get(name, ())) for name in names)
    return (str(member.mpid), _moment(member.entered, "unknown"), *values)


def _rest(change: Change) -> dict[str, str]:
    return {"change": "in" if change.entered else "out", "at": write_moment(change.at), "version": str(change.version),
            "id": change.id}  # fmt: skip


def _moment(instant: int | None, otherwise: str) -> str:
    return otherwise if instant is None else write_moment(instant)
