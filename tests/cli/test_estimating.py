"""`raudience estimate` and `raudience overlap`: what they print."""

import json

import pytest

from raudience.cli.main import main
from raudience.cluster.client import connect
from tests.cluster.world import END, lines, write_book

DRAFT = """
audiences:
  - key: payers
    name: Payers
    criteria:
      type: exclude
      of: [{type: user_attribute, name: plan, test: {op: exact_match, value: paid}}, {type: audience, audience: buyers}]
  - {key: lost, name: Lost, inputs: [app], criteria: {type: event, kind: crash}}
"""


@pytest.fixture
def state(tmp_path):
    """The words that name a lasting engine with the small world, and a file of drafts."""
    (tmp_path / "draft.yaml").write_text(DRAFT)
    with connect(engine="inline", state=tmp_path / "state") as client:
        client.define(write_book(tmp_path))
        client.ingest([line.encode() for line in lines()], at=END)
    return ["--state", str(tmp_path / "state")], str(tmp_path / "draft.yaml")


def test_estimates_show_the_whole_each_criterion_and_what_was_looked_at(state, capsys):
    engine, draft = state
    assert main(["estimate", draft, "--audience", "payers", *engine]) == 0
    first, whole, paid, bought, last = capsys.readouterr().out.splitlines()
    assert first == "payers at 2026-01-04T00:00:00.000Z"
    assert whole.split() == ["22", "exact", "the", "whole", "audience"]
    assert paid.split()[:3] == ["27", "exact", "criteria.of[0]"]
    assert bought.split()[:3] == ["8", "exact", "criteria.of[1]"]
    assert last == "40 of 40 profiles looked at: each stands for 1.0"


def test_each_audience_of_the_file_is_estimated_and_a_warning_is_no_error(state, capsys):
    engine, draft = state
    assert main(["estimate", draft, *engine]) == 0
    assert capsys.readouterr().out.splitlines()[-2:] == [
        "lost at 2026-01-04T00:00:00.000Z",
        "⚠ cannot be estimated: audiences[1].inputs[0]: expected an input of this book, which has none, got `app`",
    ]


def test_estimates_are_json_for_machines(state, capsys):
    engine, draft = state
    assert main(["estimate", draft, "--audience", "payers", "--json", *engine]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["audience"], told["population"], told["stands_for"], told["warning"]) == ("payers", 40, 1.0, None)
    assert told["figures"][0] == {"path": "", "size": 22, "least": 22, "most": 22, "found": 22, "exact": True}


def test_an_overlap_names_the_audiences(state, capsys):
    engine, draft = state
    assert main(["overlap", "buyers", "fans", *engine]) == 0
    shown = [line.split()[2:] for line in capsys.readouterr().out.splitlines()[1:-1]]
    assert shown == [["buyers"], ["fans"], ["both"], ["only", "buyers"], ["only", "fans"]]
    assert main(["overlap", "buyers", "payers", "--audiences", draft, "--json", *engine]) == 0
    assert json.loads(capsys.readouterr().out)["figures"][2]["size"] == 0


def test_an_audience_that_is_not_in_the_file_is_a_mistake_of_the_command(state, capsys):
    engine, draft = state
    assert main(["estimate", draft, "--audience", "x", *engine]) == 2
    assert "expected one of" in capsys.readouterr().err


def test_an_audience_of_the_catalog_is_estimated_without_a_file(state, capsys):
    engine, _ = state
    assert main(["estimate", "--audience", "fans", *engine]) == 0
    assert [line.split()[-1] for line in capsys.readouterr().out.splitlines()[1:-1]] == [
        "audience", "criteria.of[0]", "criteria.of[1]",
    ]  # fmt: skip
    assert main(["estimate", *engine]) == 2
    assert "expected a FILE of audiences, or --audience" in capsys.readouterr().err
