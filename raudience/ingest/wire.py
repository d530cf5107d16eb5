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
    "Impression",
    "Product",
    "ProductAction",
    "Read",
    "Reader",
    "empty_data",
    "read_attributes",
    "read_identities",
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


Identities: TypeAlias = dict[str, Scalar] | list[IdentityRow | None]


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


def _known(data: dict[str, Any]) -> Any:
    """Events of the known types, each a struct of its own with `event_type` and `data` of its type."""
    return Union[  # noqa: UP007
        tuple(
            msgspec.defstruct(
                "Event", [("data", kind | None, None)], namespace={"event_type": name},
                tag_field="event_type", tag=name, gc=False,
            )
            for name, kind in data.items()
        )
    ]  # fmt: skip


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
    user_identities: msgspec.Raw = msgspec.Raw()
    user_attributes: msgspec.Raw = msgspec.Raw()
    device_info: msgspec.Raw = msgspec.Raw()
    application_info: msgspec.Raw = msgspec.Raw()
    deleted_user_attributes: list[str | None] | None = None
    calculated_attributes: dict[str, Any] | None = None
    consent_state: ConsentState | None = None
    context: Context | None = None
    api_key: str | None = None
    mp_deviceid: str | None = None
    attribution_info: AttributionInfo | None = None


class _Whole(Batch, gc=False):
    """A batch of which every part is decoded, for finding what is wrong."""

    user_identities: Identities | None = None  # type: ignore[assignment]
    user_attributes: dict[str, Any] | None = None  # type: ignore[assignment]
    device_info: dict[str, Any] | None = None  # type: ignore[assignment]
    application_info: dict[str, Any] | None = None  # type: ignore[assignment]


_DECODE_WHOLE: Final[Callable[[bytes], Batch]] = msgspec.json.Decoder(_Whole).decode
_DECODE_ATTRIBUTES: Final[Callable[[bytes], dict[str, Any] | None]] = msgspec.json.Decoder(dict[str, Any] | None).decode
_DECODE_IDENTITIES: Final[Callable[[bytes], Identities | None]] = msgspec.json.Decoder(Identities | None).decode
_LOOSE: Final = msgspec.json.Decoder()
Read: TypeAlias = tuple[list[Batch], list[int] | None, list[tuple[int, Fault]]]
_MESSAGE = re.compile(r"Expected (?P<expected>.+?)(?:, got (?P<got>.+?))?(?: - at `(?P<path>.+)`)?", re.DOTALL)
_MISSING = re.compile(r"Object missing required field (?P<field>`[^`]+`)(?: - at `(?P<path>.+)`)?")
_STEP = re.compile(r"\.([^.\[\]]+)|\[(\d+)\]|(\[\.\.\.\])")
_WORDS = {"str": "text", "int": "whole number", "float": "number", "bool": "true or false", "null": "null"}
_SHOWN = 60


class Reader:
    """Decodes batches; what is not decoded into them, here and in unknown keys, is skipped."""

    def __init__(self, attributes: Any) -> None:
        """attributes: type of custom attributes of events; with a struct, other attributes are skipped."""
        self._narrow = attributes != dict[str, Any]
        data = {name: _with(kind, attributes) if self._narrow else kind for name, kind in _DATA.items()}
        other = _with(OtherData, attributes) if self._narrow else OtherData
        self._decode = _decoder(_known(data))
        event = msgspec.defstruct("Event", [("event_type", str), ("data", other | None, None)], gc=False)
        self._decode_any = _decoder(event)

    def read(self, documents: Sequence[bytes]) -> Read:
        """Decode one batch per document: the good ones, their positions (None: all are good), and faults by position.

        What batches repeat (identities, attributes, device, application) is not looked into: what is wrong there,
        `read_each` finds.
        """
        if self._narrow and not _is_text(documents):
            return self.read_each(documents)
        try:
            return [*map(self._decode, documents)], None, []
        except (ValueError, RecursionError):
            return _one_by_one(documents, self._read_odd)

    def read_each(self, documents: Sequence[bytes]) -> Read:
        """Like `read`, one by one and into every part."""
        return _one_by_one(documents, self._read_whole)

    def _read_odd(self, document: bytes) -> Batch:
        try:
            return self._decode(document)
        except (ValueError, RecursionError):
            return self._read_whole(document)

    def _read_whole(self, document: bytes) -> Batch:
        _DECODE_WHOLE(document)
        return self._decode_any(document)


def _decoder(event: Any) -> Callable[[bytes], Batch]:
    events: Any = list[event | None]
    kind = msgspec.defstruct("Batch", [("events", events | None, None)], bases=(Batch,), gc=False)
    decode: Callable[[bytes], Any] = msgspec.json.Decoder(kind).decode
    return decode


def _with(kind: type[Data], attributes: Any) -> Any:
    return msgspec.defstruct(kind.__name__, [("custom_attributes", attributes | None, None)], bases=(kind,), gc=False)


def _is_text(documents: Sequence[bytes]) -> bool:
    """Whether all is UTF-8: the decoder does not look at the texts that it skips."""
    if all(map(bytes.isascii, documents)):
        return True
    try:
        return bool([*map(bytes.decode, documents)])
    except UnicodeDecodeError:
        return False


def _one_by_one(documents: Sequence[bytes], decode: Callable[[bytes], Batch]) -> Read:
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


def read_attributes(text: bytes) -> dict[str, Any]:
    """The attributes of a user; raise ValueError when the text is no JSON object."""
    return _DECODE_ATTRIBUTES(text) or {}


def read_identities(text: bytes) -> dict[str, Any]:
    """Identities by name, of either form; raise ValueError when the text is none."""
    found = _DECODE_IDENTITIES(text) or {}
    if isinstance(found, dict):
        return found
    return {entry.identity_type: entry.identity for entry in found if entry and entry.identity_type}


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
