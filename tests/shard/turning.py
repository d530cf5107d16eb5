"""States that turn leaves step by step, against the truth of every row at every instant worked out anew."""

import numpy as np
from hypothesis import strategies as st

from raudience.shard.bits import Bits

ROWS = 4
LAST = 24
ENDS = st.sets(st.integers(0, LAST - 1)).map(lambda ends: [*sorted(ends), LAST])


def started():
    bits = Bits(np.zeros(1, bool))
    bits.make_room(ROWS)
    return bits


def told(toggles):
    """{(instant, row)} of what turns."""
    return set() if toggles is None else set(zip(toggles.at.tolist(), toggles.row.tolist(), strict=True))


def stepped(state, bits, events, ends, arrive):
    """{(instant, row)} of what turns, step by step; events: (row, time, at, ...); arrive makes arrivals of some."""
    after, found = -1, set()
    for until in ends:
        part = [event for event in events if after < event[2] <= until]
        toggles = state.step(after, until, arrive(part), bits)
        found |= told(toggles)
        for row in [] if toggles is None else toggles.row.tolist():
            bits.bytes[row] ^= 1
        after = until
    return found


def expected(window, events, truth):
    """What should turn up to LAST; truth: of the events of a row that are in the window."""
    before, found = dict.fromkeys(range(ROWS), False), set()
    for now in range(LAST + 1):
        for row in range(1, ROWS):
            inside = [
                event
                for event in events
                if event[0] == row and event[2] <= now and window.low <= now - event[1] <= window.high
            ]
            if (holds := truth(inside)) != before[row]:
                found.add((now, row))
                before[row] = holds
    return found
