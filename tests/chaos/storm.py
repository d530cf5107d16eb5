"""A storm: faults by a seed while a feeder tells its story, a visitor asks and wishes, and a sender has everything sent
to a partner that lives beside it; then the verdict."""

import json
import os
import random
import subprocess
import sys
import time
import urllib.request
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import msgspec

from raudience.cluster.client import Client
from raudience.cluster.engine import Engine
from raudience.cluster.secrets import KEY
from tests.chaos.crashing import POINTS, CrashPoints
from tests.chaos.drivers import ROOT, Driver
from tests.chaos.feeder import engine_of
from tests.chaos.feeding import Acknowledged
from tests.chaos.machines import Machines, end
from tests.chaos.sender import HOST, OUTPUT, SECRET, tend
from tests.chaos.story import Story
from tests.chaos.verdict import Verdict, judge
from tests.durability.nats_servers import Servers
from tests.forward.downstream import called, should_hold

PATIENCE = 240.0
"""Seconds after which an engine that acknowledges nothing counts as lost for good."""
FIRES_WITHIN = 20.0
"""Seconds in which a shell comes to an armed point, else the crash is called off."""
WEIGHTS = {"shard": 26, "coordinator": 14, "all shells": 5, "feeder": 14, "point": 34, "node": 9, "everything": 2,
           "log server": 12, "forwarder": 12, "sender": 6}  # fmt: skip
"""forwarder: the actor that sends; sender: the process that sees that there is one."""
FORWARDER = f"forward-{OUTPUT}"
SHELLS = ("coordinator", "shard-0", "shard-1", "shard-2", FORWARDER, FORWARDER)
OFTEN = ("before append", "after append", "before looking", "after noting what is sent", "before request",
         "after request", "after acknowledging", "before snapshot", "during snapshot")  # fmt: skip
"""Points that a forwarder passes again and again."""


class Plan(msgspec.Struct, frozen=True):
    """So many faults, or so many minutes, whatever ends first. gap: mean seconds of calm before a fault. state: a
    directory or an address; `nats`: three servers of its own, which are struck too."""

    folder: Path
    seed: int
    faults: int
    minutes: float
    gap: float
    nodes: int
    state: str


class Report(msgspec.Struct, frozen=True):
    """recoveries: of each kind of fault, the seconds to the second operation that was acknowledged after each (the
    first may have been under way). unexpected: how drivers ended that nobody had killed."""

    recoveries: dict[str, list[float]]
    seconds: float
    unexpected: list[str]
    verdict: Verdict


class LostError(Exception):
    """The engine did not come back."""


