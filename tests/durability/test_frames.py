"""The container of a snapshot: whatever happened to it is known."""

import struct
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from raudience.durability.frames import frames, parts
from raudience.errors import FixStore, StateDamaged

PARTS = [b"", b"one", b"two" * 40, b"", b"\xff" * 20]
WHOLE = b"".join(frames(PARTS))


def read(data):
    return [bytes(part) for part in parts(data, "a/1")]


@given(some.lists(some.binary(max_size=300), max_size=20))
def test_parts_come_back_as_they_were(given_parts):
    assert read(b"".join(frames(given_parts))) == given_parts


def test_a_column_may_be_a_part():
    columns = [np.array([1, 2], np.int64), np.empty(0, np.int32), np.array([[1, 2], [3, 4]], np.uint8)]
    assert read(b"".join(frames(map(memoryview, columns)))) == [struct.pack("<qq", 1, 2), b"", b"\1\2\3\4"]


def test_parts_are_written_and_read_without_copies():
    part = bytearray(b"part")
    pieces = list(frames([part]))
    part[0] = ord("P")
    assert pieces[2] == b"Part"
    data = b"".join(frames([b"part"]))
    assert next(parts(data, "a/1")).obj is data


@pytest.mark.parametrize("length", range(len(WHOLE)))
def test_a_torn_container_is_known_wherever_it_is_torn(length):
    with pytest.raises(StateDamaged, match=r"a/1: torn in part \d, at \d+ bytes; use an earlier snapshot"):
        read(WHOLE[:length])


@pytest.mark.parametrize("place", range(len(WHOLE)))
@pytest.mark.parametrize("bit", [0, 7])
def test_a_changed_bit_is_known_wherever_it_is(place, bit):
    changed = bytearray(WHOLE)
    changed[place] ^= 1 << bit
    with pytest.raises(StateDamaged, match="use an earlier snapshot"):
        read(bytes(changed))


def test_what_follows_the_end_is_known():
    with pytest.raises(StateDamaged):
        read(WHOLE + b"x")


def test_parts_that_changed_places_are_known():
    head, one, one_body, two, two_body, closing = frames([b"one", b"two"])
    with pytest.raises(StateDamaged, match="part 1 at byte"):
        read(b"".join([head, two, two_body, one, one_body, closing]))


def test_a_part_that_is_left_out_at_the_end_is_known():
    pieces = list(frames([b"one", b"two"]))
    with pytest.raises(StateDamaged, match="missing or too many"):
        read(b"".join(pieces[:3] + pieces[5:]))


def test_the_part_that_is_wrong_is_named():
    changed = WHOLE.replace(b"twotwo", b"twoTwo", 1)
    with pytest.raises(StateDamaged, match="a/1: part 3 at byte 55 is not what was written"):
        read(changed)


def test_another_format_is_refused_with_what_to_do():
    head = struct.pack("<8sI", b"RAUDPART", 2)
    with pytest.raises(FixStore, match="expected format 1, got 2; read it with the version of raudience that wrote it"):
        read(head + struct.pack("<I", zlib.crc32(head)) + WHOLE[16:])
