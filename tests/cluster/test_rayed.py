"""The engine on a real Ray: the same answers as in one process, one writer, bounded memory, errors told plainly."""

import zipfile
from pathlib import Path

import numpy as np
import pytest
import ray

from raudience.catalog import Book
from raudience.catalog.documents import read_book
from raudience.cluster.client import Client, connect
from raudience.cluster.inline import InlineEngine
from raudience.cluster.keepsakes import Keepsake, Place
from raudience.cluster.loading import load
from raudience.cluster.placement import find_placement
from raudience.cluster.rayed import RayEngine
from raudience.cluster.replay import Replay, replay
from raudience.cluster.rounds import Round
from raudience.cluster.states import show_state
from raudience.errors import FixDefinition, FixRequest, StateDamaged
from raudience.ingest.batches import decode
from raudience.records import Field
from raudience.records.suggestions import Suggestion, ValuesOf
from tests.cluster.world import BOOK, END, START, contents, lines, write_lines
from tests.coordinator.test_merging import rows

pytestmark = [pytest.mark.slow, pytest.mark.ray, pytest.mark.usefixtures("local_ray")]

SAMPLE = Path(__file__).parents[2] / "docs" / "sample"
BOOK_OF_WORLD = read_book(BOOK.encode(), "book.yaml", "yaml")
DOCUMENTS = [line.encode() for line in lines()]


@pytest.fixture
def engine():
    started = RayEngine(2)
    started.define(BOOK_OF_WORLD, START - 1)
    yield started
    started.close()


def test_the_sample_leaves_the_same_bytes_on_any_engine(tmp_path):
    book = read_book((SAMPLE / "audiences.yaml").read_bytes(), "audiences.yaml", "yaml")
    told = {}
    for name, start in (
        ("inline", lambda: InlineEngine(3)),
        ("ray-1", lambda: RayEngine(1)),
        ("ray-2", lambda: RayEngine(2)),
        ("ray-4", lambda: RayEngine(4)),
    ):
        engine = start()
        job = Replay(
            events=(str(SAMPLE / "events"), str(SAMPLE / "bad.ndjson")),
            book=book,
            out=tmp_path / name,
            at=(1_773_964_800_000,),
            identities=("email", "customer_id"),
        )
        replay(engine, job)
        engine.check()
        engine.close()
        told[name] = contents(tmp_path / name)
    assert told["inline"] == told["ray-1"] == told["ray-2"] == told["ray-4"]
    assert len(told["inline"]["changes.csv"]) > 1_000_000


def test_shuffled_and_repeated_lines_change_nothing(tmp_path):
    write_lines(tmp_path / "plain" / "all.ndjson", lines())
    write_lines(tmp_path / "odd" / "a.ndjson.gz", sorted(lines(), key=lambda line: line[::-1])[100:])
    write_lines(tmp_path / "odd" / "b.ndjson", [*lines()[::-1], *lines()[:20]])
    told = []
    for name in ("plain", "odd"):
        engine = RayEngine(2)
        replay(engine, Replay(events=(str(tmp_path / name),), book=BOOK_OF_WORLD, out=tmp_path / f"out-{name}"))
        engine.close()
        told.append(contents(tmp_path / f"out-{name}"))
    for name in told[0].keys() - {"summary.json"}:
        assert told[0][name] == told[1][name]


def test_everything_that_is_asked_is_answered_as_in_one_process(engine):
    inline = InlineEngine(1)
    inline.define(BOOK_OF_WORLD, START - 1)
    block = decode(DOCUMENTS).block
    assert rows(engine.apply(block, END)) == rows(inline.apply(block, END))
    mpids = np.arange(-25, 25)
    assert engine.members("fans").tolist() == inline.members("fans").tolist()
    assert engine.figures() == inline.figures()
    assert engine.why(5, "fans") == inline.why(5, "fans")
    assert engine.identities(mpids, ("email",)) == inline.identities(mpids, ("email",))
    assert engine.attributes(mpids, ("plan", "none")) == inline.attributes(mpids, ("plan", "none"))
    assert engine.memory().keys() == inline.memory().keys()
    assert engine.estimate(Book(()), "fans") == inline.estimate(Book(()), "fans")
    assert engine.overlap(Book(()), "buyers", "fans") == inline.overlap(Book(()), "buyers", "fans")
    assert engine.history("fans", "hour") == inline.history("fans", "hour")
    topic = ValuesOf(Field("user", "plan"))
    assert engine.complete(topic, "a") == inline.complete(topic, "a") == (Suggestion("paid", 27),)
    engine.check()


