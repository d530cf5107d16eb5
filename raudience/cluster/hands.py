"""Who carries out the turns of connections: one after the other, or side by side.

Side by side means that one works at a time, and that the others go on while it waits for an answer. So nothing that
they share needs care, and a partner that does not answer holds up nobody but the connection that asked.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, nullcontext
from typing import Final, TypeVar

from raudience.cluster.calling import TOGETHER
from raudience.forward.partner import Request, Response

__all__ = ["Hands", "ManyHands"]

Result = TypeVar("Result")

_MOST: Final = 32
"""Turns side by side; more wait for one that ends."""


class Hands:
    """A turn is carried out before `begin` returns. floor: whoever touches what turns touch has it."""

    def __init__(self) -> None:
        self.floor: AbstractContextManager[object] = nullcontext()
        self._pause = threading.Event()

    def begin(self, turn: Callable[[], Result]) -> Future[Result]:
        """Have a turn carried out. Not to be called by a turn."""
        done: Future[Result] = Future()
        try:
            done.set_result(turn())
        except Exception as error:
            done.set_exception(error)
        return done

    def outside(self, send: Callable[[Request], Response | None]) -> Callable[[Request], Response | None]:
        """The same, for turns to call: others have their turn until the answer is there."""
        return send

    def together(
        self, send: Callable[[Request], Response | None]
    ) -> Callable[[Sequence[Request]], list[Response | None]] | None:
        """As `outside`, for several requests at the same time; None when there are no hands for that."""
        return None

    def rest(self, turns: Iterable[Future[Result]], seconds: float) -> None:
        """Wait for so long, or until one of these turns has ended."""
        under_way = [turn for turn in turns if not turn.done()]
        if under_way:
            wait(under_way, seconds, FIRST_COMPLETED)
        else:
            self._pause.wait(seconds)

    def close(self) -> None:
        """Wait for the turns that are under way."""


class ManyHands(Hands):
    """Turns side by side."""

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.Lock()
        self.floor = self._lock
        self._pool = ThreadPoolExecutor(_MOST, "connection")
        # So that no request waits for the answer of another.
        self._lines = ThreadPoolExecutor(_MOST * TOGETHER, "request")

    def begin(self, turn: Callable[[], Result]) -> Future[Result]:
        def with_the_floor() -> Result:
            with self._lock:
                return turn()

        return self._pool.submit(with_the_floor)

    def outside(self, send: Callable[[Request], Response | None]) -> Callable[[Request], Response | None]:
        def without_the_floor(request: Request) -> Response | None:
            self._lock.release()
            try:
                return send(request)
            finally:
                self._lock.acquire()

        return without_the_floor

    def together(
        self, send: Callable[[Request], Response | None]
    ) -> Callable[[Sequence[Request]], list[Response | None]] | None:
        def all_without_the_floor(requests: Sequence[Request]) -> list[Response | None]:
            self._lock.release()
            try:
                return list(self._lines.map(send, requests))
            finally:
                self._lock.acquire()

        return all_without_the_floor

    def close(self) -> None:
        self._pool.shutdown(cancel_futures=True)
        self._lines.shutdown()
