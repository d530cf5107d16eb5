"""A Ray cluster of several nodes on this machine, whose processes can be killed. Only children of its own nodes are."""

import contextlib
import os
import signal
from pathlib import Path

from ray._private import ray_constants
from ray._private.node import Node
from ray.cluster_utils import Cluster

_DETECTION = {"health_check_initial_delay_ms": 1_000, "health_check_period_ms": 1_000,
              "health_check_timeout_ms": 3_000, "health_check_failure_threshold": 3}  # fmt: skip
"""A lost node is noticed after seconds, not after the minute that suits a network."""


class Machines:
    """A head without CPUs, for drivers, and `size` nodes with room for all shards each."""

    def __init__(self, size: int) -> None:
        self._size = size
        self.start()

    @property
    def address(self) -> str:
        return self._cluster.address

    def start(self) -> None:
        head = {"num_cpus": 0, "include_dashboard": False, "_system_config": _DETECTION}
        self._cluster = Cluster(initialize_head=True, head_node_args=head)
        for _ in range(self._size):
            self.add()

    def add(self) -> None:
        self._cluster.add_node(num_cpus=4)

    def nodes(self) -> list[Node]:
        """The nodes beside the head."""
        return sorted(self._cluster.worker_nodes, key=lambda node: node.node_id)

    def shells(self, kind: str) -> list[int]:
        """Processes of the actors of a class (`ShardShell`, `CoordinatorShell`)."""
        raylets = {raylet for node in self._cluster.list_all_nodes() for raylet in _raylets(node)}
        return [process for process, parent, title in processes()
                if parent in raylets and title.startswith(f"ray::{kind}")]  # fmt: skip

    def kill(self, node: Node) -> None:
        """End a node and everything on it at once."""
        orphans = _children(node)
        self._cluster.remove_node(node, allow_graceful=False)
        end(orphans)

    def stop(self) -> None:
        """End the whole cluster at once."""
        orphans = [process for node in self._cluster.list_all_nodes() for process in _children(node)]
        for node in (*self.nodes(), self._cluster.head_node):
            self._cluster.remove_node(node, allow_graceful=False)
        end(orphans)
        self._cluster.shutdown()


def processes() -> list[tuple[int, int, str]]:
    """Number, parent and title of every process."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            title = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        found.append((int(folder.name), parent, title))
    return found


def end(found: list[int]) -> bool:
    """Kill processes; False when all of them have ended already."""
    ended = 0
    for process in found:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
            ended += 1
    return ended > 0


def _raylets(node: Node) -> list[int]:
    """The process that starts all others of a node; none when it has ended."""
    return [info.process.pid for info in node.all_processes.get(ray_constants.PROCESS_TYPE_RAYLET, ())]


def _children(node: Node) -> list[int]:
    raylets = _raylets(node)
    return [process for process, parent, _ in processes() if parent in raylets]
