"""From the bytes of batches to a block."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from raudience.collector import uncollected
from raudience.errors import Fault
from raudience.hashing import text_keys
from raudience.ingest.customs import form_of
from raudience.ingest.frame import Frame, lay_frame
from raudience.ingest.happenings import Happenings, rows_by_type
from raudience.ingest.identity import with_identity
from raudience.ingest.keys import has_time, message_keys, per_input, request_keys, source_keys
from raudience.ingest.profiles import Profiles, lay_attribute, lay_identity
from raudience.ingest.route import take
from raudience.ingest.surroundings import Said, Surroundings
from raudience.ingest.wanted import ALL, Wanted
from raudience.ingest.wire import Read, Reader
from raudience.records import Batches, Block, Events, Products

__all__ = ["DEFAULT_INPUT", "SLICE", "Decoded", "Decoder", "decode"]

Ints: TypeAlias = NDArray[np.int32]
Longs: TypeAlias = NDArray[np.int64]
Keys: TypeAlias = NDArray[np.uint64]

DEFAULT_INPUT: Final = "default"
"""Input of batches that do not name their own by `api_key`."""

SLICE: Final = 256
"""Batches that are decoded at a time: their objects stay in the processor's cache (a third of the time of 2,048)."""

_REMEMBERED: Final = 2_000
"""Distinct surroundings that are remembered from call to call, and some for each document."""
_NO_BATCHES: Final = tuple(np.empty(0, kind) for kind in ("i8", "?", "i8", "i4", "u8", "u8"))
_NO_EVENTS: Final = tuple(np.empty(0, kind) for kind in ("i4", "i8", "i4", "u8"))


class Decoded(msgspec.Struct, frozen=True):
    """A block of n batches in the order of the documents, and what is needed to order, remember and name them.

    requests: source_request_id of each batch, "" when it has none. content: uint64[n], key of the batch's own bytes.
    nameless: bool[n], batches without an MPID: their mpid is 0 until `identity.Resolver` finds it.
    positions: int64[n], the document of each batch, as long as the batches come from one call. faults: the documents
    that were refused, by position, ascending.
    """

    block: Block
    requests: tuple[str, ...]
    content: Keys
    nameless: NDArray[np.bool_]
    positions: Longs = np.empty(0, np.int64)
    faults: tuple[tuple[int, Fault], ...] = ()


class Decoder:
    """Decodes documents; remembers the users, devices and applications it has seen, because the next ones will be like
    them. What it has seen before never changes an answer."""

    def __init__(self, input: str = DEFAULT_INPUT, wanted: Wanted = ALL) -> None:
        """input: of batches that do not name their own by `api_key`. wanted: fields that columns are made of."""
        self._input, self._wanted = input, wanted
        self._reader = _reader(wanted)
        self._surroundings = Surroundings(wanted, lay_attribute, lay_identity)

    def decode(self, documents: Sequence[bytes], now: int | None = None) -> Decoded:
        """Decode documents of one batch each, without white space around them; some thousands at a time are fastest.

        now: the instant at which they arrive and take effect, in milliseconds; None in a replay, where a batch takes
        effect at its own time and a batch without any time is refused. A refused document never keeps others from
        being read.
        """
        self._surroundings.forget(_REMEMBERED + 8 * len(documents))
        builder = _Builder(self._reader, self._surroundings, self._wanted, self._input, now)
        with uncollected():
            for start in range(0, len(documents), SLICE):
                builder.add(documents[start : start + SLICE], start)
            return _found(builder.finish())


@lru_cache(maxsize=8)
def _reader(wanted: Wanted) -> Reader:
    return Reader(form_of(wanted))


def decode(documents: Sequence[bytes], input: str = DEFAULT_INPUT, now: int | None = None) -> Decoded:
    """`Decoder.decode`, with nothing remembered."""
    return Decoder(input).decode(documents, now)


def _found(decoded: Decoded) -> Decoded:
    """Without the batches that have neither an MPID nor an identity that could lead to one."""
    fields, nameless = decoded.block.batches.fields, decoded.nameless
    assert decoded.positions is not None
    lost = nameless & ~with_identity(fields, len(nameless)) if nameless.any() else nameless
    if not lost.any():
        return decoded
    kept = np.flatnonzero(~lost)
    fault = Fault("$.mpid", "an MPID, or an identity by which to find it", "neither")
    faults = [*decoded.faults, *((position, fault) for position in decoded.positions[lost].tolist())]
    return Decoded(
        block=take(decoded.block, kept),
        requests=tuple(decoded.requests[row] for row in kept.tolist()),
        content=decoded.content[kept],
        nameless=nameless[kept],
        positions=decoded.positions[kept],
        faults=tuple(sorted(faults)),
    )


