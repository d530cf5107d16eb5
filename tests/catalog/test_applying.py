"""A folder against the catalog: the commands that make it so, twice is once, and what was edited elsewhere."""

import json

import msgspec
from hypothesis import given, settings

from raudience.catalog.applying import AS_CODE, aim_of, differences, drifts, foreseen, latest_book, next_steps, stays
from raudience.catalog.audiences import Input, Settings, Workspace
from raudience.catalog.commands import (
    Archive,
    Create,
    Edit,
    Filled,
    PutBook,
    PutWorkspace,
    Rename,
    SetSettings,
    StartTest,
    Tag,
)
from raudience.catalog.deciding import decide
from raudience.catalog.documents import read_book
from raudience.catalog.entries import CatalogState
from raudience.catalog.experiments import Share
from raudience.catalog.folders import Document, Folder, read_folder
from raudience.catalog.writing import folder_texts
from raudience.clock import DAY
from raudience.criteria.durations import Duration
from tests.catalog.decided import after, asked, nests, plan_is
from tests.oracle.definitions import books


def folder_of(state, *audiences, **parts):
    """A folder with these audiences, read within the catalog."""
    book = msgspec.structs.replace(latest_book(CatalogState()), audiences=tuple(audiences), **parts)
    documents = [Document(name, text.encode(), "yaml") for name, text in folder_texts(book).items()]
    return read_folder(documents, "folder", latest_book(state))


def apply(state, *audiences, by="", prune=False, **parts):
    """The catalog when a folder was applied; what is refused is tried again when the rest is in force."""
    for _ in range(5):
        aim = aim_of(folder_of(state, *audiences, **parts), state, prune)
        steps = next_steps(state, aim, by)
        if not steps.commands:
            break
        state = filled(after(*steps.commands, state=state))
    assert steps.refused == ()
    return state


def filled(state):
    return decide(state, Filled("", state.revision), 5_000)


def changes(state, *audiences, prune=False, **parts):
    aim = aim_of(folder_of(state, *audiences, **parts), state, prune)
    return {each.key: (each.change, *each.parts) for each in differences(state, aim)}


A, B, C = asked("a", plan_is("free")), asked("b", plan_is("pro")), asked("c", plan_is("max"))


def test_what_is_new_is_created_and_active():
    state = apply(CatalogState(), A, B, by="ana")
    assert {entry.key: (entry.status, entry.created_by) for entry in state.living()} == {
        "a": ("active", "ana, as code"),
        "b": ("active", "ana, as code"),
    }


def test_applying_twice_is_applying_once():
    state = apply(CatalogState(), A, B)
    assert changes(state, A, B) == {}
    assert apply(state, A, B) == state


def test_an_edit_is_a_version_and_labels_are_none():
    state = apply(CatalogState(), A)
    edited = apply(state, asked("a", plan_is("pro"), name="Other", tags=("spring",), access="private"))
    entry = edited.audiences["a"]
    assert [version.note for version in entry.versions] == ["", AS_CODE]
    assert (entry.name, entry.tags, entry.access) == ("Other", ("spring",), "private")
    renamed = apply(edited, asked("a", plan_is("pro"), name="Third", tags=(), access="private"))
    assert (renamed.audiences["a"].name, renamed.audiences["a"].tags) == ("Third", ())
    assert len(renamed.audiences["a"].versions) == 2


def test_audiences_that_the_folder_does_not_have_stay_unless_they_are_pruned():
    state = apply(CatalogState(), A, B)
    assert changes(state, A) == {}
    assert stays(state, {"a"}) == ("b",)
    assert changes(state, A, prune=True) == {"b": ("removed",)}
    assert [entry.key for entry in apply(state, A, prune=True).living()] == ["a"]


def test_drafts_and_the_archive_are_left_alone():
    state = after(Create("zoe", B, draft=True), Archive("zoe", "a"), state=apply(CatalogState(), A))
    assert changes(state, C, prune=True) == {"c": ("added",)}


def test_what_lies_in_the_archive_comes_back_when_the_folder_has_it():
    state = after(Archive("zoe", "a"), state=apply(CatalogState(), A))
    assert changes(state, A) == {"a": ("edited", "status")}
    assert apply(state, A).audiences["a"].status == "active"
    other = asked("a", plan_is("other"))
    assert apply(state, other).audiences["a"].latest.criteria == plan_is("other")


def test_who_is_used_comes_before_who_uses_and_goes_after():
    state = apply(CatalogState(), asked("a", nests("z")), asked("z"))
    assert sorted(state.audiences) == ["a", "z"]
    assert apply(state, B, prune=True).living()[0].key == "b"


def test_what_must_be_in_force_first_comes_in_a_second_step():
    state = apply(CatalogState(), asked("a", nests("b")), B)
    turned = apply(state, A, asked("b", nests("a")))
    assert changes(turned, A, asked("b", nests("a"))) == {}


