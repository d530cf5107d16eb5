"""`raudience outputs login`: a user signs in at a partner, and an output is made of it."""

from __future__ import annotations

import argparse
from typing import Final

from raudience.cli.callbacks import PORT, Callback
from raudience.cli.prompting import is_watched, secret, typed, visible
from raudience.cli.screen import say, table
from raudience.cluster.client import Client
from raudience.cluster.outputs import OutputRow
from raudience.cluster.signing_in import Login, who_signs_in
from raudience.errors import FixRequest
from raudience.forward.capabilities import Account
from raudience.forward.partner import Partner
from raudience.forward.register import partner_of

__all__ = ["describe", "login"]

_PATIENCE: Final = 300.0


def describe(command: argparse.ArgumentParser) -> None:
    """Add what it can be told."""
    command.add_argument("partner", nargs="?", metavar="PARTNER", help="id of the partner, for a new output")
    back = command.add_mutually_exclusive_group()
    back.add_argument("--pin", action="store_true", help="the partner shows a PIN that you type here (the default)")
    back.add_argument(
        "--callback", nargs="?", type=int, const=PORT, metavar="PORT",
        help=f"the browser comes back to this machine: http://127.0.0.1:PORT/callback (default: {PORT}), which must be "
        "among the addresses of the app at the partner",
    )  # fmt: skip
    command.add_argument("--account", metavar="ID", help="the account at the partner (default: it is asked for)")
    command.add_argument(
        "--patience", type=float, default=_PATIENCE, metavar="SECONDS", help="for the browser (default: %(default)s)"
    )


def login(client: Client, asked: argparse.Namespace) -> OutputRow:
    """The output with its new credentials."""
    row = next((each for each in client.outputs.rows() if each.key == asked.key), None)
    partner = _partner(row, asked)
    began = _ended_by_user(client, asked, _settings(partner, row, asked))
    say(f"signed in as {began.user}")
    began.save(asked.account or _chosen(began, partner, row))
    return client.outputs.row(asked.key)


def _partner(row: OutputRow | None, asked: argparse.Namespace) -> Partner:
    if row is None and asked.partner is None:
        message = f"partner: expected one for the new output `{asked.key}`, got none; `raudience outputs partners`"
        raise FixRequest(message)
    return partner_of(asked.partner or row.partner if row else asked.partner)


def _settings(partner: Partner, row: OutputRow | None, asked: argparse.Namespace) -> dict[str, str | bool | int]:
    """Settings of the app, if the output does not have them yet, and what was given besides."""
    given = visible(partner.output_settings, asked.set)
    known = {*given, *asked.secret, *(() if row is None else (*row.settings, *row.secrets))}
    names = [*asked.secret, *(name for name in who_signs_in(partner).app if name not in known)]
    return given | {name: secret(name, f"RAUDIENCE_{partner.id}_{name}".upper()) for name in names}


def _ended_by_user(client: Client, asked: argparse.Namespace, settings: dict[str, str | bool | int]) -> Login:
    """A login whose user has said yes."""
    how = (asked.key, asked.partner, settings)
    if asked.callback is None:
        began = client.outputs.login(*how, None, asked.called, asked.instead)
        say(f"Open {began.address} and allow access; then type the PIN that is shown there.")
        began.finish(typed("PIN: "))
        return began
    with Callback(asked.callback) as page:
        began = client.outputs.login(*how, page.address, asked.called, asked.instead)
        page.expect(began.verifier)
        say(f"Open {began.address} in a browser on this machine and allow access.")
        began.finish(page.wait(asked.patience))
    return began


def _chosen(began: Login, partner: Partner, row: OutputRow | None) -> str:
    """The account that was chosen: of several that of the output, if it has one, else somebody says."""
    found = began.accounts()
    known = {each.id for each in found}
    before = None if row is None else row.settings.get(who_signs_in(partner).account)
    usual = str(before) if before in known else found[0].id if len(found) == 1 else ""
    _list(found)
    if is_watched():
        return _asked_for(known, usual)
    if not usual:
        message = f"--account: expected one of {', '.join(sorted(known))}, got none"
        raise FixRequest(message)
    return usual


def _asked_for(known: set[str], usual: str) -> str:
    while True:
        answer = typed(f"account{f' [{usual}]' if usual else ''}: ") or usual
        if answer in known:
            return answer
        say(f"expected one of {', '.join(sorted(known))}")


def _list(found: tuple[Account, ...]) -> None:
    rows = [(each.id, each.name, "" if each.accepted else "not accepted yet") for each in found]
    table(("account", "name", ""), rows)
