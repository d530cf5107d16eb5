"""Audiences as code: a folder of definitions against what an engine has. Part of the client."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from raudience.catalog import Book
from raudience.catalog.applying import (
    ROUNDS,
    Aim,
    Drift,
    Refused,
    aim_of,
    beside,
    differences,
    drifts,
    foreseen,
    latest_book,
    next_steps,
    stays,
)
from raudience.catalog.commands import CatalogCommand
from raudience.catalog.comparing import Difference
from raudience.catalog.costing import Cost, cost_of
from raudience.catalog.entries import CatalogState
from raudience.catalog.estimating import ONLY_LEFT, ONLY_RIGHT, RIGHT
from raudience.catalog.folders import Origin
from raudience.catalog.planning import plan
from raudience.catalog.writing import BOOK_FILE, book_text, folder_texts
from raudience.clock import now_ms
from raudience.cluster.books import definition_files, read_book_folder, read_draft_file
from raudience.cluster.engine import Engine
from raudience.criteria.dates import write_moment
from raudience.criteria.normalise import memberships
from raudience.errors import Fault, FixDefinition, FixRequest
from raudience.records import Estimate

__all__ = ["Code", "CodePlan", "PlannedChange"]


class PlannedChange(msgspec.Struct, frozen=True):
    """A difference with its place and, when users move by it, how many. present: members now, exactly, 0 for a new one.
    expected, adds, drops: estimates; None where nobody moves, and where nothing could be estimated (warning says why).
    """

    difference: Difference
    origin: Origin | None = None
    present: int | None = None
    expected: Estimate | None = None
    adds: Estimate | None = None
    drops: Estimate | None = None
    warning: str | None = None


class CodePlan(msgspec.Struct, frozen=True):
    """What applying a folder would do, of the catalog as it was. stays: active audiences that the folder does not have
    and that are kept; drifts: edits made elsewhere that it would undo."""

    path: str
    prune: bool
    catalog: CatalogState
    changes: tuple[PlannedChange, ...]
    stays: tuple[str, ...]
    drifts: tuple[Drift, ...]
    cost: Cost

    @property
    def breaking(self) -> tuple[Difference, ...]:
        """Differences by which others lose what they hold by."""
        return tuple(each.difference for each in self.changes if each.difference.breaking)


class Code:
    """The audiences of one engine as a folder of YAML files. by: who asks, as the journal and the versions will say."""

    def __init__(self, engine: Engine, by: str) -> None:
        self._engine, self._by = engine, by

    def plan(self, path: str | os.PathLike[str], prune: bool = False, sizes: bool = True) -> CodePlan:
        """What applying a folder (or a file) would change; nothing is changed.

        prune: active audiences that it does not have go. sizes: estimate who moves. Raises FixDefinition with every
        fault of all files, else with all that the catalog would refuse.
        """
        catalog = self._engine.catalog()
        aim, origins = self._aim(Path(path), catalog, prune)
        _refuse(str(path), foreseen(catalog, aim), origins)
        found = differences(catalog, aim)
        present = latest_book(catalog)
        forecast = _Forecast(self._engine, present, aim.book, sizes)
        changes = (forecast.of(each, origins.get(each.key)) for each in found)
        return CodePlan(
            path=str(path),
            prune=prune,
            catalog=catalog,
            changes=tuple(changes),
            stays=() if prune else stays(catalog, aim.keys),
            drifts=drifts(catalog, found),
            cost=cost_of(plan(present), plan(aim.book)),
        )

    def apply(self, planned: CodePlan, force: bool = False) -> tuple[CatalogCommand, ...]:
        """Carry out a plan; return what was decided, nothing when everything was so already.

        It stops between two steps without harm: applying again goes on. force: also where that undoes edits made
        elsewhere. Raises FixRequest when it would without, and when the catalog is not as it was planned for;
        FixDefinition for keys that were changed and for what the catalog refuses.
        """
        self._check(planned, force)
        decided: list[CatalogCommand] = []
        for _ in range(ROUNDS):
            catalog = self._engine.catalog()
            steps = next_steps(catalog, self._aim(Path(planned.path), catalog, planned.prune)[0], self._by)
            if not steps.commands:
                break
            self._engine.decide_all(steps.commands, now_ms())
            decided += steps.commands
        _refuse(planned.path, steps.refused, {})
        return tuple(decided)

    def text(self, keys: Iterable[str] = ()) -> str:
        """What is active, as one book in YAML; keys: only these audiences, and nothing of the account.

        Raises FixRequest for a key that is not there.
        """
        book, chosen = self._active(), tuple(keys)
        known = [audience.key for audience in book.audiences]
        if wrong := [key for key in chosen if key not in known]:
            message = f"audience: expected one of {', '.join(known) or 'none'}; got {', '.join(wrong)}"
            raise FixRequest(message)
        kept = tuple(audience for audience in book.audiences if audience.key in chosen)
        return book_text(Book(kept) if chosen else book)

    def export(self, folder: str | os.PathLike[str]) -> tuple[str, ...]:
        """Write what is active into a folder, one file for each audience; return the names of the files that are other
        than before, or gone.

        Raises FixRequest when the folder has definitions that are not arranged so.
        """
        home, texts = Path(folder), folder_texts(self._active())
        held = {str(path.relative_to(home)): path for path in definition_files(home)} if home.is_dir() else {}
        foreign = [name for name, path in held.items() if not _is_ours(name, path)]
        if foreign:
            message = (
                f"{home}: expected an empty folder or one that was exported, got {', '.join(foreign)}; export into a "
                "new folder, or take single audiences over by `export --audience KEY`"
            )
            raise FixRequest(message)
        gone = [name for name in held if name not in texts]
        for name in gone:
            held[name].unlink()
        return (*(name for name, text in texts.items() if _write(home / name, text)), *gone)

    def _aim(self, path: Path, catalog: CatalogState, prune: bool) -> tuple[Aim, dict[str, Origin]]:
        folder = read_book_folder(path, latest_book(catalog))
        return aim_of(folder, catalog, prune), folder.origins

    def _active(self) -> Book:
        catalog = self._engine.catalog()
        book = latest_book(catalog)
        active = (each for each in book.audiences if catalog.audiences[each.key].status == "active")
        return msgspec.structs.replace(
            book, audiences=tuple(msgspec.structs.replace(each, version=1) for each in active)
        )

    def _check(self, planned: CodePlan, force: bool) -> None:
        if self._engine.catalog() != planned.catalog:
            message = f"{planned.path}: expected the catalog as it was planned for, got a later one; plan again"
            raise FixRequest(message)
        renamed = tuple(_renamed(each) for each in planned.changes if each.difference.renamed_from is not None)
        if renamed:
            raise FixDefinition(planned.path, renamed)
        if planned.drifts and not force:
            edits = "\n".join(f"  {_edit(drift)}" for drift in planned.drifts)
            message = (
                f"{planned.path}: applying would undo edits made elsewhere\n{edits}\n"
                "take them over (`raudience export`), or undo them with --force"
            )
            raise FixRequest(message)


class _Forecast:
    """Who would move, by estimates in the engine: each wanted audience is looked at beside the one in force."""

    def __init__(self, engine: Engine, present: Book, wanted: Book, sizes: bool) -> None:
        self._engine, self._sizes = engine, sizes
        self._counts = engine.counts()
        self._draft, self._keys = beside(present, wanted)
        self._audiences = {audience.key: audience for audience in self._draft.audiences}

    def of(self, each: Difference, origin: Origin | None) -> PlannedChange:
        """The change with its figures."""
        if each.what != "audience" or not each.moves:
            return PlannedChange(each, origin)
        present = self._counts.get(each.key, 0)
        if not self._sizes or each.change == "removed":
            return PlannedChange(each, origin, present)
        new = self._keys[each.key]
        left = each.key if each.key in self._counts else new
        found = self._overlap(left, new)
        if isinstance(found, str):
            return PlannedChange(each, origin, present, warning=found)
        adds = found[RIGHT] if left == new else found[ONLY_RIGHT]
        return PlannedChange(each, origin, present, found[RIGHT], adds, found[ONLY_LEFT])

    def _overlap(self, left: str, new: str) -> dict[str, Estimate] | str:
        """Figures of the way from one audience to another, or why there are none."""
        audience = self._audiences[new]
        used = (self._audiences[each.audience] for each in memberships(audience.criteria))
        # Only what is looked at: a draft is checked as a whole each time.
        draft = msgspec.structs.replace(self._draft, audiences=(audience, *used))
        try:
            found = self._engine.overlap(draft, left, new)
        except FixDefinition as error:
            return str(error.faults[0])
        return found.warning or {figure.path: figure for figure in found.figures}


def _refuse(path: str, refused: tuple[Refused, ...], origins: Mapping[str, Origin]) -> None:
    """Raise FixDefinition when something is refused, with the place of each audience."""
    faults = (
        msgspec.structs.replace(each.fault, path=f"{origins.get(each.key, each.key)} {each.fault.path}")
        for each in refused
    )
    if found := tuple(faults):
        raise FixDefinition(path, found)


def _renamed(each: PlannedChange) -> Fault:
    former = each.difference.renamed_from
    hint = f"keep the key `{former}` and change `name`; a new key is a new audience: remove the former one first"
    return Fault(f"{each.origin} key", f"`{former}`, which has this definition", f"`{each.difference.key}`", hint)


def _edit(drift: Drift) -> str:
    return f"{drift.key or 'settings'}: edited by {drift.by or 'somebody'} at {write_moment(drift.at)}"


def _is_ours(name: str, path: Path) -> bool:
    """Whether an earlier export may have written the file: a part of the account, or one audience in its place."""
    try:
        draft = read_draft_file(path)
    except FixDefinition:
        return name == BOOK_FILE and "audiences:" not in path.read_text("utf-8")
    keys = [audience.key for audience in draft.audiences]
    return len(keys) == 1 and re.fullmatch(rf"audiences/{re.escape(keys[0])}(~[0-9]+)?\.yaml", name) is not None


def _write(path: Path, text: str) -> bool:
    """Whether the file is another one now."""
    if path.is_file() and path.read_text("utf-8") == text:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return True
