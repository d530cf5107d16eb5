"""Two incarnations of a shard live when a network is cut: the log hears one of them.

The state is in a directory that both hosts write to: they are namespaces of one kernel, where SQLite keeps its locks.
Hosts of a real cluster share no such directory (`docs/scaling.md`).
"""

import json

import pytest

from tests.cluster.nodes.hosts import PORT, hosts, refusal

pytestmark = [pytest.mark.slow, pytest.mark.ray, pytest.mark.skipif(refusal() is not None, reason=refusal() or "")]

QUICK = {
    "RAY_health_check_period_ms": "1000",
    "RAY_health_check_timeout_ms": "1000",
    "RAY_health_check_failure_threshold": "3",
}
"""A host that does not answer counts as dead after some seconds, not after a minute."""


def test_a_shard_behind_a_cut_network_is_refused_by_the_log_and_nothing_is_lost_or_doubled(tmp_path):
    with hosts(3, tmp_path) as (head, far, spare):
        head.ray("--num-cpus", "1", "--resources", json.dumps({"raudience_head": 1}), **QUICK)
        driver = head.drive("tests.cluster.nodes.fencing", f"{head.ip}:{PORT}", tmp_path)
        far.ray("--num-cpus", "1", head=head, **QUICK)
        before = driver.told()
        far.cut()
        spare.ray("--num-cpus", "1", head=head, **QUICK)
        driver.tell("cut")
        after, end = driver.told(), driver.told()
    assert after["node"] != before["node"]
    assert end["old"]["number"] < after["number"]
    assert end["old"]["raised"] == "Superseded"
    assert f"shard-{before['shard']}" in end["old"]["says"]
    assert end["exact"]
