"""Forwarding on Ray: an actor for each output, `<engine>/forward-<output>`, and who sees that they are there.

Whoever supervises keeps nothing: the catalog says which outputs have something to send, and Ray which actors there are.
So any number may supervise at once, and find the same actors.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from typing import Any, Final

import ray
from ray.exceptions import ActorDiedError, GetTimeoutError, RayActorError, RayError

from raudience.catalog.entries import CatalogState
from raudience.clock import now_ms
from raudience.cluster.engines import find_engine
from raudience.cluster.placement import NAMESPACE, actor, first_line
from raudience.cluster.rayed import RayEngine
from raudience.cluster.secrets import handed_over
from raudience.cluster.senders import SenderShell
from raudience.cluster.sending import Report, Setup
from raudience.errors import RaudienceError
from raudience.forward.figures import Figures

__all__ = ["Forwarders", "SupervisorShell", "end_forwarders", "figures_of", "sending_of"]

_LOG: Final = logging.getLogger(__name__)
_PAUSE: Final = 0.25
_PATIENCE: Final = 5.0
_LEAVING: Final = 10.0
"""Seconds that an actor gets for its last answers."""


class Forwarders:
    """Sees to the actors of an engine. setup: what they are told at birth, but for their output. stays: they stay when
    this ends. only_looks: somebody else begins and ends them."""

    def __init__(self, engine: RayEngine, setup: Setup, stays: bool = False, only_looks: bool = False) -> None:
        self._engine, self._setup, self._stays, self._only_looks = engine, setup, stays, only_looks
        self._actors: dict[str, Any] = {}
        self._reports: dict[str, Report] = {}
        self._begun: set[str] = set()
        self._pause, self._adopted = threading.Event(), only_looks

    def work(self, hurry: bool = False) -> int | None:
        """See that there is an actor for each output that has something to send, and hear how they stand. hurry: what
        they gather for later goes now."""
        wanted = outputs_at_work(self._engine.catalog())
        if not self._adopted:
            self._adopt()
        for output in self._actors.keys() - wanted:
            self._let_go(output)
        for output in sorted(wanted - self._actors.keys()):
            self._begin(output)
        self._hear(hurry)
        now = now_ms()
        found = [now if report.working else report.following for report in self._reports.values()]
        return min((at for at in found if at is not None), default=None)

    def settle(self, most: int = 100_000) -> bool:
        """Work until every connection waits for something to happen, or is faulted; False when `most` looks or a wait
        for time come before that, or an output cannot be seen to. What is gathered for later goes now."""
        for _ in range(most):
            following = self.work(hurry=True)
            if following is None:
                return not self.troubles()
            if not any(report.working for report in self._reports.values()):
                return False
            if self._reports.keys() - self._actors.keys() or self.troubles():
                self.rest()
        return False

    def run(self, until: Callable[[], bool]) -> None:
        """See to the actors until somebody says that it is enough."""
        while not until():
            self.work()
            self.rest()

    def rest(self) -> None:
        """Pause: they are at work meanwhile."""
        self._pause.wait(_PAUSE)

    def due(self, at: int) -> bool:
        """Whether an instant has come."""
        return at <= now_ms()

    def figures(self) -> tuple[Figures, ...]:
        """How every connection stood when its actor was heard last."""
        return tuple(each for report in self._reports.values() for each in report.figures)

    def troubles(self) -> dict[str, str]:
        """What keeps an output, or one connection, from being seen to, by who it is."""
        found = {output: report.trouble for output, report in self._reports.items() if report.trouble}
        return found | {key: text for report in self._reports.values() for key, text in report.setbacks.items()}

    def close(self) -> None:
        """End the actors, unless they stay."""
        if not self._stays and not self._only_looks:
            _end(*self._actors.values())
        self._actors, self._reports = {}, {}

    def _adopt(self) -> None:
        """Those of outputs that have nothing to send any longer are there as well, after a supervisor that died."""
        self._adopted = True
        for output, name in _at_work(self._setup.engine).items():
            handle = _found(name)
            if handle is not None and output not in outputs_at_work(self._engine.catalog()):
                self._actors[output] = handle

    def _begin(self, output: str) -> None:
        """Find the actor of an output, or make it. One that was told otherwise at birth, of another key for example,
        gives way to who comes later; once is enough, or two who supervise would do so for ever."""
        self._reports.setdefault(output, Report())
        name = actor_name(self._setup.engine, output)
        if self._only_looks:
            with suppress(ValueError):
                self._actors[output] = ray.get_actor(name, NAMESPACE)
            return
        setup = Setup(self._setup.engine, output, self._setup.instead, self._setup.key)
        there = _found(name)
        if there is not None and output not in self._begun and not _suits(there, setup):
            _end(there)
        self._begun.add(output)
        options = self._engine.placement.coordinator | {"max_concurrency": 4}
        self._actors[output] = actor(SenderShell, name, True, self._stays, **options).remote(setup)

    def _hear(self, hurry: bool) -> None:
        asked = {output: handle.report.remote(True, hurry) for output, handle in self._actors.items()}
        if asked:
            ray.wait(list(asked.values()), num_returns=len(asked), timeout=_PATIENCE)
        for output, answer in asked.items():
            try:
                self._reports[output] = ray.get(answer, timeout=0)
            except GetTimeoutError:
                self._reports[output] = _nothing_new(self._reports[output], "no answer: it begins, or Ray has no room")
            except ActorDiedError as error:
                _LOG.warning("output %s: what sends to it has ended and is begun anew: %s", output, first_line(error))
                self._reports[output] = _nothing_new(self._reports[output], "")
                del self._actors[output]
            except RayActorError as error:
                self._reports[output] = _nothing_new(self._reports[output], f"it comes back: {first_line(error)}")
            else:
                if self._reports[output].superseded and not self._only_looks:
                    self._let_go(output)

    def _let_go(self, output: str) -> None:
        handle = self._actors.pop(output)
        self._reports.pop(output, None)
        if not self._only_looks:
            _end(handle)


class SupervisorShell:
    """Sees to the actors of an engine from an actor of its own, and goes on when whoever asked for it has left."""

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        self._ended = threading.Event()
        self._at_work = threading.Thread(target=self._live, name="supervisor", daemon=True)
        self._at_work.start()

    def suits(self, setup: Setup) -> bool:
        """Whether it was told at birth what somebody says now."""
        return self._setup.suits(setup)

    def end(self) -> None:
        """See to nothing any longer."""
        self._ended.set()
        self._at_work.join(_LEAVING)

    def _live(self) -> None:
        while not self._ended.is_set():
            try:
                with closing(find_engine(self._setup.engine)) as engine:
                    assert isinstance(engine, RayEngine)
                    self._supervise(engine)
            except (RaudienceError, RayError) as error:
                _LOG.warning("forwarding of %s: %s", self._setup.engine, first_line(error))
            except Exception:
                # Nobody else would begin it again.
                _LOG.exception("forwarding of %s: what supervises it has failed", self._setup.engine)
            self._ended.wait(_PATIENCE)

    def _supervise(self, engine: RayEngine) -> None:
        forwarders = Forwarders(engine, self._setup, stays=True)
        forwarders.run(self._ended.is_set)


def sending_of(engine: RayEngine, instead: Mapping[str, str] | None, stays: bool) -> Forwarders:
    """Who sees to the connections of an engine with a name. stays: an actor supervises, and goes on when this one
    leaves; where there is such an actor, nobody else begins or ends anything."""
    name = engine.name or ""
    setup = Setup(name, "", tuple(sorted((instead or {}).items())), handed_over())
    if stays:
        _begin_supervisor(engine, setup)
    return Forwarders(engine, setup, only_looks=_found(_supervisor(name)) is not None)


def end_forwarders(engine: RayEngine) -> bool:
    """End what sends for an engine and stays; whether there was any."""
    names = [] if engine.name is None else [_supervisor(engine.name), *_at_work(engine.name).values()]
    found = [handle for handle in map(_found, names) if handle is not None]
    # Who supervises first: it would begin the others anew.
    _end(*found[:1])
    _end(*found[1:])
    return bool(found)


def figures_of(engine: RayEngine) -> tuple[Figures, ...]:
    """How the connections of an engine stand, as far as somebody sends for it now."""
    names = [] if engine.name is None else _at_work(engine.name).values()
    answers = [handle.report.remote() for handle in map(_found, names) if handle is not None]
    ready, _ = ray.wait(answers, num_returns=len(answers), timeout=_PATIENCE) if answers else ([], [])
    found: list[Figures] = []
    for answer in ready:
        with suppress(RayError):
            found += ray.get(answer).figures
    return tuple(found)


def outputs_at_work(catalog: CatalogState) -> set[str]:
    """Outputs that have something to send, or something left downstream."""
    active = {each.output for each in catalog.connections.values() if each.active}
    return active | {each.connection.output for each in catalog.departed.values()}


def actor_name(engine: str, output: str) -> str:
    return f"{engine}/forward-{output}"


def _at_work(engine: str) -> dict[str, str]:
    """Names of the actors that send for an engine, by output."""
    begin = actor_name(engine, "")
    there: list[dict[str, str]] = ray.util.list_named_actors(all_namespaces=True)
    names = [each["name"] for each in there if each["namespace"] == NAMESPACE]
    return {name.removeprefix(begin): name for name in names if name.startswith(begin)}


def _supervisor(engine: str) -> str:
    return f"{engine}/forwarders"


def _begin_supervisor(engine: RayEngine, setup: Setup) -> None:
    name = _supervisor(setup.engine)
    there = _found(name)
    if there is not None and not _suits(there, setup):
        _end(there)
    options = engine.placement.coordinator | {"max_concurrency": 2}
    made = actor(SupervisorShell, name, True, **options).remote(setup)
    ray.get(made.suits.remote(setup))


def _found(name: str) -> Any | None:
    try:
        return ray.get_actor(name, NAMESPACE)
    except ValueError:
        return None


def _suits(there: Any, setup: Setup) -> bool:
    """Whether an actor was told the same; one that does not answer is left to come back."""
    try:
        found: bool = ray.get(there.suits.remote(setup), timeout=_PATIENCE)
    except RayError:
        return True
    return found


def _end(*handles: Any) -> None:
    """End actors, all at the same time; those that do not come to an end by themselves are killed."""
    asked = [handle.end.remote() for handle in handles]
    if asked:
        ray.wait(asked, num_returns=len(asked), timeout=_LEAVING)
    for handle in handles:
        ray.kill(handle)


def _nothing_new(before: Report, trouble: str) -> Report:
    return Report(before.figures, None, True, trouble, False, before.looks)