def test_an_input_brings_its_workspace_along():
    through = asked("a", inputs=("till", "web"))
    sources = (Input("till", "cafe"), Input("web", "cafe"))
    state = apply(CatalogState(), through, inputs=sources)
    assert (state.inputs, [each.key for each in state.workspaces]) == (sources, ["cafe"])
    assert changes(state, through, inputs=sources) == {}


def test_what_the_catalog_refuses_is_told_with_its_key():
    private = Create("zoe", asked("mine", access="private", workspaces=("w1",)))
    state = after(PutWorkspace("zoe", Workspace("w1")), private, state=apply(CatalogState(), A))
    folder = folder_of(state, asked("b", nests("mine"), workspaces=("default",)))
    steps = next_steps(state, aim_of(folder, state, False), "")
    assert steps.commands == ()
    assert [(each.key, each.fault.path) for each in steps.refused] == [("b", "criteria")]
    assert foreseen(state, aim_of(folder, state, False)) == steps.refused


def test_what_is_taken_when_the_rest_is_in_force_is_not_refused():
    state = apply(CatalogState(), asked("a", nests("b")), B)
    aim = aim_of(folder_of(state, A, asked("b", nests("a"))), state, False)
    assert {each.key for each in next_steps(state, aim, "").refused} == {"b"}
    assert foreseen(state, aim) == ()


def test_a_new_key_for_what_a_folder_made_is_a_rename():
    state = apply(CatalogState(), A)
    renamed = msgspec.structs.replace(A, key="other")
    for prune in (False, True):
        found = differences(state, aim_of(folder_of(state, renamed), state, prune))
        assert [each.renamed_from for each in found if each.change == "added"] == ["a"]


def test_a_copy_of_what_somebody_made_elsewhere_is_no_rename():
    state = after(Create("zoe", A))
    found = differences(state, aim_of(folder_of(state, msgspec.structs.replace(A, key="other")), state, False))
    assert [each.renamed_from for each in found] == [None]


def drifted(state, *audiences, **parts):
    return drifts(state, differences(state, aim_of(folder_of(state, *audiences, **parts), state, False)))


def test_what_was_edited_elsewhere_drifts_with_a_patch():
    state = after(Edit("zoe", "a", plan_is("edited")), state=apply(CatalogState(), A), at=7_000)
    (drift,) = drifted(state, A)
    assert (drift.key, drift.by, drift.at) == ("a", "zoe", 7_000)
    assert "-  test: {op: exact_match, value: free}" in drift.patch
    assert "+  test: {op: exact_match, value: edited}" in drift.patch


def test_labels_that_were_edited_elsewhere_drift():
    state = after(Rename("zoe", "a", "Hers"), state=apply(CatalogState(), A))
    assert [(drift.key, drift.by) for drift in drifted(state, A)] == [("a", "zoe")]


def test_what_differs_because_the_folder_changed_does_not_drift():
    state = apply(CatalogState(), A)
    assert drifted(state, asked("a", plan_is("new"))) == ()
    tested = after(StartTest("zoe", "a", (Share(10),)), state=state)
    assert drifted(tested, asked("a", plan_is("new"))) == ()


def test_what_was_edited_elsewhere_to_what_the_folder_has_does_not_drift():
    state = after(Edit("zoe", "a", plan_is("edited")), Tag("zoe", "a", ("hers",)), state=apply(CatalogState(), A))
    assert drifted(state, asked("a", plan_is("edited"), tags=("hers",))) == ()


def test_what_no_folder_made_does_not_drift():
    state = after(PutBook("driver", latest_book(apply(CatalogState(), A))))
    assert drifted(state, asked("a", plan_is("x"), name="Other"), settings=Settings(lookback=Duration(DAY))) == ()


def test_settings_drift_too():
    short, long = (Settings(lookback=Duration(days * DAY)) for days in (10, 60))
    state = apply(CatalogState(), A, settings=short)
    assert drifted(state, A, settings=long) == ()
    assert [drift.key for drift in drifted(after(SetSettings("zoe", long), state=state), A, settings=short)] == [""]


@settings(max_examples=40, deadline=None)
@given(books(), books())
def test_a_folder_over_any_catalog_is_there_when_it_was_applied(document, other):
    first, second = (read_book(json.dumps(each).encode(), "book", "json") for each in (document, other))
    state = filled(after(PutBook("driver", first)))
    folder = Folder(second, dict.fromkeys(each.key for each in second.audiences))
    for _ in range(5):
        steps = next_steps(state, aim_of(folder, state, True), "ana")
        if not steps.commands:
            break
        state = filled(after(*steps.commands, state=state))
    assert steps.refused == ()
    assert differences(state, aim_of(folder, state, True)) == ()
    found = {each.key: msgspec.structs.replace(each, version=1) for each in latest_book(state).audiences}
    assert found == {each.key: each for each in second.audiences}