class Storm:
    def __init__(self, plan: Plan, tell: Callable[[str], None]) -> None:
        self._plan, self._tell = plan, tell
        self._random = random.Random(plan.seed)
        plan.folder.mkdir(parents=True, exist_ok=True)
        self._servers = Servers(plan.folder, 3) if plan.state == "nats" else None
        self._state = f"nats://{self._servers.urls}/storm" if self._servers else plan.state
        self._points = CrashPoints(str(plan.folder / "armed"))
        self._acknowledged = Acknowledged(plan.folder / "acknowledged")
        self._faults: list[tuple[str, float]] = []
        self._machines = Machines(plan.nodes)
        self._feeder = Driver("tests.chaos.feeder", plan.folder)
        self._visitor = Driver("tests.chaos.visitor", plan.folder)
        self._sender = Driver("tests.chaos.sender", plan.folder)
        self._drivers = (self._feeder, self._visitor, self._sender)
        os.environ[KEY] = SECRET
        command = [sys.executable, "-m", "tests.chaos.partner", str(plan.folder), "--seed", str(plan.seed)]
        self._partner = subprocess.Popen(command, cwd=ROOT)

    def run(self) -> Report:
        """Raises LostError when the engine does not come back after a fault."""
        started = time.monotonic()
        self._start_drivers()
        self._wait_for_operations()
        while len(self._faults) < self._plan.faults and time.monotonic() - started < self._plan.minutes * 60:
            self._strike()
            if self._random.random() < 0.75:
                self._wait_for_operations()
            self._pause(self._random.expovariate(1 / self._plan.gap))
        self._points.disarm()
        self._wait_for_operations()
        self._end_drivers()
        verdict = self._judge()
        unexpected = [each for driver in self._drivers for each in driver.unexpected]
        return Report(self._recoveries(), time.monotonic() - started, unexpected, verdict)

    def close(self) -> None:
        for driver in self._drivers:
            driver.kill()
        self._partner.kill()
        self._partner.wait()
        self._machines.stop()
        if self._servers:
            self._servers.stop()

    def _strike(self) -> None:
        kinds = [kind for kind in WEIGHTS if kind != "log server" or self._servers]
        kind = self._random.choices(kinds, [WEIGHTS[kind] for kind in kinds])[0]
        at = time.monotonic()
        match kind:
            case "shard":
                happened = self._kill_one("ShardShell")
            case "coordinator":
                happened = self._kill_one("CoordinatorShell")
            case "all shells":
                found = self._machines.shells("ShardShell") + self._machines.shells("CoordinatorShell")
                happened = end(found)
            case "feeder":
                happened = self._feeder.kill()
            case "forwarder":
                happened = self._kill_one("SenderShell")
            case "sender":
                happened = self._sender.kill()
            case "point":
                happened, at = self._crash_at_a_point()
            case "node":
                happened = self._lose_a_node()
            case "everything":
                happened = self._lose_everything()
            case _:
                happened = self._lose_a_server()
        if happened:
            self._faults.append((kind, at))
            self._tell(f"{len(self._faults):4} {kind}, operation {self._acknowledged.count()}")

    def _kill_one(self, shell: str) -> bool:
        found = self._machines.shells(shell)
        return bool(found) and end([self._random.choice(found)])

    def _crash_at_a_point(self) -> tuple[bool, float]:
        """A shell is told to die at one of its points; when it did."""
        shell = self._random.choice(SHELLS)
        before = len(self._points.crashed())
        points = OFTEN if shell == FORWARDER else POINTS[shell.partition("-")[0]]
        self._points.arm(shell, self._random.choice(points), self._random.randint(1, 3))
        self._until(lambda: not self._points.armed(), FIRES_WITHIN)
        self._points.disarm()
        crashed = self._points.crashed()[before:]
        return bool(crashed), crashed[0][0] if crashed else 0.0

    def _lose_a_node(self) -> bool:
        self._machines.kill(self._random.choice(self._machines.nodes()))
        self._pause(self._random.random() * 4)
        self._machines.add()
        return True

    def _lose_everything(self) -> bool:
        """All that is left is the state."""
        for driver in self._drivers:
            driver.kill()
        self._machines.stop()
        self._machines.start()
        self._start_drivers()
        return True

    def _lose_a_server(self) -> bool:
        assert self._servers is not None
        node = self._random.randrange(3)
        self._servers.kill(node)
        self._pause(self._random.random() * 4)
        self._servers.start(node)
        self._servers.wait()
        return True

    def _start_drivers(self) -> None:
        where = ["--address", self._machines.address, "--seed", str(self._plan.seed)]
        self._feeder.start([str(self._plan.folder), "--state", self._state, *where])
        self._visitor.start(where)
        self._sender.start(["--address", self._machines.address, "--partner", self._address()])

    def _address(self) -> str:
        """Of the partner."""
        told, last = self._plan.folder / "partner", time.monotonic() + PATIENCE
        while not told.exists() and time.monotonic() < last:
            time.sleep(0.05)
        return told.read_text()

    def _wait_for_operations(self) -> None:
        """Until two more operations are acknowledged."""
        wanted = self._acknowledged.count() + 2
        if not self._until(lambda: self._acknowledged.count() >= wanted, PATIENCE):
            message = f"no operation was acknowledged for {PATIENCE:.0f} seconds; see {self._plan.folder}"
            raise LostError(message)

    def _pause(self, seconds: float) -> None:
        self._until(lambda: False, seconds)

    def _until(self, reached: Callable[[], bool], seconds: float) -> bool:
        """Wait, and start drivers that have ended again."""
        last = time.monotonic() + seconds
        while not reached():
            if time.monotonic() > last:
                return False
            for driver in self._drivers:
                driver.tend()
            time.sleep(0.02)
        return True

    def _end_drivers(self) -> None:
        """The visitor leaves first: its last wish may still be granted."""
        self._visitor.kill()
        self._feeder.let_end(PATIENCE)

    def _judge(self) -> Verdict:
        engine = engine_of(self._plan.folder, self._state, self._machines.address)
        verdict = judge(engine, Story(self._plan.seed), self._acknowledged.count())
        at_partner = self._at_partner(engine)
        engine.close()
        return msgspec.structs.replace(verdict, wrong=(*verdict.wrong, *at_partner))

    def _at_partner(self, engine: Engine) -> list[str]:
        """What X holds otherwise than it should when nothing is left to send."""
        self._sender.kill()
        self._held()
        client, last = Client(engine, "storm"), time.monotonic() + PATIENCE
        sending = client.outgoing({HOST: self._address()})
        while not (sending.settle() and not self._stopped(client)):
            tend(client)
            if time.monotonic() > last:
                return [f"still sending: {sending.figures()}"]
        sending.close()
        catalog, held = engine.catalog(), self._held()
        self._tell(f"{sum(map(len, held.values()))} members on {len(held)} lists at X")
        wrong = [f"left at X: {left.forwarded}" for left in catalog.departed.values()]
        for each in catalog.connections.values():
            for kind, should in should_hold(engine, each).items():
                found = set(held.pop(f"{called(catalog, each)} ({kind})", ()))
                wrong += [f"{each.audience} at X: {len(found - should)} too many, {len(should - found)} missing of "
                          f"{len(should)}"] if found != should else []  # fmt: skip
        return wrong + [f"nobody's list at X: {name}" for name, members in held.items() if members]

    def _held(self) -> dict[str, list[str]]:
        """Members of every list at X, whose faults end with this."""
        with urllib.request.urlopen(f"{self._address()}/holds") as answer:
            return json.load(answer)

    @staticmethod
    def _stopped(client: Client) -> bool:
        left = [each.connection for each in client.connections.departed()]
        return bool(left) or any(row.connection.stop for row in client.connections.rows())

    def _recoveries(self) -> dict[str, list[float]]:
        found: dict[str, list[float]] = defaultdict(list)
        times = self._acknowledged.times()
        for kind, at in self._faults:
            found[kind].append([time for time in times if time > at][1] - at)
        return dict(found)
