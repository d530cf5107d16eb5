"""A download of an audience against plain loops and against writing the same bytes; buckets of an A/B test."""

from __future__ import annotations

import csv
import io
import itertools
import os
import tempfile
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import mmh3
import msgspec
import numpy as np

from raudience.catalog.build import audience
from raudience.catalog.downloads import Download, Selection
from raudience.cluster.books import as_book
from raudience.cluster.downloads import Downloads
from raudience.cluster.inline import InlineEngine
from raudience.criteria.build import identity
from raudience.hashing import buckets, mix64
from raudience.records import Batches, Block, Column, Events, Field, FieldColumn, Products
from scripts.benchmarks.workload import SIZES

KEY: Final = "known"
_NAMES: Final = ("email", "customer_id")
_AT: Final = 1_772_323_200_000
_PART: Final = 100_000
_CHUNK: Final = 1 << 20
_PLAIN: Final = (
    ("csv.writer, stored", zipfile.ZIP_STORED, None),
    ("csv.writer, deflate 1", zipfile.ZIP_DEFLATED, 1),
    ("csv.writer, deflate 6", zipfile.ZIP_DEFLATED, 6),
)


class Archived(msgspec.Struct, frozen=True):
    """Seconds of one run after the other, the fastest of some rounds. wall, cpu: by way of writing; bytes: of the file
    that came of it; buckets: how many times faster than a loop of mmh3."""

    rows: int
    wall: dict[str, float]
    cpu: dict[str, float]
    bytes: dict[str, int]
    buckets: float
    agreed: bool


def archived(size: str, rounds: int) -> Archived:
    """Two rows for each profile of a size, all files synced to the disk. Plain loops are given their rows in memory."""
    profiles = SIZES[size].profiles
    engine, clock, agreed = known_users(profiles), _Clock(), True
    with tempfile.TemporaryDirectory(dir=".") as folder:
        place = Path(folder)
        text = place / "rows.csv"
        for _ in range(rounds):
            for name, compressed in (("download, stored", False), ("download, deflate 1", True)):
                with clock.time(name):
                    path = _download(engine, place, compressed)
                clock.bytes[name] = path.stat().st_size
                agreed &= _unpacked(path, text) == 2 * profiles
                path.unlink()
            with clock.time("the same rows, raw"):
                _raw(text, place / "raw.csv")
            clock.bytes["the same rows, raw"] = text.stat().st_size
            for name, method, level in _PLAIN:
                clock.bytes[name] = _plain(text, place / "plain.zip", method, level, clock, name)
    return Archived(2 * profiles, clock.wall, clock.cpu, clock.bytes, _bucket_ratio(), agreed)


def known_users(profiles: int) -> InlineEngine:
    """An engine with an audience KEY of so many users with e-mail addresses and customer ids."""
    engine = InlineEngine()
    engine.define(as_book([audience(KEY, "Known by e-mail", identity("email").exists())]), _AT)
    for place, start in enumerate(range(0, profiles, _PART)):
        engine.apply(_block(np.arange(start, min(start + _PART, profiles)), _AT + 1 + place), _AT + 1 + place)
    return engine


def _block(numbers: np.ndarray, at: int) -> Block:
    count, nothing = len(numbers), np.empty(0, np.int32)
    codes = np.arange(count, dtype=np.int32)
    fields = tuple(
        FieldColumn(
            Field("identity", name),
            Column(None, codes, np.empty(0), tuple(form.format(number) for number in numbers.tolist())),
        )
        for name, form in zip(_NAMES, ("person{}.of.the.shop@example.com", "C-{:010}"), strict=True)
    )
    mpids = mix64(numbers.view(np.uint64) + np.uint64(1)).view(np.int64)
    request = mix64(numbers.view(np.uint64) + np.uint64(1 << 41))
    batches = Batches(mpids, np.full(count, at), np.full(count, at), np.zeros(count, np.int32), ("a",), request, fields)
    events = Events(nothing, np.empty(0, np.int64), nothing, (), np.empty(0, np.uint64))
    return Block(batches, events, Products(nothing))


def _download(engine: InlineEngine, folder: Path, compressed: bool) -> Path:
    downloads = Downloads(engine, folder)
    asked = Download((Selection(KEY, KEY, "Known"),), _NAMES, None, compressed)
    job = downloads.carry_out(downloads.request(asked).id)
    return folder / job.archive


def _unpacked(archive: Path, to: Path) -> int:
    """Unpack the CSV; how many rows it has."""
    rows = -1
    with zipfile.ZipFile(archive) as packed, packed.open(packed.namelist()[0]) as source, to.open("wb") as file:
        while piece := source.read(_CHUNK):
            rows += piece.count(b"\n")
            file.write(piece)
    return rows


def _raw(source: Path, to: Path) -> None:
    with source.open("rb") as read, to.open("wb", buffering=0) as file:
        while piece := read.read(_CHUNK):
            file.write(piece)
        os.fsync(file.fileno())
    to.unlink()


def _plain(text: Path, to: Path, method: int, level: int | None, clock: _Clock, name: str) -> int:
    """Rows by csv.writer into a zipfile; bytes of the file. Reading them is not timed."""
    with text.open(newline="") as source, to.open("wb") as file:
        rows = csv.reader(source)
        parts = (list(part) for part in iter(lambda: list(itertools.islice(rows, _PART)), []))
        with (
            zipfile.ZipFile(file, "w", method, compresslevel=level) as packed,
            packed.open("rows.csv", "w", force_zip64=True) as entry,
            io.TextIOWrapper(entry, "utf-8", newline="") as lines,
        ):
            writer = csv.writer(lines)
            for part in parts:
                with clock.time(name, more=True):
                    writer.writerows(part)
        with clock.time(name, more=True):
            os.fsync(file.fileno())
    clock.over(name)
    size = to.stat().st_size
    to.unlink()
    return size


def _bucket_ratio(count: int = 200_000) -> float:
    """CPU of a loop of mmh3 over that of all at once."""
    mpids = mix64(np.arange(count, dtype=np.uint64)).view(np.int64)
    clock = _Clock()
    for _ in range(5):
        with clock.time("all"):
            told = buckets(mpids, 7)
        with clock.time("loop"):
            each = [_bucket(mpid) for mpid in mpids.tolist()]
    assert told.tolist() == each
    return clock.cpu["loop"] / clock.cpu["all"]


def _bucket(mpid: int) -> int:
    return mmh3.hash64(mpid.to_bytes(8, "little", signed=True), 7, signed=False)[0] % 10_000


class _Clock:
    """Seconds by name: the least of what was measured."""

    def __init__(self) -> None:
        self.wall: dict[str, float] = {}
        self.cpu: dict[str, float] = {}
        self.bytes: dict[str, int] = {}
        self._open: dict[str, tuple[float, float]] = {}

    @contextmanager
    def time(self, name: str, more: bool = False) -> Iterator[None]:
        """Measure what is done inside; more: a part of what ends with `over`."""
        began = time.perf_counter(), time.process_time()
        yield
        wall, cpu = self._open.get(name, (0.0, 0.0))
        self._open[name] = wall + time.perf_counter() - began[0], cpu + time.process_time() - began[1]
        if not more:
            self.over(name)

    def over(self, name: str) -> None:
        wall, cpu = self._open.pop(name)
        self.wall[name] = min(wall, self.wall.get(name, wall))
        self.cpu[name] = min(cpu, self.cpu.get(name, cpu))
