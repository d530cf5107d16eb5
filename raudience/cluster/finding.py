"""Files of events, from what people name."""

from __future__ import annotations

import glob
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from raudience.errors import FixRequest

__all__ = ["TABLES", "find_files", "suffix_of"]

TABLES: Final = (".parquet", ".arrow", ".feather", ".ipc")
"""Suffixes of the files that are read as tables."""

_LINES: Final = (".ndjson", ".jsonl", ".json")
_KNOWN: Final = (*_LINES, *TABLES, *(f"{suffix}.gz" for suffix in _LINES))


def find_files(names: Iterable[str]) -> list[Path]:
    """The files that files, folders and patterns name, each once, in the order of their paths.

    Of a folder, the files of events at any depth. Raises FixRequest for a name that leads to no file.
    """
    found: dict[Path, Path] = {}
    for name in names:
        for path in _files(name):
            found.setdefault(path.resolve(), path)
    return sorted(found.values())


def suffix_of(path: Path) -> str:
    """How the name of a file ends, from the last full stop on, in lower case: it says what is in the file."""
    return path.suffix.lower()


def _files(name: str) -> list[Path]:
    path = Path(name)
    if path.is_file():
        return [path]
    if path.is_dir():
        return _some(name, _of_folder(path), f"files of events ({', '.join((*_LINES, *TABLES))}) in it")
    # Path.glob refuses absolute patterns.
    matches = [Path(match) for match in sorted(glob.glob(name, recursive=True))]  # noqa: PTH207
    files = [file for match in matches for file in ([match] if match.is_file() else _of_folder(match))]
    return _some(name, files, "an existing file, folder or pattern of files")


def _of_folder(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file() and path.name.lower().endswith(_KNOWN))


def _some(name: str, files: Iterable[Path], expected: str) -> list[Path]:
    found = list(files)
    if not found:
        message = f"{name}: expected {expected}, got nothing"
        raise FixRequest(message)
    return found
