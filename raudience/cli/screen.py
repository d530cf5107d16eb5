"""What people see: complaints, progress, tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Final

import msgspec
from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from raudience.cluster.loading import Step, Tell
from raudience.cluster.replay import Replayed, Summary
from raudience.cluster.states import StateFigures
from raudience.criteria.dates import write_moment

__all__ = [
    "ERRORS", "SCREEN", "complain", "progress", "redrawn", "remark", "say", "table", "tell_json", "tell_outcome",
    "tell_state", "told_steps", "waiting", "width",
]  # fmt: skip

ERRORS: Final = Console(stderr=True, highlight=False, soft_wrap=True)
SCREEN: Final = Console(highlight=False)
_MOST_COLUMNS: Final = 3
_INSTANT: Final = 13
_FIGURE: Final = 9
_BORDERS: Final = 7
_SHORTEST: Final = 12


def tell_json(value: object) -> None:
    """A value as JSON, in one line."""
    print(msgspec.json.encode(value, enc_hook=str).decode())


def remark(line: str) -> None:
    """Say on stderr why there is nothing to see, so that results stay clean."""
    ERRORS.print(line, markup=False)


def complain(error: Exception) -> None:
    """Say on stderr what is wrong, in the words of the error."""
    ERRORS.print(f"raudience: {error}", markup=False, style="red")


@contextmanager
def progress(quiet: bool) -> Iterator[Tell]:
    """Bars on stderr while it lasts; nothing when quiet or when nobody watches."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description:<9}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[unit]}"),
        TimeElapsedColumn(),
        TextColumn("{task.fields[clock]}"),
    )
    shown = not quiet and ERRORS.is_terminal
    with Progress(*columns, console=ERRORS, disable=not shown, transient=True) as bars:
        tasks = {
            step: bars.add_task(step, total=None, unit="", clock="", visible=False) for step in ("reading", "replaying")
        }

        def tell(step: Step) -> None:
            clock = "" if step.clock is None else write_moment(step.clock)[:16].replace("T", " ")
            bars.update(
                tasks[step.name], completed=step.done, total=step.total, unit=step.unit, clock=clock, visible=True
            )

        yield tell


def waiting(quiet: bool, what: str) -> AbstractContextManager[object]:
    """A sign on stderr that something goes on, when somebody watches."""
    return nullcontext() if quiet or not ERRORS.is_terminal else ERRORS.status(what)


@contextmanager
def told_steps(quiet: bool) -> Iterator[Callable[[str], None]]:
    """What is being done, on stderr, when somebody watches."""
    if quiet or not ERRORS.is_terminal:
        yield lambda step: None
        return
    with ERRORS.status("...") as sign:
        yield lambda step: sign.update(f"{step} ...")


@contextmanager
def redrawn(headings: Sequence[str]) -> Iterator[Callable[[Sequence[Sequence[str]]], None] | None]:
    """A table on stderr that is drawn anew with the rows that it is given; None when nobody watches."""
    if not ERRORS.is_terminal:
        yield None
        return

    def drawn(rows: Sequence[Sequence[str]]) -> Table:
        found = Table(header_style="bold")
        for place, heading in enumerate(headings):
            found.add_column(heading, justify="left" if place == 0 else "right", no_wrap=True, overflow="ellipsis")
        for row in rows:
            found.add_row(*map(escape, row))
        return found

    with Live(drawn(()), console=ERRORS, transient=True) as live:
        yield lambda rows: live.update(drawn(rows))


def tell_state(figures: StateFigures, where: str) -> None:
    """The audiences and the shards of a state."""
    at = "its beginning" if figures.now is None else write_moment(figures.now)
    SCREEN.print(f"{where}: round {figures.number}, as of {at}, writer {figures.epoch}", markup=False, soft_wrap=True)
    shards = Table(header_style="bold")
    shards.add_column("shard")
    for heading in ("orders", "key groups", "profiles", "MB in memory", "snapshots"):
        shards.add_column(heading, justify="right")
    for each in figures.shards:
        memory = sum(each.memory.values()) / 1e6
        figures_of = (each.number, each.key_groups, each.profiles, f"{memory:,.1f}", each.snapshots)
        shards.add_row(each.name, *(f"{figure:,}" if isinstance(figure, int) else figure for figure in figures_of))
    SCREEN.print(shards)
    audiences = Table(header_style="bold")
    audiences.add_column("audience")
    audiences.add_column("size", justify="right")
    for key, size in figures.sizes.items():
        audiences.add_row(key, f"{size:,}")
    SCREEN.print(audiences)


def tell_outcome(replayed: Replayed, out: str) -> None:
    """The table of audiences, and what was read and written."""
    summary = replayed.summary
    SCREEN.print(_audiences(summary))
    rate = summary.events / replayed.seconds if replayed.seconds else 0.0
    SCREEN.print(
        f"{summary.events:,} events in {summary.batches:,} batches of {summary.files:,} file(s), "
        f"{summary.changes:,} changes, in {replayed.seconds:,.1f} s ({rate:,.0f} events/s)",
        soft_wrap=True,
    )
    if summary.refused:
        SCREEN.print(f"[yellow]{summary.refused:,} line(s) refused:[/] {out}/rejects.ndjson says why", soft_wrap=True)
    SCREEN.print(f"Results are in {out}", soft_wrap=True, markup=False)


def _audiences(summary: Summary) -> Table:
    instants = [instant for instant in summary.members if instant != summary.until][-_MOST_COLUMNS:]
    table = Table(title=f"Audiences at {summary.until[:19]}Z", title_justify="left", header_style="bold")
    headings = (*(instant[:16].replace("T", "\n") for instant in instants), "size", "adds", "drops")
    longest = max((len(each.audience) for each in summary.audiences), default=0)
    # The name gives way when the screen is narrow; keys and figures never do.
    room = SCREEN.width - longest - len(instants) * _INSTANT - 3 * _FIGURE - _BORDERS
    table.add_column("audience", no_wrap=True)
    table.add_column("name", no_wrap=True, overflow="ellipsis", max_width=max(room, _SHORTEST))
    for heading in headings:
        table.add_column(heading, justify="right", no_wrap=True)
    for each in summary.audiences:
        then = [f"{summary.members[instant][each.audience]:,}" for instant in instants]
        table.add_row(each.audience, each.name, *then, f"{each.size:,}", f"{each.adds:,}", f"{each.drops:,}")
    return table


def width() -> int:
    """Columns of the screen."""
    return SCREEN.width


def say(line: str, style: str = "") -> None:
    """One line of a result, however wide."""
    SCREEN.print(line, markup=False, style=style, soft_wrap=True)


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Texts in columns, as wide as they are."""
    widths = [max(map(len, column)) for column in zip(headings, *rows, strict=True)]
    for row in (headings, *rows):
        line = "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()
        say(line, "bold" if row is headings else "")
