"""Auto-complete in a shard: what was seen, how often, kept fresh and within bounds."""

import pytest

from raudience.clock import HOUR, MINUTE
from raudience.records import Field
from raudience.records.suggestions import CategoriesOf, EventsOf, Kinds, NamesIn, ValuesOf
from raudience.shard import sightings, suggesting
from raudience.shard.commands import Erase
from tests.shard.making import T, shard_of, taken, ticked
from tests.stories.stage import batch, commerce, custom, event

CITY = ValuesOf(Field("user", "city"))
SONG = ValuesOf(Field("custom", "song"))


def suggested(shard, topic, typed="", most=10):
    return [(each.text, each.count) for each in shard.complete(topic, typed, most)]


def living(*cities, at=T):
    shard = shard_of()
    taken(shard, at, *(batch(mpid=mpid, user_attributes={"city": city}) for mpid, city in enumerate(cities, 1)))
    return shard


def test_values_of_profiles_are_counted_by_who_has_them_now():
    shard = living("Parma", "Paris", "Paris", "Rome")
    assert suggested(shard, CITY, "pa") == [("Paris", 2), ("Parma", 1)]
    taken(
        shard,
        T + MINUTE,
        batch(mpid=2, user_attributes={"city": "Parma"}),
        batch(mpid=3, user_attributes={"city": "Pau"}),
    )
    assert suggested(shard, CITY, "pa") == [("Parma", 2), ("Pau", 1)]


def test_lists_numbers_and_values_of_all_workspaces_are_suggested():
    shard = shard_of(inputs=[{"key": "web", "workspace": "shop"}])
    taken(
        shard, T,
        batch(mpid=1, user_attributes={"city": ["Paris", "Pau"]}, api_key="web"),
        batch(mpid=2, user_attributes={"city": "Paris"}), batch(mpid=3, user_attributes={"city": 75001}),
    )  # fmt: skip
    assert suggested(shard, CITY) == [("Paris", 2), ("Pau", 1), ("75001", 1)]


def test_identities_of_users_and_of_devices_are_suggested():
    shard = shard_of()
    device = {"device_info": {"ios_advertising_id": "AB-1"}, "user_identities": {"email": "a@b"}}
    taken(shard, T, batch(mpid=1, **device), batch(mpid=2, **device))
    assert suggested(shard, ValuesOf(Field("identity", "ios_advertising_id")), "ab") == [("AB-1", 2)]
    assert suggested(shard, ValuesOf(Field("identity", "email")), "@") == [("a@b", 2)]
    assert sorted(suggested(shard, NamesIn("identity"))) == [("email", 2), ("ios_advertising_id", 2)]


def test_attributes_of_events_and_products_are_suggested_sealed_or_not():
    shard = shard_of()
    taken(shard, T, batch(custom("Play", T, song="Aja", n=1), custom("Play", T, song="Peg", n=2)))
    shard.store.seal()
    taken(shard, T + 1, batch(custom("Play", T, song="Peg"), commerce("purchase", T, {"id": "x"}, {"id": "y"})))
    assert suggested(shard, SONG) == [("Peg", 2), ("Aja", 1)]
    assert suggested(shard, ValuesOf(Field("custom", "n"))) == [("1", 1), ("2", 1)]
    assert suggested(shard, ValuesOf(Field("product", "id")), "y") == [("y", 1)]
    assert suggested(shard, NamesIn("custom")) == [("song", 3), ("n", 2)]
    assert suggested(shard, NamesIn("product")) == [("id", 2)]


def test_events_are_suggested_by_kind_and_category():
    shard = shard_of()
    seen = (
        custom("Play", T),
        custom("Play", T, "media"),
        custom("Pause", T),
        event("screen_view", T, screen_name="Plans"),
    )
    taken(shard, T, batch(*seen))
    assert suggested(shard, EventsOf("custom"), "p") == [("Play", 2), ("Pause", 1)]
    assert suggested(shard, EventsOf(), "pl") == [("Play", 2), ("Plans", 1)]
    assert suggested(shard, CategoriesOf()) == [("other", 2), ("media", 1)]
    assert suggested(shard, CategoriesOf("screen_view")) == []
    assert suggested(shard, Kinds()) == [("custom", 3), ("screen_view", 1)]


