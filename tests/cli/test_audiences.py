"""`raudience audiences` and `raudience account`: what people type, and what they read."""

import json

import pytest

from raudience.cli.main import main
from raudience.cluster.client import connect

BOOK = """
audiences:
  - {key: pros, name: Pros, criteria: {type: user_attribute, name: plan, test: {op: exact_match, value: pro}}}
"""
OTHER = BOOK.replace("value: pro", "value: gold")


@pytest.fixture
def state(tmp_path):
    """The state of an engine with one audience of two users."""
    (tmp_path / "book.yaml").write_text(BOOK)
    (tmp_path / "other.yaml").write_text(OTHER)
    with connect(engine="inline", state=tmp_path / "state", by="ana") as client:
        client.ingest([{"mpid": mpid, "user_attributes": {"plan": plan}} for mpid, plan in
                       ((1, "pro"), (2, "pro"), (3, "gold"))], 1_767_225_600_000)  # fmt: skip
        client.define(tmp_path / "book.yaml")
    return tmp_path


def run(state, *words):
    return main([*words, "--state", str(state / "state")])


def read(capsys):
    return capsys.readouterr().out.splitlines()


def test_the_list_as_json_has_figures_and_labels(state, capsys):
    assert run(state, "audiences", "tag", "pros", "loyal", "--by", "bob") == 0
    read(capsys)
    assert run(state, "audiences", "list", "--tag", "loyal", "--json") == 0
    (row,) = map(json.loads, read(capsys))
    assert (row["key"], row["size"], row["tags"], row["updated_by"]) == ("pros", 2, ["loyal"], "bob")
    assert run(state, "audiences", "list", "--tag", "new", "--json") == 0
    assert read(capsys) == []


def test_the_list_as_a_table_marks_tests_and_counts_what_is_active(state, capsys):
    run(state, "audiences", "test", "pros", "40:Loud")
    read(capsys)
    run(state, "audiences", "list")
    text = "\n".join(read(capsys))
    assert "1 active audience(s)" in text
    assert "pros %" in text


def test_keys_and_figures_are_whole_however_long_status_and_tags_are(state, capsys):
    run(state, "audiences", "tag", "pros", *(f"a tag of 18 lett {number}" for number in range(4)))
    run(state, "audiences", "edit", "pros", str(state / "other.yaml"), "--hold")
    read(capsys)
    run(state, "audiences", "list")
    (row,) = [line for line in read(capsys) if line.startswith("│ pros ")]
    assert [cell.strip() for cell in row.split("│")][3:7] == ["2", "2", "0", "100.0%"]


def test_an_edit_is_held_previewed_and_cut_over(state, capsys):
    assert run(state, "audiences", "edit", "pros", str(state / "other.yaml"), "--hold") == 0
    assert run(state, "audiences", "preview", "pros") == 0
    assert run(state, "audiences", "cut-over", "pros") == 0
    held, seen, *moving, over = read(capsys)
    assert held == "pros: active, version 1 in force, version 2 waits for cut-over"
    assert seen == "pros: 1 would enter, 2 would leave, 0 would stay"
    assert sorted(moving) == ["+ 3", "- 1", "- 2"]
    assert over == "pros: active, version 2 in force"


def test_what_is_refused_is_said_with_status_2(state, capsys):
    assert run(state, "audiences", "activate", "pros") == 2
    assert "expected a draft or an archived audience" in capsys.readouterr().err


def test_versions_show_who_made_them(state, capsys):
    run(state, "audiences", "edit", "pros", str(state / "other.yaml"), "--note", "golden", "--by", "bob")
    read(capsys)
    run(state, "audiences", "versions", "pros")
    text = "\n".join(read(capsys))
    for part in ("2 in force", "bob", "golden", "ana"):
        assert part in text


def test_a_draft_of_a_file_is_created_and_activated(state, capsys):
    (state / "new.yaml").write_text(OTHER.replace("pros", "golds"))
    run(state, "audiences", "create", str(state / "new.yaml"), "--draft")
    run(state, "audiences", "activate", "golds")
    run(state, "audiences", "archive", "golds")
    run(state, "audiences", "delete", "golds")
    assert read(capsys) == [
        "golds: draft, version 1", "golds: active, version 1 in force", "golds: archived, version 1", "golds: deleted",
    ]  # fmt: skip


def test_a_secret_is_printed_once_and_the_account_shows_none(state, capsys):
    run(state, "account", "workspace", "shop")
    run(state, "account", "input", "web", "--workspace", "shop", "--new-secret")
    (secret,) = read(capsys)
    run(state, "account", "show")
    text = "\n".join(read(capsys))
    assert "key: web" in text
    assert secret not in text


def test_settings_tiers_and_purposes_are_set_and_the_journal_says_by_whom(state, capsys):
    run(state, "account", "settings", "--lookback", "60 days", "--by", "cleo")
    run(state, "account", "tier", "custom", "Played", "preserve")
    run(state, "account", "purposes", "analytics", "ads")
    run(state, "account", "show")
    text = "\n".join(read(capsys))
    for part in ("lookback: 60 days", "tier: preserve", "- analytics", "- ads"):
        assert part in text
    run(state, "account", "journal")
    assert any("cleo  SetSettings" in line for line in read(capsys))
