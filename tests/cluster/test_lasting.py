"""An engine with a state directory: what a call has returned for is there in the next life."""

import json
import sqlite3

import numpy as np
import pytest

from raudience.catalog.documents import read_book
from raudience.cli.main import main
from raudience.cluster.client import connect
from raudience.cluster.inline import InlineCarrier, InlineEngine
from raudience.cluster.keepsakes import Keepsake, Place
from raudience.cluster.states import check_state, copy_state, show_state
from raudience.errors import FixRequest, FixStore, StateDamaged
from tests.cluster.world import BOOK, START, batch, lines, write_book, write_lines

FIRST = read_book(BOOK.encode(), "book.yaml", "yaml")


def documents(first, last):
    return [json.dumps(batch(number)).encode() for number in range(first, last)]


def moment(number):
    return START + number * 20 * 60_000


def lived(directory, shards=2, last=100):
    """An engine that has taken the first batches of the world, five at a time."""
    engine = InlineEngine(shards, Keepsake(Place(str(directory)), background=False))
    engine.define(FIRST, START - 1)
    for number in range(0, last, 5):
        engine.ingest(documents(number, number + 5), moment(number + 5))
    return engine


def members_of(engine):
    return {key: engine.members(key).tolist() for key in ("buyers", "fans")}


def silent(step):
    pass


@pytest.fixture
def quiet():
    engine = InlineEngine(1)
    engine.define(FIRST, START - 1)
    for number in range(0, 100, 5):
        engine.ingest(documents(number, number + 5), moment(number + 5))
    return engine


def test_the_next_life_goes_on_where_the_last_one_ended(tmp_path, quiet):
    lived(tmp_path, 2, 60).close()
    engine = InlineEngine(1, Keepsake(Place(str(tmp_path))))
    assert engine.shards == 2
    for number in range(60, 100, 5):
        engine.ingest(documents(number, number + 5), moment(number + 5))
    assert members_of(engine) == members_of(quiet)
    assert engine.figures() == quiet.figures()
    engine.check()


def test_a_life_that_was_cut_off_loses_nothing_that_was_acknowledged(tmp_path, quiet):
    lived(tmp_path)
    engine = InlineEngine(1, Keepsake(Place(str(tmp_path))))
    assert members_of(engine) == members_of(quiet)


def test_a_batch_that_is_sent_again_after_a_lost_answer_counts_once(tmp_path, quiet):
    lived(tmp_path)
    engine = InlineEngine(1, Keepsake(Place(str(tmp_path))))
    changes = engine.ingest(documents(90, 100), moment(100)).changes
    assert len(changes) == 0
    quiet.advance(engine.now)
    assert engine.why(batch(95)["mpid"], "fans") == quiet.why(batch(95)["mpid"], "fans")


def test_an_identity_leads_to_the_same_user_in_the_next_life(tmp_path):
    lived(tmp_path, 2, 20).close()
    engine = InlineEngine(1, Keepsake(Place(str(tmp_path))))
    nameless = {key: value for key, value in batch(3).items() if key != "mpid"} | {"source_request_id": "again"}
    engine.ingest([json.dumps(nameless).encode()], moment(30))
    assert engine.identities(np.array([batch(3)["mpid"]]), ("customer_id",)) == [
        {"customer_id": (f"C{batch(3)['mpid']}",)}
    ]
    assert show_state(Place(str(tmp_path)), silent).number == engine.position


def test_an_older_writer_is_refused_by_the_log(tmp_path):
    older = lived(tmp_path, 2, 20)
    younger = InlineEngine(1, Keepsake(Place(str(tmp_path))))
    younger.ingest(documents(20, 25), moment(25))
    with pytest.raises(FixRequest, match="took over; connect again"):
        older.ingest(documents(25, 30), moment(30))
    younger.check()


def test_changes_are_read_again_by_their_position(tmp_path):
    with connect(engine="inline", shards=2, state=tmp_path) as client:
        client.define([*FIRST.audiences], at=START - 1)
        client.ingest(documents(0, 50), at=moment(50))
        position = client.position
        client.ingest(documents(50, 100), at=moment(100))
        told = list(client.changes())
    with connect(engine="inline", state=tmp_path) as client:
        assert list(client.changes(after=0)) == told
        later = list(client.changes(after=position))
        assert 0 < len(later) < len(told)
        assert later == told[-len(later) :]
        assert list(client.changes(after=client.position)) == []


