"""What a self-audit found."""

from __future__ import annotations

import msgspec

__all__ = ["Audit", "Difference"]


class Difference(msgspec.Struct, frozen=True, order=True):
    """Users for whom the engine holds something else than what their kept events and attributes say. criterion: in
    words, empty: the audience itself. audiences: those that ask it."""

    criterion: str
    audiences: tuple[str, ...]
    users: int

    def __str__(self) -> str:
        what = f"criterion `{self.criterion}`" if self.criterion else "members"
        return f"{self.users} user(s) disagree with {what} of {', '.join(self.audiences) or 'no audience'}"


class Audit(msgspec.Struct, frozen=True):
    """checked: users that were recomputed; wrong: those of them that differ somewhere; differences: where."""

    checked: int = 0
    wrong: int = 0
    differences: tuple[Difference, ...] = ()

    @property
    def share(self) -> float:
        """Of the users that were checked, the part that differs: it must be 0."""
        return self.wrong / self.checked if self.checked else 0.0
