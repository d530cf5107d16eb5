"""Events of a frame as columns: what each event is, and every attribute that an audience can ask about."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain, count
from operator import attrgetter
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from raudience.ingest.cells import Sheet, pick, present, spread, text_of
from raudience.ingest.frame import Frame
from raudience.ingest.wire import Data, Product
from raudience.records import EventKey, Field

__all__ = ["event_columns", "event_keys", "rows_by_type"]

Ints: TypeAlias = NDArray[np.int32]

_EVERY: Final = (
    "session_uuid", "session_id", "page_url", "lifetime_value_change", "canonical_name", "data_connection_type",
    "view_controller",
)  # fmt: skip
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


def rows_by_type(types: list[str]) -> dict[str, Ints]:
    """Positions of the events of each type, ascending."""
    codes = dict(zip(dict.fromkeys(types), count()))
    of = np.fromiter(map(codes.__getitem__, types), np.int32, len(types))
    return {name: np.flatnonzero(of == code).astype(np.int32) for name, code in codes.items()}


def event_keys(datas: list[Data], rows: dict[str, Ints]) -> tuple[Ints, tuple[EventKey, ...]]:
    """What each event is: int32[m], positions in the keys."""
    key = np.zeros(len(datas), np.int32)
    keys: dict[EventKey, int] = {}
    for event_type, of_type in rows.items():
        traits = _traits(event_type, pick(datas, of_type))
        codes = {trait: keys.setdefault(_key(event_type, trait), len(keys)) for trait in dict.fromkeys(traits)}
        key[of_type] = np.fromiter(map(codes.__getitem__, traits), np.int32, len(of_type))
    return key, tuple(keys)


def _traits(event_type: str, datas: Sequence[Data]) -> list[Any]:
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


def _action_name(data: Data) -> str:
    """The action of a commerce event; of several parts the product action speaks first."""
    if data.product_action:
        return data.product_action.action or ""
    if data.promotion_action:
        return _PROMOTION_ACTIONS.get(data.promotion_action.action or "", _name(data.promotion_action.action))
    return "impression"


def event_columns(frame: Frame, rows: dict[str, Ints]) -> tuple[Sheet, Sheet, Ints]:
    """Attributes of the events, attributes of their products, and the event of each product: int32[q], ascending."""
    sheet, datas = Sheet(), frame.datas
    everything = np.arange(len(datas), dtype=np.int32)
    _add_fields(sheet, _EVERY, everything, datas)
    for event_type, of_type in rows.items():
        _add_fields(sheet, _OF_TYPE.get(event_type, ()), of_type, pick(datas, of_type))
    _add_custom(sheet, "custom", everything, datas)
    commerce = rows.get("commerce_event", everything[:0])
    _add_actions(sheet, commerce, pick(datas, commerce))
    _add_promotions(sheet, commerce, pick(datas, commerce))
    return sheet, *_products(commerce, pick(datas, commerce))


def _add_fields(sheet: Sheet, names: Iterable[str], index: Ints, structs: Sequence[Any]) -> None:
    for name in names:
        sheet.add_scalars(Field("event", name), index, [*map(attrgetter(name), structs)])


def _add_custom(sheet: Sheet, namespace: str, index: Ints, structs: Sequence[Data] | Sequence[Product]) -> None:
    there, maps = present([entry.custom_attributes for entry in structs])
    for name, rows, values in spread(index[there], maps):
        sheet.add(Field(namespace, name), rows, values)


def _add_actions(sheet: Sheet, index: Ints, datas: Sequence[Data]) -> None:
    there, actions = present([data.product_action for data in datas])
    _add_fields(sheet, _ACTION, index[there], actions)


def _add_promotions(sheet: Sheet, index: Ints, datas: Sequence[Data]) -> None:
    """The first promotion of an event as its fields promotion_id, promotion_name ..."""
    shown = [data.promotion_action and [*filter(None, data.promotion_action.promotions or ())] for data in datas]
    there, promotions = present(shown)
    for name in _PROMOTION:
        values = [getattr(several[0], name) for several in promotions]
        sheet.add_scalars(Field("event", f"promotion_{name}"), index[there], values)


def _products(index: Ints, datas: Sequence[Data]) -> tuple[Sheet, Ints]:
    """Products of product actions and of impressions; impressions add the field product_impression_list."""
    sheet = Sheet()
    lists = [_products_of(data) for data in datas]
    event = np.repeat(index, [*map(len, lists)]).astype(np.int32)
    products = [*chain.from_iterable(lists)]
    everything = np.arange(len(products), dtype=np.int32)
    there, maps = present([product.custom_attributes for product in products])
    for name, rows, values in spread(everything[there], maps):
        sheet.add_scalars(Field("product", name), rows, values)
    # Fields of a product stand after custom attributes of the same name, so that they win.
    for name in _PRODUCT:
        sheet.add_scalars(Field("product", name), everything, [*map(attrgetter(name), products)])
    _add_impression_lists(sheet, datas, lists)
    return sheet, event


def _products_of(data: Data) -> list[Product]:
    if data.product_action:
        return [*filter(None, data.product_action.products or ())]
    impressions = filter(None, data.product_impressions or ())
    return [product for impression in impressions for product in impression.products or () if product]


def _add_impression_lists(sheet: Sheet, datas: Sequence[Data], lists: Sequence[Sequence[Product]]) -> None:
    shown: list[Any] = []
    for data, products in zip(datas, lists, strict=True):
        shown += [None] * len(products) if data.product_action else _impression_lists(data)
    index = np.arange(len(shown), dtype=np.int32)
    sheet.add_scalars(Field("product", "product_impression_list"), index, shown)


def _impression_lists(data: Data) -> list[Any]:
    impressions = filter(None, data.product_impressions or ())
    return [entry.product_impression_list for entry in impressions for product in entry.products or () if product]
