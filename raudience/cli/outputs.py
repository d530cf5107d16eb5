"""`raudience outputs`: accounts at partners, their settings and secrets."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from raudience.catalog.outputs import Value
from raudience.cli import options, signing_in
from raudience.cli.prompting import plain, secret, visible
from raudience.cli.reaching import add_action, reached
from raudience.cli.screen import say, table, tell_json
from raudience.cluster.client import Client
from raudience.cluster.outputs import OutputRow
from raudience.cluster.secrets import KEY, KEY_FILE, write_key
from raudience.criteria.dates import write_moment
from raudience.forward.partner import Setting
from raudience.forward.register import partner_of, partners

__all__ = ["add", "new_key", "outputs", "show_partners"]


def add(commands: Any) -> None:
    """Add the command to those of `raudience`."""
    command = commands.add_parser("outputs", help="accounts at partners: sign in, create, check, update, remove")
    command.set_defaults(run=outputs)
    actions = command.add_subparsers(dest="action", required=True, metavar="ACTION")
    listed = _action(actions, "list", "with their connections and faults", key=False)
    shown = _action(actions, "show", "everything about one of them but its secrets")
    for each in (listed, shown):
        each.add_argument("--json", action="store_true", help="as JSON, an object a line")
    created = _action(actions, "create", "a new one")
    created.add_argument("partner", metavar="PARTNER", help="id of the partner: `raudience outputs partners`")
    updated = _action(actions, "update", "other settings, secrets or another name; what is not named stays")
    for each in (created, updated):
        _of_settings(each)
    checked = _action(actions, "check", "ask the partner whether its credentials and permissions suffice")
    signed = _action(actions, "login", "sign in at the partner: a new output, or new credentials for one")
    _of_settings(signed)
    signing_in.describe(signed)
    for each in (checked, signed):
        options.instead(each)
    _action(actions, "remove", "when nothing is connected to it or left downstream")
    told = actions.add_parser("partners", help="the partners there are, and their settings")
    told.add_argument("partner", nargs="?", metavar="PARTNER", help="one of them")
    told.set_defaults(run=show_partners)
    made = actions.add_parser("new-key", help="a key for secrets, in a new file that only you may read")
    made.add_argument("file", type=Path, metavar="FILE")
    made.set_defaults(run=new_key)


def outputs(asked: argparse.Namespace) -> int:
    with reached(asked) as client:
        return _ACTIONS[asked.action](client, asked) or 0


def show_partners(asked: argparse.Namespace) -> int:
    if asked.partner is None:
        table(("partner", "name", "when an audience is deleted"), [(p.id, p.name, p.deletes) for p in partners()])
        return 0
    partner = partner_of(asked.partner)
    say(f"{partner.name}: see {partner.docs}")
    for title, settings in (("output", partner.output_settings), ("connection", partner.connection_settings)):
        table((title, "type", "default", "what"), [_setting_line(each) for each in settings])
    return 0


def new_key(asked: argparse.Namespace) -> int:
    write_key(asked.file)
    say(f"{asked.file}: a new key. Set {KEY_FILE} to this path, or {KEY} to what is in it, and keep a copy elsewhere.")
    return 0


def _action(actions: Any, name: str, text: str, key: bool = True) -> Any:
    return add_action(actions, name, text, ("key", "KEY", "of the output") if key else None)


def _of_settings(command: Any) -> None:
    command.add_argument("--called", metavar="NAME", help="its name for people")
    options.settings(command)
    command.add_argument(
        "--secret", action="append", default=[], metavar="NAME",
        help="a secret setting, which is asked for without showing it; without a terminal, a line of stdin",
    )  # fmt: skip


def _setting_line(setting: Setting) -> tuple[str, str, str, str]:
    marks = [mark for mark, holds in (("required", setting.required), ("secret", setting.secret)) if holds]
    kind = " | ".join(setting.choices) if setting.type == "choice" else setting.type
    default = "" if setting.default is None else str(setting.default).lower()
    what = ". ".join(each for each in (setting.label, setting.help, ", ".join(marks)) if each)
    return (setting.name, kind, default, what)


def _list(client: Client, asked: argparse.Namespace) -> None:
    rows = client.outputs.rows()
    if asked.json:
        for row in rows:
            tell_json(row)
        return
    lines = [(row.key, row.name, row.partner, str(row.connections), str(len(row.faults))) for row in rows]
    table(("output", "name", "partner", "connections", "faults"), lines)


def _show(client: Client, asked: argparse.Namespace) -> None:
    row = client.outputs.row(asked.key)
    if asked.json:
        tell_json(row)
    else:
        _tell(row)


def _create(client: Client, asked: argparse.Namespace) -> None:
    settings = _settings(partner_of(asked.partner).output_settings, asked)
    _tell(client.outputs.create(asked.key, asked.partner, settings, asked.called))


def _update(client: Client, asked: argparse.Namespace) -> None:
    partner = partner_of(client.outputs.row(asked.key).partner)
    _tell(client.outputs.update(asked.key, _settings(partner.output_settings, asked), asked.called))


def _check(client: Client, asked: argparse.Namespace) -> int:
    found = client.outputs.check(asked.key, asked.instead)
    say(f"{asked.key}: works" if found.works else f"{asked.key}: {found.problem}")
    if found.advice:
        say(f"  {found.advice}")
    return 0 if found.works else 1


def _login(client: Client, asked: argparse.Namespace) -> None:
    _tell(signing_in.login(client, asked))


def _remove(client: Client, asked: argparse.Namespace) -> None:
    client.outputs.remove(asked.key)
    say(f"{asked.key}: removed")


def _settings(settings: tuple[Setting, ...], asked: argparse.Namespace) -> dict[str, Value]:
    return visible(settings, asked.set) | {name: secret(name) for name in asked.secret}


def _tell(row: OutputRow) -> None:
    shown = {
        "output": row.key,
        "name": row.name,
        "partner": row.partner,
        "connections": str(row.connections),
        "created": f"{write_moment(row.created_at)} by {row.created_by or '--'}",
        "updated": f"{write_moment(row.updated_at)} by {row.updated_by or '--'}",
        **{name: plain(value) for name, value in row.settings.items()},
        **dict.fromkeys(row.secrets, "(secret)"),
    }
    width = max(map(len, shown))
    for name, text in (*shown.items(), *(("fault", fault) for fault in row.faults)):
        say(f"{name:<{width}} {text}")


_ACTIONS: Final[dict[str, Callable[[Client, argparse.Namespace], int | None]]] = {
    "list": _list,
    "show": _show,
    "create": _create,
    "update": _update,
    "check": _check,
    "login": _login,
    "remove": _remove,
}
