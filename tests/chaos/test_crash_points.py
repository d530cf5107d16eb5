"""A process that dies by kill -9 at its worst moment, on a real Ray: all goes on as if nothing had happened."""

import json
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
import ray

from raudience.catalog import Audience
from raudience.catalog.commands import Create, Edit
from raudience.catalog.documents import read_book
from raudience.clock import MINUTE
from raudience.cluster.inline import InlineEngine
from raudience.cluster.keepsakes import Keepsake, Place
from raudience.cluster.rayed import RayEngine
from raudience.cluster.rounds import Round
from raudience.criteria.definition import AudienceMembership, Event, Frequency, Or
from raudience.ingest.batches import decode
from tests.chaos.crashing import POINTS, CrashPoints
from tests.chaos.feeder import engine_of
from tests.chaos.feeding import Acknowledged
from tests.chaos.story import Story
from tests.chaos.verdict import in_memory, judge, transitions
from tests.cluster.world import BOOK, END, START, batch

pytestmark = [pytest.mark.slow, pytest.mark.ray, pytest.mark.usefixtures("local_ray")]

ROOT = Path(__file__).parents[2]
BOOK_OF_WORLD = read_book(BOOK.encode(), "book.yaml", "yaml")

NEW = Audience("visitors", "Came twice", Event("custom", "Visit", frequency=Frequency(at_least=2)))


class Crash(NamedTuple):
    """`shell` dies when it passes `point` for the so-many-th time in a step of the story."""

    shell: str
    point: str
    step: str
    passage: int = 1

    def __str__(self):
        return f"{self.point}: {self.shell} while {self.step}, passage {self.passage}"


CRASHES = (
    Crash("shard-0", "before append", "ingesting"),
    Crash("shard-1", "before append", "ingesting", 5),
    Crash("shard-1", "before append", "streaming", 5),
    Crash("shard-0", "after append", "ingesting", 3),
    Crash("shard-1", "after append", "streaming", 7),
    Crash("shard-1", "before snapshot", "keeping"),
    Crash("shard-0", "during snapshot", "keeping", 2),
    Crash("shard-0", "after snapshot", "keeping"),
    Crash("coordinator", "before snapshot", "keeping"),
    Crash("coordinator", "after snapshot", "keeping"),
    Crash("coordinator", "after intent", "defining"),
    Crash("coordinator", "before telling", "defining"),
    Crash("coordinator", "before telling", "ingesting", 2),
    Crash("coordinator", "before telling", "streaming", 8),
    Crash("coordinator", "after telling", "ingesting", 2),
    Crash("coordinator", "after telling", "streaming", 3),
    Crash("coordinator", "after deciding", "deciding"),
    Crash("coordinator", "after deciding", "deciding", 2),
    Crash("coordinator", "after intent", "deciding"),
    Crash("coordinator", "after intent", "deciding", 2),
    Crash("coordinator", "before telling", "deciding", 2),
    Crash("shard-0", "before append", "deciding", 3),
    Crash("shard-1", "after append", "deciding"),
    Crash("coordinator", "after intent", "growing"),
    Crash("coordinator", "after telling", "growing"),
    Crash("shard-2", "before append", "growing"),
    Crash("shard-0", "after freeze", "growing"),
    Crash("shard-2", "after adopt", "growing"),
    Crash("shard-2", "after append", "growing", 3),
    Crash("shard-0", "before append", "growing", 2),
    Crash("coordinator", "before telling", "growing", 2),
    Crash("shard-2", "after freeze", "shrinking"),
    Crash("shard-0", "after adopt", "shrinking"),
    Crash("coordinator", "after intent", "shrinking", 2),
    Crash("coordinator", "after telling", "shrinking", 3),
)


@pytest.fixture(scope="module")
def quiet():
    engine = InlineEngine(1, in_memory())
    for _, act in story():
        act(engine)
    return engine


@pytest.fixture
def points(tmp_path):
    return CrashPoints(str(tmp_path / "armed"))


@pytest.fixture
def engine(tmp_path, points):
    started = RayEngine(2, name=tmp_path.name, keepsake=Keepsake(Place(str(tmp_path / "state")), failpoint=points))
    yield started
    started.dissolve()
    started.close()


@pytest.mark.parametrize("crash", CRASHES, ids=str)
def test_who_dies_comes_back_and_nobody_notices(crash, engine, points, quiet):
    for step, act in story():
        if step == crash.step:
            points.arm(crash.shell, crash.point, crash.passage)
        act(engine)
    assert [(shell, point) for _, shell, point in points.crashed()] == [(crash.shell, crash.point)]
    assert list(transitions(engine)) == list(transitions(quiet))
    assert {key: engine.members(key).tolist() for key in engine.counts()} == {
        key: quiet.members(key).tolist() for key in quiet.counts()
    }
    assert engine.figures() == quiet.figures()
    engine.check()


def test_every_point_has_its_crash():
    assert {(crash.shell.partition("-")[0], crash.point) for crash in CRASHES} == {
        (shell, point) for shell, points in POINTS.items() for point in points
    }


@pytest.mark.parametrize("passage", [1, 9, 30], ids="passage {}".format)
def test_between_change_and_delivery_the_driver_dies_and_what_it_repeats_changes_nothing(tmp_path, points, passage):
    feeder = start_feeder(tmp_path)
    points.arm("coordinator", "after telling", passage, victim=feeder.pid)
    assert feeder.wait(100) == -9
    told = len(Acknowledged(tmp_path / "acknowledged").times())
    assert told < 40
    assert start_feeder(tmp_path).wait(100) == 0
    engine = engine_of(tmp_path, str(tmp_path / "state"), "")
    verdict = judge(engine, Story(1), 40)
    engine.dissolve()
    engine.close()
    assert verdict.right, verdict
    assert len(points.crashed()) == 1


def story():
    """Steps by name, each with what it does to an engine."""
    yield "defining", lambda engine: engine.define(BOOK_OF_WORLD, START - 1)
    yield "ingesting", lambda engine: ingest(engine, 0, 40)
    yield "deciding", decide
    yield "keeping", lambda engine: engine.snapshot()
    yield "growing", lambda engine: engine.scale(3)
    yield "streaming", lambda engine: list(engine.stream(rounds(40, 100)))
    yield "shrinking", lambda engine: engine.scale(2)
    yield "ingesting at last", lambda engine: ingest(engine, 100, 140)
    yield "waiting", lambda engine: engine.advance(END)


def decide(engine):
    """A new audience that another one then uses: each is filled in shadow and takes over."""
    engine.decide(Create("", NEW), START)
    engine.decide(Edit("", "buyers", Or((AudienceMembership("visitors"), BOOK_OF_WORLD.audiences[0].criteria))), START)


def ingest(engine, first, last):
    for number in range(first, last, 5):
        engine.ingest(documents(number), moment(number))


def rounds(first, last):
    """Rounds of five batches, of which several are under way at once."""
    for number in range(first, last, 5):
        yield Round(decode(documents(number)).block, moment(number))


def documents(number):
    return [json.dumps(batch(each)).encode() for each in range(number, number + 5)]


def moment(number):
    return START + (number + 5) * 20 * MINUTE


def start_feeder(folder):
    address = ray.get_runtime_context().gcs_address
    command = [sys.executable, "-m", "tests.chaos.feeder", str(folder), "--state", str(folder / "state"),
               "--address", address, "--seed", "1", "--last", "40"]  # fmt: skip
    return subprocess.Popen(command, cwd=ROOT)
