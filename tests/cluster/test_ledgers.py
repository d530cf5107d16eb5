"""Who only asks reads what the forwarder writes, at any moment, and writes nothing."""

import pytest

from raudience.cluster.forwarding import Link
from raudience.cluster.keeping import Shelf
from raudience.cluster.keepsakes import Keepsake, Place
from raudience.cluster.ledgers import Ledgers, beside
from raudience.errors import FixRequest, StateDamaged
from raudience.forward.keeping import snapshot
from tests.cluster.test_forwarding import GOOD, Stage
from tests.forward.lists import ListsPartner


@pytest.fixture
def stage(tmp_path):
    made = Stage(tmp_path)
    made.begin()
    yield made
    made.forwarder.close()


def read(stage):
    return Ledgers(stage.keepsake).read("c1", ListsPartner(), GOOD)


def test_a_reader_knows_what_the_writer_knows_after_every_step_also_beyond_snapshots(stage):
    for mpid in range(200):
        stage.people.put(mpid, email=[f"{mpid}@x.com"])
        if mpid == 100:
            stage.server.answers = [401]
        stage.work()
        if mpid % 20 == 0:
            assert snapshot(read(stage)) == snapshot(stage.forwarder.connection)
    assert read(stage).fault.failure.status == 401
    assert any(stage.keepsake.stores.snapshots().names("forward-c1/"))


def test_wishes_that_were_heeded_are_known_beyond_a_snapshot(stage):
    stage.forwarder.change(Link("c1", "Big Spenders", GOOD, recheck=7, resend=7))
    for mpid in range(60):
        stage.people.put(mpid, email=[f"{mpid}@x.com"])
        stage.work()
    assert any(stage.keepsake.stores.snapshots().names("forward-c1/"))
    assert read(stage).rechecked == 7


def test_a_connection_that_was_never_at_work_has_nothing_and_its_log_is_not_made(tmp_path):
    kept = Keepsake(Place(str(tmp_path)))
    found = Ledgers(kept).read("c9", ListsPartner(), GOOD)
    assert (found.lists, found.backlog, found.position) == ({}, 0, 0)
    assert kept.stores.logs().names() == ()


def test_a_log_whose_writer_puts_a_snapshot_in_its_place_is_read_again(stage, monkeypatch):
    stage.people.put(1, email=["a@x.com"])
    stage.work()
    entries, missed = Shelf.entries, [StateDamaged("gone meanwhile"), StateDamaged("gone meanwhile")]

    def trimmed(shelf, after):
        if missed:
            raise missed.pop()
        return entries(shelf, after)

    monkeypatch.setattr(Shelf, "entries", trimmed)
    assert len(read(stage).held["email"]) == 1
    missed.extend(StateDamaged("gone for good") for _ in range(5))
    with pytest.raises(StateDamaged, match="gone for good"):
        read(stage)


def test_without_a_place_there_is_nothing_to_read():
    with pytest.raises(FixRequest, match="expected an engine with a state, got one in memory alone"):
        Ledgers(None).read("c1", ListsPartner(), GOOD)


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        (Place("/data/shop"), Place("/data/shop/forwarding")),
        (
            Place("nats://one:4222/shop", "s3://snaps"),
            Place("nats://one:4222/shop-forwarding", "s3://snaps/forwarding"),
        ),
    ],
)
def test_logs_of_connections_are_beside_those_of_shards(place, expected):
    assert beside(Keepsake(place)).stores == expected
    assert beside(None) is None
