"""What stands in manifest.json: what was asked for, and how much of it there is (semantics rows 166, 167)."""

from __future__ import annotations

import msgspec

from raudience.catalog.downloads import Download, IdentityForm
from raudience.criteria.dates import write_moment
from raudience.export.forms import hashing_text

__all__ = ["MANIFEST", "FileFigures", "Manifest", "manifest_of"]

MANIFEST = "manifest.json"


class FileFigures(msgspec.Struct, frozen=True):
    """One CSV. min_timestamp_ms, max_timestamp_ms: between which instants its members were read; total_users: users
    with a row."""

    file_name: str
    min_timestamp_ms: int
    max_timestamp_ms: int
    total_users: int
    total_rows: int
    rows_by_identity: dict[str, int]


class Manifest(msgspec.Struct, frozen=True, omit_defaults=True):
    """The fields of the source, in its order. Two more stand there only where they say something: hashed_identities,
    what each hashed form is; sample_users, how many users of each file were asked for."""

    archive_name: str
    id: str
    audience_ids: list[int | str]
    included_identities: list[str]
    manifest_generated: str
    min_timestamp_ms: int
    max_timestamp_ms: int
    total_rows: int
    rows_by_identity: dict[str, int]
    files: list[FileFigures]
    hashed_identities: dict[str, str] = {}
    sample_users: int | None = None


def manifest_of(asked: Download, archive: str, id: str, at: int, files: list[FileFigures]) -> Manifest:
    """The manifest of a download with these files, written at `at` (milliseconds since 1970)."""
    forms = asked.forms
    return Manifest(
        archive_name=archive,
        id=id,
        audience_ids=[selection.id for selection in asked.selections],
        included_identities=list(map(str, forms)),
        manifest_generated=_moment(at),
        min_timestamp_ms=min(each.min_timestamp_ms for each in files),
        max_timestamp_ms=max(each.max_timestamp_ms for each in files),
        total_rows=sum(each.total_rows for each in files),
        rows_by_identity={str(form): sum(each.rows_by_identity[str(form)] for each in files) for form in forms},
        files=files,
        hashed_identities=_hashed(forms),
        sample_users=asked.sample,
    )


def _hashed(forms: list[IdentityForm]) -> dict[str, str]:
    return {str(form): hashing_text(form) for form in forms if form.hash is not None}


def _moment(at: int) -> str:
    """With seven decimals, as in the source."""
    return write_moment(at).replace("Z", "0000Z")
