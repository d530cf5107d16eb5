"""Logs in NATS: pauses instead of errors, no acknowledged record lost with a server, no part of a commit seen."""

import itertools
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from raudience.durability import nats_connection
from raudience.durability.nats_connection import Address
from raudience.durability.nats_log import NatsLogs
from raudience.durability.nats_messages import cut, pack
from raudience.durability.nats_stream import Stream
from raudience.errors import FixRequest, FixStore, StateDamaged, Superseded
from tests.durability.nats_servers import Servers, free_ports
from tests.durability.writing import record

ROOT = Path(__file__).parents[2]
prefixes = itertools.count()


def address(servers, **more):
    return Address(tuple(servers.urls.split(",")), f"t{next(prefixes)}", **({"patience": 30} | more))


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A server whose messages are at most 4 KB, as if records of a megabyte were sent to a usual one."""
    servers = Servers(tmp_path_factory.mktemp("small"), 1, more="max_payload: 4096")
    yield servers
    servers.stop()


@pytest.fixture
def logs(small):
    logs = NatsLogs(address(small))
    yield logs
    logs.close()


@pytest.fixture
def log(logs):
    log = logs.open("a")
    log.take_over()
    return log


def send(log, message):
    """Put a message behind the last one, as a writer that dies afterwards."""
    stream = log._stream
    number = stream.connection.run(stream.tail(0))[0] + 1
    answer = stream.connection.run(stream.publish(message, number))
    stream.connection.run(stream.arrived(answer))


def test_records_larger_than_a_message_are_cut_and_read_back_whole(log):
    records = [b"small", bytes(range(256)) * 100, b"", b"x" * 3800, b"y" * 3833, b"behind"]
    assert log.append(records) == 6
    log.append([b"next"])
    assert list(log.read(0)) == list(enumerate([*records, b"next"], 1))
    assert list(log.read(4)) == [(5, b"y" * 3833), (6, b"behind"), (7, b"next")]
    assert list(log.read(6)) == [(7, b"next")]


def test_many_small_records_share_a_message(log):
    before = log._writer._number
    gate = threading.Event()
    log._stream.connection.call(gate.wait)
    futures = [log.submit([b"%d" % number]) for number in range(300)]
    gate.set()
    assert [future.result() for future in futures] == list(range(1, 301))
    assert log._writer._number - before <= 3


def test_any_number_is_found_among_many_messages(log):
    for number in range(1, 40, 3):
        log.append([record(number), record(number + 1), record(number + 2)])
    for after in range(39):
        assert next(log.read(after)) == (after + 1, record(after + 1))


def test_a_commit_that_is_trimmed_in_its_middle_gives_what_is_behind(log):
    log.append([b"1" * 9000, b"2" * 9000, b"3" * 9000])
    log.append([b"4"])
    log.trim(2)
    assert log.first() == 3
    assert list(log.read(2)) == [(3, b"3" * 9000), (4, b"4")]
    log.trim(3)
    assert list(log.read(3)) == [(4, b"4")]
    log.trim(4)
    assert log.first() == 5
    assert log.append([b"5"]) == 5
    assert list(log.read(4)) == [(5, b"5")]


def test_trimming_gives_space_back(logs, log):
    for number in range(30):
        log.append([b"%d" % number * 2000])
    stream = log._stream
    log.trim(29)
    state = stream.connection.run(stream.connection.streams.stream_info(f"{logs._prefix}_a")).state
    assert state.messages <= 3


def test_an_unfinished_commit_is_not_seen_and_never_becomes_whole(logs, log):
    log.append([b"one"])
    first, second, _ = map(pack, cut(log._writer._name, 2, [b"x" * 9000], 0, 3700))
    send(log, first)
    send(log, second)
    assert list(log.read(0)) == [(1, b"one")]
    new = logs.open("a")
    assert new.take_over() == 1
    with pytest.raises(Superseded):
        log.append([b"zombie"])
    assert list(new.read(0)) == [(1, b"one")]
    assert new.append([b"two"]) == 2
    assert list(new.read(0)) == [(1, b"one"), (2, b"two")]
    assert list(new.read(1)) == [(2, b"two")]


@pytest.mark.parametrize("kept", [True, False])
def test_a_lost_answer_costs_no_record_and_doubles_none(log, monkeypatch, kept):
    plain_publish, plain_arrived = Stream.publish, Stream.arrived
    lost = iter([True, True, False, True])

    async def publish(stream, data, number):
        if not kept and next(lost, False):
            return stream.connection._loop.create_future()
        return await plain_publish(stream, data, number)

    async def arrived(stream, answer):
        if not kept and not answer.done():
            raise TimeoutError
        await plain_arrived(stream, answer)
        if kept and next(lost, False):
            raise TimeoutError

    monkeypatch.setattr(Stream, "publish", publish)
    if kept:
        monkeypatch.setattr(Stream, "arrived", arrived)
    else:
        monkeypatch.setattr(log._stream.connection, "answer", 0.2)
    futures = [log.submit([b"%d" % number, b"x" * 5000]) for number in range(20)]
    assert [future.result() for future in futures] == list(range(2, 42, 2))
    monkeypatch.undo()
    assert [text for number, text in log.read(0) if number % 2] == [b"%d" % number for number in range(20)]


def test_a_fence_whose_answer_is_lost_is_recognised(log, monkeypatch):
    log.append([b"one"])
    plain = Stream.arrived
    lost = iter([True])

    async def arrived(stream, answer):
        await plain(stream, answer)
        if next(lost, False):
            raise TimeoutError

    monkeypatch.setattr(Stream, "arrived", arrived)
    before = log._writer._number
    assert log.take_over() == 1
    assert log._writer._number == before + 1
    assert log.append([b"two"]) == 2


def test_of_many_who_take_over_at_once_one_writes(logs):
    several = [logs.open("a") for _ in range(6)]
    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(lambda log: log.take_over(), several)) == [0] * 6
        told = list(pool.map(lambda log: log.submit([b"mine"]).exception(), several))
    assert [type(error) for error in told if error] == [Superseded] * 5
    assert list(several[0].read(0)) == [(1, b"mine")]


def test_a_writer_of_a_removed_log_does_not_write_into_the_next_one(small):
    logs = NatsLogs(address(small, patience=3))
    old = logs.open("a")
    old.take_over()
    old.append([b"one"])
    logs.remove("a")
    new = logs.open("a")
    new.take_over()
    new.append([b"other"])
    with pytest.raises(FixStore, match="wrong last sequence"):
        old.append([b"zombie"])
    assert list(new.read(0)) == [(1, b"other")]
    logs.close()


def test_a_message_that_is_changed_is_found_and_named(log):
    log.append([b"one"])
    message = bytearray(pack(cut(log._writer._name, 2, [b"two"], 0, 100)[0]))
    message[-1] ^= 1
    send(log, bytes(message))
    with pytest.raises(StateDamaged, match=r"stream t\d+_a message \d+: not what was written"):
        list(log.read(0))


def test_a_message_of_another_format_is_refused(log):
    send(log, b"\x09")
    with pytest.raises(FixStore, match="expected format 1, got 09"):
        log.take_over()


def test_records_that_somebody_else_removed_are_missed(log):
    for number in range(4):
        log.append([b"%d" % number])
    stream = log._stream
    stream.connection.run(stream.purge(stream.connection.run(stream.tail(0))[0] - 1))
    with pytest.raises(StateDamaged, match="record 1 is needed, but is not there any more"):
        list(log.read(0))
    assert list(log.read(2)) == [(3, b"2"), (4, b"3")]


def test_a_stream_of_somebody_else_is_left_alone(logs):
    connection = logs._connection
    name = f"{logs._prefix}_theirs"
    connection.run(connection.streams.add_stream(name=name, subjects=[f"{logs._prefix}.log.theirs"]))
    with pytest.raises(FixStore, match="name another prefix"):
        logs.open("theirs")


def test_a_full_store_is_refused_with_what_to_do_and_takes_more_when_there_is_space(tmp_path):
    servers = Servers(tmp_path, 1, most=200_000)
    logs = NatsLogs(address(servers))
    try:
        log = logs.open("a")
        log.take_over()
        with pytest.raises(FixStore, match="there is no space left: give JetStream more or trim"):
            while True:
                last = log.append([b"x" * 20_000])
        with pytest.raises(FixStore, match="no space left"):
            log.append([b"small"])
        assert len(list(log.read(0))) == last
    finally:
        logs.close()
        servers.stop()


def test_servers_that_nobody_can_reach_are_an_error_when_the_patience_ends():
    port = free_ports(1)[0]
    with pytest.raises(FixStore, match=f"nats://127.0.0.1:{port}/t: no server lets us in within 0.5 seconds"):
        NatsLogs(Address((f"127.0.0.1:{port}",), "t", patience=0.5))


def test_a_wrong_password_is_named_but_not_shown(tmp_path):
    servers = Servers(tmp_path, 1, more="authorization { user: u, password: right }")
    try:
        with pytest.raises(FixStore, match="Authorization Violation") as refusal:
            NatsLogs(address(servers, user="u", password="wrong", patience=2))
        assert "wrong" not in str(refusal.value)
        logs = NatsLogs(address(servers, user="u", password="right"))
        assert logs.names() == ()
        logs.close()
    finally:
        servers.stop()


def test_without_the_extra_it_is_said_what_to_install(monkeypatch):
    monkeypatch.setattr(nats_connection, "nats", None)
    with pytest.raises(FixRequest, match=r"pip install raudience\[cluster\]"):
        NatsLogs(Address(("127.0.0.1:1",), "t"))


@pytest.mark.slow
def test_servers_that_are_away_are_a_pause_and_beyond_the_patience_an_error(tmp_path):
    servers = Servers(tmp_path, 1)
    logs = NatsLogs(address(servers, patience=20))
    impatient = NatsLogs(Address(logs._connection.address.servers, logs._connection.address.prefix, patience=3))
    try:
        log, other = logs.open("a"), impatient.open("b")
        assert (log.take_over(), other.take_over()) == (0, 0)
        servers.kill(0)
        future = log.submit([b"one"])
        with pytest.raises(FixStore, match="no answer for 3 seconds"):
            other.append([b"one"])
        with pytest.raises(FixStore, match="no answer for 3 seconds"):
            other.append([b"two"])
        servers.start(0)
        assert future.result() == 1
        last = other.take_over()
        assert other.append([b"three"]) == last + 1
        assert list(log.read(0)) == [(1, b"one")]
    finally:
        logs.close()
        impatient.close()
        servers.stop()


@pytest.fixture
def cluster(tmp_path):
    servers = Servers(tmp_path, 3)
    yield servers
    servers.stop()


# The client forgets the connection to a server that takes it and then says nothing; Python closes it, and warns.
@pytest.mark.filterwarnings(
    "ignore:Exception ignored in. <function StreamWriter.__del__:pytest.PytestUnraisableExceptionWarning"
)
@pytest.mark.slow
@pytest.mark.parametrize("how", ["kill", "pause"])
def test_no_acknowledged_record_is_lost_with_the_leader_of_a_stream(cluster, how):
    logs = NatsLogs(address(cluster, patience=60))
    try:
        log = logs.open("a")
        log.take_over()
        for number in range(1, 31):
            assert log.append([record(number)]) == number
        leader = cluster.leader(f"{logs._prefix}_a")
        futures = [log.submit([record(number)]) for number in range(31, 61)]
        getattr(cluster, how)(leader)
        futures += [log.submit([record(number)]) for number in range(61, 121)]
        assert [future.result() for future in futures] == list(range(31, 121))
        assert dict(log.read(0)) == {number: record(number) for number in range(1, 121)}
        if how == "pause":
            cluster.resume(leader)
        else:
            cluster.start(leader)
        assert log.append([record(121)]) == 121
        assert dict(log.read(0)) == {number: record(number) for number in range(1, 122)}
    finally:
        if how == "pause":
            cluster.resume(leader)
        logs.close()


@pytest.mark.slow
def test_no_acknowledged_record_is_lost_when_all_servers_are_killed(cluster):
    logs = NatsLogs(address(cluster, patience=60))
    try:
        log = logs.open("a")
        log.take_over()
        for number in range(1, 51):
            log.append([record(number)])
        for node in range(3):
            cluster.kill(node)
        future = log.submit([record(51)])
        for node in range(3):
            cluster.start(node)
        assert future.result() == 51
        assert dict(log.read(0)) == {number: record(number) for number in range(1, 52)}
    finally:
        logs.close()


@pytest.mark.slow
def test_whoever_is_killed_at_any_moment_loses_nothing_acknowledged_and_leaves_no_part_of_a_batch(small):
    where = address(small)
    logs = NatsLogs(where)
    last = 0
    try:
        for kills in range(4):
            told = killed_after(where, 3 + kills * 11)
            log = logs.open("a")
            end = log.take_over()
            kept = dict(log.read(0))
            assert told > last
            assert len(kept) == end >= told
            assert end % 3 == 0
            assert kept == {number: record(number) for number in range(1, end + 1)}
            last = end
    finally:
        logs.close()


def killed_after(where, lines):
    """Number of the last record that a writer has told as durable before it is killed in the middle of its work."""
    command = [sys.executable, "-m", "tests.durability.writing", str(where)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as writer:
        for _ in range(lines):
            told = writer.stdout.readline()
        writer.kill()
        rest = writer.stdout.read().rpartition("\n")[0]
    return int((told + rest).split()[-1])
