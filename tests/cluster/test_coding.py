"""Audiences as code in a client: what a plan foresees is what applying does, and twice is once."""

import pytest

from raudience.catalog.applying import aim_of, latest_book, next_steps
from raudience.catalog.audiences import EventTier
from raudience.catalog.commands import Edit
from raudience.catalog.documents import read_book
from raudience.cluster.books import read_book_folder
from raudience.cluster.client import Client
from raudience.cluster.inline import InlineEngine
from raudience.cluster.rayed import RayEngine
from raudience.criteria.build import event
from raudience.errors import FixDefinition, FixRequest
from tests.cluster.world import BOOK, END, batch

VISITORS = """
audiences:
  - key: visitors
    name: Visited
    criteria: {type: event, kind: custom, name: Visit, frequency: {at_least: 5}}
"""


@pytest.fixture
def client():
    """A shop of three days with the book of the world in force, as a driver script has defined it."""
    with Client(InlineEngine(shards=2), by="driver") as one:
        one.define(read_book(BOOK.encode(), "book", "yaml"), at=0)
        one._engine.ingest([batch(number) for number in range(216)], END)
        yield one


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "book.yaml").write_text(BOOK)
    return tmp_path


def keys(planned):
    return {each.difference.key: each.difference.change for each in planned.changes}


def test_what_is_there_already_needs_nothing(client, folder):
    planned = client.code.plan(folder)
    assert (planned.changes, planned.stays, planned.drifts) == ((), (), ())
    assert client.code.apply(planned) == ()


def test_a_plan_foresees_who_moves_and_changes_nothing(client, folder):
    (folder / "visitors.yaml").write_text(VISITORS)
    (folder / "book.yaml").write_text(BOOK.replace("at_least: 3", "at_least: 6"))
    before = {figures.audience: figures.size for figures in client.counts()}
    catalog = client._engine.catalog()
    planned = client.code.plan(folder)
    assert client._engine.catalog() == catalog
    assert keys(planned) == {"fans": "edited", "visitors": "added"}
    (fans, visitors) = planned.changes
    assert str(visitors.origin) == f"{folder}/visitors.yaml:3"
    client.code.apply(planned)
    after = {figures.audience: figures.size for figures in client.counts()}
    assert (fans.present, fans.expected.size) == (before["fans"], after["fans"])
    assert (fans.adds.size, fans.drops.size) == (0, before["fans"] - after["fans"])
    assert (visitors.present, visitors.expected.size, visitors.adds.size) == (0, after["visitors"], after["visitors"])
    assert before["fans"] > after["fans"] > 0


def test_applying_again_does_nothing(client, folder):
    (folder / "visitors.yaml").write_text(VISITORS)
    assert len(client.code.apply(client.code.plan(folder))) == 1
    catalog = client._engine.catalog()
    assert client.code.apply(client.code.plan(folder)) == ()
    assert client._engine.catalog() == catalog
    assert catalog.audiences["visitors"].created_by == "driver, as code"


def test_changes_of_one_apply_come_into_force_together(client, folder):
    (folder / "book.yaml").write_text(BOOK.replace("at_least: 3", "at_least: 6").replace("1 day", "6 hours"))
    list(client.changes())
    client.code.apply(client.code.plan(folder))
    changes = list(client.changes())
    assert {change.audience for change in changes} == {"buyers", "fans"}
    assert len({change.at for change in changes}) == 1


def test_audiences_that_the_folder_does_not_have_stay_or_are_pruned(client, folder):
    (folder / "book.yaml").write_text(VISITORS)
    assert client.code.plan(folder).stays == ("buyers", "fans")
    planned = client.code.plan(folder, prune=True)
    assert (keys(planned), planned.stays) == ({"buyers": "removed", "fans": "removed", "visitors": "added"}, ())
    assert [difference.key for difference in planned.breaking] == ["buyers", "fans"]
    client.code.apply(planned)
    assert [figures.audience for figures in client.counts()] == ["visitors"]


def test_an_edit_made_elsewhere_is_undone_only_by_force(client, folder):
    (folder / "visitors.yaml").write_text(VISITORS)
    client.code.apply(client.code.plan(folder))
    client._engine.decide(Edit("zoe", "visitors", event("custom", "Visit").at_least(9).criterion), END)
    planned = client.code.plan(folder)
    assert [(drift.key, drift.by) for drift in planned.drifts] == [("visitors", "zoe")]
    assert "+frequency: {at_least: 9}" in planned.drifts[0].patch.replace("  ", "")
    with pytest.raises(FixRequest, match="visitors: edited by zoe at "):
        client.code.apply(planned)
    assert len(client.code.apply(planned, force=True)) == 1
    assert client.code.plan(folder).changes == ()


def test_a_plan_of_a_catalog_that_has_changed_is_refused(client, folder):
    (folder / "visitors.yaml").write_text(VISITORS)
    planned = client.code.plan(folder)
    client.audiences.rename("fans", "Others")
    with pytest.raises(FixRequest, match="plan again"):
        client.code.apply(planned)


