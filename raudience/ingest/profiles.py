"""Updates of profile fields that a frame of batches tells: attributes, identities, devices, consent, places."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any, Final, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from raudience.criteria.text import attribute_key
from raudience.ingest.cells import TAKEN, present, spread
from raudience.ingest.customs import attribute_of
from raudience.ingest.frame import Frame
from raudience.ingest.sheets import Sheet
from raudience.ingest.spellings import DEVICE_IDS, canonical
from raudience.ingest.surroundings import Said, Surroundings
from raudience.ingest.wanted import Wanted
from raudience.ingest.wire import Consent
from raudience.records import Column, Field, FieldColumn

__all__ = ["Profiles", "lay_attribute", "lay_identity"]

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


class Profiles:
    """Collects the updates that the slices of a block tell. Of one batch and field what an event tells stands after
    what the batch tells."""

    def __init__(self, surroundings: Surroundings, wanted: Wanted) -> None:
        self._sheet, self._wanted = Sheet(wanted), wanted
        self._surroundings = surroundings
        self._said: list[Ints] = [np.empty(0, np.int32)]

    def add(self, frame: Frame, rows: dict[str, Ints], said: Said) -> None:
        """Take in a slice; rows: positions in it of the events of each type, and of custom events of the
        type attribution."""
        self._said.append(said.codes)
        for name, places, values in said.ids:
            if values:
                self._sheet.add(Field("device_id", name), frame.rows[places], values)
        _add_attributes(self._sheet, frame)
        _add_device_stamps(self._sheet, frame)
        _add_consent(self._sheet, frame)
        _add_places(self._sheet, frame)
        _add_attribution(self._sheet, frame, rows)
        _add_attribute_changes(self._sheet, frame, rows)
        _add_identity_changes(self._sheet, frame, rows)
        _add_opt_outs(self._sheet, frame, rows)

    def columns(self, stamps: Longs) -> tuple[tuple[FieldColumn, ...], tuple[tuple[Field, Column], ...]]:
        """Updates in the order of the fields, and the columns that hold for every event of a batch.

        stamps: int64[n], of the batches of the block.
        """
        # Of fields that device and application both have, the application's stands for the events.
        sheet = self._sheet
        around = self._surroundings.tell(sheet, np.concatenate(self._said))
        context = {field.name: column for field, column in around if self._wanted.has(Field("event", field.name))}
        updates = [FieldColumn(field, column) for field, column in around if self._wanted.has(field)]
        found = (*sheet.field_columns(len(stamps), stamps), *updates)
        named = sorted((name, column) for name, column in context.items())
        return tuple(sorted(found, key=_field_of)), tuple((Field("event", name), column) for name, column in named)


def _field_of(update: FieldColumn) -> Field:
    return update.field


def lay_attribute(sheet: Sheet, name: str, index: Ints, values: Sequence[Any]) -> None:
    sheet.add(Field("user", attribute_key(name)), index, values)


def _add_attributes(sheet: Sheet, frame: Frame) -> None:
    rows, batches = frame.rows, frame.batches
    there, lists = present(rows, [batch.deleted_user_attributes for batch in batches])
    for row, names in zip(there, lists, strict=True):
        for name in filter(None, names):
            sheet.add(Field("user", attribute_key(name)), np.array([row], np.int32), [TAKEN])
    for name, index, values in spread(*present(rows, [batch.calculated_attributes for batch in batches])):
        sheet.add(Field("calculated", name), index, values)


def _add_device_stamps(sheet: Sheet, frame: Frame) -> None:
    there, stamps = present(frame.rows, [batch.mp_deviceid for batch in frame.batches])
    lay_identity(sheet, "mp_deviceid", there, stamps)


def lay_identity(sheet: Sheet, name: str, index: Ints, values: Sequence[Any], stamps: Longs | None = None) -> None:
    """A null takes a user identity away and says nothing of a device identity."""
    known = canonical(name)
    if known in _DEVICE_ID:
        sheet.add_scalars(Field("device_id", known), index, values, stamps)
    else:
        sheet.add(Field("identity", known), index, values, stamps)


def _add_consent(sheet: Sheet, frame: Frame) -> None:
    there, states = present(frame.rows, [batch.consent_state for batch in frame.batches])
    for regulation in ("gdpr", "ccpa"):
        for purpose, index, consents in spread(*present(there, [getattr(state, regulation) for state in states])):
            _add_consents(sheet, Field("consent", f"{regulation}.{purpose.lower()}"), frame, *present(index, consents))


def _add_consents(sheet: Sheet, field: Field, frame: Frame, index: Ints, consents: Sequence[Consent]) -> None:
    if consents:
        times = [consent.timestamp_unixtime_ms for consent in consents]
        own = np.array([-1 if time is None else time for time in times], np.int64)
        stamps = np.where(own < 0, frame.stamp[index - frame.rows[0]], own)
        sheet.add(field, index, [consent.consented for consent in consents], stamps)


def _add_places(sheet: Sheet, frame: Frame) -> None:
    """Where the user is: the batch's location, else that of its first event with one."""
    contexts = [batch.context for batch in frame.batches]
    of_events = [data.location for data in frame.datas]
    if not any(contexts) and not any(of_events):
        return
    places = [context.location if context else None for context in contexts]
    if any(of_events):
        for row, place in zip(frame.batch.tolist(), of_events, strict=True):
            places[row] = place if _is_place(place) and not _is_place(places[row]) else places[row]
    there, maps = present(frame.rows, [place if _is_place(place) else None for place in places])
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
        number = math.nan if value is None or isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None


