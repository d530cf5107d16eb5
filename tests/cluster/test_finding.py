"""Files, folders and patterns lead to files, each once, in the order of their paths."""

import pytest

from raudience.cluster.finding import find_files
from raudience.errors import FixRequest


@pytest.fixture
def folder(tmp_path):
    for name in ("b.ndjson", "a.ndjson.gz", "deep/c.jsonl", "d.parquet", "notes.md", "odd.log"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.touch()
    return tmp_path


def names(folder, *asked):
    return [str(path.relative_to(folder)) for path in find_files(str(folder / name) for name in asked)]


def test_a_folder_stands_for_the_files_of_events_below_it(folder):
    assert names(folder, "") == ["a.ndjson.gz", "b.ndjson", "d.parquet", "deep/c.jsonl"]


def test_a_pattern_stands_for_what_it_matches(folder):
    assert names(folder, "*.ndjson*") == ["a.ndjson.gz", "b.ndjson"]
    assert names(folder, "**/*.jsonl") == ["deep/c.jsonl"]


def test_a_file_that_is_named_is_taken_whatever_it_is_called(folder):
    assert names(folder, "odd.log") == ["odd.log"]


def test_a_file_that_is_named_twice_counts_once(folder):
    assert names(folder, "b.ndjson", "*.ndjson", "deep/../b.ndjson") == ["b.ndjson"]


@pytest.mark.parametrize("name", ["nothing.ndjson", "*.csv"])
def test_a_name_that_leads_nowhere_is_refused(folder, name):
    with pytest.raises(FixRequest, match="expected an existing file, folder or pattern of files, got nothing"):
        find_files([str(folder / name)])


def test_a_folder_without_events_is_refused(folder):
    (folder / "empty").mkdir()
    with pytest.raises(FixRequest, match=r"expected files of events \(.ndjson"):
        find_files([str(folder / "empty")])
