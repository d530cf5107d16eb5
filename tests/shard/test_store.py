"""Kept events: their order in time, their columns, and forgetting them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from raudience.criteria.leaves import Matcher
from raudience.records import Field
from raudience.shard.arrivals import EventDictionaries
from raudience.shard.chunk import seal_column
from raudience.shard.matching import Matching
from raudience.shard.runs import grouped
from raudience.shard.store import SEAL, EventStore
from raudience.shard.words import FIRST_WORD, NUMBER_CODE
from tests.shard.making import ID, T, arrivals
from tests.stories.stage import batch, commerce, custom

X, PLATFORM = Field("custom", "x"), Field("event", "platform")


class Kept:
    """A store of events of which those named A satisfy a matcher."""

    def __init__(self):
        self.known, self.store = EventDictionaries(), EventStore()
        self.matching = Matching((Matcher("custom", names=("A",)),), self.known.keys, self.known.words, {})

    def keep(self, *batches):
        some = arrivals(self.known, *batches)
        self.store.append(some, self.matching.classify(some), self.matching)
        return self

    def at(self, *offsets, name="A", row=1):
        """Keep events at offsets from T, in this order of arrival."""
        return self.keep(batch(*(custom(name, T + offset) for offset in offsets), mpid=row))

    def sealed(self):
        self.store.seal()
        return self

    def events(self):
        """(offset, row, name, {attribute: value}) of all sealed events, by time."""
        found = []
        for chunk in self.sealed().store.chunks:
            rows = chunk.rows(0, chunk.size)
            names = [self.known.keys[key].name for key in rows.keys]
            owners = chunk.row[rows.positions].tolist()
            values = [values_of(self.known, rows, place) for place in range(rows.size)]
            found += zip((rows.times - T).tolist(), owners, names, values, strict=True)
        return sorted(found, key=lambda event: event[:3])


def values_of(known, rows, place):
    found = {}
    for field in (X, PLATFORM):
        cells = rows.cells(field)
        if cells is None:
            continue
        index = list(range(rows.size)) if cells.index is None else cells.index.tolist()
        if place in index:
            code = int(cells.codes[index.index(place)])
            number = code == NUMBER_CODE
            found[field.name] = float(cells.numbers[index.index(place)]) if number else known.words[field].word(code)
    return found


def passing(store, after, until):
    """Offsets of the events not yet sealed in (after, until] that satisfy a matcher."""
    parts = store.recent(np.array([T + after]), np.array([T + until]))
    return sorted(offset for part in parts for offset in (part.time - T).tolist())


def between_times(store, after, until):
    """Chunks for one span."""
    return [chunk for _, chunk in store.between(np.array([T + after]), np.array([T + until]))]


def test_an_empty_store_has_no_next_event():
    store = EventStore()
    store.seal()
    assert (len(store), store.next_after(-(1 << 60)), store.chunks, between_times(store, 0, 1)) == (0, None, [], [])


def test_events_come_in_order_of_time_whatever_the_order_of_their_arrival():
    kept = Kept().at(5, 1, 3).at(2, 9).at(0, 4)
    assert [offset for offset, *_ in kept.events()] == [0, 1, 2, 3, 4, 5, 9]


def test_only_events_that_satisfy_a_matcher_pass():
    kept = Kept().at(1, 3, 5).at(2, 4, name="B").at(0, 4)
    assert passing(kept.store, 0, 4) == [1, 3, 4]
    assert passing(kept.store, -9, 99) == [0, 1, 3, 4, 5]


@pytest.mark.parametrize("sealed", [False, True])
def test_a_span_excludes_its_start_and_includes_its_end(sealed):
    kept = Kept().at(10, 20, 20, 30)
    if sealed:
        (chunk,) = kept.sealed().store.chunks
        assert (chunk.times(chunk.span(T + 10, T + 20)) - T).tolist() == [20, 20]
        assert [chunk.span(T + a, T + b) for a, b in ((-5, 5), (30, 99), (-5, 99))] == [
            slice(0, 0), slice(4, 4), slice(0, 4),
        ]  # fmt: skip
    else:
        assert [passing(kept.store, *span) for span in ((10, 20), (-5, 5), (30, 99))] == [[20, 20], [], []]


def test_the_next_event_is_found_in_the_tail_among_the_late_and_in_chunks():
    kept = Kept().at(10, 30).sealed().at(20, 40).at(15)
    found = [kept.store.next_after(T + moment) for moment in (-1, 10, 15, 20, 30, 39, 40)]
    assert found == [T + 10, T + 15, T + 20, T + 30, T + 40, T + 40, None]


def test_chunks_are_found_by_the_time_of_their_events():
    kept = Kept().at(0, 10).sealed().at(5, 20).sealed().at(30).sealed()
    sizes = [[chunk.last - T for chunk in between_times(kept.store, a, b)] for a, b in ((-1, 4), (5, 10), (10, 30))]
    assert sizes == [[10], [10, 20], [20, 30]]
    assert between_times(kept.store, 20, 29) == []


def test_sealing_keeps_every_event_with_its_row_key_and_values():
    kept = Kept().keep(
        batch(custom("B", T + 2, x="b"), custom("A", T + 1), mpid=1),
        batch(custom("A", T, x=7.25), custom("A", T + 2, x="b"), mpid=2, device_info={"platform": "tv"}),
    )
    assert kept.events() == [
        (0, 2, "A", {"x": 7.25, "platform": "tv"}),
        (1, 1, "A", {}),
        (2, 1, "B", {"x": "b"}),
        (2, 2, "A", {"x": "b", "platform": "tv"}),
    ]
    assert len(kept.store) == 4


def test_patterns_found_at_arrival_are_those_found_anew():
    kept = Kept().at(3, 1).at(2, name="B").at(0, 4).sealed()
    (chunk,) = kept.store.chunks
    position, pattern, _ = chunk.matched(kept.matching)
    assert (position, pattern.tolist()) == (None, [1, 1, 0, 1, 1])
    anew = Matching((Matcher("custom", names=("B",)),), kept.known.keys, kept.known.words, {})
    position, pattern, distinct = chunk.matched(anew)
    assert ((chunk.times(position) - T).tolist(), pattern.tolist(), distinct.tolist()) == ([2], [1], [1])


def bought(offset, *ids):
    return commerce("purchase", T + offset, *({"id": id} for id in ids))


def product_ids(kept, rows):
    cells, words = rows.cells(ID), kept.known.words[ID]
    return [(int(e), words.word(int(code))) for e, code in zip(rows.product_event, cells.codes, strict=True)]


def test_products_stay_with_their_events():
    kept = Kept().keep(batch(bought(5, "e", "f"), bought(1, "a"))).keep(batch(bought(3, "c", "d"), bought(4)))
    (chunk,) = kept.sealed().store.chunks
    assert product_ids(kept, chunk.rows(0, 4)) == [(0, "a"), (1, "c"), (1, "d"), (3, "e"), (3, "f")]
    assert product_ids(kept, chunk.rows(1, 3)) == [(0, "c"), (0, "d")]


def test_events_of_a_key_are_read_across_chunks():
    kept = Kept().at(5, 1).at(2, name="B").sealed().at(3, 9, row=2).sealed()
    (runs,) = grouped(kept.store.chunks, [(0, T), (0, T + 5), (0, T + 9), (99, T)])
    run = runs.of(0, T)
    assert ((run.times - T).tolist(), run.row.tolist()) == ([1, 5, 3, 9], [1, 1, 2, 2])
    assert run.spans(T + 1, T + 5) == [slice(1, 3)]
    assert run.spans(T + 5, T + 8) == []
    assert run.times_between(1, 3).tolist() == [T + 5, T + 3]
    assert (runs.of(0, T + 5).times - T).tolist() == [3, 9]
    assert (runs.of(0, T + 9).size, runs.of(99, T).size) == (0, 0)


def test_all_chunks_are_read_group_by_group():
    kept = Kept()
    for offset in range(130):
        kept.at(offset).sealed()
    times = [runs.of(0, T - 1).times - T for runs in grouped(kept.store.chunks, [(0, T - 1)])]
    assert np.concatenate(times).tolist() == list(range(130))
    assert len(times) > 1


def test_forgetting_drops_chunks_wholly_older_than_a_moment_and_frees_their_memory():
    kept = Kept().at(*range(10_000)).sealed().at(20_000, 9_000).sealed()
    full = kept.store.nbytes()
    assert kept.store.forget(T + 9_999) == 0
    assert kept.store.forget(T + 10_000) == 10_000
    assert (len(kept.store), kept.store.next_after(0)) == (2, T + 9_000)
    assert kept.store.nbytes() < full / 4


def test_events_of_dead_rows_and_of_before_a_moment_are_given_to_another_row():
    kept = Kept().at(1, 5, row=1).at(2, 6, row=2).at(3, 7, row=3)
    kept.store.give(np.array([False, False, True, False]), T + 3, 0)
    assert [(offset, row) for offset, row, *_ in kept.events()] == [(1, 0), (2, 0), (3, 3), (5, 1), (6, 0), (7, 3)]


def test_a_full_tail_becomes_a_chunk():
    kept = Kept()
    offsets = range(SEAL // 2 + 1)
    kept.at(*offsets).at(*offsets)
    assert [chunk.size for chunk in kept.store.chunks] == [SEAL // 2 + 1]
    assert len(kept.store) == 2 * (SEAL // 2 + 1)


def test_what_comes_after_a_chunk_changes_nothing_in_it():
    kept, count = Kept(), SEAL // 2 + 1
    kept.at(*range(count), row=1).at(*range(count, 2 * count), row=2)
    (chunk,) = kept.store.chunks
    assert chunk.times(slice(0, count)).tolist() == list(range(T, T + count))
    assert (set(chunk.row.tolist()), kept.store.next_after(T + count - 1)) == ({1}, T + count)


def between(column, first, last):
    """Codes of the rows [first, last) of a sealed column, 0 where there is no cell, and the numbers of its cells."""
    cells = column.between(first, last)
    if cells is None:
        return [0] * (last - first), []
    codes = np.zeros(last - first, np.int64)
    codes[slice(None) if cells.index is None else cells.index] = cells.codes
    return codes.tolist(), [] if cells.numbers is None else cells.numbers.tolist()


CELL = st.sampled_from([0, 0, NUMBER_CODE, FIRST_WORD, FIRST_WORD + 300, FIRST_WORD + 70_000])


@settings(max_examples=80, deadline=None)
@given(st.lists(CELL, min_size=1, max_size=20), st.data())
def test_a_sealed_column_dense_or_sparse_is_what_was_sealed(codes, data):
    size = len(codes)
    numbers = [place + data.draw(st.sampled_from([0.5, 0.1])) for place in range(size)]
    has = NUMBER_CODE in codes
    column = seal_column(np.array(codes, np.int32), np.array(numbers) if has else None)
    first, last = sorted((data.draw(st.integers(0, size)), data.draw(st.integers(0, size))))
    found, read = between(column, first, last)
    assert found == codes[first:last]
    if has:
        present = [code for code in codes[first:last] if code]
        kept = [number for number, code in zip(numbers[first:last], codes[first:last], strict=True) if code]
        pairs = zip(present, read, kept, strict=True)
        assert all(number == wanted for code, number, wanted in pairs if code == NUMBER_CODE)


def test_a_column_with_cells_in_its_first_rows_alone_has_none_further_on():
    column = seal_column(np.array([FIRST_WORD] * 3 + [0] * 700, np.int32), None)
    assert between(column, 2, 4) == ([FIRST_WORD, 0], [])
    assert column.between(300, 700) is None


def test_numbers_beyond_four_bytes_are_sealed_without_a_warning():
    column = seal_column(np.array([NUMBER_CODE]), np.array([1e300]))
    assert column.between(0, 1).numbers.tolist() == [1e300]


OFFSETS = st.lists(st.lists(st.integers(0, 50), max_size=6), max_size=6)


@settings(max_examples=40, deadline=None)
@given(OFFSETS, st.sets(st.integers(0, 5)), st.integers(-1, 50))
def test_a_store_is_a_sorted_list_of_events(pieces, seals, moment):
    kept, every = Kept(), []
    for number, offsets in enumerate(pieces):
        kept.at(*offsets, row=number)
        every += [(offset, number) for offset in offsets]
        if number in seals:
            kept.sealed()
    later = [offset for offset, _ in every if offset > moment]
    assert kept.store.next_after(T + moment) == (T + min(later) if later else None)
    assert [(offset, row) for offset, row, *_ in kept.events()] == sorted(every)
    assert len(kept.store) == len(every)
