"""Real people, one real shop: every membership on the CDNOW purchases against SQL over the source file."""

from pathlib import Path

import pytest

from scripts.cdnow import fetch, write_batches
from tests.real import cdnow_sql
from tests.real.replaying import changes, instant, members, run_replay

pytestmark = pytest.mark.slow

BOOK = Path(__file__).parent / "cdnow.yaml"
SIZES = {
    "1997-03-31T12:00:00Z": (918, 793, 526, 7846, 0, 0, 440, 0, 353, 9524, 338, 102, 0),
    "1997-09-01T00:00:00Z": (1687, 447, 896, 7687, 219, 368, 1251, 18994, 478, 1701, 486, 221, 4654),
    "1998-01-01T12:00:00Z": (1949, 380, 625, 7286, 1475, 1103, 1525, 19375, 581, 1830, 576, 278, 4654),
    "1998-01-01T12:00:00.001Z": (1949, 365, 618, 7284, 1481, 1103, 1525, 19397, 577, 1770, 576, 278, 4654),
    "1998-07-01T00:00:00Z": (2038, 297, 477, 6796, 2941, 2097, 1670, 20269, 305, 1506, 671, 346, 4654),
}
"""Expected sizes of the audiences, in the order of their keys. The file knows days, all purchases are at 12:00: one
millisecond after noon the windows that end on that day have ended."""


@pytest.fixture(scope="module")
def source():
    try:
        return fetch()
    except OSError as missing:
        pytest.skip(f"the CDNOW purchases cannot be fetched: {missing}")


@pytest.fixture(scope="module")
def base(source):
    return cdnow_sql.open_source(source)


@pytest.fixture(scope="module")
def replayed(source, tmp_path_factory):
    place = tmp_path_factory.mktemp("cdnow")
    assert write_batches(source, place / "cdnow.ndjson") == 69_659
    assert run_replay(place / "cdnow.ndjson", BOOK, place / "out", SIZES) == 0
    return place / "out"


@pytest.mark.parametrize("at", SIZES)
def test_members_are_those_that_sql_finds_in_the_source(replayed, base, at):
    expected = cdnow_sql.memberships(base, instant(at))
    assert {key: members(replayed, at, key) for key in expected} == expected


@pytest.mark.parametrize("at", SIZES)
def test_sizes_are_the_known_ones(replayed, at):
    assert {key: len(members(replayed, at, key)) for key in cdnow_sql.AUDIENCES} == dict(
        zip(sorted(cdnow_sql.AUDIENCES), SIZES[at], strict=True)
    )


def test_every_entry_and_exit_of_a_window_is_logged_at_its_millisecond(replayed, base):
    expected = cdnow_sql.stays(base, instant("1998-07-01T00:00:00Z"))
    assert len(expected) == 92_402
    assert changes(replayed, "recent") == expected


@pytest.mark.parametrize("key", sorted(cdnow_sql.AUDIENCES))
def test_the_changes_of_an_audience_add_up_to_its_members(replayed, key):
    inside = set()
    for _, mpid, entered in changes(replayed, key):
        assert (mpid not in inside) is entered
        inside ^= {mpid}
    assert inside == members(replayed, "1998-07-01T00:00:00Z", key)
