"""The seeded workload as plain arrays: profiles, their history of events, and the stream that follows it.

Mean 20 events per profile, very unevenly spread (18 % of the profiles never act); 40 names, 200 categories. The stream
has late events, changes of attributes and duplicates. Written once per size and seed, then mapped read-only, so that
several processes share one copy.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from scripts.benchmarks import vocabulary as words
from scripts.benchmarks.vocabulary import DAY, HISTORY_DAYS, HOUR, START, zipf

FIELDS: Final = ("ltv", "plan", "country", "age", "tags")
"""Attributes that the stream changes, by code of `Workload.change_field`."""


class Size(msgspec.Struct, frozen=True):
    profiles: int
    history: int
    stream: int


SIZES: Final = {
    "test": Size(400, 12_000, 3_000),
    "tiny": Size(20_000, 400_000, 100_000),
    "small": Size(100_000, 2_000_000, 500_000),
    "wide": Size(5_000_000, 2_000_000, 500_000),
    "big": Size(1_000_000, 20_000_000, 1_000_000),
}
"""`wide` has the events of `small` on fifty times as many profiles."""


class Workload(msgspec.Struct, frozen=True):
    """Events stand in order of arrival: [0, history) and then the stream.

    Events: arrival: int64, strictly ascending, and time: int64, both ms since 1970; time is earlier than arrival only
    for late events of the stream. profile: int32; name, category, platform: uint8; price: float32, 0 when it has none.
    Changes: change_event: int32, ascending, the event with which the change arrives; change_field: uint8, position in
    FIELDS; change_value: float64, the number, or the code of plan or country; change_tags: uint8[k, 5], 255 for none.
    repeats: int32, ascending, events of the stream that are delivered a second time, with the block after their own.
    Profiles: country, plan, age: uint8[p]; ltv: float32[p]; tags: uint8[p, 5], 255 for none; signup: int32[p], days
    since 1970; email, idfa: bool[p].
    """

    history: int
    arrival: NDArray[np.int64]
    time: NDArray[np.int64]
    profile: NDArray[np.int32]
    name: NDArray[np.uint8]
    category: NDArray[np.uint8]
    platform: NDArray[np.uint8]
    price: NDArray[np.float32]
    change_event: NDArray[np.int32]
    change_field: NDArray[np.uint8]
    change_value: NDArray[np.float64]
    change_tags: NDArray[np.uint8]
    repeats: NDArray[np.int32]
    country: NDArray[np.uint8]
    plan: NDArray[np.uint8]
    age: NDArray[np.uint8]
    ltv: NDArray[np.float32]
    tags: NDArray[np.uint8]
    signup: NDArray[np.int32]
    email: NDArray[np.bool_]
    idfa: NDArray[np.bool_]

    @property
    def profiles(self) -> int:
        return len(self.country)

    def changes(self, start: int, stop: int) -> slice:
        """The changes that arrive with events [start, stop)."""
        low, high = np.searchsorted(self.change_event, (start, stop)).tolist()
        return slice(low, high)


def load(size: str, seed: int = 7) -> Workload:
    """The workload of a size, read-only; made on first use and kept under the directory for temporary files."""
    folder = Path(tempfile.gettempdir()) / "raudience-bench" / f"{size}-{seed}"
    if not (folder / "done").exists():
        folder.mkdir(parents=True, exist_ok=True)
        made = make(SIZES[size], seed)
        for name in _ARRAYS:
            np.save(folder / f"{name}.npy", getattr(made, name))
        (folder / "done").touch()
    arrays = {name: np.load(folder / f"{name}.npy", mmap_mode="r").view(np.ndarray) for name in _ARRAYS}
    return Workload(SIZES[size].history, **arrays)


_ARRAYS: Final = tuple(name for name in Workload.__struct_fields__ if name != "history")


def make(size: Size, seed: int = 7) -> Workload:
    chance = np.random.default_rng(seed)
    total = size.history + size.stream
    arrival, session, name, owner = _sessions(chance, size, total)
    platform = chance.choice(5, len(owner), p=(0.35, 0.35, 0.2, 0.06, 0.04)).astype(np.uint8)
    price = np.round(np.exp(chance.normal(3.3, 1.0, total)), 2).astype(np.float32)
    price[~np.isin(name, [words.CODE[priced] for priced in words.PRICED])] = 0
    return Workload(
        size.history,
        arrival=arrival,
        time=_lateness(chance, arrival, size.history),
        profile=owner[session],
        name=name,
        category=chance.choice(200, total, p=zipf(200, 0.7, 3)).astype(np.uint8),
        platform=platform[session],
        price=price,
        **_changes(chance, size),
        repeats=np.sort(chance.choice(size.stream, size.stream // 200, replace=False) + size.history).astype(np.int32),
        **_profiles(chance, size.profiles),
    )


def _sessions(chance: np.random.Generator, size: Size, total: int) -> tuple[np.ndarray, ...]:
    """(arrival, session, name) of each event in order of arrival, and the profile of each session."""
    count = int(total / 8 * 1.04) + 1_000
    lengths = np.minimum(chance.geometric(1 / 8, count), 80)
    active = int(size.profiles * 0.82)
    popularity = np.cumsum(zipf(active, 0.85, max(20, active / 2_000)))
    ranks = np.minimum(np.searchsorted(popularity, chance.random(count)), active - 1)
    owner = chance.permutation(size.profiles)[:active][ranks].astype(np.int32)
    span = total / size.history * HISTORY_DAYS * DAY
    begin = chance.random(count) * span
    begin = np.maximum(begin + np.sin(begin / DAY * 2 * np.pi) * 2 * HOUR, 0)
    session = np.repeat(np.arange(count, dtype=np.int32), lengths)
    opening = np.cumsum(lengths) - lengths
    gaps = chance.exponential(45_000, len(session)) + 500
    gaps[opening] = 0
    walked = np.cumsum(gaps)
    moment = begin[session] + walked - walked[opening][session]
    first = np.zeros(len(session), bool)
    first[opening] = True
    order = np.argsort(moment)[:total]
    session, first = session[order], first[order]
    name = chance.choice(40, total, p=words.WEIGHTS).astype(np.uint8)
    name[first] = words.CODE["session_start"]
    return _spread(moment[order], size.history), session, name, owner


def _spread(moment: np.ndarray, history: int) -> np.ndarray:
    """Arrivals in whole milliseconds, strictly ascending, the history ending just before its last day does."""
    scaled = (moment * ((HISTORY_DAYS * DAY - 1) / moment[history - 1])).astype(np.int64)
    steps = np.arange(len(scaled))
    return np.maximum.accumulate(scaled - steps) + steps + START


def _lateness(chance: np.random.Generator, arrival: np.ndarray, history: int) -> np.ndarray:
    """Times of the events: one in a hundred of the stream is a minute to three days older than its arrival."""
    time = arrival.copy()
    late = history + np.flatnonzero(chance.random(len(arrival) - history) < 0.01)
    delay = np.exp(chance.uniform(np.log(60_000), np.log(3 * DAY), len(late)))
    time[late] -= delay.astype(np.int64)
    return time


def _changes(chance: np.random.Generator, size: Size) -> dict[str, np.ndarray]:
    """One event of fifty in the stream brings a changed attribute of its profile."""
    event = size.history + np.flatnonzero(chance.random(size.stream) < 0.02).astype(np.int32)
    count = len(event)
    field = chance.choice(5, count, p=(0.5, 0.1, 0.1, 0.1, 0.2)).astype(np.uint8)
    drawn = (
        np.round(chance.gamma(0.5, 300, count), 2).astype(np.float32).astype(np.float64),
        chance.choice(4, count, p=(0.6, 0.25, 0.12, 0.03)).astype(np.float64),
        chance.choice(50, count, p=zipf(50, 1.0, 2)).astype(np.float64),
        np.clip(chance.normal(37, 13, count), 13, 95).astype(np.uint8).astype(np.float64),
        np.zeros(count),
    )
    tags = _tags(chance, count)
    tags[field != FIELDS.index("tags")] = 255
    return {
        "change_event": event.astype(np.int32),
        "change_field": field,
        "change_value": np.choose(field, drawn),
        "change_tags": tags,
    }


def _tags(chance: np.random.Generator, count: int) -> np.ndarray:
    """Up to five tags a row, uint8[count, 5], 255 after the last."""
    tags = chance.choice(100, (count, 5), p=zipf(100, 0.6, 3)).astype(np.uint8)
    tags[np.arange(5) >= chance.integers(0, 6, count)[:, None]] = 255
    return tags


def _profiles(chance: np.random.Generator, count: int) -> dict[str, np.ndarray]:
    return {
        "country": chance.choice(50, count, p=zipf(50, 1.0, 2)).astype(np.uint8),
        "plan": chance.choice(4, count, p=(0.6, 0.25, 0.12, 0.03)).astype(np.uint8),
        "age": np.clip(chance.normal(37, 13, count), 13, 95).astype(np.uint8),
        "ltv": np.round(chance.gamma(0.5, 300, count), 2).astype(np.float32),
        "tags": _tags(chance, count),
        "signup": (19_900 - np.minimum(chance.exponential(500, count), 3_000)).astype(np.int32),
        "email": chance.random(count) < 0.65,
        "idfa": chance.random(count) < 0.80,
    }
