"""`cluster.yaml` is what Ray's own schema takes, and follows the rules of docs/running.md. No cloud is called."""

from pathlib import Path

import pytest
import yaml
from ray.autoscaler._private.util import prepare_config, validate_config

ROOT = Path(__file__).parents[2]


@pytest.fixture
def cluster() -> dict:
    return prepare_config(yaml.safe_load((ROOT / "cluster.yaml").read_text()))


def test_rays_schema_takes_it(cluster):
    validate_config(cluster)


def test_no_work_lands_on_the_head_but_the_coordinator(cluster):
    head = cluster["available_node_types"][cluster["head_node_type"]]
    assert head["resources"] == {"CPU": 0, "raudience_head": 1}


def test_workers_can_grow(cluster):
    shards = cluster["available_node_types"]["shards"]
    assert 0 < shards["min_workers"] < shards["max_workers"]


def test_the_token_is_asked_for_on_every_node(cluster):
    for side in ("head_start_ray_commands", "worker_start_ray_commands"):
        assert "RAY_AUTH_MODE=token" in cluster[side][-1]


def test_ray_is_the_version_that_the_scripts_pin(cluster):
    pins = (ROOT / "scripts" / "constraints.txt").read_text().split()
    version = next(pin.removeprefix("ray==") for pin in pins if pin.startswith("ray=="))
    assert cluster["docker"]["image"] == f"rayproject/ray:{version}-py311"


def test_a_misspelled_key_is_refused(cluster):
    cluster["available_node_types"]["shards"]["min_worker"] = 1
    with pytest.raises(Exception, match="min_worker"):
        validate_config(cluster)
