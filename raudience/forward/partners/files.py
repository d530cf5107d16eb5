"""Files: changes as lines of JSON in a directory or an object storage, a file for each batch.

Names of files sort in the order in which their lines hold. A batch that is written again is the same file with the same
bytes, so no reader sees a change twice, nor half a file.

A request of a sink of files is no HTTP: its method is PUT, its address begins with `file:`, `s3:`, `gs:` or `az:`, and
it stands for "the body is what is kept under this address, whatever was there before". Who carries it out answers 200,
401 or 403 when the storage lets nobody in, 404 when the directory or the bucket is not there, and nothing when nobody
knows. The query is of the storage, such as `endpoint` and `region`. Lines of the type PARQUET are kept as a Parquet
file with the same columns.

Source of a line: mParticle's Cloud Storage output, with connection, audience, MPID and attributes added to each line.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any, Final
from urllib.parse import parse_qsl, quote

import msgspec

from raudience.clock import HOUR, MINUTE
from raudience.criteria.dates import write_moment
from raudience.forward.kinds import Outcome
from raudience.forward.members import Member, decode
from raudience.forward.partner import Forwarded, Item, Limits, Request, Response, Setting, Settings
from raudience.forward.sink import Sink, forwarded_of, outcome_of

__all__ = ["PARQUET", "Files"]

PARQUET: Final = "application/vnd.apache.parquet"
"""Type of a request whose lines are to be kept as a Parquet file."""
_FORMATS: Final = {"ndjson": "application/x-ndjson", "parquet": PARQUET}
_PLAIN: Final = str.maketrans("", "", "-:.")
_MOST_NAME: Final = 60
"""Characters of a variation in the name of a file: with all the rest no more than a disk takes."""


class Files(Sink):
    """The partner Files."""

    id = "files"
    name = "Files"
    docs = "docs/partners/files.md"
    output_settings = (
        Setting(
            "folder",
            "Folder",
            required=True,
            begins=("/", "s3://", "gs://", "az://"),
            help="/an/absolute/path, s3://bucket/path, gs://bucket/path, az://...",
        ),
        Setting("batch_size", "Lines in a file", "number", 50_000, help="1 to 50,000", least=1, most=50_000),
        Setting("format", "Format", "choice", "ndjson", choices=tuple(_FORMATS), help="lines of JSON, or Parquet"),
    )
    connection_settings = (
        *Sink.connection_settings,
        Setting(
            "snapshot_hours",
            "Hours between snapshots",
            "number",
            0,
            least=0,
            help="files of all members; 0: changes alone",
        ),
    )
    limits = Limits(items=50_000, bytes=64 << 20, requests=600, window=MINUTE, overhead=500)
    flush = 3 * HOUR
    deletes = "keep"

    def send(self, settings: Settings, list_id: str, kind: str, items: Sequence[Item], now: int) -> Request:
        forwarded = forwarded_of(list_id)
        body = b"".join(_line(forwarded, member, add, now) for item in items for member, add in _changes(item))
        stamp = write_moment(now).translate(_PLAIN)
        digest = hashlib.sha256(body).hexdigest()[:16]
        return _put_lines(settings, f"{_file_name(forwarded)}_{stamp}_{digest}", body)

    def read_sent(self, response: Response, items: Sequence[Item]) -> Outcome:
        return outcome_of(response)

    def snapshots(self, settings: Settings) -> int | None:
        hours = int(settings.get("snapshot_hours") or 0)
        return hours * HOUR if hours > 0 else None

    def snapshot(
        self, settings: Settings, list_id: str, values: Sequence[bytes], at: int, part: int, parts: int
    ) -> Request:
        """Its name stands behind those of all changes that are in it."""
        forwarded = forwarded_of(list_id)
        body = b"".join(_line(forwarded, decode(value), True, at) for value in values)
        name = f"{_file_name(forwarded)}_{write_moment(at).translate(_PLAIN)}_snapshot_{part:05}_of_{parts:05}"
        return _put_lines(settings, name, body)

    def read_done(self, response: Response) -> Outcome:
        return outcome_of(response)

    def check(self, settings: Settings) -> Request:
        """An empty file, always the same."""
        return _put(settings, "raudience-validation.txt", b"", _FORMATS["ndjson"])

    def read_checked(self, response: Response) -> Outcome:
        return outcome_of(response)

    def sign(self, request: Request, settings: Settings, nonce: str, now: int) -> Request:
        """As it is: credentials come from where the tools of each cloud look for them."""
        return request


def _put_lines(settings: Settings, name: str, body: bytes) -> Request:
    form = str(settings.get("format") or "ndjson")
    return _put(settings, f"{name}.{form}", body, _FORMATS[form])


def _put(settings: Settings, name: str, body: bytes, type_: str) -> Request:
    folder, _, query = str(settings["folder"]).strip().partition("?")
    place = folder.rstrip("/") if "://" in folder else f"file://{quote(folder.rstrip('/'))}"
    return Request("PUT", f"{place}/{name}", tuple(parse_qsl(query)), (("content-type", type_),), body)


def _file_name(forwarded: Forwarded) -> str:
    """Audience and variation, without what a path or an address gives a meaning to; the connection tells apart those
    that begin alike."""
    variation = quote(forwarded.variation or "", safe="").replace("%", "~")[:_MOST_NAME]
    return "_".join((forwarded.audience, *([variation] if variation else []), forwarded.connection))


def _changes(item: Item) -> Iterator[tuple[Member, bool]]:
    """Each user who is to be dropped, as he was told, then the one who is to be put."""
    former = item.replaces if item.add else (item.value, *item.replaces)
    yield from ((decode(value), False) for value in former)
    if item.add:
        yield decode(item.value), True


def _line(forwarded: Forwarded, member: Member, add: bool, now: int) -> bytes:
    line: dict[str, Any] = {
        "ConnectionId": forwarded.connection,
        "AudienceId": forwarded.audience,
        "AudienceName": forwarded.name,
        "IsAddRequest": add,
        "MPID": str(member.mpid),
        "IdentityValues": {
            name: values[0] if len(values) == 1 else values for name, values in member.identities.items()
        },
        "MembershipChangedTimestamp": now,
    }
    if member.attributes:
        line["UserAttributes"] = member.attributes
    return msgspec.json.encode(line) + b"\n"
