"""Figures of connections in words."""

import msgspec

from raudience.cli.figures import HEADINGS, cells, line, properties
from raudience.forward.figures import Backfill, Figures, Waiting

BUSY = Figures(
    connection="4bb80e9d18812b8fa8572f9b47ca15ab", output="ads", audience="pros", variation="Control", backlog=1_750,
    age=75_000, backfill=Backfill(250, 2_000, 90.0), rate=1_234.4, items=500, requests=3, retries=1, throttled=0.25,
    held={"email": 400, "handle": 100}, succeeded=1_767_225_600_000, fault=None,
)  # fmt: skip
IDLE = Figures(
    connection="4bb80e9d18812b8fa8572f9b47ca15ab", output="lake", audience="pros", variation=None, backlog=0, age=None,
    backfill=None, rate=0.0, items=0, requests=0, retries=0, throttled=0.0, held={}, succeeded=None,
    fault="SignInAgain",
)  # fmt: skip


def test_a_row_tells_what_is_held_and_left_and_how_it_goes():
    assert cells(BUSY) == (
        "pros:Control to ads (4bb80e9d)", "500", "1,750", "1 min 15 s", "250 of 2,000 (12%, 1 min 30 s left)", "1,234",
        "3", "25%", "sending",
    )  # fmt: skip
    assert cells(IDLE) == ("pros to lake (4bb80e9d)", "0", "0", "--", "--", "0", "0", "0%", "SignInAgain")
    assert len(cells(BUSY)) == len(HEADINGS)


def test_a_line_tells_the_same_and_nothing_that_is_not():
    assert line(BUSY) == (
        "pros:Control to ads (4bb80e9d): holds 400 email, 100 handle, 1,750 user(s) left, oldest 1 min 15 s, "
        "backfill 250 of 2,000 (12%, 1 min 30 s left), 1,234 items/s, 25% of the time waiting for the bucket"
    )
    assert line(IDLE) == "pros to lake (4bb80e9d): holds nothing, 0 user(s) left, SignInAgain"


def test_a_connection_that_waits_says_for_whom_why_until_when_and_which_try_comes():
    waits = msgspec.structs.replace(BUSY, waiting=Waiting(1_767_225_661_500, 4, 9, "no answer"))
    assert cells(waits)[-1] == "no answer, try 4 of 9 at 00:01:01Z"
    assert line(waits).endswith(", waits for ads (no answer): try 4 of 9 at 2026-01-01T00:01:01.500Z")


def test_a_page_tells_each_by_its_name():
    assert properties(BUSY)["held there"] == "400 email, 100 handle"
    assert properties(BUSY)["requests, retries"] == "3, 1"
    assert properties(IDLE)["backfill"] == "--"
