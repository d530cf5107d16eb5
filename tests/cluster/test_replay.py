"""The main job: what stands in the files follows from the input alone, and `--at T` is the truth as of T."""

import csv
import json
from pathlib import Path

import msgspec
import pytest

from raudience.clock import DAY, HOUR
from raudience.cluster import loading, parts
from raudience.cluster.books import read_book_file
from raudience.cluster.inline import InlineEngine
from raudience.cluster.replay import Question, Replay, answer, replay
from raudience.errors import FixDefinition, FixRequest
from tests.cluster.world import END, START, batch, contents, lines, write_book, write_lines

NOON_OF_DAY_2 = START + DAY + 12 * HOUR


@pytest.fixture
def book(tmp_path):
    return read_book_file(write_book(tmp_path))


@pytest.fixture
def events(tmp_path) -> Path:
    return write_lines(tmp_path / "events" / "all.ndjson", lines()).parent


def run(out: Path, book, events: Path | str, shards: int = 1, **options) -> dict[str, bytes]:
    engine = InlineEngine(shards)
    replay(engine, Replay(events=(str(events),), book=book, out=out, **options))
    engine.check()
    return contents(out)


def summary(files: dict[str, bytes]) -> dict:
    return json.loads(files["summary.json"])


def test_the_number_of_shards_does_not_show(tmp_path, book, events):
    options = {"at": (NOON_OF_DAY_2, END), "until": END + 2 * DAY, "identities": ("email", "customer_id")}
    one = run(tmp_path / "one", book, events, 1, **options)
    assert one == run(tmp_path / "three", book, events, 3, **options)
    assert sorted(one) == [
        "changes.csv",
        "members-20260102T120000Z/buyers.csv",
        "members-20260102T120000Z/fans.csv",
        "members-20260104T000000Z/buyers.csv",
        "members-20260104T000000Z/fans.csv",
        "rejects.ndjson",
        "summary.json",
    ]


def test_the_order_of_lines_and_files_does_not_show(tmp_path, book, events):
    mixed = sorted(lines(), key=lambda line: line[::-1])
    write_lines(tmp_path / "mixed" / "b.ndjson", mixed[:100])
    write_lines(tmp_path / "mixed" / "a" / "c.ndjson.gz", mixed[100:150])
    write_lines(tmp_path / "mixed" / "d.jsonl", ["[" + ",".join(mixed[150:]) + "]", ""])
    ordered, shuffled = run(tmp_path / "1", book, events), run(tmp_path / "2", book, tmp_path / "mixed", 2)
    assert ordered["changes.csv"] == shuffled["changes.csv"]
    assert summary(ordered)["audiences"] == summary(shuffled)["audiences"]


def test_repeated_lines_do_not_show(tmp_path, book, events):
    twice = write_lines(tmp_path / "twice.ndjson", lines() + lines()[::7])
    once, again = run(tmp_path / "1", book, events), run(tmp_path / "2", book, twice)
    assert once["changes.csv"] == again["changes.csv"]
    assert summary(again)["batches"] == 216 + 31


def test_the_sizes_of_pieces_do_not_show(tmp_path, book, events, monkeypatch):
    whole = run(tmp_path / "1", book, events)
    monkeypatch.setattr(loading, "_PARTS", (5_000, 5_000))
    monkeypatch.setattr(parts, "_RUN_ROWS", 20)
    assert run(tmp_path / "2", book, events) == whole


def test_at_an_instant_nothing_later_exists(tmp_path, book, events):
    until = [line for line in lines() if json.loads(line)["timestamp_unixtime_ms"] <= NOON_OF_DAY_2]
    cut = write_lines(tmp_path / "cut.ndjson", until)
    folder = "members-20260102T120000Z"
    whole = run(tmp_path / "1", book, events, at=(NOON_OF_DAY_2,))
    short = run(tmp_path / "2", book, cut, at=(NOON_OF_DAY_2,))
    assert {name: text for name, text in whole.items() if name.startswith(folder)} == {
        name: text for name, text in short.items() if name.startswith(folder)
    }


def test_until_reads_nothing_later_and_lets_time_pass(tmp_path, book, events):
    early = run(tmp_path / "1", book, events, until=START + DAY)
    log = list(csv.DictReader(early["changes.csv"].decode().splitlines()))
    assert max(row["at"] for row in log) <= "2026-01-02T00:00:00.000Z"
    late = run(tmp_path / "2", book, events, until=END + 5 * DAY)
    assert {row["audience"]: row["size"] for row in summary(late)["audiences"]}["buyers"] == 0


