"""Members as all shards list them, and the edge of a fair sample."""

import numpy as np
import pytest

from raudience.coordinator.listings import merge_listings, sample_edge
from raudience.records.listings import Listing, Named
from raudience.records.texts import FILLER, texts_of


def listing(at, *users):
    """users: (mpid, e-mail addresses)."""
    values = [(place, text) for place, (_, texts) in enumerate(users) for text in texts]
    named = Named(np.array([place for place, _ in values], np.int64), texts_of([text for _, text in values]))
    return Listing(np.array([mpid for mpid, _ in users], np.int64), np.full(len(users), at), (named,))


def plain(found):
    named = found.identities[0]
    texts = [bytes(row).replace(bytes([FILLER]), b"") for row in named.texts.matrix]
    told = [named.texts.long.get(place, text).decode() for place, text in enumerate(texts)]
    return found.mpid.tolist(), found.at.tolist(), list(zip(named.user.tolist(), told, strict=True))


def test_users_of_all_shards_are_listed_ascending_with_their_identities_and_instants():
    parts = [
        listing(5, (-3, ["a"]), (7, ["b", "x" * 200])),
        listing(6),
        listing(7, (-9, ["long one", "y" * 300]), (1, []), (9, ["c"])),
    ]
    assert plain(merge_listings(parts)) == (
        [-9, -3, 1, 7, 9],
        [7, 5, 7, 5, 7],
        [(0, "long one"), (0, "y" * 300), (1, "a"), (3, "b"), (3, "x" * 200), (4, "c")],
    )


def test_of_one_shard_the_listing_is_that_of_all():
    part = listing(5, (1, ["a"]))
    assert merge_listings([part]) is part


@pytest.mark.parametrize(
    ("counts", "wanted", "edge"),
    [
        ([3, 0, 2], 3, (0, 3)),
        ([3, 0, 2], 4, (2, 1)),
        ([3, 0, 2], 1, (0, 1)),
        ([0, 0, 2], 1, (2, 1)),
        ([3, 0, 2], 9, (2, 6)),
    ],
)
def test_the_edge_of_a_sample_is_where_its_last_user_is(counts, wanted, edge):
    assert sample_edge(np.array(counts), wanted) == edge
