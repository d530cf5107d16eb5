"""From sorted runs to rounds: all batches in the order of a replay, in bounded memory, no instant split."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from raudience.cluster.spill import PIECE, Run, Stretch, load, only_words_used, part_of, stretch, write_run
from raudience.ingest.identity import Resolver
from raudience.records import Block

__all__ = ["EVENTS", "FAN_IN", "Merge", "Round", "rounds"]

EVENTS: Final = 60_000
"""Events of a round, unless one instant has more."""
FAN_IN: Final = 64
"""Runs that a merge reads side by side; of more, some are merged into longer ones first."""


class Round(msgspec.Struct, frozen=True):
    """Batches that take effect up to `now`, the instant of the last of them."""

    block: Block
    now: int


def rounds(
    runs: Sequence[Run], folder: Path, events: int = EVENTS, resolver: Resolver | None = None
) -> Iterator[Round]:
    """All batches of the runs in the order of a replay (semantics D23), about `events` events at a time.

    folder: for runs in between. Batches without an MPID get the one that their identities lead to, in that order
    (semantics D18); that they have an identity was seen to before. resolver: what is known from before.
    """
    merge = Merge(_few(runs, folder), events)
    if not any(run.nameless for run in runs):
        yield from (Round(each.decoded.block, int(each.stamps[-1])) for each in merge)
        return
    known = resolver or Resolver()
    for each in merge:
        yield Round(known.resolve(each.decoded.block, each.decoded.nameless), int(each.stamps[-1]))


def _few(runs: Sequence[Run], folder: Path, fan_in: int = FAN_IN) -> list[Run]:
    """Runs of which at most `fan_in` overlap in time at any moment."""
    left = sorted((run for run in runs if run.pieces), key=_first)
    step = 0
    while _depth(left) > fan_in:
        merged = [
            write_run(folder / f"merged-{step}-{start}", Merge(left[start : start + fan_in], PIECE))
            for start in range(0, len(left), fan_in)
        ]
        for run in left if step else ():
            run.path.unlink()
        left, step = merged, step + 1
    return left


def _first(run: Run) -> int:
    return run.pieces[0].first


def _depth(runs: Sequence[Run]) -> int:
    """How many runs overlap at most."""
    edges = sorted([(_first(run), -1) for run in runs] + [(run.pieces[-1].last, 1) for run in runs])
    return -int(np.cumsum([step for _, step in edges]).min()) if edges else 0


class Merge:
    """Iterates over stretches of about `events` events; `held` is the most batches that were in memory at once."""

    def __init__(self, runs: Sequence[Run], events: int) -> None:
        self._runs, self._events = runs, events
        # (first stamp, run, piece) of the next piece of every run.
        self._ahead = [(_first(run), number, 0) for number, run in enumerate(runs) if run.pieces]
        heapq.heapify(self._ahead)
        self._pool: list[Stretch] = []
        self.held = 0

    def __iter__(self) -> Iterator[Stretch]:
        while self._ahead or self._pool:
            if self._ahead and self._ready() < self._events:
                self._load()
            else:
                yield from self._emit()

    def _bound(self) -> int | None:
        """Everything before this stamp is in memory."""
        return self._ahead[0][0] if self._ahead else None

    def _ready(self) -> int:
        """Events in memory that nothing unread can come before."""
        bound = self._bound()
        return sum(_events_before(each, _place(each, bound)) for each in self._pool)

    def _load(self) -> None:
        _, number, piece = heapq.heappop(self._ahead)
        run = self._runs[number]
        self._pool.append(load(run, run.pieces[piece]))
        if piece + 1 < len(run.pieces):
            heapq.heappush(self._ahead, (run.pieces[piece + 1].first, number, piece + 1))
        self.held = max(self.held, sum(map(len, self._pool)))

    def _emit(self) -> Iterator[Stretch]:
        """What is ready, in order; what is left of it after full rounds goes back, unless nothing comes after it."""
        bound = self._bound()
        places = [_place(each, bound) for each in self._pool]
        ready = [part_of(each, 0, place) for each, place in zip(self._pool, places, strict=True) if place]
        later = [part_of(each, at, len(each)) for each, at in zip(self._pool, places, strict=True) if at < len(each)]
        whole = ready[0] if len(ready) == 1 else stretch([each.decoded for each in ready])
        first = 0
        for last in _ends(whole, self._events):
            yield part_of(whole, first, last)
            first = last
        self._pool = later
        if first < len(whole) and self._ahead:
            # Only its own words are kept: they would pile up round after round.
            self._pool = [only_words_used(part_of(whole, first, len(whole))), *later]
        elif first < len(whole):
            yield part_of(whole, first, len(whole))


def _place(each: Stretch, bound: int | None) -> int:
    return len(each) if bound is None else int(np.searchsorted(each.stamps, bound, "left"))


def _events_before(each: Stretch, place: int) -> int:
    batch = each.decoded.block.events.batch
    return place if not len(batch) else max(place, int(np.searchsorted(batch, place, "left")))


def _ends(whole: Stretch, events: int) -> list[int]:
    """Where rounds end: after the instant with which each has `events` events (or, without events, batches)."""
    stamps = whole.stamps
    per_batch = np.maximum(np.bincount(whole.decoded.block.events.batch, minlength=len(stamps)), 1)
    done = np.cumsum(per_batch)
    instants = np.flatnonzero(np.append(stamps[1:] != stamps[:-1], True))
    ends: list[int] = []
    before = 0
    while (found := int(np.searchsorted(done[instants], before + events))) < len(instants):
        ends.append(int(instants[found]) + 1)
        before = int(done[instants[found]])
    return ends
