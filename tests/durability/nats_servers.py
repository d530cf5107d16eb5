"""Real NATS servers on free ports of this machine: one, or a cluster whose nodes can be killed and started again."""

import json
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

BINARY = shutil.which("nats-server", path=str(Path(sys.executable).parent)) or shutil.which("nats-server")
READY = 60
CONFIG = """
server_name: n{node}
listen: 127.0.0.1:{port}
http: 127.0.0.1:{http}
jetstream {{ store_dir: "{store}", sync_interval: {sync}, max_file_store: {most} }}
{more}
"""
CLUSTER = """
cluster {{ name: test, listen: 127.0.0.1:{route}, routes: [{routes}] }}
"""


class Servers:
    """`size` servers with their files in a directory."""

    def __init__(self, directory: Path, size: int, sync: str = "always", most: int = 1 << 30, more: str = "") -> None:
        self._directory, self._processes = directory, {}
        ports = free_ports(3 * size)
        self.ports, self._http, routes = ports[:size], ports[size : 2 * size], ports[2 * size :]
        self.urls = ",".join(f"127.0.0.1:{port}" for port in self.ports)
        for node in range(size):
            cluster = CLUSTER.format(
                route=routes[node], routes=", ".join(f"nats://127.0.0.1:{port}" for port in routes)
            )
            text = CONFIG.format(
                node=node, port=self.ports[node], http=self._http[node], store=directory / f"n{node}", sync=sync,
                most=most, more=more + (cluster if size > 1 else ""),
            )  # fmt: skip
            (directory / f"n{node}.conf").write_text(text)
        for node in range(size):
            self.start(node)
        self.wait()

    def start(self, node: int) -> None:
        with (self._directory / f"n{node}.log").open("ab") as log:
            command = [BINARY, "-c", str(self._directory / f"n{node}.conf")]
            self._processes[node] = subprocess.Popen(command, stdout=log, stderr=log)

    def wait(self) -> None:
        """Until every server that runs takes part: its JetStream is up and has a leader."""
        deadline = time.monotonic() + READY
        while not all(map(self._healthy, self._processes)):
            if time.monotonic() > deadline:
                message = f"servers are not ready after {READY} seconds: see {self._directory}/*.log"
                raise TimeoutError(message)
            time.sleep(0.05)

    def kill(self, node: int) -> None:
        self._processes[node].kill()
        self._processes.pop(node).wait()

    def pause(self, node: int) -> None:
        """As if its network were cut: it keeps its connections and says nothing."""
        self._processes[node].send_signal(signal.SIGSTOP)

    def resume(self, node: int) -> None:
        self._processes[node].send_signal(signal.SIGCONT)

    def stop(self) -> None:
        for process in self._processes.values():
            process.kill()
        for process in self._processes.values():
            process.wait()
        self._processes.clear()

    def leader(self, stream: str) -> int:
        """Node that leads a stream."""
        deadline = time.monotonic() + READY
        while time.monotonic() < deadline:
            for node in self._processes:
                found = self._ask(node, "jsz?streams=1")
                for account in (found or {}).get("account_details") or []:
                    for detail in account.get("stream_detail") or []:
                        name = (detail.get("cluster") or {}).get("leader")
                        if detail["name"] == stream and name:
                            return int(name.removeprefix("n"))
            time.sleep(0.05)
        message = f"stream {stream} has no leader after {READY} seconds"
        raise TimeoutError(message)

    def _healthy(self, node: int) -> bool:
        return (self._ask(node, "healthz") or {}).get("status") == "ok"

    def _ask(self, node: int, path: str) -> dict | None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self._http[node]}/{path}", timeout=5) as answer:
                return json.load(answer)
        except OSError:
            return None


def free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports
