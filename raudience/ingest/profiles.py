"""Updates of profile fields that a frame of batches tells: attributes, identities, devices, consent, places."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from raudience.criteria.text import attribute_key
from raudience.ingest.cells import TAKEN, Sheet, present, spread
from raudience.ingest.frame import Frame
from raudience.ingest.spellings import DEVICE_IDS, canonical, identity_text
from raudience.ingest.wire import Batch, Consent, IdentityRow
from raudience.records import Column, Field, FieldColumn

__all__ = ["profile_fields"]

Ints: TypeAlias = NDArray[np.int32]
Longs: TypeAlias = NDArray[np.int64]

_PLACES: Final = {
    "city_name": "city",
    "region_code": "state",
    "postal_code": "zip",
    "dma_code": "dma",
    "country_code": "country",
}
_ATTRIBUTED: Final = ("publisher", "campaign")
_DEVICE_ID: Final = frozenset(DEVICE_IDS)


def profile_fields(
    frame: Frame, rows: dict[str, Ints]
) -> tuple[tuple[FieldColumn, ...], tuple[tuple[Field, Column], ...]]:
    """Updates in the order of the fields, and the columns that hold for every event of a batch.

    Of one batch and field what an event tells stands after what the batch tells.
    """
    sheet, ids, surroundings = Sheet(), Sheet(), Sheet()
    _add_attributes(sheet, frame.batches)
    _add_identities(sheet, ids, frame.batches)
    _add_surroundings(surroundings, ids, frame.batches)
    _add_consent(sheet, frame)
    _add_places(sheet, frame)
    _add_attribution(sheet, frame, rows)
    _add_attribute_changes(sheet, frame, rows)
    _add_identity_changes(sheet, ids, frame, rows)
    _add_opt_outs(sheet, frame, rows)
    count = len(frame.batches)
    around = surroundings.field_columns(count, frame.stamp)
    found = (*sheet.field_columns(count, frame.stamp), *ids.field_columns(count, frame.stamp), *around)
    context = {update.field.name: update.column for update in around if isinstance(update.column, Column)}
    by_field = sorted(found, key=lambda update: update.field)
    return tuple(by_field), tuple((Field("event", name), context[name]) for name in sorted(context))


def _add_attributes(sheet: Sheet, batches: Sequence[Batch]) -> None:
    for name, index, values in spread(*present([batch.user_attributes for batch in batches])):
        sheet.add(Field("user", attribute_key(name)), index, values)
    there, lists = present([batch.deleted_user_attributes for batch in batches])
    for row, names in zip(there, lists, strict=True):
        for name in filter(None, names):
            sheet.add(Field("user", attribute_key(name)), np.array([row], np.int32), [TAKEN])
    for name, index, values in spread(*present([batch.calculated_attributes for batch in batches])):
        sheet.add(Field("calculated", name), index, values)


def _add_identities(sheet: Sheet, ids: Sheet, batches: Sequence[Batch]) -> None:
    there, given = present([batch.user_identities for batch in batches])
    maps = given if all(type(value) is dict for value in given) else [*map(_as_map, given)]
    for name, index, values in spread(there, maps):
        _add_identity(sheet, ids, canonical(name), index, values)
    there, stamps = present([batch.mp_deviceid for batch in batches])
    _add_identity(sheet, ids, "mp_deviceid", there, stamps)


def _as_map(identities: dict[str, Any] | list[IdentityRow | None]) -> dict[str, Any]:
    if isinstance(identities, dict):
        return identities
    return {entry.identity_type: entry.identity for entry in identities if entry and entry.identity_type}


def _add_identity(
    sheet: Sheet, ids: Sheet, name: str, index: Ints, values: Sequence[Any], *, stamps: Longs | None = None
) -> None:
    """A user identity that is none takes the former away; a device identity that is none says nothing."""
    texts = [*map(identity_text, values)]
    if name not in _DEVICE_ID:
        cells = [TAKEN if text is None else text for text in texts] if None in texts else texts
        sheet.add(Field("identity", name), index, cells, stamps)
    elif None in texts:
        kept = [text is not None for text in texts]
        own = None if stamps is None else stamps[kept]
        ids.add(Field("device_id", name), index[kept], [text for text in texts if text is not None], own)
    else:
        ids.add(Field("device_id", name), index, texts, stamps)


def _add_surroundings(sheet: Sheet, ids: Sheet, batches: Sequence[Batch]) -> None:
    """Device and application; of fields that both have, the application's stands for the events."""
    for name, index, values in spread(*present([batch.device_info for batch in batches])):
        known = canonical(name)
        if known in _DEVICE_ID:
            _add_identity(sheet, ids, known, index, values)
        else:
            sheet.add_scalars(Field("device", name), index, values)
    for name, index, values in spread(*present([batch.application_info for batch in batches])):
        sheet.add_scalars(Field("application", name), index, values)


def _add_consent(sheet: Sheet, frame: Frame) -> None:
    there, states = present([batch.consent_state for batch in frame.batches])
    for regulation in ("gdpr", "ccpa"):
        given, maps = present([getattr(state, regulation) for state in states])
        for purpose, index, consents in spread(there[given], maps):
            field = Field("consent", f"{regulation}.{purpose.lower()}")
            _add_consents(sheet, field, index, consents, frame.stamp)


def _add_consents(sheet: Sheet, field: Field, index: Ints, consents: Sequence[Consent | None], stamp: Longs) -> None:
    there, known = present(consents)
    times = [consent.timestamp_unixtime_ms for consent in known]
    own = np.array([-1 if time is None else time for time in times], np.int64)
    stamps = np.where(own < 0, stamp[index[there]], own)
    sheet.add(field, index[there], [consent.consented for consent in known], stamps)


def _add_places(sheet: Sheet, frame: Frame) -> None:
    """Where the user is: the batch's location, else that of its first event with one."""
    places = [batch.context.location if batch.context else None for batch in frame.batches]
    for row, data in zip(frame.batch.tolist(), frame.datas, strict=True):
        if data.location and not _is_place(places[row]) and _is_place(data.location):
            places[row] = data.location
    there, maps = present([place if _is_place(place) else None for place in places])
    for name, index, values in spread(there, [*map(_place, maps)]):
        sheet.add_scalars(Field("location", name), index, values)


def _is_place(place: dict[str, Any] | None) -> bool:
    return bool(place and _place(place))


def _place(place: dict[str, Any]) -> dict[str, Any]:
    """The fields of a location that say something; coordinates only both, as numbers and on the globe."""
    latitude, longitude = _number(place.get("latitude")), _number(place.get("longitude"))
    named = {field: place[name] for name, field in _PLACES.items() if place.get(name) not in (None, "")}
    if latitude is None or longitude is None or abs(latitude) > 90 or abs(longitude) > 180:
        return named
    return named | {"latitude": latitude, "longitude": longitude}


def _number(value: Any) -> float | None:
    try:
        return None if value is None or isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        return None


def _add_attribution(sheet: Sheet, frame: Frame, rows: dict[str, Ints]) -> None:
    """Publisher and campaign of installs and uninstalls: of the batch, and of events that tell them."""
    there, infos = present([batch.attribution_info for batch in frame.batches])
    for name in _ATTRIBUTED:
        values = [getattr(info, name) for info in infos]
        sheet.add_scalars(Field("attribution", f"install.{name}"), there, values)
    custom = _positions(frame, rows, "custom_event")
    told = [row for row in custom if frame.datas[row].custom_event_type == "attribution"]
    for of, form in (("install", "attribution"), ("uninstall", "uninstall")):
        _add_attributed(sheet, frame, of, [row for row in told if frame.datas[row].event_name == form])
    _add_attributed(sheet, frame, "uninstall", _positions(frame, rows, "uninstall"))


def _add_attributed(sheet: Sheet, frame: Frame, of: str, events: Sequence[int]) -> None:
    for name in _ATTRIBUTED:
        told = [row for row in events if name in (frame.datas[row].custom_attributes or {})]
        values = [(frame.datas[row].custom_attributes or {})[name] for row in told]
        sheet.add(Field("attribution", f"{of}.{name}"), frame.batch[told], values, frame.time[told])


def _add_attribute_changes(sheet: Sheet, frame: Frame, rows: dict[str, Ints]) -> None:
    for row in _positions(frame, rows, "user_attribute_change"):
        data = frame.datas[row]
        if data.user_attribute_name:
            value = TAKEN if data.deleted else data.new
            _add_one(sheet, Field("user", attribute_key(data.user_attribute_name)), frame, row, value)


def _add_identity_changes(sheet: Sheet, ids: Sheet, frame: Frame, rows: dict[str, Ints]) -> None:
    for row in _positions(frame, rows, "user_identity_change"):
        for name, value in _changed_identities(frame.datas[row].old, frame.datas[row].new):
            at = slice(row, row + 1)
            _add_identity(sheet, ids, canonical(name), frame.batch[at], [value], stamps=frame.time[at])


def _changed_identities(old: Any, new: Any) -> Iterable[tuple[str, Any]]:
    """The new value of an identity; where there is no new one, its former goes away."""
    if isinstance(new, dict) and isinstance(new.get("identity_type"), str):
        yield new["identity_type"], new.get("identity")
    elif isinstance(old, dict) and isinstance(old.get("identity_type"), str):
        yield old["identity_type"], None


def _add_opt_outs(sheet: Sheet, frame: Frame, rows: dict[str, Ints]) -> None:
    for row in _positions(frame, rows, "opt_out"):
        state = frame.datas[row].is_opted_out
        if state is not None:
            _add_one(sheet, Field("status", "opted_out"), frame, row, state in (True, "true"))


def _add_one(sheet: Sheet, field: Field, frame: Frame, row: int, value: Any) -> None:
    at = slice(row, row + 1)
    sheet.add(field, frame.batch[at], [value], frame.time[at])


def _positions(frame: Frame, rows: dict[str, Ints], event_type: str) -> Sequence[int]:
    return rows[event_type].tolist() if event_type in rows else ()
