"""Semantics, section 15: downloads as jobs, from an engine to an archive in a directory."""

import csv
import io
import json
import os
import subprocess
import sys
import threading
import tracemalloc
import zipfile
from pathlib import Path

import msgspec
import numpy as np
import pytest

from raudience.catalog.commands import StartTest
from raudience.catalog.downloads import ALL_VARIATIONS, Download, Selection
from raudience.catalog.experiments import Share
from raudience.clock import DAY, WEEK
from raudience.cluster.client import Client
from raudience.cluster.download_jobs import Job, JobFolder
from raudience.cluster.downloads import Downloads
from raudience.coordinator.variants import assign
from raudience.errors import FixDefinition, FixRequest, StateDamaged
from raudience.hashing import key_groups
from raudience.records.listings import Listing, Named
from raudience.records.texts import Texts, texts_of
from tests.cluster.test_listing import COUNT, NOW, engine

WHOLE = Download((Selection("gold", "gold", "Big Spenders"),), ("email",))


@pytest.fixture(scope="module")
def client():
    of = Client(engine(2))
    of._engine.decide(StartTest(key="gold", variations=(Share(40, "Platform A"), Share(20)), by="ann"), NOW)
    return of


def read(path):
    """Rows of each CSV of an archive by its name, and the manifest."""
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        *names, last = archive.namelist()
        assert last == "manifest.json"
        files = {name: rows_of(archive.read(name)) for name in names}
        return files, json.loads(archive.read(last))


def rows_of(data):
    header, *rows = csv.reader(io.StringIO(data.decode(), newline=""))
    assert header == ["mpid", " scanned_timestamp_ms", " identity_value", " identity_type"]
    return rows


def test_a_download_has_every_member_with_its_identities(client, tmp_path):
    files, manifest = read(client.download("gold", ["email"], tmp_path))
    [(name, rows)] = files.items()
    assert name.startswith("gold_BigSpenders_")
    assert sorted(rows, key=lambda row: int(row[0])) == [
        [str(mpid), str(client.now), f"{mpid}@x.com", "email"] for mpid in range(COUNT)
    ]
    assert (manifest["audience_ids"], manifest["total_rows"]) == (["gold"], COUNT)


def test_row_157_all_variations_are_files_that_share_the_members_out(client, tmp_path):
    files, manifest = read(client.download(["gold", "paid"], ["email"], tmp_path, ALL_VARIATIONS))
    assert [name.rsplit("_", 1)[0] for name in files] == [
        "gold_BigSpenders-PlatformA",
        "gold_BigSpenders-Variation2",
        "gold_BigSpenders-Control",
        "paid_paid",
    ]
    test = client._engine.catalog().audiences["gold"].experiment
    place = dict(zip(range(COUNT), assign(test, np.arange(COUNT)).tolist(), strict=True))
    found = [{int(row[0]) for row in rows} for rows in files.values()]
    assert found[:3] == [{mpid for mpid in place if place[mpid] == variation} for variation in range(3)]
    assert len(found[3]) == COUNT
    assert manifest["total_rows"] == 2 * COUNT


def test_row_165_one_variation_is_one_file(client, tmp_path):
    files, _ = read(client.download("gold", ["email"], tmp_path, ["control"]))
    assert [len(rows) for rows in files.values()] == [client.variants("gold")["Control"]]


def test_row_164_a_sample_is_a_part_of_the_full_download(client, tmp_path):
    [full], _ = map(list, map(dict.values, read(client.download("gold", ["email"], tmp_path))[:1] * 2))
    files, manifest = read(client.download("gold", ["email"], tmp_path, sample=50))
    [sample] = files.values()
    assert len(sample) == manifest["sample_users"] == manifest["files"][0]["total_users"] == 50
    assert {tuple(row) for row in sample} <= {tuple(row) for row in full}


def test_row_162_rows_carry_the_instant_of_the_engine_not_that_of_the_wall(client, tmp_path):
    files, manifest = read(client.download("gold", ["email"], tmp_path))
    assert {row[1] for rows in files.values() for row in rows} == {str(client.now)}
    assert (manifest["min_timestamp_ms"], manifest["max_timestamp_ms"]) == (client.now, client.now)


