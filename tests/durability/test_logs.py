"""What every log promises, wherever it is kept."""

import itertools
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from raudience.durability.log import Logs
from raudience.durability.nats_connection import Address
from raudience.durability.nats_log import NatsLogs
from raudience.durability.sqlite_log import SqliteLogs
from raudience.errors import FixRequest, FixStore, StateDamaged, Superseded
from tests.durability.nats_servers import Servers


@pytest.fixture(scope="module")
def one_server(tmp_path_factory) -> Iterator[Servers]:
    servers = Servers(tmp_path_factory.mktemp("one"), 1)
    yield servers
    servers.stop()


@pytest.fixture(scope="module")
def three_servers(tmp_path_factory) -> Iterator[Servers]:
    servers = Servers(tmp_path_factory.mktemp("three"), 3)
    yield servers
    servers.stop()


prefixes = itertools.count()


@pytest.fixture(params=["sqlite", "one_server", "three_servers"])
def logs(request, tmp_path) -> Iterator[Logs]:
    if request.param == "sqlite":
        logs = SqliteLogs(tmp_path / "log")
    else:
        servers = request.getfixturevalue(request.param)
        logs = NatsLogs(Address(tuple(servers.urls.split(",")), f"t{next(prefixes)}", patience=30))
    yield logs
    logs.close()


@pytest.fixture
def log(logs):
    log = logs.open("a")
    yield log
    log.close()


def test_a_new_log_holds_nothing(log):
    assert log.take_over() == 0
    assert log.first() == 1
    assert list(log.read(0)) == []


def test_records_are_numbered_from_one_on_without_gaps(log):
    log.take_over()
    assert log.append([b"one", b"two"]) == 2
    assert log.append([b"three"]) == 3
    assert list(log.read(0)) == [(1, b"one"), (2, b"two"), (3, b"three")]


def test_records_are_read_behind_a_number(log):
    log.take_over()
    log.append([b"one", b"two", b"three"])
    assert list(log.read(2)) == [(3, b"three")]
    assert list(log.read(3)) == []


def test_a_record_may_be_empty_and_any_bytes(log):
    log.take_over()
    log.append([b"", bytes(range(256))])
    assert list(log.read(0)) == [(1, b""), (2, bytes(range(256)))]


def test_nothing_submitted_is_done_at_once_with_the_last_number(log):
    log.take_over()
    assert log.append([]) == 0
    log.append([b"one"])
    assert log.append([]) == 1


def test_a_large_record_is_read_back_whole(log):
    log.take_over()
    large = bytes(range(256)) * 12_000
    log.append([b"before", large, b"behind"])
    assert list(log.read(0)) == [(1, b"before"), (2, large), (3, b"behind")]


def test_records_are_there_after_it_is_opened_again(logs):
    with_two(logs).close()
    again = logs.open("a")
    assert list(again.read(0)) == [(1, b"one"), (2, b"two")]
    assert again.take_over() == 2
    assert again.append([b"three"]) == 3
    again.close()


def with_two(logs):
    log = logs.open("a")
    log.take_over()
    log.append([b"one", b"two"])
    return log


def test_futures_are_done_in_the_order_of_the_calls(log):
    log.take_over()
    futures = [log.submit([b"%d" % number]) for number in range(1, 201)]
    assert [future.result() for future in futures] == list(range(1, 201))
    assert [int(record) for _, record in log.read(0)] == list(range(1, 201))


def test_many_threads_may_append(log):
    log.take_over()
    with ThreadPoolExecutor(8) as pool:
        numbers = list(pool.map(lambda text: log.append([text, text]), [b"%d" % number for number in range(100)]))
    assert sorted(numbers) == list(range(2, 202, 2))
    kept = [record for _, record in log.read(0)]
    assert kept[::2] == kept[1::2]
    assert sorted(map(int, kept[::2])) == list(range(100))


def test_a_future_cannot_be_cancelled(log):
    log.take_over()
    future = log.submit([b"one"])
    assert not future.cancel()
    assert future.result() == 1


def test_reading_ends_where_the_log_ended_at_the_call(log):
    log.take_over()
    log.append([b"one"])
    found = log.read(0)
    log.append([b"two"])
    assert list(found) == [(1, b"one")]


def test_reading_does_not_stop_writing(log):
    log.take_over()
    log.append([b"one", b"two"])
    found = log.read(0)
    assert next(found) == (1, b"one")
    assert log.append([b"three"]) == 3
    assert list(found) == [(2, b"two")]