def test_a_key_that_was_changed_is_refused_with_its_place(client, folder):
    (folder / "visitors.yaml").write_text(VISITORS)
    client.code.apply(client.code.plan(folder))
    (folder / "visitors.yaml").write_text(VISITORS.replace("key: visitors", "key: guests"))
    with pytest.raises(FixDefinition, match=r"visitors.yaml:3 key: expected `visitors`.*got `guests`; keep the key"):
        client.code.apply(client.code.plan(folder))


def test_every_fault_of_all_files_comes_before_anything_is_asked(client, folder):
    (folder / "one.yaml").write_text(VISITORS.replace("kind: custom", "kind: costum"))
    (folder / "two.yaml").write_text(VISITORS.replace("at_least: 5", "at_last: 5"))
    with pytest.raises(FixDefinition) as refused:
        client.code.plan(folder)
    assert [fault.path.split("/")[-1].split(" ")[0] for fault in refused.value.faults[:2]] == [
        "one.yaml:5",
        "two.yaml:5",
    ]


def test_what_the_catalog_would_refuse_is_told_by_the_plan_with_its_place(client, folder):
    client.account.set_tier(EventTier("custom", "Visit", "connect"))
    (folder / "visitors.yaml").write_text(VISITORS)
    with pytest.raises(FixDefinition, match=r"visitors.yaml:3 criteria.name: expected an event of tier personalize"):
        client.code.plan(folder)


def test_sources_that_the_engine_does_not_know_yet_cannot_be_estimated(client, folder):
    (folder / "visitors.yaml").write_text(
        VISITORS.replace("name: Visited", "name: Visited\n    inputs: [till]")
        + "inputs: [{key: till, workspace: cafe}]"
    )
    found = {each.difference.key: each for each in client.code.plan(folder).changes}
    assert found["till"].difference.what == "input"
    assert found["visitors"].expected is None
    assert "till" in found["visitors"].warning


def test_what_is_exported_is_what_is_there(client, tmp_path):
    assert client.code.export(tmp_path / "out") == ("audiences/buyers.yaml", "audiences/fans.yaml")
    assert client.code.plan(tmp_path / "out").changes == ()
    assert client.code.export(tmp_path / "out") == ()


def test_an_export_takes_over_edits_and_what_is_gone(client, tmp_path):
    client.code.export(tmp_path)
    client.audiences.rename("fans", "Others")
    client.audiences.delete("buyers")
    assert client.code.export(tmp_path) == ("audiences/fans.yaml", "audiences/buyers.yaml")
    assert [path.name for path in tmp_path.rglob("*.yaml")] == ["fans.yaml"]
    assert "name: Others" in (tmp_path / "audiences" / "fans.yaml").read_text()


@pytest.mark.parametrize("name", ["book.yaml", "audiences/buyers.yaml", "mine.yaml"])
def test_files_that_are_arranged_otherwise_are_not_overwritten(client, tmp_path, name):
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(BOOK)
    with pytest.raises(FixRequest, match=f"got {name}"):
        client.code.export(tmp_path)
    assert path.read_text() == BOOK


def test_single_audiences_are_exported_as_text(client):
    assert "key: fans" in client.code.text(["fans"])
    assert "key: buyers" not in client.code.text(["fans"])
    with pytest.raises(FixRequest, match="expected one of buyers, fans; got nobody"):
        client.code.text(["nobody"])


def test_drafts_are_no_part_of_an_export(client):
    client.audiences.clone("fans", "copy", "Copy")
    assert "key: copy" not in client.code.text()


def test_an_apply_that_was_cut_off_goes_on(client, folder):
    (folder / "book.yaml").write_text(BOOK.replace("at_least: 3", "at_least: 6"))
    (folder / "visitors.yaml").write_text(VISITORS)
    planned = client.code.plan(folder)
    catalog = client._engine.catalog()
    steps = next_steps(catalog, aim_of(read_book_folder(folder, latest_book(catalog)), catalog, False), "driver")
    client._engine.decide(steps.commands[0], END)
    with pytest.raises(FixRequest, match="plan again"):
        client.code.apply(planned)
    assert len(client.code.apply(client.code.plan(folder))) == len(steps.commands) - 1 == 1
    assert client.code.plan(folder).changes == ()


@pytest.mark.slow
@pytest.mark.ray
@pytest.mark.usefixtures("local_ray")
def test_who_does_not_write_may_apply_and_it_comes_into_force_with_the_next_round(folder):
    (folder / "visitors.yaml").write_text(VISITORS)
    engine = RayEngine(1, name="coded")
    try:
        writer, other = Client(engine, by="driver"), Client(RayEngine(name="coded", found=True), by="ana")
        writer.define(read_book(BOOK.encode(), "book", "yaml"), at=0)
        engine.ingest([batch(number) for number in range(216)], END)
        planned = other.code.plan(folder)
        assert len(other.code.apply(planned)) == 1
        assert other.code.apply(other.code.plan(folder)) == ()
        # Now and then a writer looks whether something was decided.
        while "visitors" not in {figures.audience for figures in writer.counts()}:
            writer.advance(writer.now + 1_000)
        assert len(writer.members("visitors")) == planned.changes[0].expected.size
        other.close()
    finally:
        engine.dissolve()
        engine.close()