@pytest.mark.parametrize("shards", [1, 3, 5])
def test_key_groups_move_and_nobody_notices(tmp_path, quiet, shards):
    engine = lived(tmp_path, 2, 60)
    before, told = members_of(engine), engine.position
    engine.scale(shards)
    assert engine.shards == shards
    assert engine.told(told) == []
    assert members_of(engine) == before
    engine.check()
    for number in range(60, 100, 5):
        engine.ingest(documents(number, number + 5), moment(number + 5))
    assert members_of(engine) == members_of(quiet)
    engine.close()
    again = InlineEngine(1, Keepsake(Place(str(tmp_path))))
    assert again.shards == shards
    assert members_of(again) == members_of(quiet)


def test_who_only_asks_may_be_the_first_to_come_after_a_crash(tmp_path, quiet):
    lived(tmp_path)
    shells = InlineCarrier(Keepsake(Place(str(tmp_path))))
    assert members_of(InlineEngine(1, carrier=shells)) == members_of(quiet)
    engine = InlineEngine(1, carrier=shells)
    engine.ingest(documents(100, 105), moment(105))
    engine.check()


def test_who_only_asks_goes_on_when_the_shard_that_it_asked_has_gone(tmp_path, quiet):
    lived(tmp_path, 3).close()
    shells = InlineCarrier(Keepsake(Place(str(tmp_path))))
    visitor, writer = InlineEngine(1, carrier=shells), InlineEngine(1, carrier=shells)
    writer.scale(1)
    mpids = [batch(number)["mpid"] for number in range(40)]
    assert [visitor.why(mpid, "fans") for mpid in mpids] == [quiet.why(mpid, "fans") for mpid in mpids]
    assert members_of(visitor) == members_of(quiet)


def test_an_engine_of_no_size_is_refused(tmp_path):
    engine = lived(tmp_path, 1, 5)
    for shards in (0, 257):
        with pytest.raises(FixRequest, match=f"expected 1 to 256, got {shards}"):
            engine.scale(shards)


def test_a_wish_is_granted_by_whoever_writes(tmp_path):
    engine = lived(tmp_path, 1, 5)
    engine.wish(3)
    for number in range(5, 100):
        engine.ingest(documents(number, number + 1), moment(number + 1))
    # As long as a step took, none follows: a slow disk needs more rounds than there are batches.
    while engine.wished() is not None:
        engine.advance(engine.now + 1)
    assert engine.shards == 3
    engine.check()


def test_snapshots_shorten_the_way_back(tmp_path, quiet):
    keepsake = Keepsake(Place(str(tmp_path)), background=False, every=5_000)
    engine = InlineEngine(2, keepsake)
    engine.define(FIRST, START - 1)
    for number in range(0, 100, 5):
        engine.ingest(documents(number, number + 5), moment(number + 5))
    engine.close()
    assert [len(list((tmp_path / "snapshots" / f"shard-{shard}").iterdir())) for shard in (0, 1)] == [2, 2]
    assert members_of(InlineEngine(1, keepsake)) == members_of(quiet)


def test_a_damaged_snapshot_is_passed_over_for_the_one_before(tmp_path, quiet, caplog):
    keepsake = Keepsake(Place(str(tmp_path)), background=False, every=20_000)
    lived_on = InlineEngine(1, keepsake)
    lived_on.define(FIRST, START - 1)
    for number in range(0, 100, 5):
        lived_on.ingest(documents(number, number + 5), moment(number + 5))
    lived_on.close()
    newest = sorted((tmp_path / "snapshots" / "shard-0").iterdir())[-1]
    newest.write_bytes(newest.read_bytes()[:-100])
    assert members_of(InlineEngine(1, keepsake)) == members_of(quiet)
    assert "is damaged, the one before it is used" in caplog.text


