"""Keys by which batches and events are remembered, so that a repeated one counts once (semantics D12)."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import compress
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from raudience.hashing import mix64, text_key, text_keys
from raudience.ingest.cells import text_of
from raudience.ingest.frame import Frame
from raudience.ingest.wire import Data

__all__ = ["Requests", "has_time", "message_keys", "per_input", "request_keys", "source_keys"]

Ints: TypeAlias = NDArray[np.int32]
Longs: TypeAlias = NDArray[np.int64]
Keys: TypeAlias = NDArray[np.uint64]
Requests: TypeAlias = Sequence[str | int | None]

_EMPTY: Final = text_key("")
_SPREAD: Final = np.uint64(0x9E3779B97F4A7C15)


def has_time(frame: Frame) -> NDArray[np.bool_]:
    """Batches that carry a time of their own, on themselves or on an event."""
    own = np.array([batch.timestamp_unixtime_ms is not None for batch in frame.batches], np.bool_)
    if not own.all():
        timed = [data.timestamp_unixtime_ms is not None for data in frame.datas]
        own[frame.batch[timed]] = True
    return own


def request_keys(requests: Requests, content: Keys) -> Keys:
    """Key of each source_request_id, else of the content."""
    try:
        return text_keys(map(str.encode, requests))  # type: ignore[arg-type]
    except TypeError:
        named = [request is not None for request in requests]
        keys = content.copy()
        keys[named] = text_keys(str(request).encode() for request in compress(requests, named))
        return keys


def per_input(keys: Keys, of: Ints, inputs: tuple[str, ...]) -> Keys:
    """Keys for remembering batches, told apart by input."""
    seeds = np.array([text_key(name) for name in inputs], np.uint64)
    return np.where(keys == 0, keys, _never_zero(mix64(keys + seeds[of])))


def source_keys(datas: Sequence[Data]) -> Keys:
    """Key of each source_message_id, 0 where there is none."""
    ids = [data.source_message_id for data in datas]
    try:
        keys = text_keys(map(str.encode, ids))  # type: ignore[arg-type]
        return np.where(keys == _EMPTY, np.uint64(0), keys)
    except TypeError:
        keys = np.zeros(len(ids), np.uint64)
        given = [message not in (None, "") for message in ids]
        keys[given] = text_keys(text_of(message).encode() for message in compress(ids, given))
        return keys


def message_keys(keys: Keys, mpids: Longs) -> Keys:
    """Keys of events from those of their source_message_id (0: none) and their users: uint64[m].

    With MPID 0 it changes nothing, so a key made before the MPID was found can be completed with it.
    """
    return np.where(keys == 0, keys, _never_zero(keys + mpids.view(np.uint64) * _SPREAD))


def _never_zero(keys: Keys) -> Keys:
    return np.where(keys == 0, np.uint64(1), keys)
