"""Books of audiences from files, and from what a driver script holds."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Literal, TypeAlias

from raudience.catalog import Audience, Book
from raudience.catalog.documents import read_book, read_draft
from raudience.errors import FixRequest

__all__ = ["Definitions", "as_book", "as_draft", "read_book_file", "read_bytes", "read_draft_file"]

Definitions: TypeAlias = str | os.PathLike[str] | Book | Iterable[Audience]


def as_book(definitions: Definitions) -> Book:
    """A book from the path of its file, from itself, or from audiences with the default settings."""
    match definitions:
        case Book():
            return definitions
        case str() | os.PathLike():
            return read_book_file(Path(definitions))
        case _:
            return Book(audiences=tuple(definitions))


def as_draft(definitions: Definitions) -> Book:
    """`as_book`, but whether the sources of its audiences are known is not asked yet."""
    return read_draft_file(Path(definitions)) if isinstance(definitions, str | os.PathLike) else as_book(definitions)


def read_book_file(path: Path) -> Book:
    """The book in a YAML or JSON file (by its suffix; others count as YAML, which JSON is too).

    Raises FixDefinition with every fault of the document, FixRequest when the file cannot be read.
    """
    return read_book(read_bytes(path), str(path), _form(path))


def read_draft_file(path: Path) -> Book:
    """The book in a file as it is written. Raises as `read_book_file` does, for faults of the form."""
    return read_draft(read_bytes(path), str(path), _form(path))


def read_bytes(path: Path) -> bytes:
    """The bytes of a file that somebody named; raise FixRequest when there is none."""
    try:
        return path.read_bytes()
    except OSError as error:
        message = f"{path}: expected a readable file, got: {(error.strerror or str(error)).lower()}"
        raise FixRequest(message) from error


def _form(path: Path) -> Literal["json", "yaml"]:
    return "json" if path.suffix.lower() == ".json" else "yaml"
