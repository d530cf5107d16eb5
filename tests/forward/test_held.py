"""The ledger of one kind, against a plain dictionary of rows."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from raudience.forward import held as module
from raudience.forward.held import Held

MPIDS, VALUES = st.integers(-3, 3), st.sampled_from([b"a", b"b", b"", b"\x00" * 32, b"longer than others"])
STEPS = st.lists(st.tuples(st.booleans(), MPIDS, VALUES, st.integers(0, 3)), max_size=60)


def shown(held):
    return {(mpid, value): sent for mpid, value, sent in held.rows()}


@given(STEPS, st.sampled_from([1, 3, 4096]))
def test_it_says_what_a_dictionary_would_however_often_it_is_sorted_anew(steps, least):
    module._LEAST, before = least, module._LEAST
    try:
        held, rows = Held(), {}
        for put, mpid, value, sent in steps:
            if put:
                held.put(mpid, value, sent)
                rows[mpid, value] = sent
            else:
                held.drop(mpid, value)
                rows.pop((mpid, value), None)
            assert len(held) == len(rows)
    finally:
        module._LEAST = before
    assert shown(held) == rows
    for mpid in range(-3, 4):
        assert held.values_of(mpid) == {value for owner, value in rows if owner == mpid}
    for value in (b"a", b"b", b"", b"\x00" * 32):
        assert held.owners_of(value) == sum(each == value for _, each in rows)
        assert held.is_sure(value) == any(each == value and sent > 0 for (_, each), sent in rows.items())
    assert list(held.users()) == sorted({mpid for mpid, _ in rows})
    assert held.sent_before(2) == sorted({mpid for (mpid, _), sent in rows.items() if sent < 2})


def test_a_hundred_thousand_hashes_take_less_than_80_bytes_each():
    held, chance = Held(), np.random.default_rng(1)
    mpids = chance.permutation(100_000).astype(np.int64)
    values = [chance.bytes(32) for _ in mpids]
    held.load(mpids, values, np.ones(len(mpids), np.uint32))
    assert held.nbytes() / len(held) < 80
    assert held.values_of(int(mpids[7])) == {values[7]}
    assert held.owners_of(values[99_999]) == 1
