"""Where things run: starting or finding Ray, sizes of actors, and every name of Ray that is not public.

Written against Ray 2.60, to which pyproject.toml pins it.
"""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Callable
from typing import Any, Final

import msgspec
import ray

from raudience.errors import FixRequest

__all__ = ["NAMESPACE", "Placement", "actor", "find_placement", "first_line", "leave", "reach", "task"]

NAMESPACE: Final = "raudience"

_HEAD: Final = "raudience_head"
_QUIET: Final = {
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    # What a lost actor leaves unanswered is sent again; Ray would print each answer that nobody waits for.
    "RAY_IGNORE_UNHANDLED_ERRORS": "1",
    "RAY_USAGE_STATS_ENABLED": "0",
}
_TOKENS: Final = ("RAY_AUTH_MODE", "RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH")
_LARGEST_DEFAULT: Final = 32
_KNOCK: Final = 5.0


class Placement(msgspec.Struct, frozen=True):
    """shards: how many. shard_cpus, task_cpus: logical CPUs that a shard and a reading task ask for, more than zero, so
    that they keep their node. tasks: how many reading tasks run at once. coordinator: options of its actor.
    shard_memory: bytes that a shard asks for, 0: none. Ray does not hold it to them: they only decide where it fits."""

    shards: int
    shard_cpus: float
    task_cpus: float
    tasks: int
    coordinator: dict[str, Any]
    shard_memory: int = 0

    @property
    def shard(self) -> dict[str, Any]:
        """Options of the actor of a shard."""
        return {"num_cpus": self.shard_cpus} | ({"memory": self.shard_memory} if self.shard_memory else {})


def reach(address: str | None) -> bool:
    """Connect to the Ray at `address`, or to the one named by RAY_ADDRESS (inside a Ray job), else start one here.

    True when a Ray was started or connected to by this call. "auto" is the cluster that runs on this machine, "local"
    always a new one. Raises FixRequest when nothing answers.
    """
    if ray.is_initialized():
        return False
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)
    target = address or os.environ.get("RAY_ADDRESS") or "local"
    # Ray warns of its own defaults; what goes wrong comes as an exception.
    options: dict[str, Any] = {"namespace": NAMESPACE, "logging_level": "ERROR", "log_to_driver": False}
    if target == "local":
        _own_token()
        ray.init(address="local", include_dashboard=False, **options)
        return True
    _knock(target)
    try:
        ray.init(address=target, **options)
    except (ConnectionError, RuntimeError) as error:
        message = f"Ray at {target}: expected a running cluster that takes our token, got {first_line(error)}; "
        message += "see docs/running.md"
        raise FixRequest(message) from error
    return True


def _knock(target: str) -> None:
    """Raise FixRequest when nobody listens at host:port: Ray itself takes minutes to say so."""
    host, _, port = target.rpartition(":")
    if host and port.isdecimal() and "/" not in host:
        try:
            socket.create_connection((host, int(port)), timeout=_KNOCK).close()
        except OSError as error:
            message = f"Ray at {target}: expected a running cluster, got: {error}; see docs/running.md"
            raise FixRequest(message) from None


def leave() -> None:
    """Disconnect from Ray; a Ray that `reach` started here ends with it."""
    ray.shutdown()


def find_placement(shards: int | None, shard_cpus: float | None, shard_memory: int | None = None) -> Placement:
    """Sizes for the Ray that is connected. Without wishes: one shard for two CPUs, at least two.

    A shard asks for a whole CPU when there are enough of them, or when there are none yet (a cluster whose workers
    start on demand), else for its part of a quarter of the machine: reading is done before the shards are busy.
    """
    resources: dict[str, float] = ray.cluster_resources()  # type: ignore[no-untyped-call]
    cpus = resources.get("CPU", 0.0)
    count = shards or min(_LARGEST_DEFAULT, max(2, int(cpus) // 2))
    head = {"num_cpus": 0, "resources": {_HEAD: 0.01}} if _HEAD in resources else {"num_cpus": 0.01}
    memory = shard_memory or 0
    if cpus == 0:
        return Placement(count, shard_cpus or 1.0, 1.0, count, head, memory)
    wanted = shard_cpus or (1.0 if cpus >= 2 * count else _part(cpus / 4 / count))
    tasks = max(1, int(cpus - wanted * count + 0.5))
    # A tenth is left for the coordinator and for rounding.
    return Placement(count, wanted, _part(min(1.0, (cpus - wanted * count) * 0.9 / tasks)), tasks, head, memory)


def actor(shell: type, name: str | None, lasting: bool, stays: bool = True, **options: Any) -> Any:
    """Class of actors around a shell: no retries, because a retried call would run twice or out of order. With a name
    others find the actor, and one that is there already is taken; it outlives its driver if it stays. lasting: one that
    dies starts anew, empty."""
    if name:
        options |= {"name": name, "namespace": NAMESPACE, "get_if_exists": True}
        options |= {"lifetime": "detached"} if stays else {}
    return ray.remote(shell).options(max_restarts=-1 if lasting else 0, max_task_retries=0, **options)


def task(function: Callable[..., Any], **options: Any) -> Any:
    """Remote form of a function without side effects beyond its own spill files; a failed one is told, not repeated."""
    return ray.remote(function).options(max_retries=0, **options)


def _part(cpus: float) -> float:
    # Ray counts CPUs in steps of 0.0001; two decimals keep the sum of all parts below the whole.
    return max(0.01, int(cpus * 100) / 100)


def _own_token() -> None:
    """A token for the Ray of this process alone: Ray's own default would leave one in the home directory, which then
    locks out workers of other clusters on this machine."""
    if not any(name in os.environ for name in _TOKENS):
        # The mode is left to `ray.init`: it was read when ray was imported, and a local Ray turns it on.
        os.environ["RAY_AUTH_TOKEN"] = os.urandom(32).hex()


def first_line(error: Exception) -> str:
    """What an error of Ray says in short; the rest is a page."""
    with contextlib.suppress(IndexError):
        return str(error).strip().splitlines()[0]
    return type(error).__name__
