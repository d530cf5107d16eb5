"""`raudience validate`, `plan`, `diff`, `apply` and `export`."""

import io
import json

import pytest

from raudience.cli.main import main
from tests.cluster.test_coding import VISITORS
from tests.cluster.world import BOOK, lines, write_book, write_lines


@pytest.fixture
def state(tmp_path):
    """Words that name the state of a shop with the book of the world."""
    events = write_lines(tmp_path / "events" / "all.ndjson", lines()).parent
    place = str(tmp_path / "state")
    words = ["replay", str(events), "--audiences", str(write_book(tmp_path)), "--out", str(tmp_path / "out")]
    assert main([*words, "--engine", "inline", "--state", place, "--quiet"]) == 0
    return ["--state", place]


@pytest.fixture
def folder(tmp_path):
    """A folder with the book of the world and an audience more."""
    path = tmp_path / "audiences"
    path.mkdir()
    (path / "book.yaml").write_text(BOOK)
    (path / "visitors.yaml").write_text(VISITORS)
    return str(path)


def test_a_folder_is_validated_as_one_book(folder, capsys):
    assert main(["validate", folder]) == 0
    assert f"{folder}: good: 3 audience(s) of 5 distinct criteria in 2 file(s)" in capsys.readouterr().out


def test_every_fault_of_a_folder_is_told_with_its_line(folder, tmp_path, capsys):
    (tmp_path / "audiences" / "other.yaml").write_text(VISITORS.replace("at_least", "at_last"))
    assert main(["validate", folder]) == 2
    shown = capsys.readouterr().err
    assert "other.yaml:5 audiences[0].criteria.frequency.at_last: expected one of the fields" in shown
    assert f"audiences[0].key: expected a key of its own, got `visitors`; {folder}/other.yaml:3 audiences[0]" in shown


def test_a_folder_without_definitions_is_refused(tmp_path, capsys):
    assert main(["validate", str(tmp_path)]) == 2
    assert "expected files of definitions (.yaml, .yml, .json)" in capsys.readouterr().err


def test_tables_of_tests_and_hidden_files_are_no_definitions(folder, tmp_path, capsys):
    (tmp_path / "audiences" / "carts.audience.yaml").write_text("tests: []")
    (tmp_path / "audiences" / ".github").mkdir()
    (tmp_path / "audiences" / ".github" / "check.yaml").write_text("on: push")
    assert main(["validate", folder]) == 0
    assert "in 2 file(s)" in capsys.readouterr().out


def test_a_plan_shows_who_moves_and_the_cost(folder, state, capsys):
    assert main(["plan", folder, *state]) == 0
    shown = capsys.readouterr().out.splitlines()
    assert shown[0] == f"+ visitors added  {folder}/visitors.yaml:3"
    assert shown[1].startswith("    members 0 -> ")
    assert f"{folder}: 1 added; 0 of it breaking" in shown
    assert "    custom Visit, 30 days back" in shown


def test_a_plan_may_be_checked(folder, state, capsys):
    assert main(["plan", folder, *state, "--check"]) == 4
    assert main(["diff", folder, *state, "--check"]) == 4
    assert main(["apply", folder, *state, "--yes"]) == 0
    assert main(["plan", folder, *state, "--check"]) == 0
    assert "nothing to do, everything is so already" in capsys.readouterr().out


