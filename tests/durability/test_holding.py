"""Who is at work on a state is known to others, as long as that process lives."""

import subprocess
import sys

from raudience.durability.holding import Hold, Holder
from raudience.durability.places import open_logs

ANA = Holder("host-a", 11, 1_000)
BOB = Holder("host-b", 12, 2_000, "shop")
HOLD_FOR_EVER = """
import sys, threading
from pathlib import Path
from raudience.durability.holding import Hold, Holder
Hold(Path(sys.argv[1])).take(Holder("host-c", 13, 3_000), 0)
print("held", flush=True)
threading.Event().wait()
"""


def test_whoever_comes_second_hears_who_was_first(tmp_path):
    first, second = Hold(tmp_path / "holder"), Hold(tmp_path / "holder")
    assert first.take(BOB, 0) is None
    assert second.take(ANA, 0) == BOB
    first.let_go()


def test_who_has_let_go_holds_nothing(tmp_path):
    first, second = Hold(tmp_path / "holder"), Hold(tmp_path / "holder")
    first.take(ANA, 0)
    first.let_go()
    assert second.take(BOB, 0) is None
    assert first.take(ANA, 0) == BOB
    second.let_go()


def test_who_holds_it_may_ask_again(tmp_path):
    hold = Hold(tmp_path / "holder")
    assert [hold.take(ANA, 0), hold.take(ANA, 0)] == [None, None]
    hold.let_go()


def test_a_process_that_is_killed_leaves_nothing_behind(tmp_path):
    path = tmp_path / "holder"
    with subprocess.Popen([sys.executable, "-c", HOLD_FOR_EVER, str(path)], stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout.readline() == "held\n"
        mine = Hold(path)
        assert mine.take(ANA, 0) == Holder("host-c", 13, 3_000)
        other.kill()
        other.wait()
    assert mine.take(ANA, 0) is None
    mine.let_go()


def test_a_holder_whose_name_cannot_be_read_is_somebody_still(tmp_path):
    first, second = Hold(tmp_path / "holder"), Hold(tmp_path / "holder")
    first.take(ANA, 0)
    (tmp_path / "holder").write_text("{")
    assert second.take(BOB, 0) == Holder("", 0, 0)
    first.let_go()


def test_where_no_file_can_be_locked_nobody_is_known(tmp_path):
    assert Hold(tmp_path / "gone" / "holder").take(ANA, 0) is None


def test_logs_that_are_closed_hold_nothing(tmp_path):
    first, second = open_logs(tmp_path), open_logs(tmp_path)
    assert first.hold(ANA) is None
    assert second.hold(BOB) == ANA
    first.close()
    assert second.hold(BOB) is None
    second.close()
