"""Crashes at named points: whoever comes to an armed point kills itself, or somebody else, with SIGKILL."""

import os
import signal
import time
from pathlib import Path

import msgspec
import ray

POINTS = {
    "shard": ("before append", "after append", "before snapshot", "during snapshot", "after snapshot", "after freeze",
              "after adopt"),
    "coordinator": ("after intent", "after deciding", "before telling", "after telling", "before snapshot",
                    "after snapshot"),
}  # fmt: skip
"""Where a shell calls its failpoint."""
FORWARDER_POINTS = (
    "before append", "while appending", "after append", "before looking", "after noting what is sent",
    "before request", "after request", "after making a list", "after listing", "after acknowledging",
    "after renaming a list", "after deleting a list", "after forgetting", "before snapshot", "during snapshot",
    "after snapshot",
)  # fmt: skip
"""Where a forwarder does."""


class CrashPoints(msgspec.Struct, frozen=True):
    """A failpoint for the shells of a named engine on one machine. What is armed lies in the directory as files, one
    for each passage that is left, so a process that starts anew goes on counting."""

    directory: str

    def arm(self, shell: str, point: str, passage: int = 1, victim: int = 0) -> None:
        """Crash when the shell ("shard-0", "coordinator") passes the point the so-many-th time from now on. victim:
        the process that dies; 0: its own."""
        Path(self.directory).mkdir(exist_ok=True)
        for left in range(passage):
            self._file(shell, point, left).write_text(str(victim))

    def armed(self) -> list[str]:
        """The crashes that have not happened yet."""
        return sorted({path.name.rpartition(".")[0] for path in Path(self.directory).glob("*.*")})

    def crashed(self) -> list[tuple[float, str, str]]:
        """The crashes that have happened: when (seconds of the monotonic clock), which shell, at which point."""
        lines = self._log().read_text().splitlines() if self._log().exists() else []
        return [(float(at), shell, point) for at, shell, point in (line.split(" ", 2) for line in lines)]

    def disarm(self) -> None:
        for path in Path(self.directory).glob("*.*"):
            path.unlink(missing_ok=True)

    def __call__(self, point: str) -> None:
        shell = (ray.get_runtime_context().get_actor_name() or "").rpartition("/")[2]
        left = sorted(Path(self.directory).glob(f"{shell}.{point}.*"))
        if not left:
            return
        victim = int(left[-1].read_text()) or os.getpid()
        left[-1].unlink()
        if len(left) == 1:
            with self._log().open("a") as log:
                log.write(f"{time.monotonic()} {shell} {point}\n")
            os.kill(victim, signal.SIGKILL)

    def _log(self) -> Path:
        return Path(self.directory, "crashes")

    def _file(self, shell: str, point: str, left: int) -> Path:
        return Path(self.directory, f"{shell}.{point}.{left:04d}")
