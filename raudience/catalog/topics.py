"""What auto-complete can be asked about, as people name it."""

from __future__ import annotations

from typing import Final, get_args

from raudience.criteria.definition import EventKind
from raudience.errors import FixRequest
from raudience.records import Field
from raudience.records.suggestions import CategoriesOf, EventsOf, Kinds, NamesIn, Topic, ValuesOf

__all__ = ["NAMESPACES", "topic_of"]

NAMESPACES: Final = (
    "user", "calculated", "identity", "device", "application", "consent", "location", "attribution", "custom", "event",
    "product",
)  # fmt: skip
"""Where attributes live: of profiles, but for the last three, which are of events and of their products."""


def topic_of(about: str) -> Topic:
    """`user.city`: values of an attribute. `user`: names of attributes. `events`, `events.screen_view`: names of
    events, of a kind. `categories`, `categories.custom`: their categories. `kinds`: kinds of events.

    Raises FixRequest for anything else.
    """
    space, dot, name = about.partition(".")
    if space in NAMESPACES and bool(dot) == bool(name):
        return ValuesOf(Field(space, name)) if name else NamesIn(space)
    if about == "kinds":
        return Kinds()
    if space in ("events", "categories") and (not dot or name in get_args(EventKind)):
        return EventsOf(name or None) if space == "events" else CategoriesOf(name or None)
    message = (
        f"about: expected NAMESPACE, NAMESPACE.NAME (with one of {', '.join(NAMESPACES)}), events, events.KIND, "
        f"categories, categories.KIND or kinds; got {about or 'nothing'}"
    )
    raise FixRequest(message)
