"""Raw batches as facts: what happened, and what became known of the user."""

import json
from dataclasses import dataclass, field

from tests.oracle.words import ABSENT, DAY, cell

DEVICE_IDS = (
    "ios_advertising_id", "ios_idfv", "android_advertising_id", "android_uuid", "roku_advertising_id",
    "roku_publisher_id", "fire_advertising_id", "microsoft_advertising_id", "microsoft_publisher_id", "amp_id",
    "push_token",
)  # fmt: skip
SPELLINGS = {
    "customerid": "customer_id",
    "customerId": "customer_id",
    "facebookcustomaudienceid": "facebook_custom_audience_id",
    "ios_idfa": "ios_advertising_id",
    "android_aaid": "android_advertising_id",
    **{f"other{number}": f"other_id_{number}" for number in range(2, 11)},
}
RESERVED = ("$age", "$firstname", "$lastname", "$gender", "$mobile", "$address", "$city", "$state", "$zip", "$country")
PLACES = {
    "city_name": "city",
    "region_code": "state",
    "postal_code": "zip",
    "dma_code": "dma",
    "country_code": "country",
    "latitude": "latitude",
    "longitude": "longitude",
}
ACCOUNT = ""
"""Workspace of what the whole account shares."""


class RefusedError(Exception):
    """The batch is refused."""


@dataclass
class Happening:
    """One event. `known` is the instant at which its batch took effect."""

    time: int
    known: int
    kind: str
    name: str
    category: str
    input: str
    workspace: str
    message: str | None
    custom: dict = field(default_factory=dict)
    fields: dict = field(default_factory=dict)
    products: list = field(default_factory=list)


@dataclass
class Update:
    """A value (ABSENT: taken away) of one field of the profile, as of `stamp`."""

    workspace: str
    namespace: str
    name: str
    stamp: int
    cell: tuple


@dataclass
class Arrival:
    """One batch, read."""

    mpid: int
    at: int
    stamp: int
    input: str
    workspace: str
    request: object
    events: list
    updates: list


def key_name(name):
    """Attribute keys are as they are, reserved ones in any case."""
    return name.lower() if name.lower() in RESERVED else name


def spelling(name):
    return SPELLINGS.get(name, name)


def scalars(raw, without=()):
    """Cells of the scalar values of a map; null is no value."""
    return {
        name: cell(value)
        for name, value in (raw or {}).items()
        if name not in without and value is not None and not isinstance(value, list | dict)
    }


def read(batch, at, workspaces):
    """The facts of one batch that takes effect at `at`; raise RefusedError."""
    raw_events = batch.get("events") or []
    times = [event["data"].get("timestamp_unixtime_ms") for event in raw_events]
    given = [time for time in times if time is not None]
    stamp = batch.get("timestamp_unixtime_ms")
    stamp = stamp if stamp is not None else max(given) if given else None
    request = _request(batch, stamp)
    stamp = at if stamp is None else stamp
    if any(time > at + DAY for time in given):
        raise RefusedError
    source = batch.get("api_key") or "default"
    arrival = Arrival(
        mpid=int(batch["mpid"]), at=at, stamp=stamp, input=source, workspace=workspaces.get(source, "default"),
        request=request, events=[], updates=[],
    )  # fmt: skip
    surroundings = {**scalars(batch.get("device_info")), **scalars(batch.get("application_info"))}
    for event, time in zip(raw_events, times, strict=True):
        arrival.events.append(_happening(event, stamp if time is None else time, arrival, surroundings))
    _profile_updates(batch, arrival)
    for event, happening in zip(raw_events, arrival.events, strict=True):
        _event_updates(event["event_type"], event["data"], happening, arrival)
    return arrival


def _request(batch, stamp):
    """What identifies the batch when it comes again."""
    source = batch.get("api_key") or "default"
    if batch.get("source_request_id") is not None:
        return ("request", source, batch["source_request_id"])
    return None if stamp is None else ("content", source, json.dumps(batch, sort_keys=True))


def _happening(event, time, arrival, surroundings):
    data = event["data"]
    kind, name = _kind(event["event_type"], data)
    action = data.get("product_action") or {}
    return Happening(
        time=time,
        known=arrival.at,
        kind=kind,
        name=name,
        category=(data.get("custom_event_type") or "") if event["event_type"] == "custom_event" else "",
        input=arrival.input,
        workspace=arrival.workspace,
        message=data.get("source_message_id"),
        custom={name: cell(value) for name, value in (data.get("custom_attributes") or {}).items()},
        fields={**surroundings, **scalars(action), **scalars(data)},
        products=[
            {**scalars(product.get("custom_attributes")), **scalars(product)}
            for product in action.get("products") or []
        ],
    )


