"""The benchmark's engines answer the same questions: equal members, equal adds and drops after every batch."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[2]))

from scripts.benchmarks.aggregates import aggregated
from scripts.benchmarks.archives import archived
from scripts.benchmarks.completions import completions
from scripts.benchmarks.engine import Delta
from scripts.benchmarks.forwarding import forwarded
from scripts.benchmarks.guesses import guesses
from scripts.benchmarks.questions import audiences, without_carts
from scripts.benchmarks.race import make_engine
from scripts.benchmarks.workload import SIZES, Workload, make

PEERS = ("polars", "polars with numpy", "polars as first written", "duckdb")
OURS = ("raudience", "raudience replay", "raudience backfilled", "raudience two shards")


@pytest.fixture(scope="module")
def workload() -> Workload:
    return make(SIZES["test"], seed=3)


def played(engine: str, workload: Workload, count: int, batch: int, batches: int) -> list[object]:
    """Members before, the adds and drops of every batch, members after, as plain lists."""
    played_by = engine_named(engine)
    played_by.load(workload, audiences(count))
    story: list[object] = [_plain(played_by.members())]
    for start in range(workload.history, workload.history + batch * batches, batch):
        delta: Delta = played_by.delta(played_by.step(played_by.prepare(start, start + batch)))
        story.append(_plain([delta.adds, delta.drops]))
    return [*story, _plain(played_by.members())]


def engine_named(name: str) -> Any:
    """Skips the test where the extra `bench`, which brings the peers, is not installed."""
    for library in ("polars", "duckdb"):
        if name.startswith(library):
            pytest.importorskip(library)
    return make_engine(name)


def _plain(arrays: Sequence[np.ndarray]) -> list[list[int]]:
    return [array.tolist() for array in arrays]


@pytest.mark.parametrize("engine", [*PEERS, *OURS])
@pytest.mark.parametrize(("count", "batch"), [(20, 100), (20, 1_000), (200, 700)])
def test_every_engine_reports_what_plain_python_reports(
    workload: Workload, engine: str, count: int, batch: int
) -> None:
    batches = min(12, SIZES["test"].stream // batch)
    assert played(engine, workload, count, batch, batches) == played("python", workload, count, batch, batches)


@pytest.mark.parametrize("engine", [*PEERS[:-1], "duckdb cold", "duckdb one pass", "raudience", OURS[-1]])
def test_asked_anew_every_engine_has_the_members_that_it_would_have_had(workload: Workload, engine: str) -> None:
    asked, python = engine_named(engine), make_engine("python")
    asked.load(workload, ())
    for questions in (audiences(20), without_carts(audiences(20))):
        asked.ask(questions)
        asked.answer()
        python.load(workload, questions)
        assert _plain(asked.members()) == _plain(python.members())


def test_the_workload_is_the_same_for_the_same_seed() -> None:
    one, same, other = (make(SIZES["test"], seed) for seed in (5, 5, 6))
    assert one.time.tolist() == same.time.tolist()
    assert one.time.tolist() != other.time.tolist()


def test_the_stream_has_late_events_changes_and_repeats_and_no_two_arrivals_at_once(workload: Workload) -> None:
    late = workload.time < workload.arrival
    assert not late[: workload.history].any()
    assert 0.003 < late[workload.history :].mean() < 0.03
    assert len(workload.change_event) > 30
    assert len(workload.repeats) == SIZES["test"].stream // 200
    assert (np.diff(workload.arrival) > 0).all()


def test_a_measured_download_has_a_row_for_each_identity(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    result = archived("test", 1)
    assert (result.agreed, result.rows) == (True, 2 * SIZES["test"].profiles)
    assert len(result.wall) == 6
    assert list(tmp_path.iterdir()) == []


def test_measured_estimates_have_the_true_sizes_and_measured_topics_are_all_answered() -> None:
    found, completed = guesses("test", 20, 1), completions("test", 1)
    assert (found.held, found.sampled, len(found.again)) == (20, SIZES["test"].profiles, 20)
    assert len(completed.first) == 11
    assert completed.memory > 0


def test_a_measured_connect_ends_with_every_member_at_the_partner(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    result = forwarded("test")
    assert (result.agreed, result.members) == (True, SIZES["test"].profiles)
    assert sorted(result.runs) == ["X's rate", "no limit"]
    assert list(tmp_path.iterdir()) == []


def test_sums_in_a_shard_have_the_members_of_sums_in_plain_python() -> None:
    assert aggregated("test", 100, rounds=1, batches=3).agreed
