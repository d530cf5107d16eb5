"""Lengths of time as people write them: `6 hours`, `90 minutes`, `1 day`, `2 weeks`.

A day is 24 hours and a week 7 times 24 hours, whatever the calendar says (seed, "Recency-based criteria").
"""

from __future__ import annotations

import re
from typing import Final

from raudience.clock import DAY, HOUR, MINUTE, SECOND, WEEK

__all__ = ["UNLIMITED", "Duration"]

UNLIMITED: Final = 1 << 61
"""Milliseconds that no clock reaches."""

_UNITS = {"second": SECOND, "minute": MINUTE, "hour": HOUR, "day": DAY, "week": WEEK}
_SHORT = {"s": SECOND, "m": MINUTE, "h": HOUR, "d": DAY, "w": WEEK}
_FORM = re.compile(r"\s*([0-9]+)\s*([a-z]+)\s*", re.ASCII)


class Duration(int):
    """A length of time in milliseconds, zero or more; decodes from and encodes to text."""

    @classmethod
    def parse(cls, text: str) -> Duration:
        """Read `<whole number> <unit>` or `unlimited`; raise ValueError when it is nothing of the kind."""
        if text.strip() == "unlimited":
            return cls(UNLIMITED)
        form = _FORM.fullmatch(text)
        unit = form and (_UNITS.get(form[2].removesuffix("s") or "s") or _SHORT.get(form[2]))
        if form is None or unit is None:
            message = f"a length of time such as `6 hours` (seconds, minutes, hours, days, weeks), got `{text}`"
            raise ValueError(message)
        return cls(min(int(form[1]) * unit, UNLIMITED))

    def __str__(self) -> str:
        if self >= UNLIMITED:
            return "unlimited"
        for name, size in reversed(_UNITS.items()):
            if self % size == 0 and self >= size:
                count = int(self) // size
                return f"{count} {name}" + ("s" if count != 1 else "")
        return f"{int(self) // SECOND} seconds"