def _kind(event_type, data):
    match event_type:
        case "custom_event":
            is_attribution = data.get("custom_event_type") == "attribution"
            return ("attribution" if is_attribution else "custom", data.get("event_name") or "")
        case "screen_view":
            return ("screen_view", data.get("screen_name") or "")
        case "crash_report":
            return ("crash", "")
        case "application_state_transition" if data.get("is_first_run"):
            return ("install", "")
        case "application_state_transition" if data.get("is_upgrade"):
            return ("upgrade", "")
        case "application_state_transition":
            return ("application_state_transition", data.get("application_transition_type") or "")
        case "commerce_event":
            return ("commerce", _action(data))
    return (event_type, "")


def _action(data):
    if data.get("product_action"):
        return data["product_action"]["action"]
    if data.get("promotion_action"):
        action = data["promotion_action"]["action"]
        return {"view": "promotion_view", "click": "promotion_click", 1: "promotion_view", 2: "promotion_click"}[action]
    return "impression"


def _profile_updates(batch, arrival):
    here = arrival.workspace
    device = {**(batch.get("device_info") or {}), **(batch.get("application_info") or {})}
    user = [(key_name(name), cell(value)) for name, value in (batch.get("user_attributes") or {}).items()]
    user += [(key_name(name), ABSENT) for name in batch.get("deleted_user_attributes") or []]
    calculated = [(name, cell(value)) for name, value in (batch.get("calculated_attributes") or {}).items()]
    identities = [
        (spelling(name), ABSENT if value is None else cell(value))
        for name, value in (batch.get("user_identities") or {}).items()
    ]
    ids = [(spelling(name), cell(value)) for name, value in device.items() if value and spelling(name) in DEVICE_IDS]
    devices = [(name, value) for name, value in scalars(device).items() if spelling(name) not in DEVICE_IDS]
    places = [(PLACES[name], value) for name, value in scalars(_location(batch)).items() if name in PLACES]
    attribution = [
        (f"install.{name}", value)
        for name, value in scalars(batch.get("attribution_info")).items()
        if name in ("publisher", "campaign")
    ]
    tables = [
        (here, "user", user), (here, "calculated", calculated), (ACCOUNT, "identity", identities),
        (ACCOUNT, "device_id", ids), (here, "device", devices), (here, "location", places),
        (here, "attribution", attribution),
    ]  # fmt: skip
    for workspace, namespace, cells in tables:
        arrival.updates += [Update(workspace, namespace, name, arrival.stamp, value) for name, value in cells]
    arrival.updates += _consents(batch.get("consent_state") or {}, arrival)


def _consents(state, arrival):
    for regulation in ("gdpr", "ccpa"):
        for purpose, consent in (state.get(regulation) or {}).items():
            stamp = consent.get("timestamp_unixtime_ms")
            name = f"{regulation}.{purpose.lower()}"
            value = cell(bool(consent["consented"]))
            yield Update(arrival.workspace, "consent", name, arrival.stamp if stamp is None else stamp, value)


def _location(batch):
    of_batch = (batch.get("context") or {}).get("location")
    of_events = [event["data"].get("location") for event in batch.get("events") or []]
    return next((place for place in [of_batch, *of_events] if place), {})


def _event_updates(event_type, data, happening, arrival):
    def update(workspace, namespace, name, value):
        arrival.updates.append(Update(workspace, namespace, name, happening.time, value))

    match event_type:
        case "opt_out":
            update(ACCOUNT, "status", "opted_out", cell(bool(data["is_opted_out"])))
        case "user_attribute_change":
            value = ABSENT if data.get("deleted") else cell(data.get("new"))
            update(arrival.workspace, "user", key_name(data["user_attribute_name"]), value)
        case "custom_event" | "uninstall":
            form = happening.name if happening.kind == "attribution" else event_type
            prefix = {"attribution": "install", "uninstall": "uninstall"}.get(form)
            for name in ("publisher", "campaign"):
                if prefix and name in happening.custom:
                    update(arrival.workspace, "attribution", f"{prefix}.{name}", happening.custom[name])