def _add_attribution(sheet: Sheet, frame: Frame, rows: dict[str, Ints]) -> None:
    """Publisher and campaign of installs and uninstalls: of the batch, and of events that tell them."""
    there, infos = present(frame.rows, [batch.attribution_info for batch in frame.batches])
    for name in _ATTRIBUTED:
        values = [getattr(info, name) for info in infos]
        sheet.add_scalars(Field("attribution", f"install.{name}"), there, values)
    told = _positions(rows, "attribution")
    for of, form in (("install", "attribution"), ("uninstall", "uninstall")):
        _add_attributed(sheet, frame, of, [row for row in told if frame.datas[row].event_name == form])
    _add_attributed(sheet, frame, "uninstall", _positions(rows, "uninstall"))


def _add_attributed(sheet: Sheet, frame: Frame, of: str, events: Sequence[int]) -> None:
    for name in _ATTRIBUTED:
        given = [attribute_of(frame.datas[row].custom_attributes, name) for row in events]
        told = [row for row, value in zip(events, given, strict=True) if value is not msgspec.UNSET]
        values = [value for value in given if value is not msgspec.UNSET]
        if told:
            sheet.add(Field("attribution", f"{of}.{name}"), frame.rows[frame.batch[told]], values, frame.time[told])


def _add_attribute_changes(sheet: Sheet, frame: Frame, rows: dict[str, Ints]) -> None:
    for row in _positions(rows, "user_attribute_change"):
        data = frame.datas[row]
        if data.user_attribute_name:
            value = TAKEN if data.deleted else data.new
            _add_one(sheet, Field("user", attribute_key(data.user_attribute_name)), frame, row, value)


def _add_identity_changes(sheet: Sheet, frame: Frame, rows: dict[str, Ints]) -> None:
    for row in _positions(rows, "user_identity_change"):
        for name, value in _changed_identities(frame.datas[row].old, frame.datas[row].new):
            at = slice(row, row + 1)
            lay_identity(sheet, name, frame.rows[frame.batch[at]], [value], frame.time[at])


def _changed_identities(old: Any, new: Any) -> Iterable[tuple[str, Any]]:
    """The new value of an identity; where there is no new one, its former goes away."""
    if isinstance(new, dict) and isinstance(new.get("identity_type"), str):
        yield new["identity_type"], new.get("identity")
    elif isinstance(old, dict) and isinstance(old.get("identity_type"), str):
        yield old["identity_type"], None


def _add_opt_outs(sheet: Sheet, frame: Frame, rows: dict[str, Ints]) -> None:
    for row in _positions(rows, "opt_out"):
        state = frame.datas[row].is_opted_out
        if state is not None:
            _add_one(sheet, Field("status", "opted_out"), frame, row, state in (True, "true"))


def _add_one(sheet: Sheet, field: Field, frame: Frame, row: int, value: Any) -> None:
    at = slice(row, row + 1)
    sheet.add(field, frame.rows[frame.batch[at]], [value], frame.time[at])


def _positions(rows: dict[str, Ints], event_type: str) -> Sequence[int]:
    return rows[event_type].tolist() if event_type in rows else ()
