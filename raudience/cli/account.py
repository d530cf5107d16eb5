"""`raudience account`: workspaces, inputs and their secrets, tiers of events, settings, the journal."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any, Final, cast, get_args

import msgspec
from msgspec.structs import replace

from raudience.catalog import Input
from raudience.catalog.audiences import EventTier, Tier
from raudience.cli.reaching import add_action, reached
from raudience.cli.screen import say
from raudience.cluster.client import Client
from raudience.criteria.dates import write_moment
from raudience.criteria.definition import EventKind
from raudience.criteria.durations import Duration

__all__ = ["account", "add"]

_LENGTHS: Final = ("lookback", "retention", "remember_messages", "remember_batches")


def add(commands: Any) -> None:
    """Add the command to those of `raudience`."""
    command = commands.add_parser("account", help="workspaces, inputs, tiers of events, settings, who did what")
    command.set_defaults(run=account)
    actions = command.add_subparsers(dest="action", required=True, metavar="ACTION")
    add_action(actions, "show", "everything but secrets, as YAML")
    add_action(actions, "journal", "the latest decisions: when, who, what")
    workspace = add_action(actions, "workspace", "a new workspace, or another name for one")
    workspace.add_argument("key", metavar="KEY")
    workspace.add_argument("--called", metavar="NAME", help="its name for people")
    source = add_action(actions, "input", "a new platform or feed, or other properties of one")
    source.add_argument("key", metavar="KEY", help="by which batches name it (`api_key`)")
    source.add_argument("--workspace", default="default", metavar="W", help="where it belongs")
    source.add_argument("--called", metavar="NAME", help="its name for people")
    source.add_argument("--kind", choices=["platform", "feed"], default="platform")
    source.add_argument("--new-secret", action="store_true", help="print a new secret, once; the one before is void")
    for name, text in (("remove-workspace", "without inputs and audiences"), ("remove-input", "that nobody reads")):
        add_action(actions, name, text).add_argument("key", metavar="KEY")
    tier = add_action(actions, "tier", "what some events are kept for; only `personalize` counts for criteria")
    tier.add_argument("kind", choices=get_args(EventKind), metavar="KIND")
    tier.add_argument("event", metavar="NAME", help="name of the events")
    tier.add_argument("tier", choices=get_args(Tier))
    tier.add_argument("--category", metavar="C", help="only of this category")
    purposes = add_action(actions, "purposes", "the purposes of GDPR consent that criteria may ask for")
    purposes.add_argument("purposes", nargs="*", metavar="PURPOSE", help="none: any")
    settings = add_action(actions, "settings", "lengths of time such as `30 days` or `unlimited`")
    for name in _LENGTHS:
        settings.add_argument(f"--{name.replace('_', '-')}", type=_length, metavar="LENGTH")


def account(asked: argparse.Namespace) -> int:
    with reached(asked) as client:
        _ACTIONS[asked.action](client, asked)
    return 0


def _length(text: str) -> Duration:
    try:
        return Duration.parse(text)
    except ValueError as error:
        message = f"expected {error}"
        raise argparse.ArgumentTypeError(message) from error


def _show(client: Client, asked: argparse.Namespace) -> None:
    state = client.account.state()
    parts = {name: getattr(state, name) for name in ("settings", "workspaces", "inputs", "tiers", "purposes")}
    say(msgspec.yaml.encode(parts, enc_hook=str).decode().rstrip())


def _journal(client: Client, asked: argparse.Namespace) -> None:
    for line in client.account.journal():
        say(f"{write_moment(line.at)}  {line.by or '--'}  {line.what} {line.key}".rstrip())


def _input(client: Client, asked: argparse.Namespace) -> None:
    source = Input(asked.key, asked.workspace, asked.called, asked.kind)
    if asked.new_secret:
        print(client.account.new_secret(source))
    else:
        client.account.put_input(source)


def _settings(client: Client, asked: argparse.Namespace) -> None:
    given = {name: getattr(asked, name) for name in _LENGTHS if getattr(asked, name) is not None}
    client.account.set_settings(replace(client.account.state().settings, **given))


def _tier(client: Client, asked: argparse.Namespace) -> None:
    tier = EventTier(cast("EventKind", asked.kind), asked.event, cast("Tier", asked.tier), asked.category)
    client.account.set_tier(tier)


_ACTIONS: Final[dict[str, Callable[[Client, argparse.Namespace], None]]] = {
    "show": _show,
    "journal": _journal,
    "workspace": lambda client, asked: client.account.put_workspace(asked.key, asked.called),
    "remove-workspace": lambda client, asked: client.account.remove_workspace(asked.key),
    "input": _input,
    "remove-input": lambda client, asked: client.account.remove_input(asked.key),
    "tier": _tier,
    "purposes": lambda client, asked: client.account.set_purposes(asked.purposes),
    "settings": _settings,
}
