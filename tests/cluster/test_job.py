"""`ray job submit -- python -m raudience replay ...` on a Ray with a dashboard and a token, as on a cluster."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from raudience.cli.main import main
from tests.cluster.world import contents, lines, write_book, write_lines

pytestmark = pytest.mark.slow

RAY = Path(sys.executable).parent / "ray"
PATIENCE = 180


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


@pytest.fixture(scope="module")
def cluster() -> Iterator[dict[str, str]]:
    """The environment in which commands reach a Ray of its own, which ends with the test."""
    dashboard = free_port()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    environment |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": "0123456789abcdef" * 4, "RAY_USAGE_STATS_ENABLED": "0"}
    words = ["start", "--head", "--block", "--num-cpus=2", "--dashboard-host=127.0.0.1", "--disable-usage-stats"]
    # Sockets have short paths at most, shorter than those of pytest's folders.
    with tempfile.TemporaryDirectory(prefix="rj-") as folder, (Path(folder) / "head.log").open("wb") as log:
        # Another Ray of these tests may have the agent's usual port.
        ports = [
            f"--port={free_port()}",
            f"--dashboard-port={dashboard}",
            f"--dashboard-agent-listen-port={free_port()}",
        ]
        places = [*ports, f"--temp-dir={folder}"]
        head = subprocess.Popen([RAY, *words, *places], env=environment, stdout=log, stderr=log, start_new_session=True)
        try:
            address = f"http://127.0.0.1:{dashboard}"
            wait_for(head, [RAY, "job", "list", "--address", address], environment, Path(folder))
            yield environment | {"RAY_ADDRESS": address}
        finally:
            os.killpg(head.pid, signal.SIGTERM)
            head.wait(PATIENCE)


def wait_for(head: subprocess.Popen, words: list, environment: dict[str, str], folder: Path) -> None:
    """Until the command succeeds, which it does once the head answers."""
    for _ in range(60):
        if head.poll() is not None:
            pytest.fail((folder / "head.log").read_text())
        if subprocess.run(words, env=environment, capture_output=True, timeout=PATIENCE, check=False).returncode == 0:
            return
    pytest.fail("the head never answered")


def test_a_submitted_job_leaves_the_same_bytes_as_one_process(cluster, tmp_path):
    write_lines(tmp_path / "events" / "all.ndjson.gz", lines())
    replay = ["replay", str(tmp_path / "events"), "--audiences", str(write_book(tmp_path)), "--at", "2026-01-03"]
    submit = [RAY, "job", "submit", "--", sys.executable, "-m", "raudience", *replay, "--out", str(tmp_path / "job")]
    done = subprocess.run(submit, env=cluster, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "events in 216 batches" in done.stdout
    assert main([*replay, "--out", str(tmp_path / "inline"), "--engine", "inline", "--quiet"]) == 0
    assert contents(tmp_path / "job") == contents(tmp_path / "inline")


def test_a_second_driver_finds_the_engine_of_the_first(cluster, tmp_path):
    script = tmp_path / "driver.py"
    script.write_text(
        "import sys\n"
        "from raudience.cluster.client import connect\n"
        "with connect(name='shop', shards=2) as client:\n"
        "    if client.now is None:\n"
        "        client.define(sys.argv[1])\n"
        "        client.ingest(sys.argv[2])\n"
        "    print([(figures.audience, figures.size) for figures in client.counts()])\n"
    )
    events = write_lines(tmp_path / "all.ndjson", lines())
    words = [RAY, "job", "submit", "--", sys.executable, str(script), str(write_book(tmp_path)), str(events)]
    told = []
    for _ in range(2):
        done = subprocess.run(words, env=cluster, capture_output=True, text=True, timeout=PATIENCE, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        told.append([line for line in done.stdout.splitlines() if line.startswith("[('buyers'")])
    assert told[0] == told[1]
    assert len(told[0]) == 1
