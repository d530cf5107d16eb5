"""Versions: every edit is one, they can be brought back, and a whole book numbers them too."""

from raudience.catalog import Book
from raudience.catalog.books import numbered
from raudience.catalog.commands import Abandon, Create, CutOver, Edit, Filled, Moving, PutBook, Restore
from tests.catalog.decided import after, asked, nests, plan_is, refusal

PRO, FREE, OTHER = plan_is("pro"), plan_is("free"), plan_is("other")


def standing(*commands):
    """The state after commands, with everything that waited in force."""
    state = after(*commands)
    return after(Filled("", state.revision), state=state)


def entry(state, key="a"):
    return state.audiences[key]


def test_an_edit_is_a_version_with_author_time_and_note():
    state = after(Edit("bob", "a", FREE, note="trial ends"), state=standing(Create("ana", asked())), at=7)
    made = entry(state).latest
    assert (made.number, made.criteria, made.by, made.at, made.note) == (2, FREE, "bob", 7, "trial ends")
    assert entry(state).versions[0].criteria == PRO


def test_the_version_in_force_stays_until_the_new_one_is_filled():
    state = after(Edit("", "a", FREE), state=standing(Create("", asked())))
    assert (entry(state).in_force, entry(state).waiting) == (1, 2)
    filled = after(Filled("", state.revision, (Moving("a", 2, 5, 3),)), state=state)
    assert (entry(filled).in_force, entry(filled).waiting) == (2, 0)
    assert (entry(filled).latest.adds, entry(filled).latest.drops) == (5, 3)


def test_what_was_filled_before_the_last_decision_does_not_count():
    state = after(Edit("", "a", FREE), state=standing(Create("", asked())))
    newer = after(Edit("", "a", OTHER), state=state)
    assert after(Filled("", state.revision), state=newer) == newer


def test_an_edit_that_says_the_same_is_no_version():
    state = standing(Create("", asked()))
    assert after(Edit("", "a", PRO), state=state) == state


def test_an_edit_of_a_draft_waits_for_nothing():
    state = after(Create("", asked(), draft=True), Edit("", "a", FREE))
    assert (entry(state).latest.number, entry(state).waiting) == (2, 0)


def test_a_version_that_is_held_waits_for_a_word():
    state = after(Edit("", "a", FREE, hold=True), state=standing(Create("", asked())))
    filled = after(Filled("", state.revision), state=state)
    assert (entry(filled).in_force, entry(filled).waiting) == (1, 2)
    freed = after(CutOver("", "a"), state=filled)
    assert entry(after(Filled("", freed.revision), state=freed)).in_force == 2


def test_a_version_that_is_abandoned_stays_in_the_list():
    state = after(Edit("", "a", FREE, hold=True), Abandon("", "a"), state=standing(Create("", asked())))
    assert (entry(state).in_force, entry(state).waiting, entry(state).latest.number) == (1, 0, 2)


def test_an_earlier_version_comes_back_as_a_new_one():
    state = standing(Create("", asked()))
    state = after(Edit("", "a", FREE), Restore("cleo", "a", 1), state=state)
    made = entry(state).latest
    assert (made.number, made.criteria, made.restores, made.by) == (3, PRO, 1, "cleo")


def test_a_version_that_is_not_there_cannot_come_back():
    assert refusal(standing(Create("", asked())), Restore("", "a", 9)) == [
        "version: expected the number of a version (1), got `9`"
    ]


def test_variations_do_not_care_for_edits():
    state = standing(Create("", asked()))
    assert entry(after(Edit("", "a", FREE), state=state)).experiment == entry(state).experiment


def test_an_audience_that_is_used_cannot_be_edited_to_use_one():
    state = standing(Create("", asked()), Create("", asked("b", nests("a"))), Create("", asked("d")))
    assert refusal(state, Edit("", "a", nests("d"))) == [
        "criteria: expected no audience in an audience that is used itself, got one, while `b` uses it; nesting is one "
        "level deep"
    ]


def test_an_audience_that_uses_one_cannot_be_used():
    state = standing(Create("", asked()), Create("", asked("b", nests("a"))))
    assert refusal(state, Create("", asked("c", nests("b")))) == [
        "criteria.audience: expected an audience that uses no other audience, got `b`; `b` uses `a`; nesting is one "
        "level deep"
    ]


def test_no_audience_uses_itself():
    assert refusal(standing(Create("", asked())), Edit("", "a", nests("a"))) == [
        "criteria.audience: expected the key of another audience, got `a`; it names itself"
    ]


def test_a_draft_can_be_used_before_anything_is_calculated():
    assert refusal(after(Create("", asked(), draft=True)), Create("", asked("b", nests("a")))) == []


def test_every_fault_of_a_definition_is_told_at_once():
    wrong = asked("bad key", nests("nobody"), name="", tags=("x" * 19,), workspaces=("nowhere",), inputs=("none",))
    assert [fault.split(":")[0] for fault in refusal(after(), Create("", wrong))] == [
        "key", "name", "tags[0]", "workspaces[0]", "inputs[0]", "criteria.audience",
    ]  # fmt: skip


def test_a_book_gives_what_it_changes_the_next_version_and_leaves_the_rest():
    state = after(PutBook("", Book((asked("a"), asked("b")))))
    book = numbered(state, Book((asked("a", FREE), asked("b"))))
    assert [audience.version for audience in book.audiences] == [2, 1]


def test_a_higher_version_in_a_book_counts():
    book = Book((asked("a", version=7),))
    assert entry(after(PutBook("", book))).in_force == 7


def test_what_a_book_does_not_have_is_deleted_but_for_drafts():
    state = after(PutBook("", Book((asked("a"), asked("b")))), Create("", asked("d"), draft=True))
    state = after(PutBook("", Book((asked("b"),))), state=state)
    assert {key: found.status for key, found in state.audiences.items()} == {
        "a": "deleted",
        "b": "active",
        "d": "draft",
    }


def test_the_same_book_again_changes_nothing():
    state = after(PutBook("ana", Book((asked("a"),))))
    assert after(PutBook("bob", Book((asked("a"),))), state=state) == state
