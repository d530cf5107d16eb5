"""The question language as people write it, in JSON, YAML or Python: one tagged union, unknown fields refused."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from raudience.criteria.durations import Duration
from raudience.criteria.operators import After, Before, BetweenAgo, BetweenDates, On, Test, Within

__all__ = [
    "Aggregate",
    "And",
    "Attribution",
    "AudienceMembership",
    "CalculatedAttribute",
    "CartAbandonment",
    "Condition",
    "Consent",
    "Criterion",
    "Device",
    "Event",
    "EventKind",
    "Exclude",
    "FirstSeen",
    "Frequency",
    "Identity",
    "LocationEquals",
    "LocationWithin",
    "Or",
    "Recency",
    "Sequence",
    "Step",
    "UserAttribute",
]

EventKind: TypeAlias = Literal[
    "custom", "screen_view", "session_start", "session_end", "crash", "install", "uninstall", "upgrade", "commerce",
    "attribution", "application_state_transition", "push_message", "push_registration", "push_reaction", "opt_out",
    "profile", "user_attribute_change", "user_identity_change", "network_performance", "breadcrumb", "first_run",
]  # fmt: skip
"""What an event is. `attribution` is a custom event of that type; `name` is the name of a custom or attribution event,
the screen of a screen_view, the action of a commerce event (add_to_cart, purchase, promotion_view, impression ...)."""

Recency: TypeAlias = Within | BetweenAgo | Before | After | On | BetweenDates


class _Base(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    pass


class Frequency(_Base, frozen=True):
    """How many events: exactly one of the fields is given (`between` is a pair, both ends included)."""

    more_than: int | None = None
    at_least: int | None = None
    exactly: int | None = None
    at_most: int | None = None
    fewer_than: int | None = None
    between: tuple[int, int] | None = None


class Condition(_Base, frozen=True):
    """A test on one attribute of an event.

    level: `custom` a custom attribute; `event` a field of the event itself, of its e-commerce action or of the device
    and application it came from (total_amount, screen_name, session_duration_ms, severity, platform,
    application_version, application_build_number, os_version ...); `product` a field or custom attribute of a product.
    All product conditions of one criterion must hold for the same product (semantics D21).
    """

    attribute: str
    test: Test
    level: Literal["custom", "event", "product"] = "custom"


class _Criterion(_Base, frozen=True, tag_field="type"):
    pass


class And(_Criterion, frozen=True, tag="and"):
    of: tuple[Criterion, ...]


class Or(_Criterion, frozen=True, tag="or"):
    of: tuple[Criterion, ...]


class Exclude(_Criterion, frozen=True, tag="exclude"):
    """Those of the first operand that are in none of the others (semantics D9)."""

    of: tuple[Criterion, ...]


class Event(_Criterion, frozen=True, tag="event"):
    """Events counted in a window. Without frequency: at least one. Without recency: the lookback (semantics D1)."""

    kind: EventKind
    name: str | None = None
    category: str | None = None
    where: tuple[Condition, ...] = ()
    frequency: Frequency = Frequency(at_least=1)
    recency: Recency | None = None


class Aggregate(_Criterion, frozen=True, tag="aggregate"):
    """Sum, average, minimum, maximum or number of distinct values of an attribute over the events of a window.

    `compare` is a number operator (equals, not_equals, less, ..., between). sum and distinct of no event are 0;
    average, minimum and maximum of no event satisfy no operator but not_equals.
    """

    kind: EventKind
    function: Literal["sum", "average", "min", "max", "distinct"]
    attribute: str
    compare: Test
    level: Literal["custom", "event", "product"] = "custom"
    name: str | None = None
    category: str | None = None
    where: tuple[Condition, ...] = ()
    recency: Recency | None = None


class Step(_Base, frozen=True):
    """One step of a sequence; `within` is the longest time since the step before it (none: any time)."""

    kind: EventKind
    name: str | None = None
    category: str | None = None
    where: tuple[Condition, ...] = ()
    within: Duration | None = None


class Sequence(_Criterion, frozen=True, tag="sequence"):
    """Events in order, each strictly later than the one before it; all of them in the window of `recency`.

    same: an attribute of level custom or event whose text is equal (case ignored) in every step; an event without it
    takes no part.
    """

    steps: tuple[Step, ...]
    same: str | None = None
    same_level: Literal["custom", "event"] = "custom"
    recency: Recency | None = None


class CartAbandonment(_Criterion, frozen=True, tag="cart_abandonment"):
    """Added to a cart, waited, and nothing completed it (semantics D17, seed "Cart criteria").

    until: `purchase`, or `any_product_action`, where any product action since also ends the wait.
    where: conditions on the add_to_cart events. emptied_by_removal: taking out all that was added clears it.
    """

    wait: Duration
    until: Literal["purchase", "any_product_action"] = "purchase"
    where: tuple[Condition, ...] = ()
    emptied_by_removal: bool = True


class UserAttribute(_Criterion, frozen=True, tag="user_attribute"):
    """A user attribute of any type, lists included. workspace: needed in an audience of several workspaces."""

    name: str
    test: Test
    workspace: str | None = None


class CalculatedAttribute(_Criterion, frozen=True, tag="calculated_attribute"):
    name: str
    test: Test
    workspace: str | None = None


class Consent(_Criterion, frozen=True, tag="consent"):
    """GDPR: consent given for the purpose. CCPA: opted out of the sale of data; an absent record is not opted out.

    `state` is `given` or `rejected` for gdpr (rejected: a record says no), `present` or `not_present` for ccpa.
    """

    regulation: Literal["gdpr", "ccpa"]
    state: Literal["given", "rejected", "present", "not_present"]
    purpose: str = "data_sale_opt_out"
    workspace: str | None = None


class Device(_Criterion, frozen=True, tag="device"):
    """Latest device or application of the user: platform, device_model, device_manufacturer, brand, os_version,
    network_carrier, application_version, application_build_number, application_name ..."""

    name: str
    test: Test
    workspace: str | None = None


class FirstSeen(_Criterion, frozen=True, tag="first_seen"):
    test: Recency
    workspace: str | None = None


class LocationEquals(_Criterion, frozen=True, tag="location_equals"):
    field: Literal["city", "state", "zip", "dma", "country"]
    value: str
    workspace: str | None = None


class LocationWithin(_Criterion, frozen=True, tag="location_within"):
    """Latest known coordinates at most `distance` from a city (`Paris`, `Paris, US`) or from a coordinate."""

    distance: float
    unit: Literal["km", "miles"] = "km"
    city: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    workspace: str | None = None


class Identity(_Criterion, frozen=True, tag="identity"):
    """A user or device identity: that it exists, or a text test on it; of several, one must satisfy the test."""

    name: str
    test: Test


class AudienceMembership(_Criterion, frozen=True, tag="audience"):
    """Member of another audience, named by its key; one level deep (seed "User profile criteria")."""

    audience: str


class Attribution(_Criterion, frozen=True, tag="attribution"):
    """Profile form: publisher or campaign of the install or uninstall attribution."""

    of: Literal["install", "uninstall"]
    field: Literal["publisher", "campaign"]
    test: Test
    workspace: str | None = None


Criterion: TypeAlias = (
    And | Or | Exclude | Event | Aggregate | Sequence | CartAbandonment | UserAttribute | CalculatedAttribute | Consent
    | Device | FirstSeen | LocationEquals | LocationWithin | Identity | AudienceMembership | Attribution
)  # fmt: skip
