"""An engine whose logs are in NATS, three times, and whose snapshots are in object storage."""

import json

import pytest

from raudience.catalog.documents import read_book
from raudience.cluster.inline import InlineEngine
from raudience.cluster.keepsakes import Keepsake, Place
from raudience.cluster.rayed import RayEngine
from raudience.cluster.states import check_state, copy_state
from tests.cluster.world import BOOK, START, batch
from tests.durability.nats_servers import Servers

pytestmark = pytest.mark.slow

FIRST = read_book(BOOK.encode(), "book.yaml", "yaml")


def documents(first, last):
    return [json.dumps(batch(number)).encode() for number in range(first, last)]


def moment(number):
    return START + number * 20 * 60_000


def feed(engine, first, last):
    for number in range(first, last, 10):
        engine.ingest(documents(number, number + 10), moment(number + 10))


def members_of(engine):
    return {key: engine.members(key).tolist() for key in ("buyers", "fans")}


@pytest.fixture
def servers(tmp_path):
    started = Servers(tmp_path, 3)
    yield started
    started.stop()


@pytest.fixture
def quiet():
    engine = InlineEngine(1)
    engine.define(FIRST, START - 1)
    feed(engine, 0, 100)
    return engine


def place_of(servers, storage, name):
    return Place(f"nats://{servers.urls}/{name}", f"s3://{storage.bucket}/{name}?endpoint={storage.url}")


def test_it_lives_through_the_loss_of_a_server_and_of_itself(servers, storage, quiet, tmp_path):
    place = place_of(servers, storage, "shop")
    engine = InlineEngine(2, Keepsake(place, background=False, every=20_000))
    engine.define(FIRST, START - 1)
    feed(engine, 0, 40)
    servers.kill(0)
    feed(engine, 40, 70)
    again = InlineEngine(1, Keepsake(place))
    feed(again, 70, 100)
    assert members_of(again) == members_of(quiet)
    again.close()
    check_state(place, lambda step: None)
    copy_state(place, Place(str(tmp_path / "copy")), 3, lambda step: None)
    copy = InlineEngine(1, Keepsake(Place(str(tmp_path / "copy"))))
    assert (copy.shards, members_of(copy)) == (3, members_of(quiet))
    copy.close()
    # It was as good as dead; its connections belong to this process all the same.
    engine.close()


@pytest.mark.ray
@pytest.mark.usefixtures("local_ray")
def test_shards_on_ray_write_to_it(servers, quiet, tmp_path):
    place = Place(f"nats://{servers.urls}/rayed", str(tmp_path / "objects"))
    engine = RayEngine(2, keepsake=Keepsake(place))
    engine.define(FIRST, START - 1)
    feed(engine, 0, 100)
    assert members_of(engine) == members_of(quiet)
    engine.scale(3)
    engine.close()
    again = InlineEngine(1, Keepsake(place))
    assert (again.shards, members_of(again)) == (3, members_of(quiet))
    again.close()
