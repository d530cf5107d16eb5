"""What has to be looked at for an estimate: the whole of an audience, each of its criteria, two audiences together."""

import json

import pytest

from raudience.catalog.commands import Create, Edit
from raudience.catalog.deciding import decide
from raudience.catalog.documents import read_book, read_draft
from raudience.catalog.entries import CatalogState
from raudience.catalog.estimating import (
    BOTH,
    LEFT,
    ONLY_LEFT,
    ONLY_RIGHT,
    RIGHT,
    drafted,
    estimate_plan,
    latest_of,
    overlap_plan,
    unknown_sources,
    with_drafts,
)  # fmt: skip
from raudience.catalog.planning import plan
from raudience.errors import FixDefinition, FixRequest
from tests.stories.stage import asks, attribute, audience, book

GOLD, VISITS = attribute("plan", "exact_match", value="gold"), asks("Visit")
NAMES = {"type": "audience", "audience": "gold"}
WEB = {"inputs": [{"key": "web", "workspace": "shop"}]}


def read(*audiences, **fields):
    return read_book(json.dumps(book(*audiences, **fields)).encode(), "book.json", "json")


def draft(*audiences, **fields):
    return read_draft(json.dumps(book(*audiences, **fields)).encode(), "draft.json", "json")


def paths(planned):
    return [each.key for each in planned.audiences]


def test_the_whole_and_each_criterion_are_asked_by_their_paths():
    inner = {"type": "or", "of": [VISITS, asks("Song")]}
    asked = estimate_plan(read(audience({"type": "exclude", "of": [GOLD, inner]})), "a")
    assert paths(asked) == ["", "criteria.of[0]", "criteria.of[1]", "criteria.of[1].of[0]", "criteria.of[1].of[1]"]


def test_the_whole_is_asked_as_it_is_in_force():
    wanted = read(audience({"type": "and", "of": [GOLD, VISITS]}), **WEB)
    asked, in_force = estimate_plan(wanted, "a"), plan(wanted)
    assert asked.audiences[0].formula == in_force.audiences[0].formula
    assert (asked.leaves, asked.workspaces) == (in_force.leaves, in_force.workspaces)


def test_a_criterion_counts_those_who_are_alive_in_the_workspaces_of_the_audience():
    asked = estimate_plan(read(audience({"type": "or", "of": [GOLD, VISITS]}, workspaces=["shop"]), **WEB), "a")
    alive = asked.audiences[0].formula.of[0]
    assert asked.leaves[alive].workspaces == ("shop",)
    assert [each.formula.of[0] for each in asked.audiences] == [alive] * 3


def test_what_other_audiences_ask_is_not_looked_at():
    asked = estimate_plan(read(audience(GOLD), audience(VISITS, "other")), "a")
    assert len(asked.leaves) == 2


def test_an_audience_that_is_named_is_looked_at_inside():
    asked = estimate_plan(read(audience({"type": "and", "of": [NAMES, VISITS]}), audience(GOLD, "gold")), "a")
    assert paths(asked) == ["", "criteria.of[0]", "criteria.of[1]"]
    assert len(asked.leaves) == 3


def test_two_audiences_are_looked_at_together():
    both = overlap_plan(
        read(audience(GOLD, "gold"), audience(VISITS, "visits"), audience(asks("B"), "b")), "gold", "visits"
    )
    assert paths(both) == [LEFT, RIGHT, BOTH, ONLY_LEFT, ONLY_RIGHT]
    assert len(both.leaves) == 3


def test_an_audience_that_is_not_there_cannot_be_estimated():
    with pytest.raises(FixRequest, match="audience: expected one of gold; got a"):
        estimate_plan(read(audience(GOLD, "gold")), "a")


def test_a_draft_is_seen_in_the_book_in_force():
    in_force = read(audience(GOLD, "gold"), audience(VISITS), **WEB)
    seen = drafted(in_force, draft(audience(GOLD), settings={"lookback": "90 days"}, inputs=[{"key": "app"}]))
    assert [(each.key, each.criteria) for each in seen.audiences] == [
        ("a", read(audience(GOLD)).audiences[0].criteria), ("gold", in_force.audiences[0].criteria),
    ]  # fmt: skip
    assert (seen.inputs, seen.settings) == (in_force.inputs, in_force.settings)


def test_where_nothing_is_in_force_the_draft_stands_as_it_is():
    asked = draft(audience(GOLD), **WEB)
    assert drafted(read(), asked) == asked


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"inputs": ["app"]}, "audiences[0].inputs[0]"),
        ({"workspaces": ["news"]}, "audiences[0].workspaces[0]"),
    ],
)
def test_sources_that_are_not_known_are_told_and_are_no_error(fields, path):
    wanted = drafted(read(audience(GOLD, "gold"), **WEB), draft(audience(VISITS, **fields)))
    assert [fault.path for fault in unknown_sources(wanted, "a")] == [path]


def test_a_source_that_a_named_audience_does_not_find_is_told():
    wanted = draft(audience(NAMES), audience(VISITS, "gold", inputs=["app"]))
    assert [fault.path for fault in unknown_sources(wanted, "a")] == ["audiences[1].inputs[0]"]


def test_what_is_wrong_in_itself_is_an_error_with_every_fault():
    worse = audience(attribute("plan", "exact_match", value="x") | {"workspace": "news"}, inputs=["app"], name="")
    with pytest.raises(FixDefinition) as refused:
        unknown_sources(draft(worse, **WEB), "a")
    assert {fault.path for fault in refused.value.faults} == {
        "audiences[0].name", "audiences[0].inputs[0]", "audiences[0].criteria.workspace",
    }  # fmt: skip


def test_faults_of_other_audiences_are_nothing_to_an_estimate():
    assert unknown_sources(draft(audience(GOLD), audience(GOLD, "b", name="")), "a") == ()


def test_a_draft_that_is_not_well_formed_is_refused():
    with pytest.raises(FixDefinition, match=r"audiences\[0\]\.criteria\.kind"):
        draft(audience(asks(kind="dance")))


def test_faults_keep_their_places_in_the_document():
    wanted = draft(audience(GOLD, "b"), audience(VISITS, "c"), audience(VISITS, inputs=["app"]))
    assert [fault.path for fault in unknown_sources(wanted, "a")] == ["audiences[2].inputs[0]"]


def test_what_the_catalog_has_beside_the_book_is_seen_by_its_latest_version():
    state = decide(CatalogState(), Create("", read(audience(GOLD)).audiences[0], draft=True), 1)
    state = decide(state, Edit("", "a", read(audience(VISITS)).audiences[0].criteria), 2)
    seen = with_drafts(read(audience(GOLD, "gold")), state)
    assert [(each.key, each.version) for each in seen.audiences] == [("gold", 1), ("a", 2)]
    assert with_drafts(read(audience(GOLD)), state) == read(audience(GOLD))
    assert latest_of(state, "a").audiences == seen.audiences[1:]
    assert latest_of(state, "x").audiences == ()
