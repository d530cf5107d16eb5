"""Snapshots in files: what is half written is never seen, and goes away."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from raudience.durability.file_snapshots import FileSnapshots
from raudience.errors import FixStore

ROOT = Path(__file__).parents[2]


def files(directory):
    return sorted(path.relative_to(directory).as_posix() for path in directory.rglob("*") if path.is_file())


UNFINISHED = """
import os, sys
from pathlib import Path
from raudience.durability.file_snapshots import FileSnapshots
def parts():
    yield bytes(5_000_000)
    print("half", flush=True)
    sys.stdin.read()
FileSnapshots(Path(sys.argv[1])).put("a", parts())
"""


@pytest.fixture
def writer(tmp_path):
    """A process in the middle of a put."""
    command = [sys.executable, "-c", UNFINISHED, str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "half\n"
        yield process
        process.kill()


def test_what_a_killed_process_left_is_never_seen_and_removed_by_the_next(tmp_path, writer):
    FileSnapshots(tmp_path).put("a", [b"old"])
    writer.kill()
    writer.wait()
    assert len(files(tmp_path)) == 2
    snapshots = FileSnapshots(tmp_path)
    assert files(tmp_path) == ["a"]
    assert snapshots.get("a") == b"old"


def test_what_another_process_is_writing_is_left_alone(tmp_path, writer):
    assert FileSnapshots(tmp_path).names() == ()
    writer.stdin.close()
    assert writer.wait() == 0
    assert FileSnapshots(tmp_path).get("a") == bytes(5_000_000)


def test_an_object_is_synced_before_it_has_its_name_and_the_name_before_put_returns(tmp_path, monkeypatch):
    snapshots = FileSnapshots(tmp_path)
    snapshots.put("a", [b"old"])
    synced = []
    plain = os.fsync
    monkeypatch.setattr(os, "fsync", lambda descriptor: synced.append(snapshots.get("a")) or plain(descriptor))
    snapshots.put("a", [b"new"])
    assert synced == [b"old", b"new"]


def test_only_this_user_may_read_an_object(tmp_path):
    FileSnapshots(tmp_path).put("a", [b"personal"])
    assert (tmp_path / "a").stat().st_mode & 0o077 == 0


def test_a_path_below_a_file_is_refused_with_what_to_do(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(FixStore, match="a part of the path is a file: name another directory"):
        FileSnapshots(tmp_path / "file" / "snapshots")


LIMITED = """
import resource, sys
from pathlib import Path
from raudience.durability.file_snapshots import FileSnapshots
from raudience.errors import FixStore
snapshots = FileSnapshots(Path(sys.argv[1]))
snapshots.put("a", [b"old"])
resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
try:
    snapshots.put("a", [bytes(400_000)] * 10)
except FixStore as error:
    print(error)
print(snapshots.get("a"))
"""


def test_a_full_disk_is_refused_and_the_name_holds_what_it_held(tmp_path):
    command = [sys.executable, "-c", LIMITED, str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    refusal, held = done.stdout.splitlines()
    assert "a file has reached the largest size that is allowed" in refusal
    assert held == "b'old'"
    assert files(tmp_path) == ["a"]