def test_a_copy_is_a_state_of_its_own(tmp_path, quiet):
    engine = lived(tmp_path / "first")
    copied = copy_state(Place(str(tmp_path / "first")), Place(str(tmp_path / "copy")), None, silent)
    assert (copied.number, copied.shards) == (engine.position, 2)
    engine.ingest(documents(100, 105), moment(105))
    copy = InlineEngine(1, Keepsake(Place(str(tmp_path / "copy"))))
    assert members_of(copy) == members_of(quiet)
    position = copy.position
    copy.ingest(documents(100, 105), moment(105))
    assert members_of(copy) == members_of(engine)
    assert [number for number, _ in copy.told(position)] == [number for number, _ in engine.told(position)][-1:]


def test_a_copy_may_have_another_number_of_shards(tmp_path, quiet):
    lived(tmp_path / "first").close()
    copy_state(Place(str(tmp_path / "first")), Place(str(tmp_path / "copy")), 3, silent)
    figures = check_state(Place(str(tmp_path / "copy")), silent)
    assert [each.key_groups for each in figures.shards] == [85, 86, 85]
    assert figures.sizes == quiet.counts()


def test_no_state_is_copied_over_another(tmp_path):
    lived(tmp_path / "first", 1, 5).close()
    with pytest.raises(FixRequest, match="expected a place without a state"):
        copy_state(Place(str(tmp_path / "first")), Place(str(tmp_path / "first")), None, silent)


def test_a_place_without_a_state_is_told_and_not_made(tmp_path):
    with pytest.raises(FixRequest, match="expected the state of an engine"):
        show_state(Place(str(tmp_path / "nothing")), silent)
    assert not (tmp_path / "nothing").exists()


def test_a_changed_record_is_found_by_check(tmp_path):
    lived(tmp_path, 1, 20).close()
    with sqlite3.connect(tmp_path / "log" / "shard-0.sqlite") as file:
        file.execute(
            "update records set body = zeroblob(length(body)) where number = (select max(number) from records)"
        )
    with pytest.raises(StateDamaged, match="shard-0"):
        check_state(Place(str(tmp_path)), silent)


def test_a_place_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(FixStore, match="file"):
        InlineEngine(1, Keepsake(Place(str(tmp_path / "file"))))


def test_a_log_that_is_gone_is_told_and_not_begun_anew(tmp_path):
    lived(tmp_path, 2, 20).close()
    (tmp_path / "log" / "shard-1.sqlite").unlink()
    with pytest.raises(StateDamaged, match="shard-1: expected a log up to order 5, got one up to 0"):
        InlineEngine(1, Keepsake(Place(str(tmp_path))))


def test_a_log_that_ends_before_its_snapshot_is_told(tmp_path):
    engine = lived(tmp_path, 1, 20)
    engine.snapshot()
    engine.close()
    with sqlite3.connect(tmp_path / "log" / "shard-0.sqlite") as file:
        file.execute("delete from records where number > 3")
        file.execute("update writer set last = 3")
    with pytest.raises(StateDamaged, match="shard-0: expected records up to 7, as a snapshot knows them, got 3"):
        InlineEngine(1, Keepsake(Place(str(tmp_path))))


def test_a_replay_goes_on_with_the_state_of_the_one_before(tmp_path):
    book = write_book(tmp_path)
    parts = [
        write_lines(tmp_path / f"{name}.ndjson", part) for name, part in (("a", lines()[:120]), ("b", lines()[120:]))
    ]
    whole = write_lines(tmp_path / "whole.ndjson", lines())
    common = ["--audiences", str(book), "--engine", "inline", "--quiet"]
    assert main(["replay", str(whole), "--out", str(tmp_path / "at-once"), *common]) == 0
    for part in parts:
        state = ["--state", str(tmp_path / "state"), "--shards", "2"]
        assert main(["replay", str(part), "--out", str(tmp_path / part.stem), *common, *state]) == 0
    changes = [(tmp_path / name / "changes.csv").read_text().splitlines()[1:] for name in ("at-once", "a", "b")]
    assert changes[1] + changes[2] == changes[0]


def test_a_state_keeps_fields_that_no_audience_reads_yet(tmp_path):
    source = write_lines(tmp_path / "all.ndjson", lines())
    words = [
        "--audiences",
        str(write_book(tmp_path)),
        "--engine",
        "inline",
        "--quiet",
        "--state",
        str(tmp_path / "state"),
    ]
    assert main(["replay", str(source), "--out", str(tmp_path / "out"), *words]) == 0
    with connect(engine="inline", state=tmp_path / "state") as client:
        assert len(client.values("identity", "email")) == 40
