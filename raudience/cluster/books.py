"""Books of audiences from files, and from what a driver script holds."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Final, Literal, TypeAlias

from raudience.catalog import Audience, Book
from raudience.catalog.documents import read_book, read_draft
from raudience.catalog.folders import Document, Folder, read_folder
from raudience.errors import FixRequest

__all__ = [
    "Definitions", "as_book", "as_draft", "definition_files", "read_book_file", "read_book_folder", "read_bytes",
    "read_draft_file",
]  # fmt: skip

_SUFFIXES: Final = (".yaml", ".yml", ".json")
_OTHERS: Final = (".audience.yaml", ".audience.yml", ".schema.json")
"""Tables of tests and schemas stand beside definitions and are none."""

Definitions: TypeAlias = str | os.PathLike[str] | Book | Iterable[Audience]


def as_book(definitions: Definitions) -> Book:
    """A book from the path of its file or folder, from itself, or from audiences with the default settings."""
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
    """The book in a YAML or JSON file (by its suffix; others count as YAML, which JSON is too), or in a folder of them.

    Raises FixDefinition with every fault, FixRequest when the file cannot be read.
    """
    if path.is_dir():
        return read_book_folder(path).book
    return read_book(read_bytes(path), str(path), _form(path))


def read_book_folder(path: Path, present: Book | None = None) -> Folder:
    """The book in all YAML and JSON files of a folder at any depth, in the order of their paths, or in one file; hidden
    files, tables of tests and schemas are left out. present: the book that it is to stand in (`folders.read_folder`).

    Raises FixDefinition with every fault of all files, FixRequest when there is none.
    """
    files = definition_files(path) if path.is_dir() else [path]
    if not files:
        message = f"{path}: expected files of definitions ({', '.join(_SUFFIXES)}) in the folder, got none"
        raise FixRequest(message)
    documents = [Document(str(file), read_bytes(file), _form(file)) for file in files]
    return read_folder(documents, str(path), present or Book(()))


def definition_files(folder: Path) -> list[Path]:
    """Files of definitions in a folder at any depth, in the order of their paths."""
    return [
        path
        for path in sorted(folder.rglob("*"))
        if path.suffix.lower() in _SUFFIXES
        and not path.name.endswith(_OTHERS)
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
        and path.is_file()
    ]


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
