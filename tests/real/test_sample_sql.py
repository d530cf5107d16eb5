"""The shipped sample: what it says it holds, and every membership on it against SQL over its lines."""

import gzip
import subprocess
import sys
from pathlib import Path

import pytest

from tests.real import sample_sql
from tests.real.replaying import instant, members, run_replay

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "docs" / "sample"
INSTANTS = ("2026-03-15T00:00:00Z", "2026-04-05T06:00:00Z", "2026-04-10T00:00:00Z", "2026-04-25T12:34:56.789Z")
LAST = "2026-04-10T00:00:00Z"
BAD_LINES = (2, 3, 4)


def lines_of(path):
    data = path.read_bytes()
    return gzip.decompress(data) if path.suffix == ".gz" else data


@pytest.fixture(scope="module")
def base():
    return sample_sql.load(sorted((SAMPLE / "events").iterdir()))


@pytest.fixture(scope="module")
def replayed(tmp_path_factory):
    out = tmp_path_factory.mktemp("sample") / "out"
    assert run_replay(SAMPLE / "events", SAMPLE / "audiences.yaml", out, INSTANTS) == 0
    return out


@pytest.mark.parametrize("at", INSTANTS)
def test_members_are_those_that_sql_finds_in_the_lines(replayed, base, at):
    expected = sample_sql.memberships(base, instant(at))
    assert {key: members(replayed, at, key) for key in expected} == expected


def test_no_audience_of_the_sample_is_empty_or_holds_everybody(base):
    sizes = {key: len(found) for key, found in sample_sql.memberships(base, instant(LAST)).items()}
    assert [key for key, size in sizes.items() if not 5 <= size <= 1000] == []


def test_the_generator_makes_the_shipped_lines(tmp_path):
    subprocess.run([sys.executable, ROOT / "scripts" / "sample.py", tmp_path], check=True, capture_output=True)
    made = {path.relative_to(tmp_path): lines_of(path) for path in tmp_path.rglob("*.ndjson*")}
    assert made == {path.relative_to(SAMPLE): lines_of(path) for path in SAMPLE.rglob("*.ndjson*")}


def test_bad_lines_are_refused_and_the_good_ones_between_them_count(tmp_path):
    status = run_replay(SAMPLE / "bad.ndjson", SAMPLE / "audiences.yaml", tmp_path / "out", ["2026-03-02T00:00:00Z"])
    rejects = (tmp_path / "out" / "rejects.ndjson").read_text().splitlines()
    assert (status, len(rejects)) == (3, len(BAD_LINES))
    assert members(tmp_path / "out", "2026-03-02T00:00:00Z", "newcomers") == {1, 3}
