"""A shard hears one writer, in order: what comes twice, late or from a replaced writer changes nothing."""

import pytest

from raudience.cluster.carrier import Lost
from raudience.cluster.coordinating import CoordinatorShell
from raudience.cluster.entries import Begun
from raudience.cluster.shells import ShardShell
from raudience.errors import FixRequest, ReportBug
from raudience.shard.commands import Tick


@pytest.fixture
def shell():
    shard = ShardShell()
    shard.open("shard-0", None, Begun(0, None))
    shard.fence(1)
    return shard


def test_a_shard_that_is_not_open_says_so():
    with pytest.raises(Lost, match="not come back from its log"):
        ShardShell().fence(1)


def test_commands_are_taken_in_their_order(shell):
    shell.apply(1, 1, 0, Tick(), 10)
    shell.apply(1, 2, 0, Tick(), 20)
    assert shell.fence(2).number == 2


@pytest.mark.parametrize("number", [0, 3])
def test_a_command_out_of_order_is_refused(shell, number):
    shell.apply(1, 1, 0, Tick(), 10)
    with pytest.raises(ReportBug, match=f"command {number} came after command 1"):
        shell.apply(1, number, 0, Tick(), 20)
    assert shell.fence(2).number == 1


def test_a_command_that_comes_again_is_answered_as_before_and_changes_nothing(shell):
    first = shell.apply(1, 1, 0, Tick(), 10)
    assert shell.apply(1, 1, 0, Tick(), 20) is first
    assert (shell.standing().number, shell.standing().now) == (1, 10)


def test_a_command_whose_changes_were_told_is_not_answered_again(shell):
    shell.apply(1, 1, 0, Tick(), 10)
    shell.apply(1, 2, 1, Tick(), 20)
    assert shell.standing().untold == ((2, 20),)
    with pytest.raises(ReportBug, match="command 1 came after command 2"):
        shell.apply(1, 1, 1, Tick(), 10)


def test_a_replaced_writer_is_refused(shell):
    shell.fence(2)
    with pytest.raises(FixRequest, match="writer of epoch 1 came after epoch 2 took over"):
        shell.apply(1, 1, 0, Tick(), 10)


def test_nobody_takes_over_with_an_old_epoch(shell):
    shell.fence(5)
    with pytest.raises(FixRequest, match="writer of epoch 4 came after epoch 5 took over"):
        shell.fence(4)


def test_a_command_that_failed_stops_the_shard(shell, monkeypatch):
    def fail(*_):
        raise RuntimeError

    monkeypatch.setattr(shell._replica.shard, "apply", fail)
    with pytest.raises(RuntimeError):
        shell.apply(1, 1, 0, Tick(), 10)
    with pytest.raises(Lost, match="has failed"):
        shell.apply(1, 2, 0, Tick(), 20)
    with pytest.raises(Lost, match="has failed"):
        shell.open("shard-0", None, Begun(0, None))


def test_every_writer_gets_a_higher_epoch():
    coordinator = CoordinatorShell()
    coordinator.open(2)
    assert [coordinator.claim().epoch, coordinator.claim().epoch] == [1, 2]


def test_an_audience_that_went_while_somebody_asked_is_told(shell):
    with pytest.raises(FixRequest, match="an audience of the book in force, got 'gone'"):
        shell.ask("members", "gone")
