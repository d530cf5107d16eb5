"""`raudience download`: members with their identities as a ZIP of CSV files."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn

from raudience.catalog.downloads import ALL_VARIATIONS
from raudience.cli import options
from raudience.cli.reaching import add_engine, reached
from raudience.cli.screen import ERRORS
from raudience.cluster.download_jobs import Job
from raudience.cluster.downloads import Tell

__all__ = ["add", "download"]

_MINUTE: Final = 60


def add(commands: Any) -> None:
    command = commands.add_parser("download", help="members of audiences with their identities, as a ZIP of CSV files")
    command.set_defaults(run=download)
    command.add_argument("audiences", nargs="+", metavar="AUDIENCE", help="keys of audiences")
    command.add_argument(
        "--identities", type=options.names, required=True, metavar="NAMES",
        help="which identities, hashed ones with the hash behind a colon: customer_id,email:sha256 (md5, sha1, sha256)",
    )  # fmt: skip
    command.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder for the ZIP")
    command.add_argument(
        "--variants", type=options.names, default=(), metavar="NAMES",
        help="a file for each of these variations of the A/B test, or `all` of them (default: one file for all)",
    )  # fmt: skip
    command.add_argument(
        "--sample", type=options.count, metavar="N", help="a fair sample of so many users for each file (default: all)"
    )
    command.add_argument("--stored", action="store_true", help="do not compress: larger, but as fast as the disk")
    add_engine(command)
    command.add_argument("--quiet", action="store_true", help="no progress, only the path of the ZIP")


def download(asked: argparse.Namespace) -> int:
    variations = ALL_VARIATIONS if asked.variants == ("all",) else asked.variants
    last: list[Job] = []
    with reached(asked) as client, _bar(asked.quiet) as tell:

        def told(job: Job) -> None:
            last[:] = [job]
            tell(job)

        path = client.download(
            asked.audiences, asked.identities, asked.out, variations, asked.sample, not asked.stored, told
        )
    if asked.quiet:
        print(path)
    else:
        print(f"{path}: {last[0].rows:,} row(s), {last[0].bytes / 1e3:,.1f} kB")
    return 0


@contextmanager
def _bar(quiet: bool) -> Iterator[Tell]:
    """A bar on stderr while it lasts; nothing when quiet or when nobody watches."""
    columns = (
        SpinnerColumn(),
        TextColumn("downloading"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TextColumn("{task.fields[left]}"),
    )
    with Progress(*columns, console=ERRORS, disable=quiet or not ERRORS.is_terminal, transient=True) as bars:
        task = bars.add_task("", total=100.0, left="")
        yield lambda job: bars.update(task, completed=job.percent, left=_left(job.seconds_left))


def _left(seconds: float | None) -> str:
    """`about 2 min left`."""
    if seconds is None:
        return ""
    return f"about {seconds / _MINUTE:,.0f} min left" if seconds >= 2 * _MINUTE else f"about {seconds:,.0f} s left"