class _OddSurroundings(Exception):
    """Something that batches repeat is not what it should be."""


class _Builder:
    """Takes documents in slice by slice and makes one block of them."""

    def __init__(self, reader: Reader, surroundings: Surroundings, wanted: Wanted, input: str, now: int | None) -> None:
        self._input, self._now = input, now
        self._reader, self._surroundings = reader, surroundings
        self._profiles, self._happenings = Profiles(surroundings, wanted), Happenings(wanted)
        self._rows, self._events = 0, 0
        self._requests: list[str] = []
        self._inputs: dict[str, int] = {}
        self._faults: list[tuple[int, Fault]] = []
        self._of_batches: list[tuple[NDArray[Any], ...]] = [_NO_BATCHES]
        self._of_events: list[tuple[NDArray[Any], ...]] = [_NO_EVENTS]

    def add(self, documents: Sequence[bytes], start: int) -> None:
        """Take in a slice of documents, of which the first stands at `start`."""
        try:
            self._take(documents, start, self._reader.read(documents))
        except _OddSurroundings:
            self._take(documents, start, self._reader.read_each(documents))

    def _take(self, documents: Sequence[bytes], start: int, read: Read) -> None:
        batches, positions, refused = read
        frame, good, unfit = lay_frame(batches, self._now, (self._rows, self._events))
        try:
            said = self._surroundings.read(frame.batches)
        except (ValueError, RecursionError) as error:
            raise _OddSurroundings from error
        if positions is not None or unfit:
            position = np.arange(len(documents)) if positions is None else np.array(positions, np.int64)
            faults = [*refused, *((int(position[row]), fault) for row, fault in unfit)]
            self._faults += [(start + place, fault) for place, fault in sorted(faults)]
            documents = [documents[place] for place in position[good].tolist()]
        if documents:
            self._add(frame, said, text_keys(documents))

    def _add(self, frame: Frame, said: Said, content: Keys) -> None:
        rows = rows_by_type(frame.types)
        key = self._happenings.add(frame, rows)
        attributions = self._happenings.attributions(key)
        self._profiles.add(frame, rows | {"attribution": attributions} if len(attributions) else rows, said)
        requests = [batch.source_request_id or None for batch in frame.batches]
        of = _code_inputs([batch.api_key or self._input for batch in frame.batches], self._inputs)
        request = request_keys(requests, np.where(has_time(frame), content, np.uint64(0)))
        self._requests += ["" if request is None else str(request) for request in requests]
        self._of_batches.append((frame.mpid, frame.nameless, frame.stamp, of, request, content))
        messages = message_keys(source_keys(frame.datas), frame.mpid[frame.batch])
        self._of_events.append((frame.rows[frame.batch], frame.time, key, messages))
        self._rows += len(frame.batches)
        self._events += len(frame.datas)

    def finish(self) -> Decoded:
        mpid, nameless, stamp, of, request, content = map(np.concatenate, zip(*self._of_batches, strict=True))
        fields, context = self._profiles.columns(stamp)
        batches = Batches(
            mpid=mpid,
            at=stamp if self._now is None else np.full(len(stamp), self._now, np.int64),
            stamp=stamp,
            input=of,
            inputs=tuple(self._inputs),
            request=per_input(request, of, tuple(self._inputs)),
            fields=fields,
            context=context,
        )
        block = Block(batches=batches, events=self._finish_events(), products=self._finish_products())
        return Decoded(
            block=block,
            requests=tuple(self._requests),
            content=content,
            nameless=nameless,
            faults=tuple(self._faults),
            positions=self._positions(len(stamp)),
        )

    def _positions(self, count: int) -> Longs:
        refused = np.array([position for position, _ in self._faults], np.int64)
        return np.setdiff1d(np.arange(count + len(refused)), refused, assume_unique=True)

    def _finish_events(self) -> Events:
        batch, time, key, message = map(np.concatenate, zip(*self._of_events, strict=True))
        columns = self._happenings.events.columns(len(batch))
        keys = tuple(self._happenings.keys)
        return Events(batch=batch, time=time, key=key, keys=keys, message=message, columns=columns)

    def _finish_products(self) -> Products:
        event = np.concatenate([_NO_EVENTS[0], *self._happenings.event_of_product])
        columns = self._happenings.products.columns(len(event))
        return Products(event=event, columns=columns)


def _code_inputs(names: list[str], inputs: dict[str, int]) -> Ints:
    for name in dict.fromkeys(names):
        inputs.setdefault(name, len(inputs))
    return np.fromiter(map(inputs.__getitem__, names), np.int32, len(names))
