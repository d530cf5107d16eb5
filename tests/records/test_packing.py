"""Records as bytes."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray

from raudience.catalog.documents import read_book
from raudience.catalog.planning import plan
from raudience.errors import StateDamaged
from raudience.ingest.batches import decode
from raudience.records import Block, Column, Field, ListColumn
from raudience.records.packing import Packed, pack
from raudience.shard.commands import Command, Tick


class _Old(msgspec.Struct, frozen=True):
    name: str
    numbers: NDArray[np.int32]


class _New(msgspec.Struct, frozen=True):
    name: str
    more: int = 7


def test_an_array_comes_back_with_its_type_and_contents() -> None:
    told = Packed[_Old](_Old).unpack(pack(_Old("a", np.array([1, -2, 3], np.int32))))
    assert (told.name, told.numbers.dtype, told.numbers.tolist()) == ("a", np.int32, [1, -2, 3])


def test_an_array_that_came_back_is_aligned_and_stands_alone() -> None:
    numbers = Packed[_Old](_Old).unpack(pack(_Old("abc", np.arange(5, dtype=np.int32)))).numbers
    assert numbers.flags.aligned
    assert numbers.flags.owndata


def test_a_later_version_reads_what_an_earlier_one_wrote() -> None:
    assert Packed[_New](_New).unpack(pack(_Old("a", np.zeros(0, np.int32)))) == _New("a", 7)


def test_commands_are_told_apart() -> None:
    reader = Packed[Command](Command)
    assert reader.unpack(pack(Tick())) == Tick()


def test_bytes_that_are_no_record_are_damage() -> None:
    with pytest.raises(StateDamaged, match="3 bytes"):
        Packed[_Old](_Old).unpack(b"\x01\x02\x03")


def test_a_record_cut_short_is_damage() -> None:
    whole = pack(_Old("a", np.arange(9, dtype=np.int32)))
    with pytest.raises(StateDamaged):
        Packed[_Old](_Old).unpack(whole[:-1])


def test_objects_are_no_records() -> None:
    with pytest.raises(TypeError, match="expected a record"):
        pack(object())


def test_fields_are_told_by_name() -> None:
    assert b"namespace" in pack(Field("user", "city"))
    assert Packed[Field](Field).unpack(pack(Field("user", "city"))) == Field("user", "city")


def test_a_block_comes_back() -> None:
    batch = b'{"mpid": 1, "source_request_id": "r", "user_attributes": {"a": "x", "b": ["y", "z"]}}'
    block = decode([batch], now=5).block
    again = Packed[Command](Command).unpack(pack(block))
    assert isinstance(again, Block)
    assert again.batches.mpid.tolist() == [1]
    assert [(update.field.name, type(update.column)) for update in again.batches.fields] == [
        ("a", Column),
        ("b", ListColumn),
    ]


def test_a_plan_comes_back() -> None:
    every = plan(read_book(Path("docs/sample/audiences.yaml").read_bytes(), "audiences.yaml", "yaml"))
    assert Packed[Command](Command).unpack(pack(every)) == every
