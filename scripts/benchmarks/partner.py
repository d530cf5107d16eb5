"""X's fake in a process of its own, and what reaches it."""

from __future__ import annotations

import gc
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.forward.fakes import x
from tests.forward.fakes.wire import Served

_ROOT = Path(__file__).parents[2]
ANY_RATE = 1_000_000
"""Requests a minute of a fake that limits nobody."""


class Watched(x.FakeX):
    """Notes when each value came for the first time, in seconds of the wall clock, in a line of JSON a request."""

    def __init__(self, notes: Path | None) -> None:
        super().__init__()
        self._notes = notes

    def __call__(self, method: str, url: str, headers: dict[str, str], body: bytes, now: int) -> Any:
        self.requests.clear()
        if self._notes is not None and body:
            users = [user["email"][0] for each in json.loads(body) for user in each["params"]["users"]]
            with self._notes.open("a") as file:
                file.write(json.dumps([time.time(), users]) + "\n")
        return super().__call__(method, url, headers, body, now)


@contextmanager
def serving(notes: Path | None = None, limited: bool = True) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """The address of a fake in another process. `members(process)` asks it how many it has."""
    asked = [str(notes.resolve()) if notes else "", "limited" if limited else ""]
    command = [sys.executable, "-m", "scripts.benchmarks.partner", *asked]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=_ROOT)
    assert process.stdout is not None
    try:
        yield process.stdout.readline().strip(), process
    finally:
        process.kill()
        process.communicate()


def members(process: subprocess.Popen[str]) -> int:
    """How many values are on all lists of the fake."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("\n")
    process.stdin.flush()
    return int(process.stdout.readline())


def main(notes: str, limited: str) -> None:
    if not limited:
        x.LIMITS = {name: (ANY_RATE, window) for name, (_, window) in x.LIMITS.items()}
    # Millions of people that stay: a partner has other means.
    gc.disable()
    fake = Watched(Path(notes) if notes else None)
    with Served(fake, lambda: time.time_ns() // 1_000_000) as address:
        print(address, flush=True)
        for _ in sys.stdin:
            print(sum(len(fake.members(name, time.time_ns() // 1_000_000)) for name in fake.lists()), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:3])
