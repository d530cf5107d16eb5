"""Who may do what: the standard roles, and the tasks that a role of one's own is made of (semantics row 33)."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

__all__ = ["AUTOCOMPLETE_ROLES", "AUTOCOMPLETE_TASKS", "may_complete"]

AUTOCOMPLETE_ROLES: Final = ("User", "Admin", "Audiences-only", "Support", "Admin+Compliance")
"""Standard roles to which auto-complete is open."""

AUTOCOMPLETE_TASKS: Final = ("audiences:draft", "audiences:edit", "catalog", "audiences")
"""Tasks of which a role of one's own needs one."""


def may_complete(role: str, tasks: Collection[str] = ()) -> bool:
    """Whether somebody may see suggestions, which are values of users' data. role: a standard role, or the name of one
    of one's own, which is what its tasks make of it."""
    return role in AUTOCOMPLETE_ROLES or not set(tasks).isdisjoint(AUTOCOMPLETE_TASKS)
