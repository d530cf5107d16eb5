"""What was done by halves when a process or a disk gave up: it is told, or finished, and never taken for the whole."""

import pytest

from raudience.cluster.carrier import Lost
from raudience.cluster.inline import Answer, InlineCarrier, InlineEngine
from raudience.cluster.keeping import Keeper
from raudience.cluster.keepsakes import Keepsake, Place
from raudience.cluster.states import copy_state
from raudience.errors import FixRequest, FixStore, StateDamaged
from tests.cluster.test_lasting import FIRST, documents, lived, members_of, moment, silent


class Once(InlineCarrier):
    """Shells that fail once: fails are questions that come one after the other; the answer to the last is an error."""

    def __init__(self, keepsake):
        super().__init__(keepsake)
        self.fails = []

    def call(self, where, method, *values):
        answer = super().call(where, method, *values)
        if self.fails[:1] == [method]:
            self.fails.pop(0)
            return answer if self.fails else Answer(None, FixStore("the store does not answer"))
        return answer


@pytest.fixture
def place(tmp_path):
    return Place(str(tmp_path / "state"))


def engine_on(shells):
    engine = InlineEngine(2, carrier=shells)
    engine.define(FIRST, moment(0) - 1)
    return engine


def test_a_copy_whose_snapshot_is_damaged_is_not_an_empty_state(place, tmp_path):
    lived(place.state, 2, 20).close()
    copy = Place(str(tmp_path / "copy"))
    copy_state(place, copy, None, silent)
    (snapshot,) = (tmp_path / "copy" / "snapshots" / "shard-0").iterdir()
    whole = snapshot.read_bytes()
    snapshot.write_bytes(whole[:-40])
    with pytest.raises(StateDamaged, match="log shard-0: expected records from 1 on, got 2"):
        InlineEngine(1, Keepsake(copy))


def test_a_state_without_the_log_of_its_coordinator_is_not_begun_anew(place, tmp_path):
    lived(place.state, 2, 5).close()
    for path in (tmp_path / "state" / "log").glob("coordinator.*"):
        path.unlink()
    with pytest.raises(StateDamaged, match="coordinator: expected a log, as there is one of shard-0, got none"):
        InlineEngine(1, Keepsake(place))


def test_a_shard_that_was_forgotten_in_part_leaves_its_place_to_another(place, monkeypatch):
    def dies(keeper):
        for name in keeper._snapshots.names(f"{keeper.name}/"):
            keeper._snapshots.delete(name)
        raise Lost("killed")

    engine = lived(place.state, 2, 20)
    for number in range(20, 40, 5):
        engine.snapshot()
        engine.ingest(documents(number, number + 5), moment(number + 5))
    with monkeypatch.context() as patch:
        patch.setattr(Keeper, "remove", dies)
        engine.scale(1)
    members = members_of(engine)
    engine.scale(2)
    assert members_of(engine) == members
    engine.check()


def test_who_could_not_read_where_key_groups_went_reads_it_before_the_next_round(place):
    shells, quiet = Once(Keepsake(place)), InlineEngine(1)
    engine = engine_on(shells)
    quiet.define(FIRST, moment(0) - 1)
    for each in (engine, quiet):
        each.ingest(documents(0, 80), moment(80))
    shells.fails = ["adopt", "state"]
    with pytest.raises(FixStore):
        engine.scale(3)
    for each in (engine, quiet):
        each.ingest(documents(80, 100), moment(100))
    engine.check()
    assert members_of(engine) == members_of(quiet)


def test_changes_whose_answer_was_lost_are_heard_with_the_next_command(place):
    shells = Once(Keepsake(place))
    engine = engine_on(shells)
    shells.fails = ["combine"]
    with pytest.raises(FixStore):
        engine.ingest(documents(0, 40), moment(40))
    assert engine.regained() == []
    again = engine.ingest(documents(0, 40), moment(41))
    assert len(again.changes) == 0
    assert [len(changes) for changes in engine.regained()] == [len(engine.told(0)[0][1])]


def test_a_wish_that_cannot_be_granted_is_refused():
    with pytest.raises(FixRequest, match="expected 1 to 256, got 0"):
        InlineEngine(1).wish(0)


def test_batches_that_are_all_refused_may_come_at_a_time_that_has_passed():
    engine = InlineEngine(1)
    engine.advance(moment(1))
    assert [refusal.line for refusal in engine.ingest([b"{"], moment(0)).refusals] == [1]


def test_who_only_reads_sees_everybody_when_the_engine_has_grown(place):
    shells = InlineCarrier(Keepsake(place))
    reader, writer = InlineEngine(2, carrier=shells), engine_on(shells)
    writer.ingest(documents(0, 40), moment(40))
    before = members_of(reader)
    writer.scale(4)
    assert members_of(reader) == before
    assert [reader.why(mpid, "fans") for mpid in before["fans"]] == [
        writer.why(mpid, "fans") for mpid in before["fans"]
    ]
