"""Processes that drive an engine, are killed, and start again."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]


class Driver:
    """A module that runs as a process; what it says goes into a file of its name in the folder. unexpected: how it
    ended when nobody had killed it."""

    def __init__(self, module: str, folder: Path) -> None:
        self._module, self._folder = module, folder
        self._given: Sequence[str] = ()
        self._process: subprocess.Popen | None = None
        self.unexpected: list[str] = []

    def start(self, given: Sequence[str]) -> None:
        self._given = given
        with (self._folder / f"{self._module}.log").open("ab") as log:
            command = [sys.executable, "-m", self._module, *given]
            self._process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)

    def kill(self) -> bool:
        """End it at once; False when it had ended already."""
        running = self._process is not None and self._process.poll() is None
        if running:
            self._process.kill()
            self._process.wait()
        return running

    def tend(self) -> None:
        """Start it again when it has ended."""
        if self._process is not None and (code := self._process.poll()) is not None:
            if code != -9:
                self.unexpected.append(f"{self._module} ended with {code}")
            self.start(self._given)

    def let_end(self, seconds: float) -> None:
        """Tell it to end, and wait. It is started again when it ends in another way."""
        (self._folder / "stop").touch()
        while (code := self._process.wait(seconds)) != 0:
            self.unexpected.append(f"{self._module} ended with {code}")
            self.start(self._given)
