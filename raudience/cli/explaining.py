"""An explanation as a drawn tree, or as JSON."""

from __future__ import annotations

from typing import Any

import msgspec

from raudience.cli.screen import say
from raudience.cluster.reasons import lines_of
from raudience.cluster.stories import with_moments
from raudience.records import Explanation

__all__ = ["as_json", "explain"]


def explain(explanation: Explanation) -> None:
    """Draw why a user is in an audience or not."""
    first, *lines = lines_of(explanation)
    say(first, "bold")
    for line in lines:
        say(line, "" if line.startswith(("yes", "no ", "If")) else "dim")


def as_json(explanation: Explanation) -> str:
    """The explanation as one JSON object; instants are ISO 8601, the MPID is text."""
    found: dict[str, Any] = with_moments(msgspec.to_builtins(explanation))
    return msgspec.json.encode({**found, "mpid": str(explanation.mpid)}).decode()
