"""Sorted runs on disk: what was read, in the order of a replay, piece by piece."""

from __future__ import annotations

import pickle
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, pairwise
from pathlib import Path
from typing import Final, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from raudience.ingest.batches import Decoded
from raudience.ingest.joining import concatenate
from raudience.ingest.route import compact, take
from raudience.records.slicing import cut

__all__ = ["PIECE", "Run", "Stretch", "arrange", "join", "load", "only_words_used", "part_of", "stretch", "write_run"]

PIECE: Final = 2048
"""Batches of a piece of a run; a merge holds a piece of every run that it is in the middle of."""

Positions: TypeAlias = NDArray[np.int64]


class Stretch(msgspec.Struct, frozen=True):
    """Batches in the order of a replay: by stamp, then source_request_id as text, then content (semantics D23).

    The content of a batch stands for itself by its 64-bit key.
    """

    decoded: Decoded

    @property
    def stamps(self) -> Positions:
        return self.decoded.block.batches.stamp

    def __len__(self) -> int:
        return len(self.stamps)


class Piece(msgspec.Struct, frozen=True):
    """Where a piece of a run stands in its file, and what is in it: first and last stamp, batches, events."""

    offset: int
    size: int
    first: int
    last: int
    batches: int
    events: int


class Run(msgspec.Struct, frozen=True):
    """A file with pieces that follow each other in the order of a replay. nameless: some batch has no MPID."""

    path: Path
    pieces: tuple[Piece, ...]
    nameless: bool


def arrange(decoded: Decoded) -> Stretch:
    """Bring batches into the order of a replay."""
    stamps = decoded.block.batches.stamp
    order = _in_order(stamps, decoded.requests, decoded.content)
    if (order[1:] > order[:-1]).all():
        return Stretch(decoded)
    return Stretch(
        Decoded(
            block=take(decoded.block, order),
            requests=tuple(decoded.requests[place] for place in order.tolist()),
            content=decoded.content[order],
            nameless=decoded.nameless[order],
        )
    )


def _in_order(stamps: Positions, requests: Sequence[str], content: NDArray[np.uint64]) -> Positions:
    order = np.argsort(stamps, kind="stable")
    same = np.flatnonzero(stamps[order[1:]] == stamps[order[:-1]])
    if not len(same):
        return order
    # Groups of equal stamps as ranges of `order`; only they need texts compared.
    starts = same[np.append(True, np.diff(same) > 1)]
    stops = same[np.append(np.diff(same) > 1, True)] + 2
    keys = content.tolist()
    for start, stop in zip(starts.tolist(), stops.tolist(), strict=True):
        group = order[start:stop].tolist()
        order[start:stop] = sorted(group, key=lambda place: (requests[place], keys[place]))
    return order


def join(decoded: Sequence[Decoded]) -> Decoded:
    """All batches, one after the other; at least one part."""
    if len(decoded) == 1:
        return decoded[0]
    return Decoded(
        block=concatenate([each.block for each in decoded]),
        requests=tuple(chain.from_iterable(each.requests for each in decoded)),
        content=np.concatenate([each.content for each in decoded]),
        nameless=np.concatenate([each.nameless for each in decoded]),
    )


def stretch(decoded: Sequence[Decoded]) -> Stretch:
    """All batches in the order of a replay; at least one part."""
    return arrange(join(decoded))


def part_of(whole: Stretch, first: int, last: int) -> Stretch:
    """Batches [first, last)."""
    if first == 0 and last == len(whole):
        return whole
    decoded = whole.decoded
    return Stretch(
        Decoded(
            block=cut(decoded.block, first, last),
            requests=decoded.requests[first:last],
            content=decoded.content[first:last],
            nameless=decoded.nameless[first:last],
        )
    )


def write_run(path: Path, stretches: Iterable[Stretch], size: int = PIECE) -> Run:
    """Write stretches that follow each other as one run."""
    pieces: list[Piece] = []
    nameless = False
    with path.open("wb") as file:
        for whole in stretches:
            nameless = nameless or bool(whole.decoded.nameless.any())
            for each in _pieces(whole, size):
                offset, stamps = file.tell(), each.stamps
                pickle.dump(each.decoded, file, protocol=5)
                first, last, events = int(stamps[0]), int(stamps[-1]), len(each.decoded.block.events.time)
                pieces.append(Piece(offset, file.tell() - offset, first, last, len(each), events))
    return Run(path, tuple(pieces), nameless)


def _pieces(whole: Stretch, size: int) -> Iterator[Stretch]:
    for first, last in pairwise([*range(0, len(whole), size), len(whole)]):
        yield only_words_used(part_of(whole, first, last))


def only_words_used(each: Stretch) -> Stretch:
    """The same batches without words that are not used."""
    return Stretch(msgspec.structs.replace(each.decoded, block=compact(each.decoded.block)))


def load(run: Run, piece: Piece) -> Stretch:
    """Read a piece back."""
    with run.path.open("rb") as file:
        file.seek(piece.offset)
        decoded: Decoded = pickle.loads(file.read(piece.size))
    return Stretch(decoded)
