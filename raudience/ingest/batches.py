"""From the bytes of batches to a block."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import compress
from typing import Final, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from raudience.errors import Fault
from raudience.hashing import mix64, text_key, text_keys
from raudience.ingest.cells import text_of
from raudience.ingest.frame import Frame, lay_frame
from raudience.ingest.happenings import event_columns, event_keys, rows_by_type
from raudience.ingest.profiles import profile_fields
from raudience.ingest.wire import Batch, Data, read_batches
from raudience.records import Batches, Block, Events, Products

__all__ = ["DEFAULT_INPUT", "Decoded", "decode", "message_keys"]

Ints: TypeAlias = NDArray[np.int32]
Longs: TypeAlias = NDArray[np.int64]
Keys: TypeAlias = NDArray[np.uint64]
Requests: TypeAlias = Sequence[str | int | None]

DEFAULT_INPUT: Final = "default"
"""Input of batches that do not name their own by `api_key`."""

_SPREAD: Final = np.uint64(0x9E3779B97F4A7C15)


class Decoded(msgspec.Struct, frozen=True):
    """A block of n batches in the order of the documents, and what is needed to order, remember and name them.

    requests: source_request_id of each batch, "" when it has none. content: uint64[n], key of the batch's own bytes.
    nameless: bool[n], batches without an MPID: their mpid is 0 until `identity.Resolver` finds it.
    faults: the documents that were refused, by position, ascending.
    """

    block: Block
    requests: tuple[str, ...]
    content: Keys
    nameless: NDArray[np.bool_]
    faults: tuple[tuple[int, Fault], ...] = ()


def decode(documents: Sequence[bytes], input: str = DEFAULT_INPUT, now: int | None = None) -> Decoded:
    """Decode documents of one batch each, without white space around them.

    now: the instant at which they arrive and take effect, in milliseconds; None in a replay, where a batch takes effect
    at its own time and a batch without any time is refused. A refused document never keeps others from being read.
    """
    with _uninterrupted():
        batches, positions, refused = read_batches(documents)
        frame, good, unfit = lay_frame(batches, now)
        if positions is None and not unfit:
            return _decoded(frame, documents, input, now, ())
        position = np.arange(len(documents)) if positions is None else np.array(positions, np.int64)
        kept = [documents[place] for place in position[good].tolist()]
        faults = sorted([*refused, *((int(position[row]), fault) for row, fault in unfit)])
        return _decoded(frame, kept, input, now, tuple(faults))


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Thousands of short-lived objects without cycles: the cycle collector walks them all many times for nothing
    (a third of the time of decoding)."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _decoded(
    frame: Frame, documents: Sequence[bytes], input: str, now: int | None, faults: tuple[tuple[int, Fault], ...]
) -> Decoded:
    rows = rows_by_type(frame.types)
    events, products, event_of_product = event_columns(frame, rows)
    key, keys = event_keys(frame.datas, rows)
    content = text_keys(documents)
    requests = [batch.source_request_id for batch in frame.batches]
    block = Block(
        batches=_batches(frame, rows, requests, content, input=input, now=now),
        events=Events(
            batch=frame.batch,
            time=frame.time,
            key=key,
            keys=keys,
            message=message_keys(_messages(frame.datas), frame.mpid[frame.batch]),
            columns=events.columns(len(frame.datas)),
        ),
        products=Products(event=event_of_product, columns=products.columns(len(event_of_product))),
    )
    texts = tuple("" if request is None else str(request) for request in requests)
    return Decoded(block=block, requests=texts, content=content, nameless=frame.nameless, faults=faults)


def _batches(
    frame: Frame, rows: dict[str, Ints], requests: Requests, content: Keys, *, input: str, now: int | None
) -> Batches:
    fields, context = profile_fields(frame, rows)
    of, inputs = _inputs(frame.batches, input)
    has_time = _has_time(frame)
    return Batches(
        mpid=frame.mpid,
        at=frame.stamp if now is None else np.full(len(frame.stamp), now, np.int64),
        stamp=frame.stamp,
        input=of,
        inputs=inputs,
        request=_request_keys(requests, content, of, inputs, has_time),
        fields=fields,
        context=context,
    )


def _inputs(batches: Sequence[Batch], input: str) -> tuple[Ints, tuple[str, ...]]:
    names = [batch.api_key or input for batch in batches]
    inputs = tuple(dict.fromkeys(names))
    codes = {name: code for code, name in enumerate(inputs)}
    return np.fromiter(map(codes.__getitem__, names), np.int32, len(names)), inputs


def _has_time(frame: Frame) -> NDArray[np.bool_]:
    """Batches that carry a time of their own, on themselves or on an event."""
    own = np.array([batch.timestamp_unixtime_ms is not None for batch in frame.batches], np.bool_)
    if not own.all():
        timed = [data.timestamp_unixtime_ms is not None for data in frame.datas]
        own[frame.batch[timed]] = True
    return own


def _request_keys(
    requests: Requests, content: Keys, of: Ints, inputs: tuple[str, ...], has_time: NDArray[np.bool_]
) -> Keys:
    """Keys for remembering batches per input: of source_request_id, else of the content of a batch with a time."""
    named = [request is not None for request in requests]
    seeds = np.array([text_key(name) for name in inputs], np.uint64)
    keys = np.where(has_time, content, np.uint64(0))
    keys[named] = text_keys(str(request).encode() for request in compress(requests, named))
    return np.where(keys == 0, keys, _never_zero(mix64(keys + seeds[of] if len(inputs) else keys)))


def _messages(datas: Sequence[Data]) -> Keys:
    """Key of each source_message_id, 0 where there is none."""
    ids = [data.source_message_id for data in datas]
    try:
        return text_keys(map(str.encode, ids))  # type: ignore[arg-type]
    except TypeError:
        keys = np.zeros(len(ids), np.uint64)
        given = [message is not None for message in ids]
        keys[given] = text_keys(text_of(message).encode() for message in compress(ids, given))
        return keys


def message_keys(keys: Keys, mpids: Longs) -> Keys:
    """Keys of events from those of their source_message_id (0: none) and their users: uint64[m].

    With MPID 0 it changes nothing, so a key made before the MPID was found can be completed with it.
    """
    return np.where(keys == 0, keys, _never_zero(keys + mpids.view(np.uint64) * _SPREAD))


def _never_zero(keys: Keys) -> Keys:
    return np.where(keys == 0, np.uint64(1), keys)
