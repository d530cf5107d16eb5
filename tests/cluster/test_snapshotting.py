"""Snapshots: from time to time everybody whom the partner has acknowledged, in files of their own."""

import json

import pytest

from raudience.clock import HOUR, SECOND
from raudience.cluster.calling import Surroundings
from raudience.cluster.forwarding import Forwarder, Link
from raudience.cluster.objects import Objects
from raudience.cluster.snapshotting import due
from raudience.forward.buckets import Bucket
from raudience.forward.connection import Connection
from raudience.forward.keeping import load, snapshot
from raudience.forward.partners.files import Files
from tests.cluster.test_forwarding import People

MIDNIGHT = 1_767_571_200_000
"""2026-01-05"""


class Stage:
    def __init__(self, folder):
        self.folder, self.people, self.now, self.broken = folder, People(), MIDNIGHT + HOUR, False
        self.settings = {
            "folder": str(folder), "batch_size": 2, "forward_email": True, "snapshot_hours": 24
        }  # fmt: skip
        for mpid in (1, 2, 3):
            self.people.put(mpid, email=[f"{mpid}@x.org"])
        buckets = {kind: Bucket(1_000, 60_000) for kind in ("members", "write", "read")}
        world = Surroundings(self.send, lambda: self.now, lambda: 0.5, lambda: "nonce", buckets)
        self.forwarder = Forwarder(self.link(), Files(), self.people, world)

    def link(self, **more):
        return Link("c1", "Big Spenders", self.settings | more, "big")

    def send(self, request):
        if self.broken and "_snapshot_00002" in request.url:
            return None
        return Objects().send(request)

    def work(self):
        for _ in range(200):
            following = self.forwarder.work()
            if following is None:
                return
            self.now = max(self.now, following)
        raise AssertionError("it never ends")

    def snapshots(self):
        """[MPIDs] of those whose parts are all there."""
        found = {}
        for path in sorted(self.folder.glob("*_snapshot_*")):
            stamp, _, part, _, parts = path.stem.rsplit("_", 4)
            lines = [json.loads(line) for line in path.read_text().splitlines()]
            found.setdefault((stamp, int(parts)), {})[int(part)] = [int(line["MPID"]) for line in lines]
        whole = [parts for (_, count), parts in found.items() if len(parts) == count]
        return [[mpid for mpids in parts.values() for mpid in mpids] for parts in whole]


@pytest.fixture
def stage(tmp_path):
    return Stage(tmp_path)


def test_the_first_is_written_when_everybody_was_sent(stage):
    stage.work()
    assert stage.snapshots() == [[1, 2, 3]]
    assert len(list(stage.folder.iterdir())) == 4


def test_the_next_is_written_when_its_time_has_come_and_not_before(stage):
    stage.work()
    stage.people.put(2, member=False)
    stage.now = MIDNIGHT + 24 * HOUR - SECOND
    stage.work()
    assert len(stage.snapshots()) == 1
    stage.now += SECOND
    stage.work()
    assert stage.snapshots() == [[1, 2, 3], [1, 3]]


def test_it_is_what_the_files_of_changes_before_it_come_to(stage):
    for day in range(4):
        for mpid in range(3 + day):
            stage.people.put(mpid, email=[f"{mpid}@{day}.org"], member=mpid % 4 != day)
        stage.work()
        stage.now = MIDNIGHT + (day + 1) * 24 * HOUR + 1
    held, last = {}, []
    for path in sorted(stage.folder.iterdir()):
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        if "_snapshot_" in path.name:
            last = ([] if "_00001_of" in path.name else last) + [line["IdentityValues"]["email"] for line in lines]
        if "_snapshot_" in path.name and path.stem[-5:] == path.stem[-14:-9]:
            assert sorted(last) == sorted(held.values())
        for line in lines:
            held.pop(line["MPID"], None)
            held |= {line["MPID"]: line["IdentityValues"]["email"]} if line["IsAddRequest"] else {}
    assert stage.snapshots() == [[1, 2, 3], [0, 2, 3], [0, 1, 3, 4]]


def test_one_that_could_not_be_written_whole_is_written_again(stage):
    stage.broken = True
    for _ in range(12):
        stage.now = max(stage.now, stage.forwarder.work() or 0)
    assert stage.snapshots() == []
    stage.broken = False
    stage.work()
    assert stage.snapshots() == [[1, 2, 3]]


def test_nothing_is_written_when_nobody_asks_for_it(stage):
    stage.forwarder.change(stage.link(snapshot_hours=0))
    stage.work()
    assert stage.snapshots() == []


def test_everybody_has_left(stage):
    stage.work()
    for mpid in (1, 2, 3):
        stage.people.put(mpid, member=False)
    stage.now = MIDNIGHT + 24 * HOUR - SECOND
    stage.work()
    stage.now += SECOND
    stage.work()
    assert stage.snapshots() == [[1, 2, 3], []]


def test_who_comes_back_knows_which_was_written_last(stage):
    stage.work()
    again = Connection(Files.identities, Files.limits, stage.settings, whole=True)
    load(again, snapshot(stage.forwarder.connection))
    assert due(Files(), again, stage.settings, stage.now) is None
    assert due(Files(), again, stage.settings, stage.now + 24 * HOUR) == MIDNIGHT + 24 * HOUR
