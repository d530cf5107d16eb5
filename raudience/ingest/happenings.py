"""Events of a frame as columns: what each event is, and every attribute that an audience can ask about."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from operator import attrgetter
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from raudience.ingest.cells import number, pick, present, spread, text_of
from raudience.ingest.frame import Frame
from raudience.ingest.sheets import Sheet
from raudience.ingest.wire import CommerceData, Data, Impression, Product
from raudience.records import EventKey, Field

__all__ = ["Happenings", "rows_by_type"]

Ints: TypeAlias = NDArray[np.int32]

# Comprehensions rather than attrgetter: they are twice as fast, and these run over every event.
_EVERY: Final[dict[str, Callable[[Sequence[Data]], list[Any]]]] = {
    "session_uuid": lambda datas: [data.session_uuid for data in datas],
    "session_id": lambda datas: [data.session_id for data in datas],
    "page_url": lambda datas: [data.page_url for data in datas],
    "lifetime_value_change": lambda datas: [data.lifetime_value_change for data in datas],
}
_OF_TYPE: Final = {
    "custom_event": (),
    "screen_view": ("screen_name", "activity_type"),
    "session_start": (),
    "session_end": ("session_duration_ms",),
    "crash_report": ("class_name", "severity", "message", "exception_handled", "topmost_context", "session_number"),
    "application_state_transition": (
        "application_transition_type", "is_first_run", "is_upgrade", "successfully_closed", "launch_referral",
    ),
    "opt_out": ("is_opted_out",),
    "push_message": (
        "push_message_type", "push_message_token", "message", "network", "application_state", "action_identifier",
        "push_message_behavior",
    ),
    "push_reaction": ("push_message_type", "message", "action_identifier", "push_message_behavior"),
    "push_registration": ("register",),
    "profile": ("profile_event_type",),
    "user_attribute_change": ("user_attribute_name", "new", "old", "deleted", "is_new_attribute"),
    "network_performance": ("http_verb", "url", "time_elapsed", "bytes_in", "bytes_out", "response_code"),
    "breadcrumb": ("label", "session_number"),
    "commerce_event": ("currency_code", "screen_name", "is_non_interactive", "event_name", "custom_event_type"),
}  # fmt: skip
_ACTION: Final = (
    "action", "checkout_step", "checkout_options", "product_action_list", "product_list_source", "transaction_id",
    "affiliation", "total_amount", "tax_amount", "shipping_amount", "coupon_code",
)  # fmt: skip
_PRODUCT: Final = (
    "id", "name", "brand", "category", "variant", "position", "price", "quantity", "coupon_code",
    "added_to_cart_time_ms", "total_product_amount",
)  # fmt: skip
_PROMOTION: Final = ("id", "name", "creative", "position")
_PROMOTION_ACTIONS: Final = {
    1: "promotion_view", "1": "promotion_view", "view": "promotion_view",
    2: "promotion_click", "2": "promotion_click", "click": "promotion_click",
}  # fmt: skip


class Happenings:
    """Collects the events of the slices of a block."""

    def __init__(self) -> None:
        self.events, self.products = Sheet(), Sheet()
        self.keys: dict[EventKey, int] = {}
        self.event_of_product: list[Ints] = []
        self._products = 0

    def add(self, frame: Frame, rows: dict[str, Ints]) -> Ints:
        """Take in a slice; what each of its events is, int32[m], positions in `keys`."""
        for name, read in _EVERY.items():
            self.events.add_scalars(Field("event", name), frame.events, read(frame.datas))
        _add_custom(self.events, frame.events, frame.datas)
        key = np.zeros(len(frame.datas), np.int32)
        for event_type, of_type in rows.items():
            datas = pick(frame.datas, of_type)
            key[of_type] = self._key(event_type, datas)
            _add_fields(self.events, _OF_TYPE.get(event_type, ()), frame.events[of_type], datas)
            if event_type == "commerce_event":
                self._add_commerce(frame.events[of_type], datas)
        return key

    def attributions(self, key: Ints) -> Ints:
        """Positions of the events of kind attribution among those of the keys."""
        kinds = np.array([each.kind == "attribution" for each in self.keys] or [False], np.bool_)
        return np.flatnonzero(kinds[key]).astype(np.int32)

    def _key(self, event_type: str, datas: Sequence[Data]) -> Ints:
        traits, of = number(_traits(event_type, datas))
        keys = self.keys
        codes = [keys.setdefault(_key(event_type, trait), len(keys)) for trait in traits]
        return np.array(codes, np.int32)[of]

    def _add_commerce(self, index: Ints, datas: Sequence[CommerceData]) -> None:
        there, actions = present(index, [data.product_action for data in datas])
        _add_fields(self.events, _ACTION, there, actions)
        _add_promotions(self.events, index, datas)
        lists = [_products_of(data) for data in datas]
        products = [*chain.from_iterable(lists)]
        place = np.arange(self._products, self._products + len(products), dtype=np.int32)
        self._products += len(products)
        self.event_of_product.append(np.repeat(index, [*map(len, lists)]).astype(np.int32))
        _add_products(self.products, place, products)
        shown = [*chain.from_iterable(map(_impression_lists, datas))]
        self.products.add_scalars(Field("product", "product_impression_list"), place, shown)


def rows_by_type(types: list[str]) -> dict[str, Ints]:
    """Positions of the events of each type, ascending."""
    names, of = number(types)
    return {name: np.flatnonzero(of == code).astype(np.int32) for code, name in enumerate(names)}


def _traits(event_type: str, datas: Sequence[Any]) -> list[Any]:
    """What tells the events of a type apart, one hashable value per event."""
    match event_type:
        case "custom_event":
            return [(data.custom_event_type, data.event_name) for data in datas]
        case "screen_view":
            return [data.screen_name for data in datas]
        case "commerce_event":
            return [_action_name(data) for data in datas]
        case "application_state_transition":
            return [(data.is_first_run, data.is_upgrade, data.application_transition_type) for data in datas]
        case _:
            return [None] * len(datas)


def _key(event_type: str, trait: Any) -> EventKey:
    match event_type:
        case "custom_event":
            category = _name(trait[0])
            kind = "attribution" if category == "attribution" else "custom"
            return EventKey(kind, category, _name(trait[1]))
        case "screen_view" | "commerce_event":
            return EventKey(event_type.removesuffix("_event"), "", _name(trait))
        case "application_state_transition":
            return _transition(*trait)
        case "crash_report":
            return EventKey("crash")
        case _:
            return EventKey(event_type)


def _transition(is_first_run: Any, is_upgrade: Any, transition: Any) -> EventKey:
    if is_first_run in (True, "true"):
        return EventKey("install")
    if is_upgrade in (True, "true"):
        return EventKey("upgrade")
    return EventKey("application_state_transition", "", _name(transition))


def _name(value: Any) -> str:
    return "" if value is None else text_of(value)


def _action_name(data: CommerceData) -> str:
    """The action of a commerce event; of several parts the product action speaks first."""
    if data.product_action:
        return data.product_action.action or ""
    if data.promotion_action:
        return _PROMOTION_ACTIONS.get(data.promotion_action.action or "", _name(data.promotion_action.action))
    return "impression"


def _add_fields(sheet: Sheet, names: tuple[str, ...], index: Ints, structs: Sequence[Any]) -> None:
    """All fields at once: one call per struct, then slices."""
    if len(names) == 1:
        sheet.add_scalars(Field("event", names[0]), index, [*map(attrgetter(names[0]), structs)])
    elif names and structs:
        flat = [*chain.from_iterable(map(attrgetter(*names), structs))]
        for place, name in enumerate(names):
            sheet.add_scalars(Field("event", name), index, flat[place :: len(names)])


def _add_custom(sheet: Sheet, index: Ints, datas: Sequence[Data]) -> None:
    for name, rows, values in spread(*present(index, [data.custom_attributes for data in datas])):
        sheet.add(Field("custom", name), rows, values)


def _add_promotions(sheet: Sheet, index: Ints, datas: Sequence[CommerceData]) -> None:
    """The first promotion of an event as its fields promotion_id, promotion_name ..."""
    actions = [data.promotion_action for data in datas]
    firsts = [next(filter(None, action.promotions or ()), None) if action else None for action in actions]
    there, promotions = present(index, firsts)
    for name in _PROMOTION:
        sheet.add_scalars(Field("event", f"promotion_{name}"), there, [getattr(each, name) for each in promotions])


def _add_products(sheet: Sheet, place: Ints, products: Sequence[Product]) -> None:
    """Fields of a product stand after custom attributes of the same name, so that they win."""
    for name, rows, values in spread(*present(place, [product.custom_attributes for product in products])):
        sheet.add_scalars(Field("product", name), rows, values)
    flat = [*chain.from_iterable(map(attrgetter(*_PRODUCT), products))]
    for position, name in enumerate(_PRODUCT):
        sheet.add_scalars(Field("product", name), place, flat[position :: len(_PRODUCT)])


def _products_of(data: CommerceData) -> list[Product]:
    """Products of a product action, else of impressions."""
    if data.product_action:
        return [*filter(None, data.product_action.products or ())]
    return [product for impression in _impressions(data) for product in impression.products or () if product]


def _impression_lists(data: CommerceData) -> list[Any]:
    """product_impression_list of each product of the event."""
    if data.product_action:
        return [None] * len(_products_of(data))
    lists = [(entry.product_impression_list, entry.products or ()) for entry in _impressions(data)]
    return [name for name, products in lists for product in products if product]


def _impressions(data: CommerceData) -> Iterable[Impression]:
    return filter(None, data.product_impressions or ())