def test_the_same_members_make_the_same_rows_in_the_same_order_over_any_number_of_shards(tmp_path):
    told = []
    for shards in (1, 4):
        path = Client(engine(shards)).download("gold", ["email"], tmp_path / str(shards))
        told += read(path)[0].values()
    assert told[0] == told[1]


def test_row_170_a_download_with_faults_is_refused_whole(client, tmp_path):
    with pytest.raises(FixDefinition, match="3 fault"):
        client.download(["gold", "silver"], ["emial"], tmp_path, sample=0)
    assert list(tmp_path.iterdir()) == []


def test_row_171_a_download_is_a_job_that_waits_runs_and_is_ready(client, tmp_path):
    downloads = client.downloads(tmp_path)
    job = downloads.request(WHOLE, "ann")
    told = [job]
    ready = downloads.carry_out(job.id, told.append)
    assert [each.state for each in told] == ["waiting", "running", "ready"]
    assert (ready.percent, ready.seconds_left, ready.rows, ready.by) == (100.0, None, COUNT, "ann")
    archive = (tmp_path / ready.archive).stat()
    assert (archive.st_size, archive.st_mode & 0o777) == (ready.bytes, 0o600)
    assert downloads.jobs.all() == [ready]


def test_a_job_tells_how_far_it_is(client, tmp_path, monkeypatch):
    monkeypatch.setattr("raudience.cluster.downloads._PAUSE", 0)
    downloads = client.downloads(tmp_path)
    told = []
    downloads.carry_out(downloads.request(WHOLE).id, told.append)
    assert [each.percent for each in told] == [0.0, *(100 * part / 16 for part in range(1, 17)), 100.0]
    assert told[0].seconds_left is None
    assert all(each.seconds_left >= 0 for each in told[1:-1])
    assert told[-2].seconds_left == 0


def test_nothing_has_the_name_of_an_archive_before_it_is_whole(client, tmp_path, monkeypatch):
    monkeypatch.setattr("raudience.cluster.downloads._PAUSE", 0)
    downloads = client.downloads(tmp_path)
    seen = []
    job = downloads.carry_out(
        downloads.request(WHOLE).id, lambda job: seen.append([path.name for path in tmp_path.iterdir()])
    )
    assert seen[:-1] == [[".downloads"]] * 17
    assert sorted(seen[-1]) == [".downloads", job.archive]


def test_a_job_that_fails_says_why_and_leaves_no_file(client, tmp_path):
    downloads = client.downloads(tmp_path)
    gone = Download((Selection("silver", "silver", "Silver"),), ("email",))
    job = downloads.carry_out(downloads.request(gone).id)
    assert (job.state, job.reason) == ("failed", "audience: expected one of gold, paid; got silver")
    assert files_of(tmp_path) == []


def files_of(folder):
    """What there is but for notes and locks."""
    return sorted(path.name for path in folder.rglob("*") if path.suffix in (".zip", ".part"))


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), MemoryError("x"), KeyboardInterrupt()])
def test_whatever_breaks_a_job_leaves_no_file_that_looks_ready(client, tmp_path, monkeypatch, error):
    def broken(*_):
        raise error

    monkeypatch.setattr("raudience.export.archive.csv_rows", broken)
    downloads = client.downloads(tmp_path)
    id = downloads.request(WHOLE).id
    try:
        downloads.carry_out(id)
    except (MemoryError, KeyboardInterrupt) as raised:
        assert raised is error
    job = downloads.jobs.get(id)
    expected = {OSError: "failed", MemoryError: "failed", KeyboardInterrupt: "cancelled"}[type(error)]
    assert job.state == expected
    assert ("the disk is full" in job.reason) == isinstance(error, OSError)
    assert files_of(tmp_path) == []


def test_a_waiting_job_is_cancelled_at_once_and_never_carried_out(client, tmp_path):
    downloads = client.downloads(tmp_path)
    id = downloads.request(WHOLE).id
    assert downloads.cancel(id).state == "cancelled"
    assert downloads.carry_out(id).state == "cancelled"
    assert downloads.cancel(id).state == "cancelled"
    assert files_of(tmp_path) == []


