"""Tables of events in Parquet and Arrow files, a few rows at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import numpy as np

from raudience.cluster.finding import suffix_of
from raudience.cluster.reading import Part
from raudience.errors import FixRequest
from raudience.ingest.flat import FlatColumn
from raudience.records import ListColumn

try:
    import pyarrow as pa
    import pyarrow.parquet as pq
except ImportError:
    pa = pq = None  # the extra `parquet` is not installed: said when the first table is to be read

__all__ = ["flat_columns", "read_table", "table_parts", "table_rows"]

ROWS: Final = 65_536
_GROUPS: Final = 64
_LISTED: Final = ("user", "calculated")


def table_parts(path: Path) -> list[Part]:
    """A table cut at row groups for reading side by side. Raise FixRequest when the extra `parquet` is missing."""
    if pa is None:
        message = f"{path}: reading tables needs pyarrow, which is not installed; `pip install raudience[parquet]`"
        raise FixRequest(message)
    if suffix_of(path) != ".parquet":
        return [Part(path)]
    with pq.ParquetFile(path) as file:
        groups = file.num_row_groups
    return [Part(path, start, min(start + _GROUPS, groups)) for start in range(0, groups, _GROUPS)] or [Part(path)]


def table_rows(part: Part) -> int:
    """Rows of the row groups of a part."""
    if suffix_of(part.path) != ".parquet":
        with pa.memory_map(str(part.path)) as source, pa.ipc.open_file(source) as reader:
            return sum(reader.get_batch(number).num_rows for number in range(reader.num_record_batches))
    with pq.ParquetFile(part.path) as file:
        groups = range(part.start, file.num_row_groups if part.stop is None else part.stop)
        return sum(file.metadata.row_group(group).num_rows for group in groups)


def read_table(part: Part, rows: int = ROWS) -> Iterator[tuple[dict[str, FlatColumn], int]]:
    """Columns by name and number of rows, at most `rows` at a time. Raise ValueError when the file is no table, or has
    a column that cannot be read."""
    with _batches(part, rows) as batches:
        for batch in batches:
            yield flat_columns(batch), batch.num_rows


@contextmanager
def _batches(part: Part, rows: int) -> Iterator[Iterator[Any]]:
    if suffix_of(part.path) == ".parquet":
        texts = [field.name for field in pq.read_schema(part.path) if _is_text(field.type)]
        with pq.ParquetFile(part.path, read_dictionary=texts) as file:
            groups = range(part.start, file.num_row_groups if part.stop is None else part.stop)
            yield file.iter_batches(batch_size=rows, row_groups=list(groups), use_threads=False)
        return
    with pa.memory_map(str(part.path)) as source, pa.ipc.open_file(source) as reader:
        whole = (reader.get_batch(number) for number in range(reader.num_record_batches))
        yield (batch.slice(start, rows) for batch in whole for start in range(0, batch.num_rows, rows))


def flat_columns(batch: Any) -> dict[str, FlatColumn]:
    """The columns of a record batch; those without any value are left out."""
    named = zip(batch.schema.names, batch.columns, strict=True)
    return {name: _flat(name, array) for name, array in named if array.null_count < len(array)}


def _is_text(kind: Any) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _flat(name: str, array: Any) -> FlatColumn:
    kind = array.type
    if pa.types.is_dictionary(kind):
        return _words(array)
    if name in ("timestamp", "timestamp_unixtime_ms") and pa.types.is_timestamp(kind):
        return _numbers(array.cast(pa.timestamp("ms"), safe=False).cast(pa.int64()), np.int64)
    if pa.types.is_integer(kind) and kind != pa.uint64():
        return _numbers(array.cast(pa.int64()), np.int64)
    if pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return _numbers(array.cast(pa.float64()), np.float64)
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return _lists(name, array)
    if pa.types.is_nested(kind) or pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        message = f"texts, numbers, booleans, dates or times in column `{name}`, got {kind}"
        raise ValueError(message)
    return _words(array.cast(pa.string()).dictionary_encode())


def _numbers(array: Any, kind: type[np.int64] | type[np.float64]) -> FlatColumn:
    """Numbers; one that is not finite is no value."""
    missing = np.zeros(len(array), np.bool_)
    if array.null_count:
        missing = array.is_null().to_numpy(zero_copy_only=False)
        array = array.fill_null(0)
    numbers = array.to_numpy(zero_copy_only=False).astype(kind, copy=False)
    missing |= ~np.isfinite(numbers)
    return FlatColumn(np.where(missing, np.int32(-1), np.int32(0)), numbers=numbers)


def _words(array: Any) -> FlatColumn:
    """Codes and distinct words, whatever the dictionary holds."""
    words = tuple(array.dictionary.cast(pa.string()).to_pylist())
    codes = array.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int32)
    if None in words or len(set(words)) < len(words):
        position = {word: code for code, word in enumerate(dict.fromkeys(word for word in words if word is not None))}
        new = np.array([*(-1 if word is None else position[word] for word in words), -1], np.int32)
        return FlatColumn(new[codes], tuple(position))
    return FlatColumn(codes, words)


def _lists(name: str, array: Any) -> FlatColumn:
    if name.partition(".")[0] not in _LISTED:
        message = f"one value per row in column `{name}` (lists: only user.*, calculated.*), got {array.type}"
        raise ValueError(message)
    there = array.is_valid().to_numpy(zero_copy_only=False)
    elements = array.drop_null()
    texts = _words(elements.flatten().cast(pa.string()).dictionary_encode())
    lengths = elements.value_lengths().to_numpy(zero_copy_only=False)
    # Null elements are left out, so they must leave the lengths as well.
    owners = np.repeat(np.arange(len(lengths)), lengths)[texts.codes >= 0]
    offsets = np.concatenate([[0], np.cumsum(np.bincount(owners, minlength=len(lengths)))]).astype(np.int32)
    index = np.flatnonzero(there).astype(np.int32)
    lists = ListColumn(index, offsets, texts.codes[texts.codes >= 0], texts.words)
    return FlatColumn(np.where(there, np.int32(0), np.int32(-1)), lists=lists)
