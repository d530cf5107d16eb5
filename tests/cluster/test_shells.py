"""A shard hears one writer, in order: what comes twice, late or from a replaced writer changes nothing."""

import pytest

from raudience.cluster.shells import CoordinatorShell, ShardShell
from raudience.errors import FixRequest, ReportBug
from raudience.shard.commands import Tick


@pytest.fixture
def shell():
    shard = ShardShell()
    shard.fence(1)
    return shard


def test_commands_are_taken_in_their_order(shell):
    shell.apply(1, 1, Tick(), 10)
    shell.apply(1, 2, Tick(), 20)
    assert shell.fence(2) == 2


@pytest.mark.parametrize("number", [0, 1, 3])
def test_a_command_out_of_order_is_refused(shell, number):
    shell.apply(1, 1, Tick(), 10)
    with pytest.raises(ReportBug, match=f"command {number} came after command 1"):
        shell.apply(1, number, Tick(), 20)
    assert shell.fence(2) == 1


def test_a_replaced_writer_is_refused(shell):
    shell.fence(2)
    with pytest.raises(FixRequest, match="writer of epoch 1 came after epoch 2 took over"):
        shell.apply(1, 1, Tick(), 10)


def test_nobody_takes_over_with_an_old_epoch(shell):
    shell.fence(5)
    with pytest.raises(FixRequest, match="expected more than 5, got 5"):
        shell.fence(5)


def test_a_command_that_failed_stops_the_shard(shell, monkeypatch):
    def fail(*_):
        raise RuntimeError

    monkeypatch.setattr(shell._shard, "apply", fail)
    with pytest.raises(RuntimeError):
        shell.apply(1, 1, Tick(), 10)
    with pytest.raises(ReportBug, match="command 2 came after command 0"):
        shell.apply(1, 2, Tick(), 20)


def test_every_writer_gets_a_higher_epoch():
    coordinator = CoordinatorShell(2)
    assert [coordinator.next_epoch(), coordinator.next_epoch()] == [1, 2]