def test_a_running_job_is_cancelled_from_elsewhere_with_its_next_part(client, tmp_path):
    downloads, elsewhere = client.downloads(tmp_path), client.downloads(tmp_path)
    id = downloads.request(WHOLE).id
    asked = []

    def tell(job):
        if job.state == "running":
            asked.append(elsewhere.cancel(id).state)

    assert downloads.carry_out(id, tell).state == "cancelled"
    assert asked == ["running"]
    assert files_of(tmp_path) == []


def test_a_ready_job_stays_ready(client, tmp_path):
    downloads = client.downloads(tmp_path)
    job = downloads.carry_out(downloads.request(WHOLE).id)
    assert downloads.cancel(job.id) == downloads.carry_out(job.id) == job


def test_one_job_is_carried_out_by_one_process_at_a_time(client, tmp_path):
    downloads = client.downloads(tmp_path)
    id = downloads.request(WHOLE).id
    with JobFolder(tmp_path).held(id), pytest.raises(FixRequest, match="another process is at it"):
        downloads.carry_out(id)
    assert downloads.carry_out(id).state == "ready"


DYING = """
import os, sys
from raudience.cluster.client import Client
from raudience.cluster import downloads
from tests.cluster.test_downloads import WHOLE
from tests.cluster.test_listing import engine
downloads._PAUSE = 0
of = Client(engine(1, range(50))).downloads(sys.argv[1])
of.carry_out(of.request(WHOLE).id, lambda job: os._exit(9) if job.percent >= 50 else None)
"""


def test_a_job_whose_process_died_is_carried_out_anew(client, tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", DYING, str(tmp_path)], env=dict(os.environ, PYTHONPATH=str(Path.cwd())), check=False
    )
    assert done.returncode == 9
    downloads = client.downloads(tmp_path)
    assert [job.state for job in downloads.jobs.all()] == ["running"]
    assert [name.endswith(".part") for name in files_of(tmp_path)] == [True]
    [job] = downloads.go_on()
    assert (job.state, job.rows) == ("ready", COUNT)
    assert files_of(tmp_path) == [job.archive]
    assert downloads.go_on() == []


def test_an_archive_that_was_whole_when_its_process_died_is_ready(client, tmp_path):
    downloads = client.downloads(tmp_path)
    job = downloads.carry_out(downloads.request(WHOLE).id)
    downloads.jobs.write(msgspec.structs.replace(job, state="running", ended_at=None, percent=93.75))
    assert downloads.jobs.recover(NOW) == []
    assert downloads.jobs.get(job.id) == msgspec.structs.replace(job, ended_at=NOW)


def test_a_job_that_somebody_is_at_is_left_to_him(client, tmp_path):
    jobs = JobFolder(tmp_path)
    job = jobs.add(WHOLE, "ann", NOW)
    jobs.write(msgspec.structs.replace(job, state="running"))
    with JobFolder(tmp_path).held(job.id):
        assert jobs.recover(NOW) == []
    assert [each.id for each in jobs.recover(NOW)] == [job.id]


def test_jobs_go_with_their_archives_when_they_have_been_kept_long_enough(client, tmp_path):
    jobs = JobFolder(tmp_path, keep=WEEK)
    downloads = Downloads(client._engine, tmp_path)
    job = downloads.carry_out(downloads.request(WHOLE).id)
    waiting = jobs.add(WHOLE, "ann", NOW)
    jobs.expire(job.ended_at + WEEK)
    assert {each.id for each in jobs.all()} == {job.id, waiting.id}
    jobs.expire(job.ended_at + WEEK + 1)
    assert jobs.all() == [waiting]
    assert files_of(tmp_path) == []
    with pytest.raises(FixRequest, match="they go 1 week after their end"):
        jobs.get(job.id)


def test_without_an_end_jobs_are_kept_for_ever(client, tmp_path):
    jobs = JobFolder(tmp_path, keep=None)
    job = jobs.end(jobs.add(WHOLE, "ann", NOW), "cancelled", NOW)
    jobs.expire(NOW + 10_000 * DAY)
    assert jobs.all() == [job]


@pytest.mark.parametrize("id", ["", "../../etc/passwd", "9dd9b6dc-f0ec-4acf-8b18-f3a357afe1c3", "x" * 36])
def test_a_job_that_is_not_there_is_answered_so(client, tmp_path, id):
    with pytest.raises(FixRequest, match="expected the id of a job"):
        client.downloads(tmp_path).carry_out(id)
    assert files_of(tmp_path) == []


