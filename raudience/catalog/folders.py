"""One book in many documents: read together, with every fault of all of them at once, each with its file and line."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from raudience.catalog.audiences import Audience, Book, EventTier, Input, Settings, Workspace
from raudience.catalog.lines import Lines
from raudience.catalog.parsing import Form, Mapping, parse
from raudience.catalog.places import ancestors
from raudience.catalog.planning import find_faults
from raudience.catalog.reading import Reader
from raudience.errors import Fault, FixDefinition

__all__ = ["Document", "Folder", "Origin", "read_folder"]

_NOTHING: Final = Book(())
_LISTS: Final = ("audiences", "inputs", "workspaces", "tiers", "purposes")
_ITEM: Final = re.compile(rf"\b({'|'.join(_LISTS)})\[([0-9]+)\]")


class Document(msgspec.Struct, frozen=True):
    """A file of definitions. source: how faults name it."""

    source: str
    data: bytes
    form: Form


class Origin(msgspec.Struct, frozen=True):
    """Where something is written. line: from 1 on, None when it is not known."""

    source: str
    path: str
    line: int | None

    def __str__(self) -> str:
        return f"{self.source}{'' if self.line is None else f':{self.line}'}"


class Folder(msgspec.Struct, frozen=True):
    """A book, and where each audience that the documents hold is written, by key."""

    book: Book
    origins: dict[str, Origin]


class Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one document of a folder may hold: any part of a book."""

    audiences: tuple[Audience, ...] = ()
    settings: Settings | None = None
    inputs: tuple[Input, ...] = ()
    workspaces: tuple[Workspace, ...] = ()
    tiers: tuple[EventTier, ...] = ()
    purposes: tuple[str, ...] = ()


def read_folder(documents: Sequence[Document], source: str, present: Book = _NOTHING) -> Folder:
    """The book of some documents: lists are joined in the order of the documents, settings stand in one of them.

    present: the book that they are to stand in. What they do not say is taken from there: settings, purposes, and the
    sources, tiers and audiences that they do not name. Raise FixDefinition with all faults of all documents, each with
    its file and line; `source` names the whole.
    """
    read = [_Read(document) for document in documents]
    joined = _Joined(read, present)
    faults = [fault for one in read for fault in one.faults()]
    if not any(one.unread for one in read):
        # What a document that cannot be read would have had is not missed.
        faults += joined.faults()
    if faults:
        raise FixDefinition(source, tuple(faults))
    audiences = [(one, place) for one in read for place in range(len(one.part.audiences))]
    origins = {one.part.audiences[place].key: one.origin(f"audiences[{place}]") for one, place in audiences}
    return Folder(joined.book, origins)


class _Read:
    """One document, read as far as that goes."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._reader = Reader()
        self._lines: Lines | None = None
        self._broken: tuple[Fault, ...] = ()
        self.part = Part()
        try:
            self.part = self._reader.read_document(self._parsed(), Part, document.source)
        except FixDefinition as error:
            self._broken = error.faults

    @property
    def unread(self) -> bool:
        return bool(self._broken)

    def faults(self) -> list[Fault]:
        """What is wrong with the document alone."""
        broken = [msgspec.structs.replace(each, path=f"{self._document.source}: {each.path}") for each in self._broken]
        return [*broken, *(self.told(fault.path, fault) for fault in self._reader.faults)]

    def told(self, path: str, fault: Fault) -> Fault:
        """The fault with its file and line; path: as the document writes it."""
        origin = self.origin(path)
        return Fault(f"{origin} {origin.path}", fault.expected, fault.got, fault.hint)

    def origin(self, path: str) -> Origin:
        if self._lines is None:
            self._lines = Lines(self._document.data)
        return Origin(self._document.source, path, self._lines.of(path))

    def written(self, built: str) -> str | None:
        """Path as the document writes it; None where the reading failed already."""
        known = next((path for path in ancestors(built) if path in self._reader.places), "")
        rest = built[len(known) :]
        before = self._reader.places.get(known, "")
        path = before + rest if before else rest.removeprefix(".")
        refused = {fault.path for fault in self._reader.faults}
        return path if refused.isdisjoint(ancestors(path)[:-1]) else None

    def _parsed(self) -> object:
        raw = parse(self._document.data, self._document.source, self._document.form)
        return Mapping() if raw is None else raw


class _Joined:
    """The book of all documents and of what is present, and where each part of it stands."""

    def __init__(self, read: Sequence[_Read], present: Book) -> None:
        self._homes = {name: [(one, place) for one in read for place in range(len(getattr(one.part, name)))]
                       for name in _LISTS}  # fmt: skip
        self._settings = [one for one in read if one.part.settings is not None]
        settings = self._settings[0].part.settings if self._settings else None
        purposes = tuple(dict.fromkeys(each for one in read for each in one.part.purposes))
        parts = {name: _over(getattr(present, name), [each for one in read for each in getattr(one.part, name)])
                 for name in _LISTS if name != "purposes"}  # fmt: skip
        self.book = Book(settings=settings or present.settings, purposes=purposes or present.purposes, **parts)

    def faults(self) -> list[Fault]:
        """What is wrong with the book, in the order of the documents."""
        found = [self._told(fault) for fault in find_faults(self.book)]
        return [*self._settled_twice(), *(fault for fault in found if fault is not None)]

    def _settled_twice(self) -> list[Fault]:
        first = self._settings[0].origin("settings") if self._settings else None
        fault = Fault("settings", "settings in one file", "settings again", f"{first} has them")
        return [one.told("settings", fault) for one in self._settings[1:]]

    def _told(self, fault: Fault) -> Fault | None:
        hint = _ITEM.sub(lambda item: self._named(item[0]), fault.hint)
        home = self._home(fault.path)
        if home is None:
            return Fault(self._named(fault.path), fault.expected, fault.got, hint)
        path = home[0].written(home[1])
        return None if path is None else home[0].told(path, Fault(path, fault.expected, fault.got, hint))

    def _home(self, path: str) -> tuple[_Read, str] | None:
        """The document that a path of the book leads to, and the path in it; None for what is present."""
        item = _ITEM.match(path)
        if item is None:
            return (self._settings[0], path) if self._settings else None
        homes, place = self._homes[item[1]], int(item[2])
        if place >= len(homes):
            return None
        one, own = homes[place]
        return one, f"{item[1]}[{own}]{path[item.end() :]}"

    def _named(self, path: str) -> str:
        home = self._home(path)
        if home is not None:
            origin = home[0].origin(home[1])
            return f"{origin} {origin.path}"
        item = _ITEM.match(path)
        key = getattr(getattr(self.book, item[1])[int(item[2])], "key", "") if item else ""
        return f"{item[1].removesuffix('s')} `{key}`{path[item.end() :]} (in force)" if item else f"{path} (in force)"


def _over(present: Sequence[Any], own: list[Any]) -> tuple[Any, ...]:
    """What the documents have, then what is present beside it."""
    names = set(map(_name, own))
    return (*own, *(each for each in present if _name(each) not in names))


def _name(part: Any) -> object:
    return (part.kind, part.category, part.name) if isinstance(part, EventTier) else part.key
