"""What happened to one user: events, attributes, entries and exits with their reasons, and what comes next."""

from __future__ import annotations

from typing import Any, Final, Literal, TypeAlias

import msgspec

from raudience.criteria.dates import write_moment
from raudience.records import Truth

__all__ = ["Crossing", "Entry", "Happening", "Learned", "Standing", "Story", "plain_story", "with_moments"]

_MOMENTS: Final = frozenset({"at", "time", "first", "last", "since", "flips_at"})


class Happening(msgspec.Struct, frozen=True, tag_field="entry", tag="event"):
    """An event. at: when it became known; time: its own, from which windows count. what: kind, category and name.

    details, products: the attributes of it that some audience asks about. counted: false when it, or its batch, came
    before.
    """

    at: int
    time: int
    what: str
    details: dict[str, str] = {}
    products: tuple[dict[str, str], ...] = ()
    counted: bool = True


class Learned(msgspec.Struct, frozen=True, tag_field="entry", tag="attribute"):
    """An attribute that got another value. value, before: None when it is not there; empty: there without a value."""

    at: int
    name: str
    value: str | None
    before: str | None = None


class Crossing(msgspec.Struct, frozen=True, tag_field="entry", tag="membership"):
    """An entry or an exit. cause: `event` when something of this user came in at that instant, else `time`.

    reasons: the criteria whose answer changed, as they are from that instant on. A user who is seen for the first time
    has those that hold, one whose profile was forgotten has none.
    """

    at: int
    audience: str
    entered: bool
    cause: Literal["event", "time"]
    reasons: tuple[Truth, ...]


Entry: TypeAlias = Happening | Learned | Crossing


class Standing(msgspec.Struct, frozen=True):
    """Where the user stands at the end. since: the last change; flips_at: the next one if nothing happens."""

    audience: str
    member: bool
    since: int | None
    flips_at: int | None


class Story(msgspec.Struct, frozen=True):
    """One user from `first` to `last`, both included: entries by time, standings by audience. before: the audiences in
    which the user was already before `first`."""

    mpid: int
    first: int
    last: int
    entries: tuple[Entry, ...]
    standings: tuple[Standing, ...]
    before: tuple[str, ...] = ()


def plain_story(story: Story) -> dict[str, Any]:
    """The story as JSON shows it: moments in ISO 8601, the MPID as a text."""
    plain: dict[str, Any] = with_moments(msgspec.to_builtins(story))
    return plain | {"mpid": str(story.mpid)}


def with_moments(value: Any) -> Any:
    """A plain value with the moments in it, by the names of their fields, in ISO 8601."""
    match value:
        case dict():
            return {
                name: write_moment(part) if name in _MOMENTS and isinstance(part, int) else with_moments(part)
                for name, part in value.items()
            }
        case list() | tuple():
            return [with_moments(part) for part in value]
        case _:
            return value