def test_a_job_that_cannot_be_read_says_which_file(tmp_path):
    jobs = JobFolder(tmp_path)
    job = jobs.add(WHOLE, "ann", NOW)
    (tmp_path / ".downloads" / f"{job.id}.json").write_text("{")
    with pytest.raises(StateDamaged, match="remove the file and ask again"):
        jobs.get(job.id)


def test_jobs_of_one_millisecond_have_ids_and_archives_of_their_own(tmp_path):
    jobs = JobFolder(tmp_path)
    made = [jobs.add(WHOLE, "ann", NOW) for _ in range(20)]
    assert len({job.id for job in made}) == len({job.archive for job in made}) == 20
    assert {len(job.id) for job in made} == {36}
    assert jobs.all() == sorted(made, key=lambda job: job.id)


def test_a_job_is_read_back_as_it_was_written(client, tmp_path):
    test = client._engine.catalog().audiences["gold"].experiment
    asked = Download((Selection("gold", 8754, "x", test, ("Control",)),), ("email:sha256",), 5, False)
    job = JobFolder(tmp_path).add(asked, "ann", NOW)
    assert JobFolder(tmp_path).get(job.id) == job
    assert isinstance(job, Job)


class Crowd:
    """An engine with one audience of any size, whose members are made when they are asked for."""

    def __init__(self, size):
        self.size, self.most = size, 0
        self._texts = texts_of([f"user{place}.name@example.com" for place in range(1 << 16)])

    def counts(self):
        return {"gold": self.size}

    def asked(self, audience, question, pick, part, bits, names):
        assert (audience, question) == ("gold", "listing")
        count = self.size >> bits
        mpids = np.arange(part * count, (part + 1) * count) * 7_919
        texts = Texts(self._texts.matrix[:count].copy(), {})
        self.most = max(self.most, count)
        return [Listing(mpids, np.full(count, NOW), tuple(Named(np.arange(count), texts) for _ in names))]


def test_a_million_members_are_written_in_the_memory_of_a_few_pages(tmp_path):
    downloads = Downloads(Crowd(1 << 20), tmp_path)
    asked = Download(WHOLE.selections, ("email", "customer_id"))
    id = downloads.request(asked).id
    tracemalloc.start()
    try:
        job = downloads.carry_out(id)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert job.rows == 2 << 20
    with zipfile.ZipFile(tmp_path / job.archive) as archive:
        size = archive.infolist()[0].file_size
    assert size > 120_000_000
    assert peak < 40_000_000
    assert downloads._engine.most <= 32_768


def test_a_larger_audience_is_read_in_more_parts_of_the_same_size(tmp_path):
    for size in (1 << 18, 1 << 19):
        crowd = Crowd(size)
        downloads = Downloads(crowd, tmp_path)
        downloads.carry_out(downloads.request(WHOLE).id)
        assert crowd.most == 16_384


def test_members_are_read_while_the_page_before_is_written(tmp_path, monkeypatch):
    crowd, both = Crowd(16 * 100), threading.Barrier(2, timeout=20)
    asked, reads, writes = crowd.asked, [], []

    def asked_meanwhile(*values):
        reads.append(1)
        if len(reads) == 2:
            both.wait()
        return asked(*values)

    def rows_meanwhile(*_):
        writes.append(1)
        if len(writes) == 1:
            both.wait()
        return []

    monkeypatch.setattr(crowd, "asked", asked_meanwhile)
    monkeypatch.setattr("raudience.export.archive.csv_rows", rows_meanwhile)
    downloads = Downloads(crowd, tmp_path)
    assert downloads.carry_out(downloads.request(WHOLE).id).state == "ready"


def test_a_download_goes_on_while_key_groups_move(tmp_path):
    of = engine(2)
    client = Client(of)
    downloads = client.downloads(tmp_path)
    moved = []

    def tell(job):
        if job.state == "running" and not moved:
            moved.append(of.scale(3))

    job = downloads.carry_out(downloads.request(WHOLE).id, tell)
    [rows] = read(tmp_path / job.archive)[0].values()
    assert moved
    assert sorted(int(row[0]) for row in rows) == list(range(COUNT))
    assert len(np.unique(key_groups(np.arange(COUNT)))) > 200