def test_without_an_instant_the_members_are_those_of_the_end(tmp_path, book, events):
    files = run(tmp_path / "1", book, events)
    last = json.loads(lines()[-1])["timestamp_unixtime_ms"]
    assert last == END - 20 * 60_000
    assert sorted(files)[1:3] == ["members-20260103T234000Z/buyers.csv", "members-20260103T234000Z/fans.csv"]


def test_sizes_are_adds_minus_drops_of_the_log(tmp_path, book, events):
    files = run(tmp_path / "1", book, events)
    log = list(csv.DictReader(files["changes.csv"].decode().splitlines()))
    for audience in summary(files)["audiences"]:
        told = [row["change"] for row in log if row["audience"] == audience["audience"]]
        assert (audience["adds"], audience["drops"]) == (told.count("in"), told.count("out"))
        assert audience["size"] == audience["adds"] - audience["drops"]


def test_members_carry_the_identities_that_were_asked_for(tmp_path, book, events):
    files = run(tmp_path / "1", book, events, at=(END,), identities=("email", "customer_id"))
    table = list(csv.DictReader(files["members-20260104T000000Z/fans.csv"].decode().splitlines()))
    assert table
    for row in table:
        assert row == {"mpid": row["mpid"], "email": f"user{row['mpid']}@example.org", "customer_id": f"C{row['mpid']}"}


def test_bad_lines_are_told_with_their_place_and_good_ones_go_on(tmp_path, book, monkeypatch):
    monkeypatch.setattr(loading, "_PARTS", (5_000, 5_000))
    found = lines()
    found[3] = '{"mpid": "many", "timestamp_unixtime_ms": 1}'
    found[150] = "{no json"
    found[160] = "[" + found[160] + ', {"mpid": 1, "timestamp_unixtime_ms": "noon"}]'
    path = write_lines(tmp_path / "bad.ndjson", found)
    files = run(tmp_path / "out", book, path)
    rejects = [json.loads(line) for line in files["rejects.ndjson"].splitlines()]
    assert [(each["source"], each["line"], each["element"], each["path"]) for each in rejects] == [
        (str(path), 4, None, "$.mpid"),
        (str(path), 151, None, "$"),
        (str(path), 161, 1, "$.timestamp_unixtime_ms"),
    ]
    assert [each["raw"] for each in rejects[:2]] == [found[3], found[150]]
    assert summary(files)["refused"] == 3
    assert summary(files)["batches"] == 214


def test_no_events_at_all_leave_empty_audiences(tmp_path, book):
    empty = write_lines(tmp_path / "empty.ndjson", [])
    files = run(tmp_path / "out", book, empty, at=(END,))
    assert files["changes.csv"] == b"audience,mpid,change,at,id\n"
    assert files["members-20260104T000000Z/fans.csv"] == b"mpid\n"
    assert summary(files)["first"] is None


def test_a_missing_file_is_refused_before_anything_is_written(tmp_path, book):
    with pytest.raises(FixRequest, match="expected an existing file, folder or pattern of files, got nothing"):
        run(tmp_path / "out", book, tmp_path / "nowhere" / "*.ndjson")
    assert not (tmp_path / "out").exists()


def test_a_wrong_book_is_refused_before_anything_is_written(tmp_path, book, events):
    wrong = msgspec.structs.replace(book, audiences=(*book.audiences, book.audiences[0]))
    with pytest.raises(FixDefinition, match="a key of its own"):
        run(tmp_path / "out", wrong, events)
    assert not (tmp_path / "out").exists()


def test_an_instant_after_the_end_is_refused(tmp_path, book, events):
    with pytest.raises(FixRequest, match=r"--at 2026-01-04T00:00:00\.000Z: expected an instant up to --until"):
        run(tmp_path / "out", book, events, at=(END,), until=START)


def test_nothing_is_left_of_the_runs(tmp_path, book, events):
    spill = tmp_path / "spill"
    spill.mkdir()
    run(tmp_path / "out", book, events, spill=spill)
    assert list(spill.iterdir()) == []


def test_why_is_the_answer_of_the_whole_replay(book, events):
    engine = InlineEngine(1)
    with loading.load(engine, [str(events)]) as loaded:
        engine.define(book, START - 1)
        for each in loaded.rounds():
            engine.apply(each.block, each.now)
        engine.advance(END)
    for mpid in (batch(5)["mpid"], batch(8)["mpid"]):
        for audience in ("buyers", "fans"):
            question = Question(mpid=mpid, audience=audience, events=(str(events),), book=book, at=END)
            assert answer(question) == engine.why(mpid, audience)


def test_why_of_an_unknown_audience_is_refused(book, events):
    with pytest.raises(FixRequest, match="expected one of buyers, fans; got none"):
        answer(Question(mpid=1, audience="none", events=(str(events),), book=book))
