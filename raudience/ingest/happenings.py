"""Events of a frame as columns: what each event is, and every attribute that an audience can ask about."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import chain, repeat
from operator import attrgetter
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from raudience.ingest.cells import number, pick, present, spread, text_of
from raudience.ingest.customs import lay_custom
from raudience.ingest.frame import Frame
from raudience.ingest.sheets import Sheet
from raudience.ingest.wanted import Wanted
from raudience.ingest.wire import CommerceData, Data, Impression, Product, ProductAction
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
_NONE: Final = np.empty(0, np.int32)
_YES: Final = (True, "true")
_PROMOTION: Final = ("id", "name", "creative", "position")
_PROMOTION_ACTIONS: Final = {
    1: "promotion_view", "1": "promotion_view", "view": "promotion_view",
    2: "promotion_click", "2": "promotion_click", "click": "promotion_click",
}  # fmt: skip


class Happenings:
    """Collects the events of the slices of a block."""

    def __init__(self, wanted: Wanted) -> None:
        self.events, self.products = Sheet(wanted), Sheet(wanted)
        self.keys: dict[EventKey, int] = {}
        self.event_of_product: list[Ints] = []
        self._products = 0
        self._wanted = wanted
        self._every = wanted.names("event", _EVERY)
        self._of_type = {name: wanted.names("event", fields) for name, fields in _OF_TYPE.items()}
        self._known: dict[str, _Known] = {}

    def add(self, frame: Frame, rows: dict[str, Ints]) -> Ints:
        """Take in a slice; what each of its events is, int32[m], positions in `keys`."""
        for name in self._every:
            self.events.add_scalars(Field("event", name), frame.events, _EVERY[name](frame.datas))
        lay_custom(self.events, frame.events, [data.custom_attributes for data in frame.datas])
        key = np.zeros(len(frame.datas), np.int32)
        for event_type, of_type in rows.items():
            datas = pick(frame.datas, of_type)
            key[of_type] = self._key(event_type, datas)
            _add_fields(self.events, self._of_type.get(event_type, ()), frame.events[of_type], datas)
            if event_type == "commerce_event":
                self._add_commerce(frame.events[of_type], datas)
        return key

    def attributions(self, key: Ints) -> Ints:
        """Positions of the events of kind attribution among those of the keys."""
        kinds = np.array([each.kind == "attribution" for each in self.keys] or [False], np.bool_)
        return np.flatnonzero(kinds[key]).astype(np.int32) if kinds.any() else _NONE

    def _key(self, event_type: str, datas: Sequence[Data]) -> Ints:
        known = self._known.get(event_type)
        if known is None:
            known = self._known[event_type] = _Known(event_type, self.keys)
        return np.fromiter(map(known.__getitem__, _traits(event_type, datas)), np.int32, len(datas))

    def _add_commerce(self, index: Ints, datas: Sequence[CommerceData]) -> None:
        there, actions = present(index, [data.product_action for data in datas])
        _add_fields(self.events, self._wanted.names("event", _ACTION), there, actions)
        _add_promotions(self.events, index, datas)
        if self._wanted.some("product"):
            self._add_products(index, datas, actions)

    def _add_products(self, index: Ints, datas: Sequence[CommerceData], actions: Sequence[ProductAction]) -> None:
        shown = [data.product_impressions for data in datas]
        if not any(shown) and not any(action.products for action in actions):
            return
        lists = [_products_of(data) for data in datas]
        products = [*chain.from_iterable(lists)]
        place = np.arange(self._products, self._products + len(products), dtype=np.int32)
        self._products += len(products)
        self.event_of_product.append(np.repeat(index, [*map(len, lists)]).astype(np.int32))
        _lay_products(self.products, place, products, self._wanted)
        if any(shown):
            names = [*chain.from_iterable(map(_impression_lists, datas))]
            self.products.add_scalars(Field("product", "product_impression_list"), place, names)


class _Known(dict[Any, int]):
    """The keys of the events of a type by what tells them apart."""

    def __init__(self, event_type: str, keys: dict[EventKey, int]) -> None:
        super().__init__()
        self._type, self._keys = event_type, keys

    def __missing__(self, trait: Any) -> int:
        code = self[trait] = self._keys.setdefault(_key(self._type, trait), len(self._keys))
        return code


def rows_by_type(types: list[str]) -> dict[str, Ints]:
    """Positions of the events of each type, ascending."""
    names, of = number(types)
    return {name: np.flatnonzero(of == code).astype(np.int32) for code, name in enumerate(names)}


def _traits(event_type: str, datas: Sequence[Any]) -> Iterable[Any]:
    """What tells the events of a type apart, texts or tuples of them, one per event."""
    match event_type:
        case "custom_event":
            return zip(
                _names([data.custom_event_type for data in datas]),
                _names([data.event_name for data in datas]),
                strict=True,
            )
        case "screen_view":
            return _names([data.screen_name for data in datas])
        case "commerce_event":
            return map(_action_name, datas)
        case "application_state_transition":
            names = _names([data.application_transition_type for data in datas])
            return [
                (data.is_first_run in _YES, data.is_upgrade in _YES, name)
                for data, name in zip(datas, names, strict=True)
            ]
        case _:
            return repeat("", len(datas))


def _key(event_type: str, trait: Any) -> EventKey:
    match event_type:
        case "custom_event":
            category, name = trait
            return EventKey("attribution" if category == "attribution" else "custom", category, name)
        case "screen_view" | "commerce_event":
            return EventKey(event_type.removesuffix("_event"), "", trait)
        case "application_state_transition":
            return _transition(*trait)
        case "crash_report":
            return EventKey("crash")
        case _:
            return EventKey(event_type)


def _transition(is_first_run: bool, is_upgrade: bool, transition: str) -> EventKey:
    if is_first_run or is_upgrade:
        return EventKey("install" if is_first_run else "upgrade")
    return EventKey("application_state_transition", "", transition)


def _names(values: list[Any]) -> Sequence[str]:
    return values if set(map(type, values)) == {str} else [*map(_name, values)]


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
    if not len(index):
        return
    if len(names) == 1:
        sheet.add_scalars(Field("event", names[0]), index, [*map(attrgetter(names[0]), structs)])
    elif names:
        flat = [*chain.from_iterable(map(attrgetter(*names), structs))]
        for place, name in enumerate(names):
            sheet.add_scalars(Field("event", name), index, flat[place :: len(names)])


def _add_promotions(sheet: Sheet, index: Ints, datas: Sequence[CommerceData]) -> None:
    """The first promotion of an event as its fields promotion_id, promotion_name ..."""
    there, actions = present(index, [data.promotion_action for data in datas])
    firsts = [next(filter(None, action.promotions or ()), None) for action in actions]
    there, promotions = present(there, firsts)
    for name in _PROMOTION if promotions else ():
        sheet.add_scalars(Field("event", f"promotion_{name}"), there, [getattr(each, name) for each in promotions])


def _lay_products(sheet: Sheet, place: Ints, products: Sequence[Product], wanted: Wanted) -> None:
    """Fields of a product stand after custom attributes of the same name, so that they win."""
    for name, rows, values in spread(*present(place, [product.custom_attributes for product in products])):
        sheet.add_scalars(Field("product", name), rows, values)
    for name in wanted.names("product", _PRODUCT):
        sheet.add_scalars(Field("product", name), place, [*map(attrgetter(name), products)])


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