def test_the_source_waits_for_the_shards(engine):
    """Never more rounds are read than may be under way, however fast the source is."""
    read = []

    def source():
        for document in DOCUMENTS[:40]:
            block = decode([document]).block
            read.append(block)
            yield Round(block, int(block.batches.at[0]))

    told = 0
    for _ in engine.stream(source()):
        told += 1
        assert len(read) - told <= engine.ahead
    assert told == len(read) == 40


def test_files_are_read_by_tasks(engine, tmp_path):
    for number in range(5):
        write_lines(tmp_path / "events" / f"{number}.ndjson", lines()[number::5])
    with load(engine, [str(tmp_path / "events")]) as loaded:
        assert (loaded.files, loaded.batches) == (5, 216)
        assert [len(each.block.batches.mpid) for each in loaded.rounds()] == [216]


def test_a_mistake_in_an_actor_or_task_comes_as_itself(engine):
    with pytest.raises(FixRequest, match="expected one of buyers, fans"):
        engine.members("nobody")
    broken = type(BOOK_OF_WORLD)((*BOOK_OF_WORLD.audiences, BOOK_OF_WORLD.audiences[0]))
    with pytest.raises(FixDefinition, match="a key of its own"):
        engine.define(broken, START)


def test_a_dead_shard_is_told_and_nothing_is_repeated(engine):
    ray.kill(engine._actors._actors[1])
    with pytest.raises(StateDamaged, match="an actor of this engine has died"):
        engine.advance(END)


def test_a_lasting_engine_is_found_by_its_name_and_has_one_writer():
    first = RayEngine(2, name="shop")
    try:
        first.define(BOOK_OF_WORLD, START - 1)
        first.apply(decode(DOCUMENTS[:100]).block, START + 2_000 * 60_000)
        second = RayEngine(name="shop")
        assert (second.shards, second.now) == (2, first.now)
        assert second.counts() == first.counts()
        second.apply(decode(DOCUMENTS[100:]).block, END)
        with pytest.raises(FixRequest, match="writer of epoch 1 came after epoch 2 took over"):
            first.advance(END)
        second.close()
        assert first.members("fans").tolist()
        with pytest.raises(FixRequest, match="engine shop: expected 2 shards"):
            RayEngine(3, name="shop")
    finally:
        first.dissolve()
        first.close()


def test_a_named_engine_has_the_state_it_was_started_with_whoever_comes(tmp_path):
    first = RayEngine(1, name="kept", keepsake=Keepsake(Place(str(tmp_path / "state"))))
    try:
        second = RayEngine(name="kept", found=True)
        assert second.lasts
        second.advance(START)
        second.close()
        assert show_state(Place(str(tmp_path / "state")), print).now == START
        with pytest.raises(FixRequest, match="engine kept: expected the state that it was started with, got another"):
            RayEngine(1, name="kept", keepsake=Keepsake(Place(str(tmp_path / "other"))))
    finally:
        first.dissolve()
        first.close()


def test_a_client_runs_the_script_of_the_readme(tmp_path):
    with connect(shards=2) as client:
        client.define([*BOOK_OF_WORLD.audiences])
        client.ingest(write_lines(tmp_path / "events.ndjson", lines()))
        assert len(list(client.changes())) == 99
        assert [figures.audience for figures in client.counts()] == ["buyers", "fans"]


def test_shards_and_reading_fit_beside_each_other():
    cpus = ray.cluster_resources()["CPU"]
    for shards in (1, 2, 3, 4, 8):
        sizes = find_placement(shards, None)
        assert sizes.shard_cpus > 0
        assert sizes.shard_cpus * shards + sizes.task_cpus + 0.01 <= cpus


def test_a_download_has_the_same_rows_as_in_one_process(engine, tmp_path):
    inline = InlineEngine(1)
    inline.define(BOOK_OF_WORLD, START - 1)
    told = []
    for each in (engine, inline):
        each.ingest(DOCUMENTS, END)
        path = Client(each).download("fans", ["customer_id", "email:sha1"], tmp_path, sample=15)
        with zipfile.ZipFile(path) as archive:
            told.append(archive.read(archive.namelist()[0]))
    assert told[0] == told[1]
    assert told[0].count(b"\n") == 1 + 2 * 15
