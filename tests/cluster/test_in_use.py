"""A state that somebody is at work on is not taken away by accident."""

import os
import platform
import re

import pytest

from raudience.cli.main import main
from raudience.cluster.carrier import COORDINATOR
from raudience.cluster.client import connect
from raudience.cluster.inline import InlineEngine
from raudience.cluster.keepsakes import Keepsake, Place
from raudience.cluster.outcome import claimed
from raudience.cluster.rayed import RayEngine
from raudience.cluster.states import check_state, show_state
from raudience.durability.holding import Holder
from raudience.errors import FixRequest
from tests.cluster.world import START, batch, lines, write_book, write_lines


def begun(tmp_path, **how):
    client = connect(engine="inline", state=tmp_path / "state", **how)
    client.define(write_book(tmp_path), at=START)
    client.ingest([batch(number) for number in range(5)], at=START + 1_000)
    return client


def test_a_command_on_a_state_in_use_is_refused_and_says_who_has_it(tmp_path, capsys):
    with begun(tmp_path) as client:
        assert main(["user", "5", "--state", str(tmp_path / "state")]) == 2
        said = capsys.readouterr().err
        assert re.search(
            rf"state: expected a state that is not in use, got one that another client of this process {os.getpid()} "
            rf"on {re.escape(platform.node())} has been at work on since 20[-:.T0-9]+Z; close it, or, .*--take-over",
            said,
        ), said
        client.ingest([batch(6)], at=START + 2_000)
        # Nobody has fenced it: it never had to come back.
        assert show_state(Place(str(tmp_path / "state")), lambda step: None).epoch == 1


def test_a_second_replay_into_a_state_is_refused_before_it_reads_anything(tmp_path, capsys):
    book = write_book(tmp_path)
    with begun(tmp_path):
        words = ["--audiences", str(book), "--out", str(tmp_path / "out"), "--state", str(tmp_path / "state")]
        assert main(["replay", "nowhere.ndjson", *words, "--engine", "inline"]) == 2
    assert "got one that another client of this process" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_second_replay_into_a_folder_is_a_mistake_of_the_command(tmp_path, capsys):
    book, out = write_book(tmp_path), tmp_path / "out"
    with claimed(out):
        words = ["--audiences", str(book), "--out", str(out), "--engine", "inline"]
        assert main(["replay", str(write_lines(tmp_path / "all.ndjson", lines())), *words]) == 2
    assert "another replay is writing to now; wait for it" in capsys.readouterr().err


def test_take_over_goes_on_whoever_is_there(tmp_path, capsys):
    with begun(tmp_path) as client:
        assert main(["receipts", "--state", str(tmp_path / "state"), "--take-over"]) == 0
        with connect(engine="inline", state=tmp_path / "state", take_over=True) as other:
            other.ingest([batch(7)], at=START + 3_000)
        # Safety is the epoch in the log, as ever.
        with pytest.raises(FixRequest, match="a writer of epoch 1 came after epoch 2 took over"):
            client.ingest([batch(8)], at=START + 4_000)
    assert check_state(Place(str(tmp_path / "state")), lambda step: None).now == START + 3_000


def test_a_state_is_free_when_its_engine_has_ended(tmp_path):
    begun(tmp_path).close()
    connect(engine="inline", state=tmp_path / "state").close()


def test_a_refused_engine_holds_nothing(tmp_path):
    with begun(tmp_path), pytest.raises(FixRequest, match="is not in use"):
        connect(engine="inline", state=tmp_path / "state")
    connect(engine="inline", state=tmp_path / "state").close()


def test_looking_at_a_state_in_use_is_free(tmp_path):
    with begun(tmp_path):
        assert main(["state", "show", str(tmp_path / "state"), "--quiet"]) == 0
        assert main(["state", "check", str(tmp_path / "state"), "--quiet"]) == 0


def test_a_state_of_an_engine_with_a_name_says_the_name(tmp_path):
    place = Place(str(tmp_path / "state"))
    engine = InlineEngine(1, Keepsake(place, engine="shop"))
    with pytest.raises(FixRequest, match=r"engine shop on Ray \(process \d+ on .*\) has been .*; use --name shop, or"):
        InlineEngine(1, Keepsake(place, yields=True))
    engine.close()


def test_a_process_that_has_a_state_is_told_with_its_place_and_when_it_began():
    told = Keepsake(Place("shop-state")).in_use_by(Holder("shop-1", 4711, START))
    assert told == (
        "shop-state: expected a state that is not in use, got one that process 4711 on shop-1 has been at work on "
        "since 2026-01-01T00:00:00.000Z; stop it, or, when it does nothing any more, take over from it: --take-over "
        "(take_over=True)"
    )


def test_a_holder_nobody_can_read_is_told_as_another_process():
    told = Keepsake(Place("shop-state")).in_use_by(Holder("", 0, 0))
    assert told.startswith("shop-state: expected a state that is not in use, got one that another process has been at")


def test_a_coordinator_that_comes_back_goes_on_whoever_is_there(tmp_path):
    place = Place(str(tmp_path / "state"))
    first = InlineEngine(1, Keepsake(place, yields=True))
    shells = first._carrier._shells
    shells[COORDINATOR].close()
    visitor = InlineEngine(1, Keepsake(place, yields=True))
    first.advance(START)
    assert first.now == START
    visitor.close()
    first.close()


@pytest.mark.slow
@pytest.mark.ray
@pytest.mark.usefixtures("local_ray")
def test_an_engine_on_ray_holds_its_state_and_one_that_may_not_begin_leaves_no_actors(tmp_path):
    place, state = Place(str(tmp_path / "state")), tmp_path / "state"
    with connect(shards=1, name="held", state=state) as client:
        client.advance(START)
    kept = RayEngine(name="held", found=True)
    try:
        for how in ({"engine": "inline"}, {"shards": 1}, {"shards": 1, "name": "other"}):
            with pytest.raises(FixRequest, match=r"engine held on Ray \(process \d+ on .*; use --name held"):
                connect(state=state, **how)
        with pytest.raises(FixRequest, match="engine other: expected one that runs on this Ray, got none"):
            RayEngine(name="other", found=True)
        with connect(name="held", state=state) as client:
            assert client.now == START
    finally:
        kept.dissolve()
        kept.close()
    with connect(shards=1, state=state) as client, pytest.raises(FixRequest, match=rf"process {os.getpid()} on "):
        InlineEngine(1, Keepsake(place, yields=True))
    connect(engine="inline", state=state).close()
