"""What connections hear of an engine: everything, or that they have to look at everybody."""

from raudience.catalog.build import audience
from raudience.cluster.client import connect
from raudience.cluster.sources import Feed
from raudience.criteria.build import user


def test_who_asks_for_rounds_that_a_purge_took_away_since_the_last_look_is_told_that_they_are_gone(tmp_path):
    with connect(engine="inline", state=tmp_path, by="ana") as client:
        client.audiences.create(audience("pros", "Pros", user("plan").exactly("pro")))
        client.ingest([{"mpid": mpid, "user_attributes": {"plan": "pro"}} for mpid in (1, 2)])
        feed = Feed(client._engine)
        feed.refresh()
        assert [number for number, _ in feed.behind(0)] == [feed.position]
        client.ingest([{"mpid": 3, "user_attributes": {"plan": "pro"}}])
        feed.refresh()
        before = feed.position - 1
        client.erase(1, "ana")
        assert feed.behind(before) is None
