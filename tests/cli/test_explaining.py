"""`raudience why`: a drawn tree or JSON, by files or by an engine."""

import json

import pytest

from raudience.cli.main import main
from raudience.cluster.reasons import lines_of
from raudience.records import AndNode, CriterionNode, Evidence, ExcludeNode, Explanation, Truth

ACTIVE = Truth("active, not opted out", True, "known", (Evidence("latest activity", 0),), 1, True)
PAID = Truth("user attribute plan is paid", False, "absent", (), None, True)
LOST = Truth("custom Lost never", True, "0 events")


def test_the_tree_is_drawn_with_the_truth_of_each_part():
    excluding = ExcludeNode(False, (CriterionNode(False, 1), CriterionNode(True, 2)))
    tree = AndNode(False, (CriterionNode(True, 0), excluding))
    lines = list(lines_of(Explanation("a", 7, 0, True, False, (ACTIVE, PAID, LOST), 1, (0,), tree)))
    assert lines == [
        "7 is not in a at 1970-01-01T00:00:00.000Z",
        "no   and",
        "yes  ├─ active, not opted out *",
        "     │    found: known",
        "     │    latest activity at 1970-01-01T00:00:00.000Z",
        "     │    turns to no at 1970-01-01T00:00:00.001Z if nothing happens",
        "no   └─ exclude",
        "no      ├─ user attribute plan is paid *",
        "        │    found: absent",
        "yes     └─ except custom Lost never",
        "             found: 0 events",
        "If nothing happens, joins at 1970-01-01T00:00:00.001Z, by: active, not opted out",
        "If only what is marked * were otherwise, the answer would be otherwise",
    ]


def test_why_asks_an_engine_by_its_state(kept, capsys):
    assert main(["why", "-20", "fans", *kept]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("-20 is")
    assert "custom Visit at least 3 times" in shown


def test_why_as_json_is_one_object_with_the_mpid_as_text(kept, capsys):
    assert main(["why", "-20", "fans", "--json", *kept]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["mpid"], found["tree"]["type"], found["at"]) == ("-20", "and", "2026-01-01T20:00:00.000Z")
    assert {"criterion", "holds", "found", "evidence", "flips_at", "decides"} == set(found["criteria"][0])


@pytest.mark.parametrize("words", [[], ["--events", "x"], ["--name", "a", "--state", "b"]])
def test_why_needs_files_or_one_engine(words, capsys):
    assert main(["why", "1", "fans", *words]) == 2
    assert "expected" in capsys.readouterr().err
