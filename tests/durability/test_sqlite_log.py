"""Logs in SQLite files: commits that are shared, faults that are found, files that do not grow."""

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from raudience.durability import sqlite_log
from raudience.durability.sqlite_log import SqliteLogs
from raudience.errors import FixStore, StateDamaged, Superseded
from tests.durability.writing import record

ROOT = Path(__file__).parents[2]


@pytest.fixture
def directory(tmp_path) -> Path:
    return tmp_path / "state" / "log"


@pytest.fixture
def log(directory):
    log = SqliteLogs(directory).open("a")
    log.take_over()
    yield log
    log.close()


def closed_with(directory, records):
    log = SqliteLogs(directory).open("a")
    log.take_over()
    log.append(records)
    log.close()
    return directory / "a.sqlite"


def changed(path, statement):
    db = sqlite3.connect(path, isolation_level=None)
    db.execute(statement)
    db.close()


def test_what_waits_while_a_commit_is_under_way_shares_the_next_one(directory, log, monkeypatch):
    commits = []
    plain = sqlite_log.transaction
    monkeypatch.setattr(sqlite_log, "transaction", lambda db: commits.append(1) or plain(db))
    other = sqlite3.connect(directory / "a.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with ThreadPoolExecutor(16) as pool:
        futures = list(pool.map(lambda number: log.submit([b"%d" % number]), range(200)))
    other.execute("ROLLBACK")
    other.close()
    assert sorted(future.result() for future in futures) == list(range(1, 201))
    assert len(commits) <= 2


def test_a_commit_waits_for_the_disk(log):
    assert log._writer._db.execute("PRAGMA synchronous").fetchone() == (2,)
    assert log._writer._db.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_whoever_is_killed_at_any_moment_loses_nothing_acknowledged_and_leaves_no_part_of_a_batch(directory):
    last = 0
    for kills in range(6):
        told = killed_after(directory, 3 + kills * 11)
        log = SqliteLogs(directory).open("a")
        kept = dict(log.read(0))
        log.close()
        assert told > last
        assert len(kept) >= told
        assert len(kept) % 3 == 0
        assert kept == {number: record(number) for number in range(1, len(kept) + 1)}
        last = len(kept)


def killed_after(directory, lines):
    """Number of the last record that a writer has told as durable before it is killed in the middle of its work."""
    command = [sys.executable, "-m", "tests.durability.writing", str(directory.parent)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as writer:
        for _ in range(lines):
            told = writer.stdout.readline()
        writer.kill()
        rest = writer.stdout.read().rpartition("\n")[0]
    return int((told + rest).split()[-1])


def test_a_writer_of_a_removed_log_does_not_write_into_the_next_one(directory, log):
    log.append([b"one"])
    logs = SqliteLogs(directory)
    logs.remove("a")
    new = logs.open("a")
    assert new.take_over() == 0
    with pytest.raises(Superseded):
        log.append([b"zombie"])
    assert list(new.read(0)) == []
    new.close()


def test_a_changed_bit_of_a_record_is_found_and_named(directory):
    path = closed_with(directory, [b"one" * 50, b"needle" * 50, b"three" * 50])
    data = bytearray(path.read_bytes())
    data[data.index(b"needle") + 77] ^= 1
    path.write_bytes(data)
    log = SqliteLogs(directory).open("a")
    found = log.read(0)
    assert next(found) == (1, b"one" * 50)
    with pytest.raises(StateDamaged, match=r"a\.sqlite: record 2 is not what was written"):
        next(found)
    log.close()


@pytest.mark.parametrize(
    ("statement", "damage"),
    [
        ("UPDATE records SET body = (SELECT body FROM records WHERE number = 1) WHERE number = 2", "record 2"),
        ("DELETE FROM records WHERE number = 2", "2 to 2"),
        ("DELETE FROM records WHERE number = 3", "3 to 3"),
    ],
)
def test_records_that_changed_places_or_are_missing_are_found(directory, statement, damage):
    changed(closed_with(directory, [b"one", b"two", b"three"]), statement)
    log = SqliteLogs(directory).open("a")
    with pytest.raises(StateDamaged, match=damage):
        list(log.read(0))
    log.close()


def test_nobody_writes_behind_an_end_that_is_missing(directory):
    changed(closed_with(directory, [b"one", b"two"]), "DELETE FROM records WHERE number = 2")
    log = SqliteLogs(directory).open("a")
    with pytest.raises(StateDamaged, match="the last record is 1, but 2 were written"):
        log.take_over()
    log.close()


def test_a_file_that_is_overwritten_is_damage(directory):
    path = closed_with(directory, [b"one"])
    path.write_bytes(b"overwritten" * 1000)
    with pytest.raises(StateDamaged, match="restore the state"):
        SqliteLogs(directory).open("a")


def test_a_file_of_another_format_is_refused_with_what_to_do(directory):
    changed(closed_with(directory, [b"one"]), "PRAGMA user_version = 9")
    with pytest.raises(
        FixStore, match=r"expected format 1, got 9; open it with the version of raudience that wrote it"
    ):
        SqliteLogs(directory).open("a")


def test_a_file_of_somebody_else_is_left_alone(directory):
    directory.mkdir(parents=True)
    changed(directory / "a.sqlite", "CREATE TABLE theirs (x)")
    before = (directory / "a.sqlite").read_bytes()
    with pytest.raises(FixStore, match="no log of raudience is in the way"):
        SqliteLogs(directory).open("a")
    assert (directory / "a.sqlite").read_bytes() == before


def test_a_path_below_a_file_is_refused_with_what_to_do(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(FixStore, match="a part of the path is a file: name another directory"):
        SqliteLogs(tmp_path / "file" / "log")


def test_only_this_user_may_look_into_a_directory_that_is_made(directory):
    closed_with(directory, [b"personal"])
    assert directory.stat().st_mode & 0o077 == 0
    assert directory.parent.stat().st_mode & 0o077 == 0


READ_ONLY = """
import os, sys
from pathlib import Path
from raudience.durability.sqlite_log import SqliteLogs
from raudience.errors import FixStore
if os.geteuid() == 0:
    os.setuid(65534)
try:
    SqliteLogs(Path(sys.argv[1])).open(sys.argv[2]).take_over()
except FixStore as error:
    print(error)
"""


@pytest.mark.parametrize("name", ["a", "new"])
def test_a_directory_that_cannot_be_written_is_refused_with_what_to_do(name):
    directory = Path(tempfile.mkdtemp())
    try:
        closed_with(directory, [b"one"])
        directory.chmod(0o555)
        done = run(READ_ONLY, directory, name)
        assert "cannot be opened: see that its directory can be written" in done or "is read-only" in done
    finally:
        directory.chmod(0o755)
        shutil.rmtree(directory)


def run(program, *arguments):
    command = [sys.executable, "-c", program, *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    assert done.stderr == ""
    return done.stdout


def test_a_full_disk_is_refused_and_nothing_more_is_taken_until_taking_over(log):
    log.append([b"one"])
    pages = log._writer._db.execute("PRAGMA page_count").fetchone()[0]
    log._writer._db.execute(f"PRAGMA max_page_count = {pages + 1}")
    with pytest.raises(FixStore, match="the disk is full: free space or move the state"):
        log.append([b"x" * 100_000])
    with pytest.raises(FixStore, match="the disk is full"):
        log.append([b"small"])
    assert list(log.read(0)) == [(1, b"one")]
    assert log.take_over() == 1
    assert log.append([b"two"]) == 2


LIMITED = """
import resource, sys
from pathlib import Path
from raudience.durability.sqlite_log import SqliteLogs
from raudience.errors import FixStore
log = SqliteLogs(Path(sys.argv[1])).open("a")
log.take_over()
resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
try:
    while True:
        last = log.append([b"x" * 10_000] * 3)
except FixStore as error:
    print(last)
    print(error)
"""


def test_what_was_acknowledged_before_the_disk_refused_is_kept(directory):
    last, message = run(LIMITED, directory).splitlines()
    assert "the disk refuses to read or write" in message or "the disk is full" in message
    log = SqliteLogs(directory).open("a")
    assert log.take_over() == int(last)
    assert len(list(log.read(0))) == int(last)
    assert log.append([b"next"]) == int(last) + 1
    log.close()


def test_many_processes_may_open_a_new_log_at_once(directory):
    program = """
import sys
from pathlib import Path
from raudience.durability.sqlite_log import SqliteLogs
logs = SqliteLogs(Path(sys.argv[1]))
sys.stdin.read()
for number in range(20):
    log = logs.open(f"a{number}")
    log.take_over()
    log.close()
"""
    command = [sys.executable, "-c", program, str(directory)]
    several = [subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE) for _ in range(3)]
    for one in several:
        one.stdin.close()
    assert [one.wait() for one in several] == [0, 0, 0]


def test_trimming_gives_space_back(directory, log):
    for _ in range(40):
        log.append([b"x" * 1_000_000])
    log.trim(36)
    assert used(directory) < 40_000_000
    log.append([b"behind"])
    assert list(log.read(39)) == [(40, b"x" * 1_000_000), (41, b"behind")]


def test_a_log_that_is_trimmed_again_and_again_does_not_grow(directory, log):
    most = 0
    for _ in range(60):
        last = log.append([os.urandom(500_000)] * 2)
        log.trim(last - 6)
        most = max(most, used(directory))
    assert most < 50_000_000


def used(directory):
    return sum(path.stat().st_size for path in directory.iterdir())
