"""Shells that die, whose answers get lost, that are called twice, and that live on behind a cut network."""

from raudience.cluster.carrier import COORDINATOR, Lost
from raudience.cluster.coordinating import NAME, CoordinatorShell
from raudience.cluster.inline import Answer, InlineCarrier
from raudience.cluster.shells import ShardShell
from raudience.errors import RaudienceError
from raudience.shard.commands import Tick

REPEATABLE = ("apply", "adopt", "combine", "freeze", "standing", "ask", "open", "fence")


class Died(Exception):
    """A process ends at one of its named points."""


class DriverDied(Exception):
    """The process of the writer ends in the middle of what it does."""


class FailingCarrier(InlineCarrier):
    def __init__(self, disk, keepsake):
        super().__init__(keepsake)
        self.disk, self.chance = disk, disk.chance
        self.zombies = []

    def call(self, where, method, *values):
        if where not in self._shells or any(isinstance(value, Answer) and value.error is not None for value in values):
            return super().call(where, method, *values)
        if self.chance("driver died in the middle", 0.002):
            raise DriverDied
        if self.chance("died before a call", 0.01):
            return self._lost(where)
        answer = super().call(where, method, *values)
        if isinstance(answer.error, Died):
            return self._lost(where)
        if method in REPEATABLE and answer.error is None and self.chance("called twice", 0.02):
            answer = super().call(where, method, *values)
            if isinstance(answer.error, Died):
                return self._lost(where)
        if self.chance("died after a call", 0.01):
            return self._lost(where)
        if self.chance("network cut", 0.01):
            self.zombies.append((where, self._shells[where]))
            return self._lost(where, dead=False)
        return answer

    def die_all(self):
        """The machine of all shells goes down."""
        for where in list(self._shells):
            self._lost(where)

    def wake_zombies(self, now):
        """Shells that were cut off write on; the log must refuse them. How many tried."""
        tried = 0
        for where, shell in self.zombies:
            if self._replaced(where) and isinstance(shell, ShardShell) and shell.is_open():
                tried += 1
                kept = shell._replica
                try:
                    shell.apply(kept.epoch, kept.number + 1, 0, Tick(), max(now, kept.now or 0))
                except (RaudienceError, Died):
                    continue
                raise AssertionError("a shell that was replaced has written")
        self.zombies = [(where, shell) for where, shell in self.zombies if not self._replaced(where)]
        return tried

    def _replaced(self, where):
        """Whether another shell has taken over the place."""
        return where in self._shells and self._shells[where].is_open()

    def _lost(self, where, dead=True):
        if dead:
            self.disk.crash(NAME if where == COORDINATOR else f"shard-{where}")
        self._shells[where] = CoordinatorShell(self.keepsake) if where == COORDINATOR else ShardShell()
        return Answer(None, Lost(f"{where}"))
