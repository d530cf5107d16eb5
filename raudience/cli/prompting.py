"""What is typed by people, or comes from lines and variables in their place."""

from __future__ import annotations

import getpass
import os
import sys
from collections.abc import Mapping

from raudience.catalog.outputs import Value
from raudience.errors import FixRequest
from raudience.forward.partner import Setting
from raudience.forward.settings import read_texts

__all__ = ["is_watched", "plain", "secret", "typed", "visible"]


def is_watched() -> bool:
    """Whether somebody can be asked."""
    return sys.stdin.isatty()


def secret(name: str, variable: str = "") -> str:
    """A secret: of a variable of the environment, else asked for without showing it; without a terminal, a line."""
    if found := os.environ.get(variable, ""):
        return found
    return getpass.getpass(f"{name}: ").strip() if is_watched() else _line()


def typed(question: str) -> str:
    """An answer, which may be seen; without a terminal, a line."""
    return input(question).strip() if is_watched() else _line()


def plain(value: Value) -> str:
    """A setting as people type it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def visible(table: tuple[Setting, ...], texts: Mapping[str, str]) -> dict[str, Value]:
    """Settings of the command line. Raises FixRequest for a secret: everybody on the machine could read it."""
    hidden = {each.name for each in table if each.secret}
    for name in (each for each in texts if each in hidden):
        message = f"--set {name}: expected a setting that may be seen, got a secret one; say --secret {name}"
        raise FixRequest(message)
    return read_texts(table, texts)


def _line() -> str:
    return sys.stdin.readline().strip()
