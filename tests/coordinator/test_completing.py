"""Suggestions of shards are joined: counts are added, beginnings come first, the most frequent before others."""

from raudience.coordinator.completing import merge_suggestions
from raudience.records.suggestions import Suggestion


def merged(typed, most, *parts):
    found = merge_suggestions([[Suggestion(*each) for each in part] for part in parts], typed, most)
    return [(each.text, each.count) for each in found]


def test_counts_of_shards_are_added():
    assert merged("p", 5, [("Pau", 2), ("Paris", 1)], [("Paris", 3)]) == [("Paris", 4), ("Pau", 2)]


def test_what_begins_so_comes_before_what_contains_it_however_frequent():
    assert merged("PA", 2, [("Capa", 9), ("Parma", 1), ("Pau", 1)]) == [("Parma", 1), ("Pau", 1)]


def test_equal_frequencies_are_in_the_order_of_texts():
    assert merged("", 5, [("b", 1), ("a", 1)], [("c", 1)]) == [("a", 1), ("b", 1), ("c", 1)]
