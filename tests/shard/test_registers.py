"""Fields of profiles: the latest value, and lists that come and go."""

import numpy as np

from raudience.criteria.operators import Includes
from raudience.records import ListColumn
from raudience.shard.features import ValueClasses
from raudience.shard.registers import Register
from raudience.shard.words import TruthTable


def updated(register, row, stamp, *lists):
    words = tuple(sorted({word for one in lists for word in one}))
    codes = np.array([words.index(word) for one in lists for word in one], np.int32)
    offsets = np.cumsum([0, *map(len, lists)]).astype(np.int32)
    column = ListColumn(np.arange(len(lists), dtype=np.int32), offsets, codes, words)
    rows = np.full(len(lists), row, np.int32)
    register.tidy()
    moments = np.arange(stamp, stamp + len(lists))
    return register.update(rows, moments, moments, register.cells(column))


def test_truths_are_those_of_each_list_while_thousands_of_lists_replace_one_another():
    register = Register()
    register.make_room(2)
    test = Includes("a")
    table, classes = TruthTable(test, register.dictionary), ValueClasses([test], register.dictionary)
    for start in range(0, 15_000, 5_000):
        lists = [("a", "b") if place % 3 == 0 else ("b",) for place in range(5_000)]
        timeline = updated(register, 1, start, *lists)
        truths = register.truths(classes, [table], timeline)[0]
        assert truths.tolist() == [place % 3 == 0 for place in range(5_000)]
    assert register.words_of(1) == ("b",)


def test_lists_that_nobody_holds_any_more_are_cleared_away():
    register = Register()
    register.make_room(2)
    for start in range(0, 50_000, 5_000):
        updated(register, 1, start, *([("a",)] * 5_000))
    assert register.nbytes() < 50_000 * 8
