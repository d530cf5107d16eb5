"""The archive of a download: a CSV for each audience or variation, then the manifest, written as a stream."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import IO, Final

import msgspec
import numpy as np

from raudience.catalog.downloads import Download, archive_name, file_names
from raudience.export.forms import in_form
from raudience.export.manifest import MANIFEST, FileFigures, Manifest, manifest_of
from raudience.export.rows import HEADER, csv_rows
from raudience.records.listings import Listing

__all__ = ["Archive", "CsvFile"]

_LEVEL: Final = 1
"""Of deflate: the next ones take two and five times as long and save a fiftieth and a tenth (docs/downloads.md)."""
_EARLIEST: Final = (1980, 1, 1, 0, 0, 0)
"""A ZIP knows no earlier time."""


class CsvFile:
    """One CSV of an archive, to which listings are added."""

    def __init__(self, name: str, asked: Download, file: IO[bytes], at: int) -> None:
        self._name, self._file = name, file
        self._forms = asked.forms
        self._first = self._last = at
        self._users = 0
        self._rows = {str(form): 0 for form in self._forms}
        self._empty = True
        file.write(HEADER)

    def add(self, listing: Listing) -> None:
        """Write the rows of users who are in no other listing of this file. identities of the listing: in the order of
        `Archive.names`."""
        self._note(listing)
        by_name = dict(zip(dict.fromkeys(form.name for form in self._forms), listing.identities, strict=True))
        identities = [(str(form), in_form(by_name[form.name], form)) for form in self._forms]
        for kind, named in identities:
            self._rows[kind] += len(named.user)
        with_rows = np.zeros(len(listing.mpid), bool)
        for _, named in identities:
            with_rows[named.user] = True
        self._users += int(np.count_nonzero(with_rows))
        self._file.writelines(csv_rows(listing.mpid, listing.at, identities))

    def figures(self) -> FileFigures:
        return FileFigures(self._name, self._first, self._last, self._users, sum(self._rows.values()), dict(self._rows))

    def _note(self, listing: Listing) -> None:
        if len(listing.at):
            first, last = int(listing.at.min()), int(listing.at.max())
            self._first = first if self._empty else min(self._first, first)
            self._last = last if self._empty else max(self._last, last)
            self._empty = False


class Archive:
    """A ZIP in the making, in a file that can be sought in. It is whole when `close` has returned.

    id: of the download, a UUID; at: the instant of the download, milliseconds since 1970 in UTC, which names the files.
    """

    def __init__(self, file: IO[bytes], asked: Download, id: str, at: int) -> None:
        self._asked, self._id, self._at = asked, id, at
        self._zip = zipfile.ZipFile(file, "w")
        self._files: list[FileFigures] = []

    @property
    def names(self) -> tuple[str, ...]:
        """Canonical names of the identities that listings must have, in order."""
        return tuple(dict.fromkeys(form.name for form in self._asked.forms))

    @contextmanager
    def next_file(self) -> Iterator[CsvFile]:
        """The next of the files, in the order of `file_names`."""
        name = file_names(self._asked, self._at)[len(self._files)]
        # How large it becomes is not known when it begins.
        with self._zip.open(self._entry(name), "w", force_zip64=True) as entry:
            file = CsvFile(name, self._asked, entry, self._at)
            yield file
        self._files.append(file.figures())

    def close(self, now: int) -> Manifest:
        """Write the manifest, at an instant, and what ends the ZIP."""
        manifest = manifest_of(self._asked, archive_name(self._id, self._at), self._id, now, self._files)
        text = msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n"
        self._zip.writestr(self._entry(MANIFEST), text)
        self._zip.close()
        return manifest

    def abandon(self) -> None:
        """Let go of the file as it is, before it is closed: it is no archive."""
        with suppress(OSError, ValueError):
            self._zip.close()

    def _entry(self, name: str) -> zipfile.ZipInfo:
        moment = datetime.fromtimestamp(self._at // 1_000, UTC)
        date = max(moment.timetuple()[:6], _EARLIEST)
        entry = zipfile.ZipInfo(name, date)
        entry.external_attr = 0o644 << 16
        if self._asked.compressed:
            entry.compress_type = zipfile.ZIP_DEFLATED
            # Its name before Python 3.13; a ZipFile asks no entry that is given for another level.
            entry._compresslevel = _LEVEL  # type: ignore[attr-defined]
        return entry
