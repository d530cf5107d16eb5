"""How many profiles a plan would find, as a fair sample of them says. Nothing of the shard changes by it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from raudience.criteria.leaves import Plan, leaves_of, profile_fields
from raudience.hashing import in_sample
from raudience.records import SampleCount
from raudience.shard.arrivals import EventDictionaries
from raudience.shard.backfill import Backfill
from raudience.shard.chunk import Chunk
from raudience.shard.compiled import OPTED_OUT
from raudience.shard.evaluation import Evaluation
from raudience.shard.formulas import evaluate
from raudience.shard.profiles import SETS, Profiles
from raudience.shard.registers import NEVER, Cells, Register
from raudience.shard.rows import INPUT
from raudience.shard.sets import SetRegister
from raudience.shard.store import EventStore
from raudience.shard.thin_chunk import FewWords, Piece, ThinChunk, few_words
from raudience.shard.timers import Timers
from raudience.shard.words import LIST

__all__ = ["Samples"]

_GROUP: Final = 64
"""Chunks whose sampled events are held together."""


class _Group:
    """Sampled events of some chunks. sources: the chunks with the rows that they had: as long as both are the same
    objects, nothing has to be found again."""

    def __init__(self, chunks: list[Chunk], wanted: NDArray[np.bool_], words: FewWords) -> None:
        self.sources = [(chunk, chunk.row) for chunk in chunks]
        pieces = [piece for chunk in chunks if len((piece := Piece.of(chunk, wanted)).places)]
        self.thin = ThinChunk(pieces, words) if pieces else None

    def stands(self, present: set[int]) -> bool:
        """Whether a full group is as it was; present: the ids of the chunks that there are."""
        return len(self.sources) == _GROUP and all(
            id(chunk) in present and chunk.row is row for chunk, row in self.sources
        )


class Samples:
    """The events of sampled profiles, kept from one look to the next: what is sealed is read once. Of two levels,
    those that were asked for last."""

    def __init__(self) -> None:
        self._samples: dict[int, _Sample] = {}

    def count(
        self, profiles: Profiles, known: EventDictionaries, store: EventStore, evaluation: Evaluation, now: int,
        plan: Plan, level: int,
    ) -> SampleCount:  # fmt: skip
        """Look at one profile in 2**level. What is kept, and for how long, is as the plan in force says."""
        live: NDArray[np.int64] = (profiles.last[: profiles.rows] != NEVER).nonzero()[0]
        rows = live[in_sample(profiles.index.mpids[live], level)]
        place = np.zeros(profiles.rows, np.int32)
        place[rows] = np.arange(1, len(rows) + 1)
        sample = self._of(level, known)
        thin = EventStore()
        thin.add(list(sample.events(store, place, evaluation.plan.oldest(now))))
        words = sample.words.dictionaries()
        found = Backfill(_thin_profiles(profiles, rows, plan), thin, words, Timers(), now).run(plan)
        members, size = found.membership.members, len(rows) + 1
        return SampleCount(
            population=len(live),
            sampled=len(rows),
            found=tuple(int(members.column(number, size).sum()) for number in range(len(plan.audiences))),
            held=_held(evaluation, found, profiles.rows),
            inputs=tuple(sorted(known.words[INPUT].words)) if INPUT in known.words else (),
        )

    def nbytes(self) -> int:
        return sum(sample.nbytes() for sample in self._samples.values())

    def _of(self, level: int, known: EventDictionaries) -> _Sample:
        sample = self._samples.pop(level, None)
        if sample is None or not sample.words.are_of(known):
            sample = _Sample(FewWords(known))
        self._samples = {**dict(list(self._samples.items())[-1:]), level: sample}
        return sample


class _Sample:
    """Events of the profiles of one level."""

    def __init__(self, words: FewWords) -> None:
        self.words = words
        self._groups: list[_Group] = []

    def events(self, store: EventStore, place: NDArray[np.int32], before: int) -> Iterator[Chunk]:
        """Events of the rows that have a place other than 0, int32[rows], with that place for their row; what is older
        than a moment is in row 0."""
        wanted = place > 0
        self._groups = self._kept(store.chunks, wanted)
        tail = store.unsealed()
        groups = [*self._groups, *([_Group([tail], wanted, self.words)] if tail is not None else [])]
        return (group.thin.in_rows(place, before) for group in groups if group.thin is not None)

    def nbytes(self) -> int:
        return self.words.nbytes() + sum(group.thin.nbytes() for group in self._groups if group.thin is not None)

    def _kept(self, chunks: list[Chunk], wanted: NDArray[np.bool_]) -> list[_Group]:
        present = {id(chunk) for chunk in chunks}
        kept = [group for group in self._groups if group.stands(present)]
        held = {id(chunk) for group in kept for chunk, _ in group.sources}
        rest = [chunk for chunk in chunks if id(chunk) not in held]
        parts = [rest[start : start + _GROUP] for start in range(0, len(rest), _GROUP)]
        return kept + [_Group(part, wanted, self.words) for part in parts]


def _thin_profiles(profiles: Profiles, rows: NDArray[np.int64], plan: Plan) -> Profiles:
    """Profiles of some rows, in rows from 1 on, with what a plan reads of them."""
    thin = Profiles()
    own, _ = thin.index.find_or_add(profiles.index.mpids[rows])
    thin.make_room()
    thin.last[own] = profiles.last[rows]
    for workspace, present in profiles.present.items():
        thin.workspace(workspace)
        thin.present[workspace][own] = present[rows]
        thin.first_seen[workspace][own] = profiles.first_seen[workspace][rows]
    for workspace, field in {read for leaf in (*plan.leaves, OPTED_OUT) for read in profile_fields(leaf)}:
        if field in profiles.sets and field.namespace in SETS:
            thin.sets[field] = _thin_set(profiles.sets[field], rows, own)
        elif (workspace, field) in profiles.registers:
            thin.registers[workspace, field] = _thin_register(profiles.registers[workspace, field], rows, own)
    return thin


def _thin_register(register: Register, rows: NDArray[np.int64], own: NDArray[np.int32]) -> Register:
    thin, held = Register(), register.known(rows)
    cells, stamps = register.cut(rows[held])
    sizes, elements = register.cut_lists(cells.list[cells.code == LIST])
    # One look, so that words of cells and of lists are numbered together.
    every = np.concatenate([cells.code, elements]).astype(np.int32)
    thin.dictionary, codes = few_words(register.dictionary, every)
    code, listed = codes[: len(held)], np.zeros(len(held), np.int64)
    if len(sizes):
        listed[code == LIST] = thin.put_lists(codes[len(held) :], sizes)
    thin.make_room(len(rows) + 1)
    thin.put(own[held], stamps, Cells(code, cells.number, listed))
    return thin


def _thin_set(register: SetRegister, rows: NDArray[np.int64], own: NDArray[np.int32]) -> SetRegister:
    thin = SetRegister()
    held, sizes, elements = register.cut(rows)
    thin.dictionary, codes = few_words(register.dictionary, elements)
    thin.make_room(len(rows) + 1)
    thin.put(own[held], sizes, codes)
    return thin


def _held(evaluation: Evaluation, wanted: Evaluation, rows: int) -> tuple[int | None, ...]:
    """Members of those wanted audiences of which every leaf is in force, None for the others."""
    numbers, asked = evaluation.compiled.numbers, wanted.compiled
    same = evaluation.plan.workspaces == wanted.plan.workspaces
    truth: dict[int, NDArray[np.bool_]] = {}

    def column(leaf: int) -> NDArray[np.bool_]:
        if leaf not in truth:
            truth[leaf] = evaluation.membership.leaves.column(numbers[asked.leaves[leaf]], rows)
        return truth[leaf]

    return tuple(
        int(evaluate(formula, column).sum())
        if same and all(asked.leaves[leaf] in numbers for leaf in leaves_of(formula))
        else None
        for formula in asked.formulas
    )
