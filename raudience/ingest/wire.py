"""The mParticle batch as it stands on the wire, and its way from bytes to these structs or to a fault.

Lenient where real clients are: unknown keys are skipped, nulls may stand anywhere, an MPID may be a number or a text.
Strict where a wrong answer would follow: times are whole milliseconds in range, scalars are scalars. What an audience
cannot ask about is not read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Final, TypeAlias, Union

import msgspec

from raudience.errors import Fault

__all__ = [
    "Batch",
    "CommerceData",
    "Consent",
    "Data",
    "Event",
    "IdentityRow",
    "Impression",
    "Product",
    "empty_data",
    "read_batches",
    "read_each",
]

Scalar: TypeAlias = str | int | float | bool | None
Time: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=253_402_300_799_999)]
Id: TypeAlias = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]


class _Wire(msgspec.Struct, gc=False):
    pass


class Product(_Wire, gc=False):
    id: Scalar = None
    name: Scalar = None
    brand: Scalar = None
    category: Scalar = None
    variant: Scalar = None
    position: Scalar = None
    price: Scalar = None
    quantity: Scalar = None
    coupon_code: Scalar = None
    added_to_cart_time_ms: Scalar = None
    total_product_amount: Scalar = None
    custom_attributes: dict[str, Any] | None = None


class ProductAction(_Wire, gc=False):
    action: str | None = None
    checkout_step: Scalar = None
    checkout_options: Scalar = None
    product_action_list: Scalar = None
    product_list_source: Scalar = None
    transaction_id: Scalar = None
    affiliation: Scalar = None
    total_amount: Scalar = None
    tax_amount: Scalar = None
    shipping_amount: Scalar = None
    coupon_code: Scalar = None
    products: list[Product | None] | None = None


class Promotion(_Wire, gc=False):
    id: Scalar = None
    name: Scalar = None
    creative: Scalar = None
    position: Scalar = None


class PromotionAction(_Wire, gc=False):
    action: str | int | None = None
    promotions: list[Promotion | None] | None = None


class Impression(_Wire, gc=False):
    product_impression_list: Scalar = None
    products: list[Product | None] | None = None


class IdentityRow(_Wire, gc=False):
    """One identity of the outbound form of a batch and of user_identity_change events."""

    identity_type: str | None = None
    identity: Scalar = None


class Data(_Wire, gc=False):
    """`data` of any event. The fewer fields a struct has, the faster it decodes: hence one per common type."""

    timestamp_unixtime_ms: Time | None = None
    source_message_id: Scalar = None
    session_uuid: Scalar = None
    session_id: Scalar = None
    custom_attributes: dict[str, Any] | None = None
    page_url: Scalar = None
    location: dict[str, Any] | None = None
    lifetime_value_change: Scalar = None


class CustomData(Data, gc=False):
    event_name: Scalar = None
    custom_event_type: Scalar = None


class ScreenData(Data, gc=False):
    screen_name: Scalar = None
    activity_type: Scalar = None


class CommerceData(Data, gc=False):
    product_action: ProductAction | None = None
    promotion_action: PromotionAction | None = None
    product_impressions: list[Impression | None] | None = None
    currency_code: Scalar = None
    is_non_interactive: Scalar = None
    screen_name: Scalar = None
    event_name: Scalar = None
    custom_event_type: Scalar = None


class OtherData(CommerceData, gc=False):
    """Everything that an event of whatever type may have."""

    activity_type: Scalar = None
    session_duration_ms: Scalar = None
    application_transition_type: Scalar = None
    is_first_run: Scalar = None
    is_upgrade: Scalar = None
    successfully_closed: Scalar = None
    launch_referral: Scalar = None
    class_name: Scalar = None
    severity: Scalar = None
    message: Scalar = None
    exception_handled: Scalar = None
    topmost_context: Scalar = None
    session_number: Scalar = None
    is_opted_out: bool | str | None = None
    user_attribute_name: str | None = None
    new: Any = None
    old: Any = None
    deleted: bool | None = None
    is_new_attribute: Scalar = None
    push_message_type: Scalar = None
    push_message_token: Scalar = None
    network: Scalar = None
    application_state: Scalar = None
    action_identifier: Scalar = None
    push_message_behavior: Scalar = None
    register: Scalar = None
    profile_event_type: Scalar = None
    http_verb: Scalar = None
    url: Scalar = None
    time_elapsed: Scalar = None
    bytes_in: Scalar = None
    bytes_out: Scalar = None
    response_code: Scalar = None
    label: Scalar = None


class Event(_Wire, gc=False):
    """An event of whatever type."""

    event_type: str
    data: OtherData | None = None


_DATA: Final[dict[str, Any]] = {
    "custom_event": CustomData,
    "screen_view": ScreenData,
    "commerce_event": CommerceData,
    "session_start": Data,
    "uninstall": Data,
    "first_run": Data,
} | dict.fromkeys(
    ("session_end", "crash_report", "application_state_transition", "opt_out", "push_message", "push_registration",
     "push_reaction", "profile", "user_attribute_change", "user_identity_change", "network_performance", "breadcrumb"),
    OtherData,
)  # fmt: skip
_KNOWN: Final[Any] = Union[  # noqa: UP007
    tuple(
        msgspec.defstruct(
            "Event", [("data", kind | None, None)], namespace={"event_type": name},
            tag_field="event_type", tag=name, gc=False,
        )
        for name, kind in _DATA.items()
    )
]  # fmt: skip
"""Events of the known types, each a struct of its own with `event_type` and `data`."""


def empty_data(event_type: str) -> Data:
    """What stands for the `data` of an event that has none."""
    data: Data = _DATA.get(event_type, OtherData)()
    return data


class Consent(_Wire, gc=False):
    consented: bool
    timestamp_unixtime_ms: Time | None = None


class ConsentState(_Wire, gc=False):
    gdpr: dict[str, Consent | None] | None = None
    ccpa: dict[str, Consent | None] | None = None


class Context(_Wire, gc=False):
    location: dict[str, Any] | None = None


class AttributionInfo(_Wire, gc=False):
    publisher: Scalar = None
    campaign: Scalar = None


class Batch(_Wire, gc=False):
    events: list[Event | None] | None = None
    source_request_id: str | int | None = None
    mpid: Id | str | None = None
    timestamp_unixtime_ms: Time | None = None
    user_identities: dict[str, Scalar] | list[IdentityRow | None] | None = None
    user_attributes: dict[str, Any] | None = None
    device_info: msgspec.Raw = msgspec.Raw()
    application_info: msgspec.Raw = msgspec.Raw()
    deleted_user_attributes: list[str | None] | None = None
    calculated_attributes: dict[str, Any] | None = None
    consent_state: ConsentState | None = None
    context: Context | None = None
    api_key: str | None = None
    mp_deviceid: str | None = None
    attribution_info: AttributionInfo | None = None


class _Known(Batch, gc=False):
    """A batch with events of known types only."""

    events: list[_KNOWN | None] | None = None


class _Whole(Batch, gc=False):
    """A batch of which every part is decoded, for finding what is wrong."""

    device_info: dict[str, Any] | None = None  # type: ignore[assignment]
    application_info: dict[str, Any] | None = None  # type: ignore[assignment]


_DECODE: Final[Callable[[bytes], Batch]] = msgspec.json.Decoder(_Known).decode
_DECODE_ANY: Final[Callable[[bytes], Batch]] = msgspec.json.Decoder(Batch).decode
_DECODE_WHOLE: Final[Callable[[bytes], Batch]] = msgspec.json.Decoder(_Whole).decode
_LOOSE: Final = msgspec.json.Decoder()
_MESSAGE = re.compile(r"Expected (?P<expected>.+?)(?:, got (?P<got>.+?))?(?: - at `(?P<path>.+)`)?", re.DOTALL)
_MISSING = re.compile(r"Object missing required field (?P<field>`[^`]+`)(?: - at `(?P<path>.+)`)?")
_STEP = re.compile(r"\.([^.\[\]]+)|\[(\d+)\]|(\[\.\.\.\])")
_WORDS = {"str": "text", "int": "whole number", "float": "number", "bool": "true or false", "null": "null"}
_SHOWN = 60


def read_batches(documents: Sequence[bytes]) -> tuple[list[Batch], list[int] | None, list[tuple[int, Fault]]]:
    """Decode one batch per document: the good ones, their positions (None: all are good), and faults by position.

    Device and application are not looked into: what is wrong there, `read_each` finds.
    """
    try:
        return [*map(_DECODE, documents)], None, []
    except (ValueError, RecursionError):
        return read_each(documents, _decode_any)


def read_each(
    documents: Sequence[bytes], decode: Callable[[bytes], Batch] | None = None
) -> tuple[list[Batch], list[int], list[tuple[int, Fault]]]:
    """Like `read_batches`, one by one and into every part."""
    decode = decode or _decode_whole
    batches: list[Batch] = []
    positions: list[int] = []
    faults: list[tuple[int, Fault]] = []
    for position, document in enumerate(documents):
        try:
            batches.append(decode(document))
            positions.append(position)
        except (ValueError, RecursionError) as error:
            faults.append((position, _fault(error, document)))
    return batches, positions, faults


def _decode_any(document: bytes) -> Batch:
    try:
        return _DECODE(document)
    except (ValueError, RecursionError):
        return _decode_whole(document)


def _decode_whole(document: bytes) -> Batch:
    _DECODE_WHOLE(document)
    return _DECODE_ANY(document)


def _fault(error: Exception, document: bytes) -> Fault:
    """The fault that a decoding error speaks of, with the value that stands at its path."""
    try:
        whole = _LOOSE.decode(document)
    except (ValueError, RecursionError) as broken:
        return Fault("$", "a batch in JSON", f"{broken} in {_show(document.decode(errors='replace'))}")
    message = str(error)
    if missing := _MISSING.fullmatch(message):
        return Fault(missing["path"] or "$", f"an object with {missing['field']}", "an object without it")
    form = _MESSAGE.fullmatch(message)
    if form is None:
        return Fault("$", "a batch", message)
    path, value = _locate(whole, form["path"] or "$")
    return Fault(path, _in_words(form["expected"]), _show(msgspec.json.encode(value).decode()))


def _locate(document: Any, path: str) -> tuple[str, Any]:
    """Follow a path; where it says `[...]` (some key of a map) take the first key with a value that is no scalar."""
    shown, value = "$", document
    for name, position, _some in _STEP.findall(path):
        key: Any = name or (int(position) if position else _first_odd(value))
        shown += f"[{position}]" if position else f".{key}"
        value = value[key]
    return shown, value


def _first_odd(values: dict[str, Any]) -> str:
    return next((key for key, value in values.items() if isinstance(value, dict | list)), next(iter(values)))


def _in_words(expected: str) -> str:
    """`int | null` of the decoder as people say it."""
    return re.sub(r"[a-z]+", lambda word: _WORDS.get(word[0], word[0]), expected.replace("`", "").replace(" | ", ", "))


def _show(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
