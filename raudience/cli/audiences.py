"""`raudience audiences`: their list, their life cycle, their versions, their A/B tests."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeAlias, get_args

from raudience.catalog import Book
from raudience.catalog.audiences import Access
from raudience.catalog.entries import AudienceEntry
from raudience.catalog.experiments import Share
from raudience.catalog.listing import List
from raudience.cli import options
from raudience.cli.listing import tell_entry, tell_preview, tell_rows, tell_versions
from raudience.cli.reaching import add_action, reached
from raudience.cli.screen import say
from raudience.cluster.books import read_draft_file
from raudience.cluster.client import Client
from raudience.errors import FixRequest

__all__ = ["add", "audiences"]

_Action: TypeAlias = Callable[[Client, argparse.Namespace], None]

_FILE: Final = "a book of audiences, YAML or JSON"


def add(commands: Any) -> None:
    """Add the command to those of `raudience`."""
    command = commands.add_parser("audiences", help="list audiences; create, edit, activate, archive, delete them")
    command.set_defaults(run=audiences)
    actions = command.add_subparsers(dest="action", required=True, metavar="ACTION")
    listed = _action(actions, "list", "with size, changes of the last 24 hours, tags, status", key=False)
    listed.add_argument("--of", choices=get_args(List), help="of one workspace, of several, shared by others")
    listed.add_argument("--workspace", action="append", default=[], metavar="W", help="as somebody of W sees it")
    listed.add_argument("--tag", action="append", default=[], metavar="TAG", help="with this tag; of several, with all")
    listed.add_argument("--json", action="store_true", help="as JSON, an object a line")
    shown = _action(actions, "show", "everything about one of them")
    shown.add_argument("--json", action="store_true", help="as JSON")
    created = _action(actions, "create", "new ones, as a file has them", key=False)
    created.add_argument("file", type=Path, metavar="FILE", help=_FILE)
    created.add_argument("--audience", metavar="KEY", help="one of the file (default: all)")
    created.add_argument("--draft", action="store_true", help="to work on later: nobody is in it")
    edited = _action(actions, "edit", "another definition, as a file has it")
    edited.add_argument("file", type=Path, metavar="FILE", help=_FILE)
    edited.add_argument("--note", default="", metavar="TEXT", help="what the edit is for")
    _held(edited)
    _of_versions(actions)
    _of_labels(actions)
    for name, text in (
        ("activate", "put a draft, or one from the archive, in force"),
        ("archive", "all members leave; the definition stays"),
        ("delete", "all members leave; refused while another audience uses it"),
        ("end-test", "delete the A/B test with all its variations"),
    ):
        _action(actions, name, text)


def audiences(asked: argparse.Namespace) -> int:
    with reached(asked) as client:
        _ACTIONS[asked.action](client, asked)
    return 0


def _of_versions(actions: Any) -> None:
    _action(actions, "versions", "every version, who made it and when")
    compared = _action(actions, "compare", "two versions, line by line")
    compared.add_argument("versions", nargs=2, type=options.count, metavar="N", help="numbers of versions")
    restored = _action(actions, "restore", "an earlier version again, as a new one")
    restored.add_argument("version", type=options.count, metavar="N")
    _held(restored)
    preview = _action(actions, "preview", "who enters and who leaves when the version that waits takes over")
    preview.add_argument("--sample", type=options.count, default=10, metavar="N", help="users to show each way")
    _action(actions, "cut-over", "the version that waits takes over")
    _action(actions, "abandon", "the version that waits does not take over")


def _of_labels(actions: Any) -> None:
    cloned = _action(actions, "clone", "a draft with the same definition and tags")
    cloned.add_argument("new_key", metavar="NEW_KEY")
    cloned.add_argument("new_name", metavar="NEW_NAME")
    renamed = _action(actions, "rename", "its name, and the name that outputs get")
    renamed.add_argument("new_name", metavar="NAME")
    renamed.add_argument("--external-name", metavar="NAME", help="what outputs get (default: the name)")
    tagged = _action(actions, "tag", "put tags on it and take some off")
    tagged.add_argument("tags", nargs="*", metavar="TAG", help="at most 18 characters each")
    tagged.add_argument("--remove", action="append", default=[], metavar="TAG")
    shared = _action(actions, "share", "what people of other workspaces may do with it")
    shared.add_argument("access", choices=get_args(Access))
    tested = _action(actions, "test", "split its members; Control is what the variations leave over")
    tested.add_argument("variations", nargs="+", type=_share, metavar="PERCENT[:NAME]")


def _action(actions: Any, name: str, text: str, key: bool = True) -> Any:
    return add_action(actions, name, text, ("key", "KEY", "of the audience") if key else None)


def _held(action: Any) -> None:
    action.add_argument("--hold", action="store_true", help="fill the version, and wait for `cut-over`")


def _share(text: str) -> Share:
    percent, _, name = text.partition(":")
    return Share(percent, name or None)


def _list(client: Client, asked: argparse.Namespace) -> None:
    tell_rows(client.audiences.rows(asked.workspace, asked.of, asked.tag), client.audiences.active(), asked.json)


def _show(client: Client, asked: argparse.Namespace) -> None:
    tell_entry(client.audiences.row(asked.key), client.audiences.entry(asked.key), asked.json)


def _create(client: Client, asked: argparse.Namespace) -> None:
    for audience in _of_file(read_draft_file(asked.file), asked.audience):
        _tell(client.audiences.create(audience, asked.draft))


def _edit(client: Client, asked: argparse.Namespace) -> None:
    (audience,) = _of_file(read_draft_file(asked.file), asked.key)
    _tell(
        client.audiences.edit(
            asked.key, audience.criteria, audience.workspaces, audience.inputs, asked.note, asked.hold
        )
    )


def _preview(client: Client, asked: argparse.Namespace) -> None:
    tell_preview(asked.key, client.audiences.preview(asked.key, asked.sample))


def _compare(client: Client, asked: argparse.Namespace) -> None:
    former, later = asked.versions
    say(client.audiences.difference(asked.key, former, later) or f"versions {former} and {later} say the same")


def _delete(client: Client, asked: argparse.Namespace) -> None:
    client.audiences.delete(asked.key)
    say(f"{asked.key}: deleted")


def _of_file(book: Book, key: str | None) -> tuple[Any, ...]:
    found = tuple(each for each in book.audiences if key in (None, each.key))
    if not found:
        keys = ", ".join(each.key for each in book.audiences) or "none"
        message = f"audience: expected one of the file ({keys}), got {key}"
        raise FixRequest(message)
    return found


def _tell(entry: AudienceEntry) -> None:
    """How an audience stands after what was asked."""
    version = f"version {entry.in_force} in force" if entry.in_force else f"version {entry.latest.number}"
    waits = f", version {entry.waiting} waits{' for cut-over' if entry.held else ''}" if entry.waiting else ""
    say(f"{entry.key}: {entry.status}, {version}{waits}")


def _told(
    change: Callable[[Client, argparse.Namespace], AudienceEntry],
) -> _Action:
    return lambda client, asked: _tell(change(client, asked))


_ACTIONS: Final[dict[str, _Action]] = {
    "list": _list,
    "show": _show,
    "create": _create,
    "edit": _edit,
    "delete": _delete,
    "versions": lambda client, asked: tell_versions(client.audiences.entry(asked.key)),
    "compare": _compare,
    "preview": _preview,
    "restore": _told(lambda client, asked: client.audiences.restore(asked.key, asked.version, asked.hold)),
    "cut-over": _told(lambda client, asked: client.audiences.cut_over(asked.key)),
    "abandon": _told(lambda client, asked: client.audiences.abandon(asked.key)),
    "activate": _told(lambda client, asked: client.audiences.activate(asked.key)),
    "archive": _told(lambda client, asked: client.audiences.archive(asked.key)),
    "clone": _told(lambda client, asked: client.audiences.clone(asked.key, asked.new_key, asked.new_name)),
    "rename": _told(lambda client, asked: client.audiences.rename(asked.key, asked.new_name, asked.external_name)),
    "tag": _told(lambda client, asked: client.audiences.tag(asked.key, asked.tags, asked.remove)),
    "share": _told(lambda client, asked: client.audiences.share(asked.key, asked.access)),
    "test": _told(lambda client, asked: client.audiences.start_test(asked.key, asked.variations)),
    "end-test": _told(lambda client, asked: client.audiences.end_test(asked.key)),
}
