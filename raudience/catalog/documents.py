"""Documents of definitions: JSON or YAML in, a book out, or every fault of the document at once."""

from __future__ import annotations

import msgspec

from raudience.catalog.audiences import Book
from raudience.catalog.parsing import Form, parse
from raudience.catalog.places import ancestors
from raudience.catalog.planning import find_faults
from raudience.catalog.reading import Reader
from raudience.criteria.durations import Duration
from raudience.errors import Fault, FixDefinition

__all__ = ["read_book", "read_draft", "stored_book"]


def read_book(data: bytes, source: str, form: Form) -> Book:
    """The book of a document, checked so far that `planning.plan` finds nothing wrong with it.

    Raise FixDefinition with all faults, in the order of the document; `source` names it there.
    """
    reader = Reader()
    book: Book = reader.read_document(parse(data, source, form), Book, source)
    faults = [*reader.faults, *_further(reader, find_faults(book))]
    if faults:
        order = {path: number for number, path in enumerate(reader.places.values())}
        raise FixDefinition(source, tuple(sorted(faults, key=lambda fault: _rank(order, fault.path))))
    return book


def stored_book(data: bytes) -> Book:
    """A book that was checked when it was stored, as JSON."""
    return msgspec.json.decode(data, type=Book, dec_hook=_duration)


def _duration(kind: type, value: str) -> Duration:
    return Duration.parse(value)


def read_draft(data: bytes, source: str, form: Form) -> Book:
    """The book of a document that is well formed; what it means, and whether its sources are known, is for later.

    Raise FixDefinition with all faults of its form.
    """
    reader = Reader()
    book: Book = reader.read_document(parse(data, source, form), Book, source)
    if reader.faults:
        raise FixDefinition(source, tuple(reader.faults))
    return book


def _further(reader: Reader, faults: list[Fault]) -> list[Fault]:
    """Faults of the meaning, with paths as the document writes them; none where the reading failed already."""
    refused = {fault.path for fault in reader.faults}
    written = [Fault(_written(reader, fault.path), fault.expected, fault.got, fault.hint) for fault in faults]
    return [fault for fault in written if refused.isdisjoint(ancestors(fault.path)[:-1])]


def _written(reader: Reader, built: str) -> str:
    known = next(path for path in ancestors(built) if path in reader.places)
    rest = built[len(known) :]
    return reader.places[known] + rest if reader.places[known] else rest.removeprefix(".")


def _rank(order: dict[str, int], path: str) -> int:
    return next((order[above] for above in ancestors(path) if above in order), 0)
