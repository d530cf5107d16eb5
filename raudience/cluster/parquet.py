"""Lines of changes as Parquet files."""

from __future__ import annotations

import msgspec

from raudience.errors import FixRequest

try:
    import pyarrow as pa
    import pyarrow.parquet as pq
except ImportError:
    pa = pq = None  # the extra `parquet` is not installed: said when the first file is to be written

__all__ = ["as_parquet"]


class _Line(msgspec.Struct, frozen=True):
    """A line of `forward.partners.files`."""

    ConnectionId: str
    AudienceId: str
    AudienceName: str
    IsAddRequest: bool
    MPID: str
    IdentityValues: dict[str, str | list[str]]
    MembershipChangedTimestamp: int
    UserAttributes: dict[str, msgspec.Raw] = {}


def as_parquet(lines: bytes) -> bytes:
    """A file with a row for each line, the same bytes for the same lines. Identities are lists, attributes texts in
    JSON. Raises FixRequest without pyarrow."""
    if pa is None:
        message = "files in Parquet need pyarrow, which is not installed; `pip install raudience[parquet]`"
        raise FixRequest(message)
    rows = msgspec.json.Decoder(_Line).decode_lines(lines)
    table = pa.table(
        {
            "ConnectionId": [row.ConnectionId for row in rows],
            "AudienceId": [row.AudienceId for row in rows],
            "AudienceName": [row.AudienceName for row in rows],
            "IsAddRequest": [row.IsAddRequest for row in rows],
            "MPID": [int(row.MPID) for row in rows],
            "IdentityValues": [_identities(row) for row in rows],
            "MembershipChangedTimestamp": [row.MembershipChangedTimestamp for row in rows],
            "UserAttributes": [
                [(name, bytes(raw).decode()) for name, raw in row.UserAttributes.items()] for row in rows
            ],
        },
        schema=_schema(),
    )
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    return bytes(sink.getvalue())


def _identities(row: _Line) -> list[tuple[str, list[str]]]:
    return [(name, [one] if isinstance(one, str) else one) for name, one in row.IdentityValues.items()]


def _schema() -> pa.Schema:
    return pa.schema(
        {
            "ConnectionId": pa.string(),
            "AudienceId": pa.string(),
            "AudienceName": pa.string(),
            "IsAddRequest": pa.bool_(),
            "MPID": pa.int64(),
            "IdentityValues": pa.map_(pa.string(), pa.list_(pa.string())),
            "MembershipChangedTimestamp": pa.timestamp("ms", tz="UTC"),
            "UserAttributes": pa.map_(pa.string(), pa.string()),
        }
    )
