"""Documents of files."""

import gzip
import zlib

import pytest

from raudience.cluster.decoding import cut_file, read_part
from raudience.cluster.reading import Part, parts, read_documents


def documents(path, **how):
    """(line, element, document) of every document, and the refusals."""
    found = [*read_documents(Part(path), **how)]
    shown = [each for some in found for each in zip(some.lines, some.elements, some.documents, strict=True)]
    return shown, [(refusal.line, refusal.fault.expected) for some in found for refusal in some.refused]


@pytest.mark.parametrize("name", ["events.ndjson", "events.ndjson.gz", "EVENTS.NDJSON.GZ"])
def test_a_line_is_a_batch_or_an_array_of_batches(tmp_path, name):
    path = tmp_path / name
    text = b'{"a":1}\r\n\n [{"b":1}, {"b" : 2}]\n[]\n{"c":1}'
    path.write_bytes(gzip.compress(text) if name.lower().endswith(".gz") else text)
    assert documents(path) == (
        [(1, None, b'{"a":1}'), (3, 0, b'{"b":1}'), (3, 1, b'{"b" : 2}'), (5, None, b'{"c":1}')], [],
    )  # fmt: skip


def test_a_broken_array_is_refused_as_a_line(tmp_path):
    path = tmp_path / "events.ndjson"
    path.write_bytes(b'[{"a":1},\n{"b":1}\n')
    assert documents(path) == ([(2, None, b'{"b":1}')], [(1, "an array of batches in JSON")])


def test_a_byte_order_mark_is_no_part_of_the_first_line(tmp_path):
    path = tmp_path / "events.ndjson"
    path.write_bytes(b"\xef\xbb\xbf{}\n")
    assert documents(path)[0] == [(1, None, b"{}")]


def test_a_truncated_gzip_file_is_refused_where_it_breaks(tmp_path):
    path = tmp_path / "events.ndjson.gz"
    path.write_bytes(gzip.compress(b"{}\n" * 1000)[:-12])
    assert documents(path)[1] == [(0, "a whole gzip file")]


@pytest.mark.parametrize("size", [1, 500, 1 << 20])
def test_whole_lines_before_the_place_where_a_gzip_file_breaks_are_taken(tmp_path, size):
    path = tmp_path / "events.ndjson.gz"
    whole, half = b'{"a":1}\n' * 100, b'{"b":'
    stream = zlib.compressobj(wbits=31)
    path.write_bytes(stream.compress(whole + half) + stream.flush(zlib.Z_SYNC_FLUSH))
    shown, refused = documents(path, size=size)
    assert (len(shown), refused) == (100, [(0, "a whole gzip file")])
    assert "after line 100" in [*read_documents(Part(path), size)][-1].refused[0].fault.got


def test_a_file_that_is_no_gzip_file_is_refused(tmp_path):
    path = tmp_path / "events.ndjson.gz"
    path.write_bytes(b"{}\n")
    assert documents(path) == ([], [(0, "a whole gzip file")])


@pytest.mark.parametrize("size", [1, 3, 7, 100])
def test_how_much_is_read_at_once_does_not_show(tmp_path, size):
    path = tmp_path / "events.ndjson"
    path.write_bytes(b"".join(b'{"n":%d}\n' % number for number in range(30)))
    assert documents(path, size=size) == ([(n + 1, None, b'{"n":%d}' % n) for n in range(30)], [])


@pytest.mark.parametrize("size", [1, 5, 8, 9, 64, 1000])
def test_parts_share_the_lines_of_a_file(tmp_path, size):
    path = tmp_path / "events.ndjson"
    lines = [b'{"n":%d}' % number for number in range(20)]
    path.write_bytes(b"\n".join(lines))
    found = [document for part in parts(path, size) for some in read_documents(part) for document in some.documents]
    assert found == lines


def test_a_compressed_file_is_one_part(tmp_path):
    assert cut_file(tmp_path / "a.ndjson.gz", 5) == [Part(tmp_path / "a.ndjson.gz")]


def test_an_empty_file_has_no_documents(tmp_path):
    path = tmp_path / "events.ndjson"
    path.write_bytes(b"")
    assert [read.decoded.nameless.tolist() for part in cut_file(path) for read in read_part(part)] == []


def test_progress_ends_at_the_size_of_the_file(tmp_path):
    path = tmp_path / "events.ndjson"
    path.write_bytes(b'{"mpid":1,"timestamp_unixtime_ms":5}\n' * 50)
    assert [*read_documents(Part(path), 200)][-1].bytes_read == path.stat().st_size
