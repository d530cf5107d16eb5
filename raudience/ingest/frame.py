"""The skeleton of a block: whose batches, which events, at what times. Finds the batches that cannot be taken."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import chain, compress
from typing import Any, Final, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from raudience.clock import DAY
from raudience.errors import Fault
from raudience.ingest.wire import Batch, Event, empty_data

__all__ = ["Frame", "lay_frame"]

Ints: TypeAlias = NDArray[np.int32]
Longs: TypeAlias = NDArray[np.int64]

_UNKNOWN: Final = -1
_MPID: Final = re.compile(r"-?[0-9]{1,19}", re.ASCII)


class Frame(msgspec.Struct, frozen=True, gc=False):
    """A slice of the batches of a block.

    batches: n; rows: int32[n], their positions in the block; mpid, stamp: int64[n]; nameless: bool[n], batches without
    an MPID (mpid is 0 there). types, datas: m, type and data (`wire.Data` of that type) of every event; events:
    int32[m], their positions in the block; batch: int32[m], ascending, position in this slice; time: int64[m].
    """

    batches: Sequence[Batch]
    rows: Ints
    mpid: Longs
    nameless: NDArray[np.bool_]
    stamp: Longs
    types: list[str]
    datas: list[Any]
    events: Ints
    batch: Ints
    time: Longs


def lay_frame(
    batches: Sequence[Batch], now: int | None, start: tuple[int, int] = (0, 0)
) -> tuple[Frame, NDArray[np.bool_], list[tuple[int, Fault]]]:
    """The frame of the batches that can be taken, which those are (bool), and the faults of the others by position.

    now: when the batches arrive; None in a replay, where every batch arrives at its own time. start: positions in the
    block of the first batch and the first event.
    """
    frame, unfit = _frame(batches, now, start)
    faults = {**unfit, **_unfit_times(frame, now)}
    good = np.ones(len(batches), np.bool_)
    if not faults:
        return frame, good, []
    good[[*faults]] = False
    return _frame([*compress(batches, good)], now, start)[0], good, sorted(faults.items())


def _frame(batches: Sequence[Batch], now: int | None, start: tuple[int, int]) -> tuple[Frame, dict[int, Fault]]:
    """The frame of all batches, and the faults of their MPIDs by position."""
    lists: list[Any] = [batch.events or () for batch in batches]
    events = [*chain.from_iterable(lists)]
    if not all(events):
        lists = [[event for event in events if event] for events in lists]
        events = [*chain.from_iterable(lists)]
    return _timed(batches, [*map(len, lists)], events, now, start)


def _timed(
    batches: Sequence[Batch], counts: list[int], events: list[Event], now: int | None, start: tuple[int, int]
) -> tuple[Frame, dict[int, Fault]]:
    batch = np.repeat(np.arange(len(batches), dtype=np.int32), counts)
    datas = [event.data or empty_data(event.event_type) for event in events]
    time = _times([data.timestamp_unixtime_ms for data in datas])
    stamp = _stamps([entry.timestamp_unixtime_ms for entry in batches], batch, time, now)
    mpid, nameless, faults = _mpids(batches)
    frame = Frame(
        batches=batches,
        rows=np.arange(start[0], start[0] + len(batches), dtype=np.int32),
        mpid=mpid,
        nameless=nameless,
        stamp=stamp,
        types=[event.event_type for event in events],
        datas=datas,
        events=np.arange(start[1], start[1] + len(datas), dtype=np.int32),
        batch=batch,
        time=np.where(time == _UNKNOWN, stamp[batch], time),
    )
    return frame, faults


def _times(times: list[int | None]) -> Longs:
    try:
        return np.array(times, np.int64)
    except TypeError:
        return np.array([_UNKNOWN if time is None else time for time in times], np.int64)


def _stamps(given: list[int | None], batch: Ints, time: Longs, now: int | None) -> Longs:
    """The batch's own time, else of its latest event, else its arrival (semantics D11)."""
    stamp = _times(given)
    if (without := stamp == _UNKNOWN).any():
        latest = np.full(len(stamp), _UNKNOWN, np.int64)
        np.maximum.at(latest, batch, time)
        latest[latest == _UNKNOWN] = _UNKNOWN if now is None else now
        stamp[without] = latest[without]
    return stamp


def _mpids(batches: Sequence[Batch]) -> tuple[Longs, NDArray[np.bool_], dict[int, Fault]]:
    """MPIDs, which batches have none, and the faults of texts that are none by position."""
    given = [batch.mpid for batch in batches]
    try:
        return np.array(_whole(given), np.int64), np.zeros(len(given), np.bool_), {}
    except (TypeError, ValueError, OverflowError):
        known = [_read_mpid(mpid) for mpid in given]
        faults = {
            position: Fault("$.mpid", "a signed 64-bit whole number", f'"{mpid}"')
            for position, mpid in enumerate(given)
            if mpid and known[position] is None
        }
        nameless = np.array([mpid is None for mpid in known], np.bool_)
        return np.array([mpid or 0 for mpid in known], np.int64), nameless, faults


def _whole(given: list[int | str | None]) -> list[Any]:
    """Numbers and texts of numbers in their shortest form as numbers; raise TypeError or ValueError when there are
    others."""
    if set(map(type, given)) == {str}:
        numbers = [*map(int, given)]  # type: ignore[arg-type]
        if [*map(str, numbers)] != given:
            message = "texts that need a closer look"
            raise ValueError(message)
        return numbers
    return given


def _read_mpid(mpid: int | str | None) -> int | None:
    """An MPID as a signed 64-bit number, None when it is none."""
    if isinstance(mpid, str):
        mpid = int(mpid) if _MPID.fullmatch(mpid) else None
    return mpid if mpid is not None and -(2**63) <= mpid < 2**63 else None


def _unfit_times(frame: Frame, now: int | None) -> dict[int, Fault]:
    """Batches without any time, and those that speak of a moment more than a day after they take effect (D4)."""
    expected = "a time in milliseconds since 1970 on the batch or on an event"
    faults = {int(row): Fault("$.timestamp_unixtime_ms", expected, "none") for row in np.flatnonzero(frame.stamp < 0)}
    at = frame.stamp if now is None else np.full(len(frame.stamp), now, np.int64)
    for row in np.flatnonzero(frame.stamp > at + DAY).tolist():
        faults[row] = _early("$.timestamp_unixtime_ms", int(frame.stamp[row]), int(at[row]))
    for position in np.flatnonzero(frame.time > at[frame.batch] + DAY)[::-1].tolist():
        row, moment = int(frame.batch[position]), int(frame.time[position])
        faults[row] = _early(_event_path(frame.batches[row], moment), moment, int(at[row]))
    return faults


def _early(path: str, moment: int, at: int) -> Fault:
    return Fault(path, f"a time up to {at + DAY}, a day after the batch took effect", str(moment))


def _event_path(batch: Batch, moment: int) -> str:
    times = [event.data.timestamp_unixtime_ms if event and event.data else None for event in batch.events or ()]
    return f"$.events[{times.index(moment)}].data.timestamp_unixtime_ms"
