"""The folder of a replay: complete with its summary, replaced by the next replay, never mixed with other files."""

import msgspec
import numpy as np
import pytest

from raudience.cluster.outcome import Outcome, claimed, folder_of
from raudience.errors import FixRequest
from tests.coordinator.test_merging import changes

NOON = 1_769_860_800_000


class Figures(msgspec.Struct):
    changes: int


def nobody(mpids, names):
    return [{} for _ in mpids]


def written(folder) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_what_a_replay_leaves(tmp_path):
    outcome = Outcome(tmp_path / "out")
    outcome.add_changes(changes(("a",), (NOON, "a", 1, True)))
    outcome.write_members(NOON, "a", np.array([-5, 1]), (), nobody)
    outcome.write_rejects([b'{"line":3}'])
    outcome.close(Figures(outcome.changes))
    files = written(tmp_path / "out")
    assert files.pop("changes.csv").startswith("audience,mpid,change,at,id\na,1,in,2026-01-31T12:00:00.000Z,")
    assert files == {
        "members-20260131T120000Z/a.csv": "mpid\n-5\n1\n",
        "rejects.ndjson": '{"line":3}\n',
        "summary.json": '{\n  "changes": 1\n}\n',
    }


def test_identities_stand_beside_members_several_joined_and_quoted(tmp_path):
    def identify(mpids, names):
        return [{"email": ("a@x.org", "b@x.org")}, {"customer_id": ('5"0,1',)}, {}]

    outcome = Outcome(tmp_path)
    outcome.write_members(NOON, "a", np.array([1, 2, 3]), ("email", "customer_id"), identify)
    outcome.abandon()
    assert (tmp_path / "members-20260131T120000Z" / "a.csv").read_text().splitlines() == [
        "mpid,email,customer_id",
        "1,a@x.org;b@x.org,",
        '2,,"5""0,1"',
        "3,,",
    ]


def test_milliseconds_show_in_the_folder_only_when_there_are_any():
    assert folder_of(NOON) == "members-20260131T120000Z"
    assert folder_of(NOON + 7) == "members-20260131T120000.007Z"


def test_an_abandoned_replay_has_no_summary(tmp_path):
    Outcome(tmp_path).abandon()
    assert list(written(tmp_path)) == ["changes.csv"]


def test_an_earlier_replay_is_replaced(tmp_path):
    first = Outcome(tmp_path)
    first.write_members(NOON, "gone", np.array([1]), (), nobody)
    first.close(Figures(0))
    Outcome(tmp_path).abandon()
    assert list(written(tmp_path)) == ["changes.csv"]


@pytest.mark.parametrize("foreign", ["notes.txt", "members-of-the-club/list.csv"])
def test_a_folder_with_other_files_is_refused_and_left_alone(tmp_path, foreign):
    path = tmp_path / foreign
    path.parent.mkdir(exist_ok=True)
    path.write_text("mine")
    with pytest.raises(FixRequest, match="choose another with --out"):
        Outcome(tmp_path)
    assert written(tmp_path) == {foreign: "mine"}


def test_a_second_replay_into_a_folder_is_refused_while_the_first_is_under_way(tmp_path):
    out = tmp_path / "results" / "out"
    with claimed(out):
        Outcome(out).abandon()
        with pytest.raises(FixRequest, match="got one that another replay is writing to now"), claimed(out):
            raise AssertionError
        assert (out / "changes.csv").exists()
    with claimed(out):
        pass


def test_a_folder_that_was_claimed_in_vain_goes_again(tmp_path):
    with claimed(tmp_path / "out"):
        assert (tmp_path / "out").is_dir()
    assert not (tmp_path / "out").exists()


def test_a_folder_of_somebody_else_is_refused_before_anything_is_read(tmp_path):
    (tmp_path / "letter.txt").write_text("dear")
    with pytest.raises(FixRequest, match=r"got one with `letter.txt` in it"), claimed(tmp_path):
        raise AssertionError
