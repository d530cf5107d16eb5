"""What was refused, and where it stood."""

from __future__ import annotations

import msgspec

from raudience.errors import Fault

__all__ = ["Refusal"]


class Refusal(msgspec.Struct, frozen=True):
    """A batch, or a whole line or file, that was not taken in.

    source: file, or name of the call. line: from 1 on, row in a table; 0 when the whole source is refused. element:
    position in the array of the line, None when the line is one batch. raw: the line or element as it came.
    """

    source: str
    line: int
    element: int | None
    fault: Fault
    raw: bytes = b""

    def __str__(self) -> str:
        line = f":{self.line}" if self.line else ""
        element = "" if self.element is None else f"[{self.element}]"
        return f"{self.source}{line}{element}: {self.fault}"
