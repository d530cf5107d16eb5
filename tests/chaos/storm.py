"""A storm: faults by a seed while a feeder tells its story and a visitor asks and wishes, then the verdict."""

import random
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import msgspec

from tests.chaos.crashing import POINTS, CrashPoints
from tests.chaos.drivers import Driver
from tests.chaos.feeder import engine_of
from tests.chaos.feeding import Acknowledged
from tests.chaos.machines import Machines, end
from tests.chaos.story import Story
from tests.chaos.verdict import Verdict, judge
from tests.durability.nats_servers import Servers

PATIENCE = 240.0
"""Seconds after which an engine that acknowledges nothing counts as lost for good."""
FIRES_WITHIN = 20.0
"""Seconds in which a shell comes to an armed point, else the crash is called off."""
WEIGHTS = {"shard": 26, "coordinator": 14, "all shells": 5, "feeder": 14, "point": 26, "node": 9, "everything": 2,
           "log server": 12}  # fmt: skip
SHELLS = ("coordinator", "shard-0", "shard-1", "shard-2")


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
        unexpected = self._feeder.unexpected + self._visitor.unexpected
        return Report(self._recoveries(), time.monotonic() - started, unexpected, verdict)

    def close(self) -> None:
        for driver in (self._feeder, self._visitor):
            driver.kill()
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
        self._points.arm(shell, self._random.choice(POINTS[shell.partition("-")[0]]), self._random.randint(1, 3))
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
        self._feeder.kill()
        self._visitor.kill()
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
            for driver in (self._feeder, self._visitor):
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
        engine.close()
        return verdict

    def _recoveries(self) -> dict[str, list[float]]:
        found: dict[str, list[float]] = defaultdict(list)
        times = self._acknowledged.times()
        for kind, at in self._faults:
            found[kind].append([time for time in times if time > at][1] - at)
        return dict(found)
