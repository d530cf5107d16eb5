"""What users do, in a word, as batches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeAlias

import msgspec

from raudience.criteria.occurrences import PRODUCT_ACTIONS
from raudience.ingest.wire import ProductAction

__all__ = ["Action", "Product", "event_of", "location_of", "surroundings_of"]

Product: TypeAlias = str | Mapping[str, Any]
"""An id, or the fields of a product."""

_ACTIONS: Final = frozenset({*PRODUCT_ACTIONS, "add_to_wish_list"})
_PROMOTIONS: Final = {"promotion_view": "view", "promotion_click": "click"}
_BARE: Final = frozenset(
    {"session_start", "session_end", "crash", "install", "uninstall", "upgrade", "opt_out", "push_message",
     "push_reaction", "push_registration", "profile", "network_performance", "breadcrumb", "first_run"}
)  # fmt: skip
_TRANSITIONS: Final = {"install": {"is_first_run": True}, "upgrade": {"is_upgrade": True}}
_OF_ACTION: Final = frozenset(ProductAction.__struct_fields__)
_PLACES: Final = {
    "city": "city_name", "state": "region_code", "zip": "postal_code", "dma": "dma_code", "country": "country_code",
}  # fmt: skip


class Action(msgspec.Struct, frozen=True):
    """what: a commerce action, a kind of event without a name, else the name of a custom event. kind: says otherwise.

    attributes: of the event; in commerce those that belong to the action go there.
    """

    what: str
    kind: str | None = None
    category: str | None = None
    products: Sequence[Product] = ()
    attributes: Mapping[str, Any] = {}


def event_of(action: Action, time: int) -> dict[str, Any]:
    """The event as it stands in a batch."""
    attributes = dict(action.attributes)
    event_type, data = _typed(action, action.kind or _kind(action.what), attributes)
    own = {} if event_type == "custom_event" else attributes
    return {
        "event_type": event_type,
        "data": own | data | {"timestamp_unixtime_ms": time, "custom_attributes": attributes},
    }


def surroundings_of(named: Mapping[str, Any]) -> dict[str, Any]:
    """Device and application of a batch."""
    of_application = {name: value for name, value in named.items() if name.startswith(("application_", "package"))}
    of_device = {name: value for name, value in named.items() if name not in of_application}
    return {"device_info": of_device, "application_info": of_application}


def location_of(named: Mapping[str, Any]) -> dict[str, Any]:
    """Location of a batch: city, state, zip, dma, country, latitude, longitude."""
    return {"context": {"location": {_PLACES.get(name, name): value for name, value in named.items()}}}


def _kind(what: str) -> str:
    if what in _ACTIONS or what in _PROMOTIONS or what == "impression":
        return "commerce"
    return what if what in _BARE else "custom"


def _typed(action: Action, kind: str, attributes: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Event type, and what the data of that type has beyond attributes; takes out of those what belongs there."""
    match kind:
        case "commerce":
            return "commerce_event", _commerce(action, attributes)
        case "screen_view":
            return "screen_view", {"screen_name": action.what}
        case "install" | "upgrade":
            return "application_state_transition", _TRANSITIONS[kind]
        case "crash":
            return "crash_report", {}
        case "opt_out":
            return "opt_out", {"is_opted_out": attributes.get("is_opted_out", True)}
        case "custom":
            return "custom_event", {"event_name": action.what, "custom_event_type": action.category or "other"}
        case "attribution":
            return "custom_event", {"event_name": action.what, "custom_event_type": "attribution"}
        case _:
            return kind, {}


def _commerce(action: Action, attributes: dict[str, Any]) -> dict[str, Any]:
    products = [{"id": product} if isinstance(product, str) else dict(product) for product in action.products]
    if action.what in _PROMOTIONS:
        return {"promotion_action": {"action": _PROMOTIONS[action.what], "promotions": products}}
    if action.what == "impression":
        return {"product_impressions": [{"products": products}]}
    own = {name: attributes.pop(name) for name in list(attributes) if name in _OF_ACTION}
    return {"product_action": {"action": action.what, "products": products, **own}}
