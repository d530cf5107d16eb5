"""Where a value stands: in the document, and in the structs that are made of it."""

from __future__ import annotations

import re
from typing import Final

import msgspec

__all__ = ["Place", "ancestors"]

_LAST: Final = re.compile(r"(?:\.?[^.\[\]]+|\[[0-9]+\])\Z")


class Place(msgspec.Struct, frozen=True):
    """Paths such as `audiences[2].criteria[0].test`: as the document writes it, and as the structs have it.

    They differ below a group that is written as a list (`[first, and, second]`).
    """

    written: str = ""
    built: str = ""

    def field(self, name: str) -> Place:
        dot = "." if self.written else ""
        return Place(f"{self.written}{dot}{name}", f"{self.built}{dot}{name}")

    def item(self, index: int) -> Place:
        return Place(f"{self.written}[{index}]", f"{self.built}[{index}]")

    def operand(self, index: int, of: int) -> Place:
        """An operand at an index of a written list, which is number `of` in the group."""
        return Place(f"{self.written}[{index}]", f"{self.built}.of[{of}]")


def ancestors(path: str) -> list[str]:
    """The path itself, then what it stands in, up to the document, which is the empty path."""
    found = [path]
    while found[-1]:
        shorter = _LAST.sub("", found[-1])
        found.append(shorter if shorter != found[-1] else "")
    return found