@pytest.mark.parametrize("topic", [CITY, SONG, NamesIn("user"), NamesIn("product"), EventsOf("crash"), CategoriesOf()])
def test_of_what_was_never_seen_nothing_is_suggested(topic):
    assert suggested(shard_of(), topic) == []


def test_a_new_value_is_suggested_at_once_and_counts_follow_within_a_minute():
    shard = living("Paris")
    assert suggested(shard, CITY) == [("Paris", 1)]
    taken(shard, T + 1, batch(mpid=9, user_attributes={"city": "Pau"}))
    assert suggested(shard, CITY) == [("Paris", 1), ("Pau", 1)]
    taken(shard, T + 2, batch(mpid=8, user_attributes={"city": "Pau"}))
    ticked(shard, T + 1 + MINUTE)
    assert suggested(shard, CITY) == [("Pau", 2), ("Paris", 1)]


def test_of_many_values_a_new_one_is_suggested_at_once_and_all_are_counted_within_an_hour(monkeypatch):
    monkeypatch.setattr(suggesting, "_SMALL", 10)
    shard = living(*(f"City {n}" for n in range(100)))
    assert len(suggested(shard, CITY, "city 9", 20)) == 11
    newcomers = [batch(mpid=200 + n, user_attributes={"city": "City 999"}) for n in range(5)]
    taken(shard, T + MINUTE, *newcomers)
    assert suggested(shard, CITY, "city 99") == [("City 99", 1), ("City 999", 1)]
    ticked(shard, T + HOUR)
    assert suggested(shard, CITY, "city 99") == [("City 999", 5), ("City 99", 1)]


def test_the_most_frequent_values_of_the_topics_asked_last_are_held(monkeypatch):
    monkeypatch.setattr(suggesting, "_WORDS", 50)
    monkeypatch.setattr(suggesting, "_TOPICS", 2)
    shard = living(*(f"City {n % 120}" for n in range(130)))
    assert {text for text, count in suggested(shard, CITY, "", 200) if count == 2} == {f"City {n}" for n in range(10)}
    assert len(suggested(shard, CITY, "", 200)) == 50
    held = shard.memory()["suggestions"]
    for topic in (EventsOf(), Kinds(), CITY, EventsOf(), CITY, NamesIn("user")):
        suggested(shard, topic)
        assert shard.memory()["suggestions"] <= held + 1_000


def test_of_very_many_numbers_some_stand_for_all(monkeypatch):
    monkeypatch.setattr(sightings, "_NUMBERS", 100)
    shard = shard_of()
    people = [batch(custom("A", T, n=7), mpid=mpid, user_attributes={"age": 40}) for mpid in range(1_000)]
    taken(shard, T, *people)
    assert suggested(shard, ValuesOf(Field("user", "age"))) == [("40", 1_000)]
    assert suggested(shard, ValuesOf(Field("custom", "n"))) == [("7", 1_000)]


def test_nothing_of_the_shard_changes():
    shard = living("Paris", "Parma")
    before = shard.store.nbytes(), shard.known.nbytes(), shard.counts(), list(shard.profiles.registers)
    for topic in (CITY, SONG, NamesIn("user"), EventsOf(), Kinds()):
        suggested(shard, topic)
    assert (shard.store.nbytes(), shard.known.nbytes(), shard.counts(), list(shard.profiles.registers)) == before


def test_of_an_erased_user_nothing_is_suggested():
    shard = living("Paris", "Parma")
    assert suggested(shard, CITY) == [("Paris", 1), ("Parma", 1)]
    shard.apply(Erase((2,)), T)
    assert suggested(shard, CITY) == [("Paris", 1)]