def test_a_plan_in_json_has_all_of_it(folder, state, capsys):
    assert main(["plan", folder, *state, "--prune", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    (visitors,) = shown["changes"]
    assert (visitors["key"], visitors["change"], visitors["present"]) == ("visitors", "added", 0)
    assert visitors["adds"]["size"] == visitors["expected"]["size"] > 0
    assert shown["cost"]["new"] == 1
    assert (shown["stays"], shown["drifts"], shown["breaking"]) == ([], [], [])


def test_a_diff_is_a_patch(folder, state, capsys):
    assert main(["diff", folder, *state]) == 0
    assert capsys.readouterr().out.splitlines()[:4] == [
        "--- visitors (present)",
        "+++ visitors (wanted)",
        "@@ -0,0 +1,7 @@",
        "+key: visitors",
    ]


def test_what_is_applied_twice_is_applied_once(folder, state, capsys):
    assert main(["apply", folder, *state, "--yes", "--by", "ana"]) == 0
    assert "applied, 1 decision(s)" in capsys.readouterr().out
    assert main(["apply", folder, *state, "--yes", "--by", "ana"]) == 0
    assert capsys.readouterr().out == f"{folder}: nothing to do, everything is so already\n"


def test_nobody_is_asked_where_nobody_can_answer(folder, state, capsys, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    assert main(["apply", folder, *state]) == 2
    assert "expected --yes" in capsys.readouterr().err
    assert main(["plan", folder, *state, "--check"]) == 4


@pytest.mark.parametrize(("answer", "status"), [("y", 0), ("", 4), ("no", 4)])
def test_who_can_answer_is_asked(folder, state, monkeypatch, answer, status):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.setattr("sys.stdin", Terminal(answer + "\n"))
    assert main(["apply", folder, *state]) == 0
    assert main(["plan", folder, *state, "--check"]) == status


def test_what_the_folder_does_not_have_is_named(tmp_path, state, capsys):
    (tmp_path / "few").mkdir()
    (tmp_path / "few" / "visitors.yaml").write_text(VISITORS)
    few = str(tmp_path / "few")
    assert main(["apply", few, *state, "--yes"]) == 0
    assert f"= buyers is not in {few} and stays; --prune deletes it" in capsys.readouterr().out
    assert main(["apply", few, *state, "--yes", "--prune"]) == 0
    shown = capsys.readouterr().out
    assert "- buyers removed" in shown
    assert "breaking: its members leave" in shown


def test_edits_made_elsewhere_are_shown_and_need_a_word(folder, tmp_path, state, capsys):
    assert main(["apply", folder, *state, "--yes"]) == 0
    other = tmp_path / "other.yaml"
    other.write_text(VISITORS.replace("at_least: 5", "at_least: 7"))
    assert main(["audiences", "edit", "visitors", str(other), *state, "--by", "zoe"]) == 0
    capsys.readouterr()
    assert main(["apply", folder, *state, "--yes"]) == 2
    shown = capsys.readouterr()
    assert "! visitors was edited elsewhere, by zoe at " in shown.out
    assert "+  frequency: {at_least: 7}" in shown.out
    assert "take them over (`raudience export`), or undo them with --force" in shown.err
    assert main(["apply", folder, *state, "--yes", "--force"]) == 0


def test_an_export_is_a_folder_to_go_on_with(tmp_path, state, capsys):
    out = str(tmp_path / "code")
    assert main(["export", "--out", out, *state]) == 0
    assert "audiences/fans.yaml" in capsys.readouterr().out
    assert main(["plan", out, *state, "--check", "--prune"]) == 0


def test_an_export_may_be_printed(state, capsys):
    assert main(["export", "--audience", "fans", *state]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("audiences:\n  - key: fans\n    name: Three visits, on a paid plan\n")
    assert main(["export", *state]) == 0
    assert "key: buyers" in capsys.readouterr().out
    assert main(["export", "--audience", "fans", "--out", "x", *state]) == 2


@pytest.mark.parametrize("text", ["", "# later\n", "audiences: []\n"])
def test_where_there_is_nothing_to_validate_nothing_is_good(tmp_path, capsys, text):
    (tmp_path / "book.yaml").write_text(text)
    for path, got in ((tmp_path, "files"), (tmp_path / "book.yaml", "a file")):
        assert main(["validate", str(path)]) == 2
        told = capsys.readouterr()
        assert told.out == ""
        assert f"{path}: expected audiences, or settings of the account, got {got} without any" in told.err


def test_settings_without_audiences_are_good_and_said_to_be_alone(tmp_path, capsys):
    (tmp_path / "book.yaml").write_text("settings: {lookback: 40 days}\n")
    assert main(["validate", str(tmp_path / "book.yaml")]) == 0
    assert "good, but there are no audiences in it" in capsys.readouterr().out
