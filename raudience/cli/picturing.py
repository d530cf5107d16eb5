"""`raudience history`: the size of an audience over time, as a picture, as JSON or as CSV."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from typing import Any, Final, get_args

import msgspec

from raudience.cli.reaching import add_engine, reached
from raudience.cli.screen import say, tell_json, width
from raudience.coordinator import SizeBucket, Step
from raudience.criteria.dates import write_moment

__all__ = ["add", "draw", "history"]

_HEIGHT: Final = 8
_LEVELS: Final = " ▁▂▃▄▅▆▇█"
_MARGIN: Final = 3
_INSTANT: Final = 16


def add(commands: Any) -> None:
    """Add the command to those of `raudience`."""
    command = commands.add_parser("history", help="the size of an audience over time, with adds and drops")
    command.set_defaults(run=history)
    command.add_argument("audience", metavar="KEY")
    command.add_argument("--by", choices=get_args(Step), default="hour", help="how long each step is (default: hour)")
    command.add_argument("--as", choices=("picture", "json", "csv"), default="picture", dest="form")
    add_engine(command)


def history(asked: argparse.Namespace) -> int:
    with reached(asked) as client:
        buckets = client.history(asked.audience, asked.by)
    match asked.form:
        case "json":
            tell_json([_plain(bucket) for bucket in buckets])
        case "csv":
            print("start,size,adds,drops")
            for bucket in buckets:
                print(f"{write_moment(bucket.start)},{bucket.size},{bucket.adds},{bucket.drops}")
        case _:
            say(f"{asked.audience}, by {asked.by}", "bold")
            for line in draw(buckets, width()):
                say(line)
    return 0


def draw(buckets: Sequence[SizeBucket], columns: int) -> Iterator[str]:
    """The sizes as bars of time, so many columns wide, and what happened below; between two buckets the size stays."""
    if not buckets:
        yield "nobody has entered it as far back as this is kept"
        return
    most = max(bucket.size for bucket in buckets)
    label = len(f"{most:,}")
    room = max(columns - label - _MARGIN, 2 * _INSTANT)
    heights = [round(size / most * _HEIGHT * 8) if most else 0 for size in _spread(buckets, room)]
    for row in range(_HEIGHT - 1, -1, -1):
        edge = f"{most:,}" if row == _HEIGHT - 1 else "0" if row == 0 else ""
        bars = "".join(_LEVELS[min(max(height - row * 8, 0), 8)] for height in heights)
        yield f"{edge:>{label}} ┤{bars}".rstrip()
    first, last = (write_moment(bucket.start)[:_INSTANT] for bucket in (buckets[0], buckets[-1]))
    yield f"{'':>{label}}  {first}{last:>{len(heights) - _INSTANT}}"
    adds, drops = sum(bucket.adds for bucket in buckets), sum(bucket.drops for bucket in buckets)
    yield f"{buckets[-1].size:,} users; {adds:,} adds and {drops:,} drops in this time"


def _spread(buckets: Sequence[SizeBucket], columns: int) -> list[int]:
    """The size at the end of each of so many equal parts of the time from the first bucket to the last."""
    first, last = buckets[0].start, buckets[-1].start
    sizes, place = [], 0
    for column in range(columns):
        moment = first + (last - first) * (column + 1) // columns
        while place + 1 < len(buckets) and buckets[place + 1].start <= moment:
            place += 1
        sizes.append(buckets[place].size)
    return sizes


def _plain(bucket: SizeBucket) -> dict[str, Any]:
    return {**msgspec.to_builtins(bucket), "start": write_moment(bucket.start)}
