"""Changes are gathered for as long as a connection says; then all of them go, however many looks that takes."""

from __future__ import annotations

__all__ = ["Gathering"]


class Gathering:
    """Since when users are gathered to whom something has happened, and how many of those whose time has come are not
    looked at yet. In another life it begins anew."""

    def __init__(self) -> None:
        self._since: int | None = None
        self._unseen, self._going = 0, 0

    def due(self, unseen: int, now: int, flush: int) -> int:
        """The instant from which on users may be looked at, of whom so many have not been. flush: milliseconds for
        which they are gathered."""
        self._unseen = unseen
        if not unseen:
            self._since, self._going = None, 0
            return now
        if self._going > 0:
            return now
        self._since = now if self._since is None else self._since
        if self._since + flush > now:
            return self._since + flush
        self._going = unseen
        return now

    def see(self, unseen: int) -> None:
        """Some have been looked at; so many have not."""
        self._going -= max(0, self._unseen - unseen)
        if self._going <= 0:
            self._since = None
