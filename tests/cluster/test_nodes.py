"""Demand becomes machines: the load of the shards makes Ray's autoscaler add a node, and its end takes it away."""

import json
from pathlib import Path

import pytest

from tests.cluster.nodes.hosts import PORT, hosts, refusal

pytestmark = [pytest.mark.slow, pytest.mark.ray, pytest.mark.skipif(refusal() is not None, reason=refusal() or "")]

FAKE_HEAD_NODE_ID = "f" * 51 + "00000"
"""By which this provider knows the head."""

AUTOSCALING = {
    "cluster_name": "fake",
    "max_workers": 4,
    "idle_timeout_minutes": 0.1,
    "upscaling_speed": 1.0,
    "provider": {
        # The type of this provider misses a file in the wheel of Ray 2.60; as a foreign one it works.
        "type": "external",
        "module": "ray.autoscaler._private.fake_multi_node.node_provider.FakeMultiNodeProvider",
        "disable_node_updaters": True,
        "disable_launch_config_check": True,
        "launch_multiple": True,
        "head_node_id": FAKE_HEAD_NODE_ID,
    },
    "head_node_type": "ray.head.default",
    "available_node_types": {
        "ray.head.default": {"resources": {"CPU": 0, "raudience_head": 1}, "node_config": {}, "max_workers": 0},
        "worker": {
            "resources": {"CPU": 1, "object_store_memory": 100_000_000},
            "node_config": {},
            "min_workers": 1,
            "max_workers": 3,
        },
    },
    "docker": {},
    "auth": {"ssh_user": "nobody"},
    "file_mounts": {},
    "cluster_synced_files": [],
    "file_mounts_sync_continuously": False,
    "rsync_exclude": [],
    "rsync_filter": [],
    **{
        f"{which}commands": []
        for which in (
            "initialization_", "setup_", "head_setup_", "worker_setup_", "head_start_ray_", "worker_start_ray_",
        )
    },
}  # fmt: skip

ENVIRONMENT = {
    "AUTOSCALER_UPDATE_INTERVAL_S": "1",
    "RAY_FAKE_CLUSTER": "1",
    "RAY_enable_autoscaler_v2": "1",
    "RAY_CLOUD_INSTANCE_ID": FAKE_HEAD_NODE_ID,
    "RAY_OVERRIDE_NODE_ID_FOR_TESTING": FAKE_HEAD_NODE_ID,
}


def test_load_adds_a_node_key_groups_move_there_and_both_go_when_it_ends(tmp_path):
    config = Path(tmp_path / "autoscaling.json")
    config.write_text(json.dumps(AUTOSCALING))
    with hosts(1, tmp_path) as (head,):
        head.ray(
            "--num-cpus", "0", "--resources", json.dumps({"raudience_head": 1}), f"--autoscaling-config={config}",
            **ENVIRONMENT,
        )  # fmt: skip
        driver = head.drive("tests.cluster.nodes.scaling", f"{head.ip}:{PORT}", tmp_path / "state")
        begun, grown, ended = driver.told(), driver.told(), driver.told()
    assert (len(begun["nodes"]), begun["groups"]) == (2, [256])
    assert (len(grown["nodes"]), grown["groups"]) == (3, [128, 128])
    assert set(grown["nodes"]) - set(begun["nodes"]) == {grown["on"][1]}
    assert grown["on"][0] == begun["on"][0]
    assert (ended["nodes"], ended["on"], ended["groups"]) == (begun["nodes"], begun["on"], [256])
    assert ended["taken"] > grown["taken"] > 0
    assert ended["exact"]
