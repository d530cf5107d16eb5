"""Lookups, erasure and the self-audit on real Ray: the same as inline."""

import threading

import pytest

from raudience.cluster.client import connect
from tests.cluster.world import START, batch, write_book

pytestmark = [pytest.mark.slow, pytest.mark.ray, pytest.mark.usefixtures("local_ray")]
NOW = START + 60 * 60 * 1000 * 20
MINE = -20


def asked(client, tmp_path):
    """What a client says of users, before and after one is erased."""
    client.define(write_book(tmp_path), at=START)
    client.ingest([batch(number) for number in range(60)], at=NOW)
    before = (client.user(MINE), client.page("buyers", None, 3, ["email"]), client.why(MINE, "buyers"))
    position = client.position
    removed = client.erase(MINE, by="me").removed
    told = [(change.mpid, change.entered) for change in client.changes_of(after=position)]
    purged = [receipt.purged_at is not None for receipt in client.receipts(MINE)]
    return before, removed, told, purged, client.user(MINE), client.audit(1_000)


def test_users_are_told_of_and_forgotten_on_ray_as_inline(tmp_path):
    found = []
    for engine in ("inline", "ray"):
        (tmp_path / engine).mkdir()
        with connect(engine=engine, shards=2, state=tmp_path / engine / "state") as client:
            found.append(asked(client, tmp_path / engine))
    assert found[0] == found[1]
    *_, user, audit = found[0]
    assert (user, audit.checked, audit.differences) == ((), 39, ())


def test_who_only_asks_a_running_engine_is_served_by_who_feeds_it(tmp_path):
    name = f"asked-{tmp_path.name}"
    with connect(shards=2, name=name, state=tmp_path / "state") as feeder:
        feeder.define(write_book(tmp_path), at=START)
        feeder.ingest([batch(number) for number in range(60)], at=NOW)
        done = threading.Event()
        feeding = threading.Thread(target=feed, args=(feeder, done))
        feeding.start()
        try:
            with connect(name=name) as visitor:
                receipt = visitor.erase(MINE, by="support")
                assert (receipt.removed.profiles, receipt.purged_at is not None) == (1, True)
                assert visitor.user(MINE) == ()
        finally:
            done.set()
            feeding.join()
        assert MINE in {change.mpid for change in feeder.changes() if not change.entered}


def feed(client, done):
    number = 60
    while not done.wait(0.1):
        client.advance(NOW + number)
        number += 1
