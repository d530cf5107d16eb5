"""`raudience download`: a ZIP from the state of an engine."""

import json
import zipfile

import pytest

from raudience.catalog.commands import StartTest
from raudience.catalog.experiments import Share
from raudience.cli.main import main
from raudience.cluster.client import connect
from raudience.cluster.download_jobs import JobFolder
from tests.cluster.world import END, START, batch, write_book


@pytest.fixture
def kept(tmp_path):
    """A state with some batches of the shop in it, and a test of its fans."""
    with connect(engine="inline", state=tmp_path / "state") as client:
        client.define(write_book(tmp_path), at=START)
        client.ingest([batch(number) for number in range(216)], at=END)
        client._engine.decide(StartTest(key="fans", variations=(Share(50, "A"),), by="ann"), END)
        size = len(client.members("fans"))
    return size, ["--state", str(tmp_path / "state"), "--out", str(tmp_path / "out")]


def manifest(path):
    with zipfile.ZipFile(path) as archive:
        return json.loads(archive.read("manifest.json"))


def test_the_members_of_an_audience_are_downloaded_and_the_zip_is_named(kept, capsys):
    size, options = kept
    assert main(["download", "fans", "--identities", "email,customer_id:sha256", *options]) == 0
    path, _, told = capsys.readouterr().out.partition(": ")
    assert told.startswith(f"{2 * size} row(s), ")
    assert manifest(path)["rows_by_identity"] == {"email": size, "customer_id:sha256": size}


def test_all_variants_are_files_and_quiet_says_nothing_but_the_path(kept, capsys):
    size, options = kept
    words = ["download", "fans", "buyers", "--identities", "email", "--variants", "all", "--stored", "--quiet"]
    assert main([*words, *options]) == 0
    shown = capsys.readouterr()
    files = manifest(shown.out.strip())["files"]
    assert [each["file_name"].rsplit("_", 1)[0] for each in files] == [
        "fans_Threevisits,onapaidplan-A",
        "fans_Threevisits,onapaidplan-Control",
        "buyers_Boughtinthelastday",
    ]
    assert sum(each["total_users"] for each in files[:2]) == size
    assert shown.err == ""


def test_a_sample_has_so_many_users(kept, capsys):
    _, options = kept
    assert main(["download", "fans", "--identities", "email", "--sample", "3", "--quiet", *options]) == 0
    assert manifest(capsys.readouterr().out.strip())["total_rows"] == 3


def test_what_is_wrong_is_told_at_once_and_nothing_is_written(kept, capsys, tmp_path):
    _, options = kept
    assert main(["download", "fens", "--identities", "emial", *options]) == 2
    told = capsys.readouterr().err
    assert "audiences[0]: expected the key of an audience (fans, ...), got `fens`" in told
    assert "did you mean `email`?" in told
    assert not (tmp_path / "out").exists()


def test_a_download_leaves_a_job_that_never_goes(kept, tmp_path):
    _, options = kept
    assert main(["download", "fans", "--identities", "email", "--quiet", *options]) == 0
    [job] = JobFolder(tmp_path / "out", keep=None).all()
    assert (job.state, job.percent) == ("ready", 100.0)
