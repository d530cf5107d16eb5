"""Semantics, section 15: the ZIP of a download, and its manifest."""

import csv
import io
import json
import zipfile

import numpy as np
import pytest

from raudience.catalog.downloads import Download, Selection
from raudience.catalog.experiments import Share, make_experiment
from raudience.export import Archive
from raudience.records.listings import Listing
from tests.export.test_rows import named
from tests.stories.stage import utc

ID = "9dd9b6dc-f0ec-4acf-8b18-f3a357afe1c3"
AT = utc("2018-11-29T17:21:36Z")
READ = AT + 500
TEST = make_experiment("a", [Share(40, "A"), Share(40, "B")], "ann", 1)
WHOLE = Selection("parisians", 8754, "Potential Parisians")
SPLIT = Selection("low", 12, "Low", TEST, ("A", "B", "Control"))


def listing(customers, emails, at=READ):
    """Users 1, 2, ... with customer ids c<place>; the first of them with e-mail addresses."""
    mpids = np.arange(1, customers + 1)
    ids = [[(place, f"{kind}{place}") for place in range(count)] for kind, count in (("c", customers), ("e", emails))]
    return Listing(mpids, np.full(customers, at), tuple(named(*values) for values in ids))


def archived(asked, *files):
    """The ZIP of a download whose files hold these listings."""
    file = io.BytesIO()
    archive = Archive(file, asked, ID, AT)
    for listings in files:
        with archive.next_file() as csv_file:
            for each in listings:
                csv_file.add(each)
    archive.close(AT + 2_000)
    return zipfile.ZipFile(file)


def rows_of(made, name):
    return list(csv.reader(io.TextIOWrapper(made.open(name), newline=""), skipinitialspace=True))


def manifest_of(made):
    return json.loads(made.read("manifest.json"))


BOTH = ("customer_id", "email")


def test_row_157_an_archive_has_a_csv_for_each_audience_or_variation_and_a_manifest():
    made = archived(Download((WHOLE, SPLIT), BOTH), *[[listing(1, 1)]] * 4)
    assert made.namelist() == [
        "8754_PotentialParisians_172136Nov292018.csv",
        "12_Low-A_172136Nov292018.csv",
        "12_Low-B_172136Nov292018.csv",
        "12_Low-Control_172136Nov292018.csv",
        "manifest.json",
    ]
    assert made.testzip() is None


def test_row_166_the_manifest_has_the_fields_of_the_source_in_its_order():
    made = archived(Download((WHOLE,), BOTH), [listing(15, 3)])
    assert manifest_of(made) == {
        "archive_name": "Audiences_172136Nov292018_9dd9.zip",
        "id": ID,
        "audience_ids": [8754],
        "included_identities": ["customer_id", "email"],
        "manifest_generated": "2018-11-29T17:21:38.0000000Z",
        "min_timestamp_ms": READ,
        "max_timestamp_ms": READ,
        "total_rows": 18,
        "rows_by_identity": {"customer_id": 15, "email": 3},
        "files": [
            {
                "file_name": "8754_PotentialParisians_172136Nov292018.csv",
                "min_timestamp_ms": READ,
                "max_timestamp_ms": READ,
                "total_users": 15,
                "total_rows": 18,
                "rows_by_identity": {"customer_id": 15, "email": 3},
            }
        ],
    }
    assert list(manifest_of(made)) == [
        "archive_name", "id", "audience_ids", "included_identities", "manifest_generated", "min_timestamp_ms",
        "max_timestamp_ms", "total_rows", "rows_by_identity", "files",
    ]  # fmt: skip


def test_row_167_sums_agree():
    made = archived(
        Download((SPLIT,), BOTH), [listing(5, 2), listing(3, 3, READ + 9)], [], [listing(1, 0), listing(0, 0)]
    )
    manifest = manifest_of(made)
    written = {name: len(rows_of(made, name)) - 1 for name in made.namelist()[:-1]}
    assert {each["file_name"]: each["total_rows"] for each in manifest["files"]} == written
    assert manifest["total_rows"] == sum(written.values()) == sum(manifest["rows_by_identity"].values()) == 14
    assert [each["total_users"] for each in manifest["files"]] == [8, 0, 1]
    assert (manifest["min_timestamp_ms"], manifest["max_timestamp_ms"]) == (AT, READ + 9)


def test_users_without_a_row_are_not_counted_among_those_of_a_file():
    made = archived(Download((WHOLE,), ("customer_id", "email")), [listing(0, 0)])
    assert manifest_of(made)["files"][0]["total_users"] == 0
    users = Listing(np.arange(5), np.full(5, READ), (named((1, "c")), named((1, "e"), (3, "f"))))
    assert manifest_of(archived(Download((WHOLE,), BOTH), [users]))["files"][0]["total_users"] == 2


def test_a_file_of_nobody_has_its_header_and_the_instant_of_the_download():
    made = archived(Download((WHOLE,), BOTH), [])
    figures = manifest_of(made)["files"][0]
    assert len(rows_of(made, figures["file_name"])) == 1
    assert (figures["min_timestamp_ms"], figures["max_timestamp_ms"], figures["rows_by_identity"]) == (
        AT, AT, {"customer_id": 0, "email": 0},
    )  # fmt: skip


def test_hashed_forms_stand_beside_plain_ones_and_the_manifest_says_what_they_are():
    asked = Download((WHOLE,), ("email", "email:sha256", "email:md5"))
    users = Listing(np.array([1]), np.array([READ]), (named((0, " A@X.com")),))
    made = archived(asked, [users])
    assert [row[2:] for row in rows_of(made, made.namelist()[0])[1:]] == [
        ["A@X.com", "email"],
        ["478abec7430569163161dfea8513b8ce89d05f559456a26e945c66e1fe55a29d", "email:sha256"],
        ["743173788aa9166801df2e18f0e7ff24", "email:md5"],
    ]
    manifest = manifest_of(made)
    assert manifest["included_identities"] == ["email", "email:sha256", "email:md5"]
    assert manifest["hashed_identities"] == {
        "email:sha256": "sha256 of the value trimmed and lower-cased, in hexadecimal digits",
        "email:md5": "md5 of the value trimmed and lower-cased, in hexadecimal digits",
    }


def test_the_manifest_of_a_sample_says_of_how_many_users():
    assert manifest_of(archived(Download((WHOLE,), BOTH, sample=10), []))["sample_users"] == 10


@pytest.mark.parametrize(("compressed", "kind"), [(True, zipfile.ZIP_DEFLATED), (False, zipfile.ZIP_STORED)])
def test_an_archive_is_compressed_or_not(compressed, kind):
    made = archived(Download((WHOLE,), BOTH, compressed=compressed), [listing(1_000, 1_000)])
    entry = made.infolist()[0]
    assert entry.compress_type == kind
    assert (entry.compress_size < entry.file_size / 2) == compressed
    assert len(rows_of(made, entry.filename)) == 2_001


def test_a_csv_may_become_larger_than_4_gb():
    made = archived(Download((WHOLE,), BOTH), [listing(1, 1)])
    made.fp.seek(made.infolist()[0].header_offset + 4)
    assert int.from_bytes(made.fp.read(2), "little") == 45, "version 4.5 of ZIP: sizes of 64 bits"


def test_files_carry_the_instant_of_the_download():
    assert archived(Download((WHOLE,), BOTH), []).infolist()[0].date_time == (2018, 11, 29, 17, 21, 36)
