"""`raudience history`: pictures, JSON and CSV of the size over time."""

import json

import pytest

from raudience.cli.main import main
from raudience.cli.picturing import draw
from raudience.cluster.client import connect
from raudience.coordinator import SizeBucket
from tests.cluster.world import END, START, lines, write_book

HOUR = 3_600_000


@pytest.fixture
def state(tmp_path):
    """A lasting engine with the small world, told hour by hour; the sizes after each hour."""
    sizes = {}
    with connect(engine="inline", state=tmp_path / "state") as client:
        client.define(write_book(tmp_path), at=START - 1)
        for hour in range(72):
            now = START + (hour + 1) * HOUR - 1
            client.ingest([line.encode() for line in lines()[3 * hour : 3 * hour + 3]], at=now)
            sizes[START + hour * HOUR] = next(each.size for each in client.counts() if each.audience == "fans")
    return ["--state", str(tmp_path / "state")], sizes


def test_the_history_as_json_is_what_the_sizes_were(state, capsys):
    engine, sizes = state
    assert main(["history", "fans", "--as", "json", *engine]) == 0
    told = json.loads(capsys.readouterr().out)
    assert {bucket["start"]: bucket["size"] for bucket in told}.items() <= {
        f"2026-01-0{1 + n // 24}T{n % 24:02}:00:00.000Z": size for n, size in enumerate(sizes.values())
    }.items()
    assert told[-1]["size"] == sizes[END - HOUR]
    assert sum(bucket["adds"] - bucket["drops"] for bucket in told) == told[-1]["size"]


def test_the_history_as_csv_has_a_line_for_each_step(state, capsys):
    engine, _ = state
    assert main(["history", "fans", "--by", "day", "--as", "csv", *engine]) == 0
    head, *days = capsys.readouterr().out.splitlines()
    assert head == "start,size,adds,drops"
    assert [day.split(",")[0] for day in days] == [f"2026-01-0{day}T00:00:00.000Z" for day in (2, 3)]


def test_an_audience_that_is_not_there_has_no_history(state, capsys):
    engine, _ = state
    assert main(["history", "nobody", *engine]) == 2
    assert "expected one of buyers, fans; got nobody" in capsys.readouterr().err


def test_the_picture_fills_the_screen(state, capsys):
    engine, _ = state
    assert main(["history", "fans", *engine]) == 0
    first, *_, last = capsys.readouterr().out.splitlines()
    assert first == "fans, by hour"
    assert "users; " in last


def test_a_picture_has_time_from_left_to_right_and_size_from_below():
    buckets = [SizeBucket(0, 0, 1, 1), SizeBucket(6 * HOUR, 50, 50, 0), SizeBucket(12 * HOUR, 100, 60, 10)]
    lines_drawn = list(draw(buckets, 46))
    assert lines_drawn[0] == "100 ┤" + " " * 39 + "█"
    assert lines_drawn[4] == "    ┤" + " " * 19 + "█" * 21
    assert lines_drawn[-2:] == [
        "     1970-01-01T00:00        1970-01-01T12:00", "100 users; 111 adds and 11 drops in this time",
    ]  # fmt: skip


def test_there_is_no_picture_of_nothing():
    assert list(draw([], 80)) == ["nobody has entered it as far back as this is kept"]
