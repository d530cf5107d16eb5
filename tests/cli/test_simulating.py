"""`raudience simulate`: timelines as text and as JSON."""

import json

import pytest

from raudience.cli.main import main
from tests.cluster.world import lines, write_book, write_lines


@pytest.fixture
def shop(tmp_path):
    events = write_lines(tmp_path / "events" / "all.ndjson", lines()).parent
    return ["simulate", str(events), "--audiences", str(write_book(tmp_path))]


def test_a_timeline_is_drawn_for_each_user(shop, capsys):
    assert main([*shop, "--users=-20,5", "--until", "2026-01-05"]) == 0
    shown = capsys.readouterr().out
    assert [line for line in shown.splitlines() if line.startswith("user ")] == [
        "user -20, 2026-01-01 00:00:00 to 2026-01-05 00:00:00 UTC",
        "user 5, 2026-01-01 00:00:00 to 2026-01-05 00:00:00 UTC",
    ]
    assert "out of buyers, by time" in shown
    assert "if nothing happens" in shown


def test_a_timeline_may_begin_later_and_end_earlier(shop, capsys):
    assert main([*shop, "--users", "5", "--from", "2026-01-02", "--until", "2026-01-02T12:00:00Z"]) == 0
    assert "2026-01-02 00:00:00 to 2026-01-02 12:00:00 UTC" in capsys.readouterr().out


def test_json_has_one_story_a_user(shop, capsys):
    assert main([*shop, "--users", "5", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert (shown["refused"], [story["mpid"] for story in shown["users"]]) == (0, ["5"])
    assert {entry["entry"] for entry in shown["users"][0]["entries"]} == {"event", "attribute", "membership"}


def test_a_user_who_never_came_has_an_empty_story(shop, capsys):
    assert main([*shop, "--users", "999"]) == 0
    assert "if nothing happens, nothing changes" in capsys.readouterr().out


def test_refused_lines_show_in_the_exit_status(shop, tmp_path, capsys):
    (tmp_path / "events" / "bad.ndjson").write_text("{nothing\n")
    assert main([*shop, "--users", "5"]) == 3
    assert "1 line(s) refused" in capsys.readouterr().out


@pytest.mark.parametrize("users", ["ana", "5,ana", ",", str(2**63)])
def test_users_are_mpids(shop, capsys, users):
    with pytest.raises(SystemExit):
        main([*shop, "--users", users])
    assert "expected MPIDs with commas between" in capsys.readouterr().err


def test_a_beginning_behind_the_end_is_refused(shop, capsys):
    assert main([*shop, "--users", "5", "--from", "2027-01-01"]) == 2
    assert "from: expected an instant up to" in capsys.readouterr().err