def test_somebody_who_does_not_write_may_read(logs, log):
    log.take_over()
    log.append([b"one"])
    reader = logs.open("a")
    assert list(reader.read(0)) == [(1, b"one")]
    log.append([b"two"])
    assert list(reader.read(1)) == [(2, b"two")]
    reader.close()


def test_nobody_writes_before_taking_over(log):
    with pytest.raises(Superseded):
        log.append([b"one"])
    with pytest.raises(Superseded):
        log.trim(1)
    assert list(log.read(0)) == []


def test_who_took_over_last_writes_and_the_other_is_refused(logs):
    old = with_two(logs)
    new = logs.open("a")
    assert new.take_over() == 2
    with pytest.raises(Superseded):
        old.append([b"zombie"])
    assert new.append([b"three"]) == 3
    with pytest.raises(Superseded):
        old.append([b"zombie"])
    with pytest.raises(Superseded):
        old.trim(1)
    assert [record for _, record in new.read(0)] == [b"one", b"two", b"three"]
    old.close()
    new.close()


def test_a_superseded_writer_may_take_over_again(logs):
    old = with_two(logs)
    new = logs.open("a")
    new.take_over()
    new.append([b"three"])
    with pytest.raises(Superseded):
        old.append([b"zombie"])
    assert old.take_over() == 3
    assert old.append([b"four"]) == 4
    with pytest.raises(Superseded):
        new.append([b"zombie"])
    old.close()
    new.close()


def test_an_idle_writer_is_superseded_as_well(logs):
    old, new = logs.open("a"), logs.open("a")
    assert (old.take_over(), new.take_over()) == (0, 0)
    with pytest.raises(Superseded):
        old.append([b"zombie"])
    assert new.append([b"one"]) == 1
    old.close()
    new.close()


def test_numbers_go_on_after_trimming(log):
    log.take_over()
    log.append([b"%d" % number for number in range(1, 301)])
    log.trim(200)
    assert log.first() == 201
    assert [number for number, _ in log.read(200)] == list(range(201, 301))
    log.trim(200)
    log.trim(300)
    assert log.first() == 301
    assert list(log.read(300)) == []
    assert log.append([b"next"]) == 301
    assert log.first() == 301


def test_trimming_never_forgets_what_is_not_written_yet(log):
    log.take_over()
    log.append([b"one"])
    log.trim(5)
    assert log.append([b"two"]) == 2
    assert log.first() == 2
    assert list(log.read(1)) == [(2, b"two")]


def test_numbers_go_on_when_a_trimmed_log_is_opened_again(logs):
    log = with_two(logs)
    log.trim(2)
    log.close()
    again = logs.open("a")
    assert again.first() == 3
    assert again.take_over() == 2
    assert again.append([b"three"]) == 3
    again.close()


def test_a_reader_who_needs_what_was_trimmed_is_told(log):
    log.take_over()
    log.append([b"one", b"two", b"three"])
    log.trim(2)
    with pytest.raises(StateDamaged, match="not there any more"):
        list(log.read(0))


def test_logs_do_not_know_each_other(logs):
    one, other = logs.open("one"), logs.open("other-2")
    one.take_over()
    other.take_over()
    one.append([b"1"])
    assert list(other.read(0)) == []
    assert logs.names() == ("one", "other-2")
    one.close()
    other.close()


def test_a_removed_log_is_forgotten(logs):
    with_two(logs).close()
    logs.remove("a")
    assert logs.names() == ()
    new = logs.open("a")
    assert new.take_over() == 0
    assert new.append([b"one"]) == 1
    new.close()


def test_removing_a_log_that_is_not_there_changes_nothing(logs):
    logs.remove("a")
    assert logs.names() == ()


@pytest.mark.parametrize("name", ["", "a/b", "..", "a.b", "a b", "ä"])
def test_a_name_has_letters_digits_and_lines(logs, name):
    with pytest.raises(FixRequest, match="letters, digits and `-`"):
        logs.open(name)


def test_closing_waits_for_what_is_under_way_and_takes_no_more(logs):
    log = logs.open("a")
    log.take_over()
    future = log.submit([b"one"])
    log.close()
    assert future.result() == 1
    with pytest.raises(FixStore):
        log.append([b"two"])
    with pytest.raises(FixStore):
        log.take_over()
    log.close()
