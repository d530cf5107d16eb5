"""The history of the workload as files: Parquet, Arrow, and NDJSON as mobile clients send it."""

from __future__ import annotations

import tempfile
import uuid
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from scripts.benchmarks import vocabulary as words
from scripts.benchmarks.blocks import mpids
from scripts.benchmarks.vocabulary import KEYS
from scripts.benchmarks.workload import Workload

_TYPES: Final = {"custom": "custom_event", "commerce": "commerce_event", "crash": "crash_report"}
_TRANSITIONS: Final = {"install": "is_first_run", "upgrade": "is_upgrade"}
_EVENTS_IN_A_BATCH: Final = 3


def folder(size: str) -> Path:
    place = Path(tempfile.gettempdir()) / "raudience-bench" / f"files-{size}"
    place.mkdir(parents=True, exist_ok=True)
    return place


def write_tables(workload: Workload, events: int, place: Path) -> tuple[Path, Path]:
    """(Parquet with zstd, Arrow IPC) of the first events of the history, one row an event, strings as dictionaries."""
    parquet, arrow = place / f"{events}.parquet", place / f"{events}.arrow"
    if not parquet.exists() or not arrow.exists():
        table = _table(workload, slice(0, events))
        pq.write_table(table, parquet, compression="zstd")
        with pa.OSFile(str(arrow), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
            writer.write_table(table, max_chunksize=65_536)
    return parquet, arrow


def _table(workload: Workload, part: slice) -> pa.Table:
    name, platform = workload.name[part], workload.platform[part]
    price = workload.price[part].astype(np.float64).round(2)
    return pa.table(
        {
            "mpid": mpids(workload)[workload.profile[part]],
            "timestamp": workload.time[part],
            "event_type": _coded(name, [_TYPES.get(key.kind, key.kind) for key in KEYS]),
            "custom_event_type": _coded(name, [key.category or None for key in KEYS]),
            "event_name": _coded(name, [key.name or None for key in KEYS]),
            "input": _coded(words.INPUT_OF_PLATFORM[platform], words.INPUTS),
            "category": _coded(workload.category[part], words.CATEGORIES),
            "price": pa.array(price, mask=price == 0),
            "device.platform": _coded(platform, words.PLATFORMS),
        }
    )


def _coded(codes: np.ndarray, values: Any) -> pa.Array:
    """A dictionary array of the distinct values; null where a value is None."""
    distinct = [value for value in dict.fromkeys(values) if value is not None]
    place = np.array([distinct.index(value) if value is not None else 0 for value in values], np.int32)
    missing = np.array([value is None for value in values])
    return pa.DictionaryArray.from_arrays(pa.array(place[codes], mask=missing[codes]), pa.array(distinct))


def write_lines(workload: Workload, events: int, place: Path) -> Path:
    """NDJSON of the first events of the history in order of time: up to three events of one user a batch."""
    target = place / f"{events}.ndjson"
    if target.exists():
        return target
    rows = np.arange(events)
    group = workload.profile[rows].astype(np.int64) * 8 + workload.platform[rows]
    order = np.argsort(group, kind="stable")
    starts = np.concatenate([[0], np.flatnonzero(np.diff(group[order])) + 1, [events]])
    batches = [
        order[first : min(first + _EVENTS_IN_A_BATCH, stop)]
        for start, stop in zip(starts[:-1].tolist(), starts[1:].tolist(), strict=True)
        for first in range(start, stop, _EVENTS_IN_A_BATCH)
    ]
    batches.sort(key=lambda batch: int(batch[-1]))
    writer = _Batches(workload)
    encoder = msgspec.json.Encoder()
    with target.open("wb") as out:
        out.writelines(encoder.encode(writer.batch(batch.tolist())) + b"\n" for batch in batches)
    return target


class _Batches:
    def __init__(self, workload: Workload) -> None:
        self._workload = workload
        self._ids = mpids(workload)

    def batch(self, rows: list[int]) -> dict[str, Any]:
        data, last = self._workload, rows[-1]
        profile, platform = int(data.profile[last]), int(data.platform[last])
        moment = int(data.time[last])
        return {
            "environment": "production",
            "api_key": words.INPUTS[words.INPUT_OF_PLATFORM[platform]],
            "source_request_id": str(uuid.UUID(int=last + (1 << 80))),
            "timestamp_unixtime_ms": moment,
            "mpid": str(self._ids[profile]),
            "user_identities": self._identities(profile),
            "user_attributes": self._attributes(profile),
            "device_info": self._device(profile, platform),
            "application_info": {
                "application_name": "Shop",
                "application_version": f"5.{profile % 4}.0",
                "application_build_number": f"50{profile % 4}",
            },
            "events": [self._event(row) for row in rows],
        }

    def _identities(self, profile: int) -> dict[str, str]:
        known = {"customer_id": f"c-{profile:08d}"}
        return {**known, "email": f"person{profile}@example.com"} if self._workload.email[profile] else known

    def _attributes(self, profile: int) -> dict[str, Any]:
        data = self._workload
        return {
            "country": words.COUNTRIES[data.country[profile]],
            "plan": words.PLANS[data.plan[profile]],
            "age": int(data.age[profile]),
            "ltv": round(float(data.ltv[profile]), 2),
            "signup": (date(1970, 1, 1) + timedelta(days=int(data.signup[profile]))).isoformat(),
            "tags": [words.TAGS[code] for code in data.tags[profile].tolist() if code != 255],
        }

    def _device(self, profile: int, platform: int) -> dict[str, Any]:
        device = {
            "device_manufacturer": "Apple" if platform == 0 else "Samsung",
            "device_model": f"model-{profile % 60}",
            "platform": words.PLATFORMS[platform],
            "os_version": f"17.{profile % 7}",
            "locale_language": "en",
            "network_carrier": ("Verizon", "T-Mobile", "Orange")[profile % 3],
        }
        if self._workload.idfa[profile]:
            device["ios_advertising_id"] = str(uuid.UUID(int=profile + (1 << 90)))
        return device

    def _event(self, row: int) -> dict[str, Any]:
        data, key = self._workload, KEYS[self._workload.name[row]]
        envelope: dict[str, Any] = {
            "timestamp_unixtime_ms": int(data.time[row]),
            "source_message_id": str(uuid.UUID(int=row + (1 << 100))),
            "session_uuid": str(uuid.UUID(int=int(data.profile[row]) + (1 << 110))),
            "custom_attributes": {"category": words.CATEGORIES[data.category[row]]},
        }
        if data.price[row]:
            envelope["custom_attributes"]["price"] = round(float(data.price[row]), 2)
        return {"event_type": _type_in_json(key.kind), "data": {**_named(key.kind, key.name), **envelope}}


def _type_in_json(kind: str) -> str:
    return "application_state_transition" if kind in _TRANSITIONS else _TYPES.get(kind, kind)


def _named(kind: str, name: str) -> dict[str, Any]:
    match kind:
        case "custom":
            return {"event_name": name, "custom_event_type": "other"}
        case "screen_view":
            return {"screen_name": name}
        case "commerce":
            return {"product_action": {"action": name}}
        case "install" | "upgrade":
            return {"application_transition_type": "application_initialized", _TRANSITIONS[kind]: True}
        case _:
            return {}
