"""Hosts on this machine: each has a network, processes and temporary files of its own, and a cable to one switch.

They share the disk, as hosts with a common volume do. A host may lose its power or its cable. All of it is made of
Linux namespaces and ends with the processes that hold them.
"""

import contextlib
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[3]
BIN = Path(sys.executable).parent
PORT = 6379
_TMP = Path("/tmp/ray")


def refusal():
    """Why no hosts can be made here; None when they can."""
    missing = [tool for tool in ("ip", "unshare", "nsenter", "mount") if shutil.which(tool) is None]
    if missing:
        return f"hosts are made with {', '.join(missing)} of iproute2 and util-linux, which is not installed"
    tried = subprocess.run(
        ["unshare", "-nmpf", "--mount-proc", "ip", "link", "add", "a0", "type", "veth", "peer", "name", "a1"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return f"hosts need namespaces, which this machine does not permit: {tried.stderr}" if tried.returncode else None


class Space:
    """A place with a network and processes of its own, held by one that sleeps."""

    def open(self, *options, prepare):
        script = f"{prepare} && echo ready && exec sleep 3600"
        command = ["unshare", "-n", "-p", "-f", "--kill-child", *options, "bash", "-c", script]
        self._held = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if self._held.stdout.readline() != "ready\n":
            raise RuntimeError(self._held.communicate()[1])
        held = self._held.pid
        self.first = int(Path(f"/proc/{held}/task/{held}/children").read_text().split()[0])

    def enter(self, *command, **options):
        return subprocess.Popen(["nsenter", "-t", str(self.first), "-n", "-m", "-p", *command], **options)

    def wire(self, *command):
        """`ip` in its network, seen from outside: processes of other spaces have their numbers."""
        done = subprocess.run(
            ["nsenter", "-t", str(self.first), "-n", "ip", *command], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr

    def end(self):
        """Everything in it ends at once."""
        self._held.kill()
        self._held.communicate()


class Host(Space):
    def __init__(self, number, directory):
        self.ip, self.directory = f"10.77.0.{number + 1}", directory
        self._number, self._port = number, f"p{number}"
        self._switch = None
        for part in ("tmp", "logs"):
            (directory / part).mkdir(parents=True, exist_ok=True)
        _TMP.mkdir(exist_ok=True)
        self._processes = []

    def power_on(self, switch=None):
        """It starts with what it has on its disk, at the address that it had, on the switch that it had if no other."""
        self._switch = switch or self._switch
        self.open("-m", "--mount-proc", prepare=f"ip link set lo up && mount --bind {self.directory / 'tmp'} {_TMP}")
        card = ("name", "eth0", "address", f"02:00:00:00:00:0{self._number}", "netns", str(self.first))
        self._switch.wire("link", "add", self._port, "type", "veth", "peer", *card)
        self._switch.wire("link", "set", self._port, "master", "br0", "up")
        self.wire("addr", "add", f"{self.ip}/24", "dev", "eth0")
        self.wire("link", "set", "eth0", "up")

    def power_off(self):
        """Everything on it ends at once, and its cable with it."""
        with contextlib.suppress(AssertionError):
            self._switch.wire("link", "del", self._port)
        self.end()
        for process in self._processes:
            process.end()
        self._processes = []

    def cut(self):
        """Packets to and from this host vanish."""
        self._switch.wire("link", "set", self._port, "down")

    def start(self, name, *command, **environment):
        """A process of this host; its output goes to a file of its directory."""
        return self._kept(Program(self, name, ("bash", "-c", 'exec "$@" 1>&2', "-", *command), environment))

    def ray(self, *options, head=None, **environment):
        """Ray on this host, as the head or joining one."""
        place = ("--head", "--port", str(PORT), "--include-dashboard", "false") if head is None else (
            "--address", f"{head.ip}:{PORT}")  # fmt: skip
        return self.start(
            "ray", str(BIN / "ray"), "start", "--block", "--disable-usage-stats", "--node-ip-address", self.ip,
            "--object-store-memory", "100000000", *place, *options, **environment,
        )  # fmt: skip

    def drive(self, module, *arguments, **environment):
        """A driver of this host, `python -m module`, when its Ray is there."""
        return self._kept(
            Program(self, module, (sys.executable, "-u", "-m", module, *map(str, arguments)), environment)
        )

    def _kept(self, program):
        self._processes.append(program)
        return program

    def said(self):
        """The ends of what its processes wrote."""
        logs = sorted((self.directory / "logs").iterdir())
        return "\n".join(f"--- {self.ip} {log.name}\n{log.read_text(errors='replace')[-2_000:]}" for log in logs)


class Program:
    """A process on a host. What it tells is read a line at a time, as JSON; it hears lines."""

    def __init__(self, host, name, command, environment):
        self._host = host
        path = host.directory / "logs" / name
        with path.open("ab") as errors:
            self._process = host.enter(
                *command, cwd=ROOT, env=_environment(environment), text=True,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors,
            )  # fmt: skip

    def told(self):
        """The next thing that it tells."""
        # Ray writes there too.
        line = next((line for line in self._process.stdout if line.startswith("{")), None)
        assert line is not None, f"the driver ended:\n{self._host.said()}"
        return json.loads(line)

    def tell(self, word):
        self._process.stdin.write(f"{word}\n")
        self._process.stdin.flush()

    def end(self):
        self._process.kill()
        with contextlib.suppress(BrokenPipeError):
            self._process.communicate()


@contextlib.contextmanager
def hosts(count, directory):
    """So many hosts and their switch."""
    switch, made = Space(), []
    switch.open("-m", prepare="ip link add br0 type bridge && ip link set br0 up")
    try:
        for number in range(count):
            made.append(Host(number, directory / f"host-{number}"))
            made[-1].power_on(switch)
        yield made
    finally:
        for host in made:
            host.power_off()
        switch.end()


def tell(**told):
    """What a driver tells its test."""
    print(json.dumps(told), flush=True)


def hear():
    """What its test tells a driver."""
    return sys.stdin.readline().strip()


def until(holds, seconds=180, pause=0.05):
    """Wait until it holds; how many seconds that took."""
    began = time.monotonic()
    while not holds():
        if time.monotonic() - began > seconds:
            raise AssertionError(f"not so after {seconds} s: {holds}")
        time.sleep(pause)
    return round(time.monotonic() - began, 1)


def _environment(more):
    return os.environ | {
        "PYTHONPATH": str(ROOT),
        "RAY_ADDRESS": "",
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": "0" * 64,
        "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
        "RAY_USAGE_STATS_ENABLED": "0",
    } | more  # fmt: skip
