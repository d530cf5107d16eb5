"""What people see of audiences: the list, one of them, its versions, who would move."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import msgspec
from rich.table import Table

from raudience.catalog.entries import AudienceEntry
from raudience.catalog.experiments import percent_text, variations
from raudience.cli.screen import SCREEN, say, tell_json
from raudience.cluster.audiences import AudienceRow
from raudience.criteria.dates import write_moment
from raudience.records import Comparison

__all__ = ["tell_entry", "tell_preview", "tell_rows", "tell_versions"]

_WIDE: Final = 140
"""Columns of a screen that has room for everything."""


def tell_rows(rows: Sequence[AudienceRow], active: int, json: bool) -> None:
    """The list of audiences. `%` marks those with an A/B test; `--` stands for what has no figure."""
    if json:
        for row in rows:
            tell_json(row)
        return
    columns = [each for each in _COLUMNS if not each.wide or SCREEN.width >= _WIDE]
    table = Table(title=f"{active} active audience(s)", title_justify="left", header_style="bold")
    for column in columns:
        whole = not (column.wide or column.long)
        table.add_column(column.heading, justify="right" if column.figure else "left", no_wrap=whole)
    for row in rows:
        table.add_row(*(column.text(row) for column in columns))
    SCREEN.print(table)


def tell_entry(row: AudienceRow, entry: AudienceEntry, json: bool) -> None:
    """Everything about one audience."""
    if json:
        tell_json({"audience": row, "decided": entry})
        return
    lines = {
        "key": row.key,
        "name": row.name,
        "external name": row.external_name or "--",
        "status": _status(row),
        "version": str(row.version),
        "workspaces": ", ".join(row.workspaces),
        "access": row.access.replace("_", " "),
        "tags": ", ".join(row.tags) or "--",
        "size": _figure(row.size),
        "last 24 hours": f"{_figure(row.adds_day)} in, {_figure(row.drops_day)} out",
        "volatility": _share(row.volatility),
        "as of": "--" if row.as_of is None else write_moment(row.as_of),
        "created": f"{write_moment(row.created_at)} by {row.created_by or '--'}",
        "updated": f"{write_moment(row.updated_at)} by {row.updated_by or '--'}",
        "outputs": str(row.connected_outputs),
        "variations": ", ".join(f"{each.name} {percent_text(each.share)}" for each in variations(entry.experiment)),
    }
    for name, text in (*lines.items(), *(("fault", fault) for fault in row.faults)):
        say(f"{name:<14} {text}")
    say(msgspec.yaml.encode(entry.latest.criteria, enc_hook=str).decode().rstrip())


def tell_versions(entry: AudienceEntry) -> None:
    """Every version, the latest first."""
    table = Table(header_style="bold")
    for heading in ("version", "made", "by", "in", "out", "note"):
        table.add_column(heading)
    for version in reversed(entry.versions):
        state = {entry.in_force: " in force", entry.waiting: " waits"}.get(version.number, "")
        restores = f"restores {version.restores} " if version.restores else ""
        moved = (_figure(version.adds), _figure(version.drops))
        made = write_moment(version.at)[:19].replace("T", " ")
        table.add_row(f"{version.number}{state}", made, version.by, *moved, restores + version.note)
    SCREEN.print(table)


def tell_preview(key: str, found: Comparison) -> None:
    """Who would move."""
    say(f"{key}: {found.adds:,} would enter, {found.drops:,} would leave, {found.both:,} would stay")
    for sign, mpids in (("+", found.entering.tolist()), ("-", found.leaving.tolist())):
        for mpid in mpids:
            say(f"{sign} {mpid}")


def _status(row: AudienceRow) -> str:
    filling, status = row.filling, row.status + (f", {len(row.faults)} fault(s)" if row.faults else "")
    if filling is None:
        return status
    if filling.held and filling.percent >= 100:
        return f"{status}, version {filling.version} waits for cut-over"
    left = "" if filling.seconds_left is None else f", about {filling.seconds_left:.0f} s left"
    return f"{status}, filling version {filling.version}: {filling.percent:.0f} %{left}"


def _figure(number: int | None) -> str:
    return "--" if number is None else f"{number:,}"


def _share(share: float | None) -> str:
    return "--" if share is None else f"{share:.1%}"


class _Column(NamedTuple):
    """wide: only where there is room. long: on several lines where there is none; keys and figures never are."""

    heading: str
    text: Callable[[AudienceRow], str]
    figure: bool = False
    wide: bool = False
    long: bool = False


_COLUMNS: Final = (
    _Column("audience", lambda row: row.key + (" %" if row.tested else "")),
    _Column("name", lambda row: row.name, wide=True),
    _Column("status", _status, long=True),
    _Column("size", lambda row: _figure(row.size), figure=True),
    _Column("in 24 h", lambda row: _figure(row.adds_day), figure=True),
    _Column("out 24 h", lambda row: _figure(row.drops_day), figure=True),
    _Column("volatility", lambda row: _share(row.volatility), figure=True),
    _Column("outputs", lambda row: str(row.connected_outputs), figure=True, wide=True),
    _Column("tags", lambda row: ", ".join(row.tags), long=True),
    _Column("access", lambda row: row.access.replace("_", " "), wide=True),
    _Column("updated", lambda row: write_moment(row.updated_at)[:16].replace("T", " "), wide=True),
    _Column("by", lambda row: row.created_by, wide=True),
)
