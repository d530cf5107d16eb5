"""What every place for snapshots promises."""

import itertools
from concurrent.futures import ThreadPoolExecutor

import pytest

from raudience.durability.file_snapshots import FileSnapshots
from raudience.durability.object_snapshots import ObjectSnapshots
from raudience.durability.places import open_snapshots
from raudience.errors import FixRequest, StateDamaged

prefixes = itertools.count()


@pytest.fixture(params=["files", "local objects", "s3"])
def snapshots(request, tmp_path):
    if request.param == "files":
        return FileSnapshots(tmp_path / "snapshots")
    if request.param == "local objects":
        return ObjectSnapshots(f"file://{tmp_path}")
    storage = request.getfixturevalue("storage")
    return open_snapshots(f"s3://{storage.bucket}/{next(prefixes)}?endpoint={storage.url}")


def test_an_object_is_its_parts_joined(snapshots):
    snapshots.put("shard-1/12", [b"one", memoryview(b"two"), b"", b"three"])
    assert snapshots.get("shard-1/12") == b"onetwothree"


def test_an_object_may_be_empty(snapshots):
    snapshots.put("nothing", [])
    assert snapshots.get("nothing") == b""
    assert snapshots.names() == ("nothing",)


def test_an_object_may_be_large(snapshots):
    part = bytes(range(256)) * 4096
    snapshots.put("large", (part for _ in range(24)))
    assert snapshots.get("large") == part * 24


def test_the_last_put_counts(snapshots):
    snapshots.put("a", [b"first, and longer"])
    snapshots.put("a", [b"second"])
    assert snapshots.get("a") == b"second"


def test_an_object_that_is_not_there_is_damage(snapshots):
    with pytest.raises(StateDamaged, match="no such object"):
        snapshots.get("shard-1/12")


def test_names_are_found_by_how_they_begin_in_order(snapshots):
    for name in ("b/2", "a/10", "b/10", "a", "b.c_d-E/x.y/z"):
        if name != "a":
            snapshots.put(name, [b""])
    assert snapshots.names() == ("a/10", "b.c_d-E/x.y/z", "b/10", "b/2")
    assert snapshots.names("b/") == ("b/10", "b/2")
    assert snapshots.names("b/1") == ("b/10",)
    assert snapshots.names("b") == ("b.c_d-E/x.y/z", "b/10", "b/2")
    assert snapshots.names("c") == ()


def test_a_deleted_object_is_gone_and_may_be_deleted_again(snapshots):
    snapshots.put("a/1", [b"one"])
    snapshots.put("a/2", [b"two"])
    snapshots.delete("a/1")
    snapshots.delete("a/1")
    assert snapshots.names() == ("a/2",)
    with pytest.raises(StateDamaged):
        snapshots.get("a/1")


def test_until_an_object_is_whole_the_name_holds_what_it_held(snapshots):
    snapshots.put("a", [b"old"])
    with pytest.raises(ZeroDivisionError):
        snapshots.put("a", breaking(snapshots))
    assert snapshots.get("a") == b"old"
    with pytest.raises(ZeroDivisionError):
        snapshots.put("new", breaking(snapshots))
    assert snapshots.names() == ("a",)


def breaking(snapshots):
    yield bytes(9 << 20)
    with ThreadPoolExecutor(1) as other:
        assert other.submit(snapshots.get, "a").result() == b"old"
    raise ZeroDivisionError


def test_several_threads_may_put_one_name_and_one_of_them_wins(snapshots):
    texts = [b"%d" % number * 1000 for number in range(8)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda text: snapshots.put("a", [text]), texts))
    assert snapshots.get("a") in texts


@pytest.mark.parametrize("name", ["", "/a", "a/", "a//b", "..", "a/../b", ".hidden", "a/.b", "a b", "a\\b", "ä"])
def test_a_name_has_parts_of_few_letters(snapshots, name):
    for ask in (snapshots.get, snapshots.delete, lambda name: snapshots.put(name, [b""])):
        with pytest.raises(FixRequest, match="name of an object"):
            ask(name)
