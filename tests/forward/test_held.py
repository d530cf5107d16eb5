"""The ledger of one kind, against a plain dictionary of rows."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from raudience.forward.held import Held

SOME = [b"a", b"b", b"", b"\x00" * 32, b"longer than others"]
MPIDS, VALUES = st.integers(-3, 3), st.sampled_from(SOME)
STEPS = st.lists(
    st.tuples(st.booleans(), st.lists(st.tuples(MPIDS, VALUES), max_size=4), st.integers(0, 3)), max_size=40
)


def shown(held):
    return {(mpid, value): sent for mpid, value, sent in held.rows()}


@given(STEPS)
def test_it_says_what_a_dictionary_would(steps):
    held, rows = Held(), {}
    for put, chosen, sent in steps:
        if put:
            held.put(chosen, sent)
            rows |= dict.fromkeys(chosen, sent)
        else:
            held.drop(chosen)
            rows = {row: second for row, second in rows.items() if row not in chosen}
        assert len(held) == len(rows)
    assert shown(held) == rows
    assert held.of([-3, 0, 2, 7]) == {row: sent for row, sent in rows.items() if row[0] in (-3, 0, 2, 7)}
    counts, sure = held.owners(SOME)
    assert counts == [sum(each == value for _, each in rows) for value in SOME]
    assert sure == [any(each == value and sent > 0 for (_, each), sent in rows.items()) for value in SOME]
    assert held.users() == sorted({mpid for mpid, _ in rows})
    assert held.sent_before(2) == sorted({mpid for (mpid, _), sent in rows.items() if sent < 2})
    assert {(m, v): s for m, v, s in zip(*columns(held.whole()), strict=True)} == rows
    assert shown(held) == rows


def columns(part):
    return part.mpids.tolist(), part.values(np.arange(len(part.mpids))), part.sent.tolist()


def test_what_is_doubted_is_unsure_and_still_held():
    held = Held()
    held.put([(1, b"a"), (2, b"b")], 9)
    held.put([(3, b"a")], 9)
    held.drop([(3, b"a")])
    held.put([(3, b"c"), (4, b"d")], 9)
    held.drop([(4, b"d")])
    assert held.acknowledged() == 3
    held.doubt()
    assert (held.acknowledged(), len(held)) == (0, 3)
    assert shown(held) == {(1, b"a"): 0, (2, b"b"): 0, (3, b"c"): 0}
    held.put([(3, b"a")], 0)
    assert held.owners([b"a", b"b"]) == ([2, 1], [False, False])


def test_parts_stay_few():
    held = Held()
    for mpid in range(1_000):
        held.put([(mpid, b"%d" % mpid)], 1)
    assert len(held._parts) <= 10


def test_a_hundred_thousand_hashes_take_less_than_80_bytes_each():
    held, chance = Held(), np.random.default_rng(1)
    rows = [(mpid, chance.bytes(32)) for mpid in chance.permutation(100_000).tolist()]
    for first in range(0, len(rows), 2_500):
        held.put(rows[first : first + 2_500], 1)
    assert held.nbytes() / len(held) < 80
    assert held.of([rows[7][0]]) == {rows[7]: 1}
    assert held.owners([rows[99_999][1]]) == ([1], [True])
