"""The order of changes (records.changes) and comparisons do not depend on how users were spread over shards."""

import msgspec
import numpy as np

from raudience.coordinator import merge, merge_comparisons, narrow, no_changes
from raudience.hashing import first_by_hash
from raudience.records import Changes, Comparison


def changes(audiences: tuple[str, ...], *rows: tuple[int, str, int, bool]) -> Changes:
    return Changes(
        audiences=audiences,
        versions=tuple(1 for _ in audiences),
        audience=np.array([audiences.index(key) for _, key, _, _ in rows], np.int32),
        mpid=np.array([mpid for _, _, mpid, _ in rows], np.int64),
        entered=np.array([entered for *_, entered in rows], np.bool_),
        at=np.array([at for at, *_ in rows], np.int64),
    )


def touched(told: Changes, *mpids: int) -> Changes:
    return msgspec.structs.replace(told, touched=np.array(mpids, np.int64))


def rows(log: Changes) -> list[tuple[int, str, int, bool]]:
    keys = [log.audiences[position] for position in log.audience]
    return list(zip(log.at.tolist(), keys, log.mpid.tolist(), log.entered.tolist(), strict=True))


def test_merged_by_time_then_audience_then_user():
    one = changes(("a", "b"), (1, "b", 5, True), (2, "a", 5, True))
    two = changes(("a", "b"), (1, "a", 9, True), (1, "b", -7, True), (2, "a", 4, False))
    assert rows(merge([one, two])) == [
        (1, "a", 9, True),
        (1, "b", -7, True),
        (1, "b", 5, True),
        (2, "a", 4, False),
        (2, "a", 5, True),
    ]


def test_tables_of_audiences_may_differ():
    one = changes(("b", "c"), (1, "c", 1, True))
    two = changes(("a", "b"), (1, "b", 2, True), (3, "a", 2, True))
    merged = merge([one, two])
    assert merged.audiences == ("a", "b", "c")
    assert rows(merged) == [(1, "b", 2, True), (1, "c", 1, True), (3, "a", 2, True)]


def test_nothing_from_nobody():
    assert rows(merge([])) == []
    assert rows(merge([no_changes(), changes(("a",))])) == []


def test_order_of_shards_does_not_matter():
    one = changes(("a",), (1, "a", 3, True))
    two = changes(("a",), (1, "a", 2, True))
    assert rows(merge([one, two])) == rows(merge([two, one])) == [(1, "a", 2, True), (1, "a", 3, True)]


def test_who_was_touched_stands_in_order_whoever_else_has_changes():
    silent, loud = changes(()), changes(("a",), (1, "a", 3, True))
    one, two = touched(silent, -4, 9), touched(loud, 2)
    for parts in ([one, two], [two, one], [one, two, silent]):
        merged = merge(parts)
        assert (rows(merged), merged.touched.tolist()) == ([(1, "a", 3, True)], [-4, 2, 9])
    assert merge([one, silent]).touched.tolist() == [-4, 9]
    assert merge([two, touched(loud, 7)]).touched.tolist() == [2, 7]


def test_who_was_touched_is_told_with_all_changes_alone():
    told = touched(changes(("a",), (1, "a", 3, True)), 3)
    assert narrow(told, None, None).touched.tolist() == [3]
    assert [narrow(told, "a", None).touched.tolist(), narrow(told, None, 3).touched.tolist()] == [[], []]


def test_comparisons_of_parts_make_that_of_the_whole():
    mpids = np.arange(-50, 50)
    whole = Comparison(100, 30, 7, first_by_hash(mpids, 5), first_by_hash(mpids[:30], 5))
    parts = [
        Comparison(60, 30, 3, first_by_hash(mpids[:60], 5), first_by_hash(mpids[:30], 5)),
        Comparison(40, 0, 4, first_by_hash(mpids[60:], 5), first_by_hash(mpids[:0], 5)),
    ]
    merged = merge_comparisons(parts, 5)
    assert (merged.adds, merged.drops, merged.both) == (whole.adds, whole.drops, whole.both)
    assert merged.entering.tolist() == whole.entering.tolist()
    assert merged.leaving.tolist() == whole.leaving.tolist()
