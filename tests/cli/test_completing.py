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
