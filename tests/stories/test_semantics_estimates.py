"""Semantics, sections 13 (estimates) and 3 (auto-complete)."""

import json

import pytest

from raudience.catalog.documents import read_draft
from raudience.coordinator import estimating
from raudience.coordinator.estimating import FEWEST, estimated, level_of
from raudience.records import Field, SampleCount
from raudience.records.suggestions import ValuesOf
from tests.shard.making import planned
from tests.stories.stage import EngineStage, asks, attribute, audience, batch, book, custom, utc

NOW = utc("2026-03-01T00:00:00Z")
GOLD = attribute("plan", "exact_match", value="gold")
VISITED = asks("Visit")
BOTH = {"type": "and", "of": [GOLD, VISITED]}


def draft(*audiences, **fields):
    return read_draft(json.dumps(book(*audiences, **fields)).encode(), "draft.json", "json")


@pytest.fixture
def engine():
    stage = EngineStage(2)
    stage.define(book(inputs=[{"key": "web"}]), NOW - 1)
    stage.ingest([batch(custom("Visit", NOW), mpid=mpid, user_attributes={"plan": "gold"}) for mpid in (1, 2)], NOW)
    stage.ingest([batch(mpid=mpid, user_attributes={"plan": "gold"}) for mpid in (3, 4, 5)], NOW + 1)
    return stage.engine


def test_135_an_estimate_is_there_at_once_without_a_definition_in_force(engine):
    assert engine.estimate(draft(audience(BOTH)), "a").of().size == 2
    assert engine.counts() == {}


def test_136_there_is_a_figure_for_each_criterion_and_for_the_whole(engine):
    figures = engine.estimate(draft(audience(BOTH)), "a").figures
    assert [(figure.path, figure.size) for figure in figures] == [("", 2), ("criteria.of[0]", 5), ("criteria.of[1]", 2)]


def test_137_13000_members_of_100000000_users_are_too_few_for_a_figure():
    asked, population = planned(audience(GOLD)), 100_000_000
    sampled = population >> level_of(population, asked)
    expected = round(13_000 * sampled / population)
    assert expected < FEWEST
    estimate = estimated("a", NOW, asked, SampleCount(population, sampled, (expected,), (None,))).of("a")
    assert (estimate.size, estimate.least <= 13_000 <= estimate.most) == (None, True)


def test_138_no_figure_does_not_mean_nobody(engine, monkeypatch):
    monkeypatch.setattr(estimating, "_SAMPLE", 3)
    engine.ingest([batch(mpid=mpid) for mpid in range(6, 100)], NOW + 2)
    assert engine.estimate(draft(audience(BOTH)), "a").of().size is None
    engine.define(draft(audience(BOTH)), NOW + 3)
    assert engine.counts() == {"a": 2}


def test_139_an_input_that_is_not_configured_is_a_warning_and_neither_number_nor_sign(engine):
    unknown = engine.estimate(draft(audience(BOTH, inputs=["app"])), "a")
    assert unknown.figures == ()
    assert unknown.warning == "audiences[0].inputs[0]: expected an input of this book (web), got `app`"
    silent = engine.estimate(draft(audience(BOTH, inputs=["web"])), "a")
    assert (silent.figures, silent.warning) == ((), "nothing has come through web yet; is the input configured?")


def test_140_the_real_size_takes_the_place_of_the_estimate_once_it_is_known(engine, monkeypatch):
    monkeypatch.setattr(estimating, "_SAMPLE", 3)
    before = engine.estimate(draft(audience(GOLD)), "a").of()
    engine.define(draft(audience(GOLD)), NOW + 2)
    after = engine.estimate(draft(audience(GOLD)), "a").of()
    assert (before.exact, after.exact, after.size) == (False, True, engine.counts()["a"])


def test_32_auto_complete_suggests_values_that_occur(engine):
    cities = ("Paris", "Parma", "Rome")
    engine.ingest([batch(mpid=mpid, user_attributes={"city": city}) for mpid, city in enumerate(cities, 1)], NOW + 2)
    found = engine.complete(ValuesOf(Field("user", "city")), "pa")
    assert [each.text for each in found] == ["Paris", "Parma"]
