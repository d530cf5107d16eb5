"""Explanations on the shipped sample: what they announce is what happens."""

import random
from pathlib import Path

import pytest

from raudience.cluster.client import connect
from tests.real.replaying import instant

SAMPLE = Path(__file__).parents[2] / "docs" / "sample"
BEGIN, END = instant("2026-02-28T00:00:00Z"), instant("2026-04-10T00:00:00Z")
LATER = instant("2026-07-01T00:00:00Z")
PEOPLE = 40


@pytest.fixture(scope="module")
def told():
    """Explanations by (mpid, audience), members by audience, and the first change of each after that, nothing having
    happened."""
    with connect(engine="inline", shards=2) as client:
        client.define(SAMPLE / "audiences.yaml", BEGIN)
        client.ingest(SAMPLE / "events")
        client.advance(END)
        list(client.changes())
        members = {
            figures.audience: {member.mpid for member in client.members(figures.audience)}
            for figures in client.counts()
        }
        people = random.Random(2026).sample(sorted(set().union(*members.values())), PEOPLE)
        explanations = {(mpid, key): client.why(mpid, key) for mpid in people for key in members}
        client.advance(LATER)
        first = {(change.mpid, change.audience): change.at for change in reversed(list(client.changes()))}
    return explanations, members, first


def test_an_explanation_says_member_of_members_only(told):
    explanations, members, _ = told
    assert [place for place, why in explanations.items() if why.member != (place[0] in members[place[1]])] == []


def test_without_events_an_answer_flips_when_the_explanation_says(told):
    explanations, _, first = told
    announced = {place: why.flips_at for place, why in explanations.items()}
    assert announced == {place: first.get(place) for place in explanations}
    assert any(announced.values())
    assert None in announced.values()
