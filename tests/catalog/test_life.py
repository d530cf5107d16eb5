"""The life of an audience: draft, active, archived, deleted, and its labels."""

import pytest

from raudience.catalog.commands import (
    Activate,
    Archive,
    Clone,
    Create,
    Delete,
    EndTest,
    Filled,
    Rename,
    SetAccess,
    StartTest,
    Tag,
)
from raudience.catalog.experiments import Share
from raudience.catalog.listing import active_audiences, listed
from tests.catalog.decided import after, asked, nests, refusal

DRAFT = Create("ana", asked(), draft=True)
ACTIVE = Create("ana", asked())


def entry(state, key="a"):
    return state.audiences[key]


def test_a_draft_is_kept_and_nothing_waits_to_come_into_force():
    state = after(DRAFT)
    assert (entry(state).status, entry(state).waiting, entry(state).in_force) == ("draft", 0, 0)


def test_activating_a_draft_lets_its_latest_version_wait_until_it_is_filled():
    state = after(DRAFT, Activate("ana", "a"))
    assert (entry(state).status, entry(state).waiting, entry(state).in_force) == ("active", 1, 0)
    filled = after(Filled("", state.revision), state=state)
    assert (entry(filled).waiting, entry(filled).in_force) == (0, 1)


def test_who_made_it_and_who_changed_it_last_is_told():
    state = after(ACTIVE, Rename("bob", "a", "Loyal", "Loyal customers"))
    assert (entry(state).created_by, entry(state).created_at) == ("ana", 1_000)
    assert (entry(state).updated_by, entry(state).updated_at) == ("bob", 1_001)


def test_an_archived_audience_is_out_of_force_and_can_come_back():
    state = after(ACTIVE, Filled("", 1), Archive("bob", "a"))
    assert (entry(state).status, entry(state).in_force) == ("archived", 0)
    assert entry(after(Activate("bob", "a"), state=state)).waiting == 1


def test_a_deleted_audience_is_in_no_list_and_its_versions_go_on_when_the_key_is_used_again():
    state = after(ACTIVE, Delete("ana", "a"))
    assert listed(state) == []
    again = after(ACTIVE, state=state)
    assert [version.number for version in entry(again).versions] == [1, 2]


def test_a_key_is_used_once():
    assert refusal(after(ACTIVE), ACTIVE) == [
        "key: expected a key of its own, got `a`; `A` has it; edit that one, or choose another key"
    ]


def test_tags_have_up_to_18_characters_not_bytes():
    assert refusal(after(ACTIVE), Tag("", "a", ("é" * 18, "😀" * 18, "x" * 18))) == []
    assert refusal(after(ACTIVE), Tag("", "a", ("x" * 19,))) == [
        "add[0]: expected a tag of 1 to 18 characters, got `xxxxxxxxxxxxxxxxxxx`, 19 characters"
    ]


def test_there_may_be_any_number_of_tags():
    tags = tuple(f"tag {number}" for number in range(1_000))
    assert entry(after(ACTIVE, Tag("", "a", tags))).tags == tags


def test_a_filter_of_several_tags_shows_audiences_with_all_of_them():
    state = after(Create("", asked("a1", tags=("x",))), Create("", asked("a2", tags=("x", "y"))))
    assert [found.key for found in listed(state, tags=("x", "y"))] == ["a2"]


def test_a_clone_is_a_draft_with_the_same_definition_and_tags():
    state = after(Create("ana", asked(tags=("x", "y"), external_name="Out")), Clone("bob", "a", "b", "Copy"))
    copy = entry(state, "b")
    assert (copy.status, copy.tags, copy.created_by, copy.external_name) == ("draft", ("x", "y"), "bob", None)
    assert copy.latest.criteria == entry(state).latest.criteria


def test_three_ways_of_access_and_no_other():
    for access in ("private", "view_only", "usable"):
        assert entry(after(ACTIVE, SetAccess("", "a", access))).access == access


def test_active_audiences_are_counted():
    commands = [Create("", asked(key)) for key in ("a", "b", "c")] + [Create("", asked("d"), draft=True)]
    assert active_audiences(after(*commands)) == 3


def test_an_audience_that_is_used_is_not_deleted_and_every_one_that_uses_it_is_named():
    state = after(ACTIVE, Create("bob", asked("b", nests("a"))), Create("cleo", asked("c", nests("a"), name="See")))
    assert refusal(state, Delete("", "a")) == [
        "key: expected an audience that no other one references, got `a`, referenced from `b` (B; workspace default; "
        "connected outputs 0; created by bob; last updated 1970-01-01T00:00:01.001Z); take it out of b first; bob can "
        "be told that it goes",
        "key: expected an audience that no other one references, got `a`, referenced from `c` (See; workspace default; "
        "connected outputs 0; created by cleo; last updated 1970-01-01T00:00:01.002Z); take it out of c first; cleo "
        "can be told that it goes",
    ]


def test_out_of_every_nesting_it_can_be_deleted():
    state = after(ACTIVE, Create("", asked("b", nests("a"))), Delete("", "b"), Delete("", "a"))
    assert listed(state) == []


def test_a_test_stands_until_it_is_ended():
    state = after(ACTIVE, StartTest("ana", "a", (Share(40, "Platform A"), Share(40))))
    assert [each.name for each in entry(state).experiment.variations] == ["Platform A", "Variation 2"]
    assert refusal(state, StartTest("", "a", (Share(10),))) == [
        "key: expected an audience without an A/B test, got `a`, which has one; end it first"
    ]
    assert entry(after(EndTest("", "a"), state=state)).experiment is None


def test_a_test_of_more_than_100_percent_is_refused_and_nothing_is_saved():
    state = after(ACTIVE)
    assert "at most 100 %" in refusal(state, StartTest("", "a", (Share(60), Share(41))))[0]
    assert entry(state).experiment is None


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (Activate("", "a"), "a draft or an archived audience"),
        (EndTest("", "a"), "an audience with an A/B test"),
        (Tag("", "a", (), ("gone",)), "a tag of the audience"),
        (Rename("", "a", ""), "a text of 1 to 100 characters"),
        (Delete("", "b"), "the key of an audience"),
    ],
)
def test_what_cannot_be_is_refused_and_what_was_expected_is_said(command, expected):
    assert expected in refusal(after(ACTIVE), command)[0]


def test_the_journal_says_who_did_what():
    state = after(ACTIVE, Tag("bob", "a", ("x",)))
    assert [(line.at, line.by, line.what, line.key) for line in state.journal] == [
        (1_000, "ana", "Create", "a"),
        (1_001, "bob", "Tag", "a"),
    ]


def test_what_changes_nothing_is_not_in_the_journal():
    state = after(Create("ana", asked(tags=("x",))), Tag("bob", "a", ("x",)))
    assert len(state.journal) == 1


def test_only_what_shards_evaluate_makes_a_new_revision():
    state = after(ACTIVE)
    labelled = after(Tag("", "a", ("x",)), Rename("", "a", "Other"), SetAccess("", "a", "private"), state=state)
    assert labelled.revision == state.revision
    assert after(Archive("", "a"), state=state).revision == state.revision + 1
