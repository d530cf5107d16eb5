"""Where the shard's time goes, by its own functions: what numpy does is counted to the function that called it.

Lighter than cProfile, which makes small numpy calls look worse than they are.
"""

from __future__ import annotations

import functools
import sys
import time
import types
from collections.abc import Callable
from typing import Any

_PACKAGE = "raudience."


class Sections:
    """Between `start` and `stop` every call of a function of raudience is timed."""

    def __init__(self) -> None:
        self._spent: dict[str, list[float]] = {}
        self._below: list[float] = [0.0]
        self._undo: list[tuple[Any, str, Any]] = []

    def start(self) -> None:
        modules = [module for name, module in sys.modules.items() if name.startswith(_PACKAGE)]
        wrapped: dict[Any, Any] = {}
        for module in modules:
            for name, value in list(vars(module).items()):
                if isinstance(value, types.FunctionType) and value.__module__.startswith(_PACKAGE):
                    self._put(module, name, wrapped.setdefault(value, self._wrap(value)))
                elif isinstance(value, type) and value.__module__ == module.__name__:
                    self._wrap_methods(value)

    def stop(self) -> None:
        for owner, name, value in reversed(self._undo):
            setattr(owner, name, value)
        self._undo.clear()

    def table(self, batches: int, lines: int) -> str:
        """Milliseconds each time, of a function itself and with its calls; ordered by the one, then by the other."""
        head = f"{'own ms':>8} {'all ms':>8} {'calls':>7}  function, each time"
        text = [head]
        for column in (0, 1):
            rows = sorted(self._spent.items(), key=lambda item: -item[1][column])[:lines]
            text += [
                f"{own * 1e3 / batches:8.3f} {whole * 1e3 / batches:8.3f} {calls / batches:7.1f}  {name}"
                for name, (own, whole, calls) in rows
            ]
            text.append("")
        return "\n".join(text)

    def _wrap_methods(self, owner: type) -> None:
        for name, value in list(vars(owner).items()):
            if isinstance(value, types.FunctionType) and value.__module__.startswith(_PACKAGE):
                self._put(owner, name, self._wrap(value))

    def _put(self, owner: Any, name: str, value: Any) -> None:
        try:
            former = vars(owner)[name]
            setattr(owner, name, value)
        except (AttributeError, TypeError):
            return
        self._undo.append((owner, name, former))

    def _wrap(self, function: Callable[..., Any]) -> Callable[..., Any]:
        entry = self._spent.setdefault(
            f"{function.__module__.removeprefix(_PACKAGE)}.{function.__qualname__}", [0.0] * 3
        )
        below, clock = self._below, time.thread_time

        @functools.wraps(function)
        def timed(*arguments: Any, **named: Any) -> Any:
            below.append(0.0)
            began = clock()
            try:
                return function(*arguments, **named)
            finally:
                whole = clock() - began
                entry[0] += whole - below.pop()
                entry[1] += whole
                entry[2] += 1
                below[-1] += whole

        return timed
