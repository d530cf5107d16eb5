"""`raudience complete`: suggestions with their counts."""

import json

import pytest

from raudience.cli.main import main
from raudience.cluster.client import connect
from tests.cluster.world import END, lines, write_book


@pytest.fixture
def engine(tmp_path):
    """The words that name a lasting engine with the small world."""
    with connect(engine="inline", state=tmp_path / "state") as client:
        client.define(write_book(tmp_path))
        client.ingest([line.encode() for line in lines()], at=END)
    return ["--state", str(tmp_path / "state")]


def test_suggestions_are_shown_with_their_counts(engine, capsys):
    assert main(["complete", "events", *engine]) == 0
    assert capsys.readouterr().out == "216  Visit\n 44  purchase\n"


def test_suggestions_are_json_for_machines(engine, capsys):
    assert main(["complete", "user.plan", "PA", "--json", *engine]) == 0
    assert json.loads(capsys.readouterr().out) == [{"text": "paid", "count": 27}]


def test_no_more_are_shown_than_are_wanted(engine, capsys):
    assert main(["complete", "identity.email", "user", "--most", "3", *engine]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 3


def test_what_nobody_can_ask_about_is_a_mistake_of_the_command(engine, capsys):
    assert main(["complete", "shoes", *engine]) == 2
    assert "about: expected NAMESPACE" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["user.plam"], "about: expected what was seen (user.plan), got `user.plam`"),
        (["user.plan", "xyz"], "nothing that was seen of user.plan has `xyz` in it"),
        (["calculated.ltv"], "nothing was seen of calculated yet"),
        (["categories.custom"], "nothing was seen of categories yet"),
    ],
    ids=str,
)
def test_where_nothing_is_suggested_the_reason_is_told_beside_the_result(engine, capsys, words, told):
    assert main(["complete", *words, *engine]) == 0
    shown = capsys.readouterr()
    assert (shown.out, shown.err) == ("", f"{told}\n")
