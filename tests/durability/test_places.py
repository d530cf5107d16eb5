"""Places of a state: what people write, and what comes of it."""

from pathlib import Path

import pytest

from raudience.cluster.keepsakes import Place
from raudience.durability import object_snapshots
from raudience.durability.file_snapshots import FileSnapshots
from raudience.durability.nats_connection import Address
from raudience.durability.object_snapshots import ObjectSnapshots
from raudience.durability.places import nats_address, open_logs, open_snapshots, without_secrets
from raudience.durability.sqlite_log import SqliteLogs
from raudience.errors import FixRequest, FixStore


@pytest.mark.parametrize("form", ["{}", "file://{}", "file://localhost{}"])
def test_a_directory_holds_logs_and_snapshots(tmp_path, form):
    place = form.format(tmp_path / "a b").replace(" ", " " if form == "{}" else "%20")
    logs, snapshots = open_logs(place), open_snapshots(place)
    assert isinstance(logs, SqliteLogs)
    assert isinstance(snapshots, FileSnapshots)
    logs.open("one").close()
    snapshots.put("two", [b""])
    assert (tmp_path / "a b" / "log" / "one.sqlite").exists()
    assert (tmp_path / "a b" / "snapshots" / "two").exists()


def test_a_directory_may_be_a_path(tmp_path):
    assert isinstance(open_logs(Path(tmp_path)), SqliteLogs)


def test_an_address_of_nats_names_servers_and_a_prefix():
    assert nats_address("nats://one:4222,two:4333/shop") == Address(("one:4222", "two:4333"), "shop")


def test_what_an_address_of_nats_leaves_out_is_as_usual():
    assert nats_address("nats://one,[::1]") == Address(("one:4222", "[::1]:4222"), "raudience")


def test_an_address_of_nats_says_how_to_be_let_in():
    assert nats_address("tls://me:p%40ss@one/shop?ca=/ca.pem&creds=/me.creds&replicas=1&patience=2.5") == Address(
        ("one:4222",), "shop", 1, 2.5, tls=True, ca="/ca.pem", creds="/me.creds", user="me", password="p@ss"
    )


@pytest.mark.parametrize("place", ["nats://", "nats:///shop", "nats://one/a.b", "nats://one/a/b", "nats://o ne/shop"])
def test_an_address_that_is_none_is_refused(place):
    with pytest.raises(FixRequest, match="expected nats://host:4222,host2:4222/<prefix>"):
        nats_address(place)


@pytest.mark.parametrize("query", ["replicas=many", "patience=0", "patience=-1", "patience=nan"])
def test_a_number_that_is_none_is_refused(query):
    with pytest.raises(FixRequest, match="expected a number above 0"):
        nats_address(f"nats://one/shop?{query}")


@pytest.mark.parametrize("place", ["http://one/shop", "s3://bucket/path", ""])
def test_logs_have_no_other_places(place):
    with pytest.raises(FixRequest, match="expected a directory or nats://"):
        open_logs(place)


@pytest.mark.parametrize("place", ["http://one/shop", "nats://one/shop", "file://elsewhere/path", ""])
def test_snapshots_have_no_other_places(place):
    with pytest.raises(FixRequest, match="expected a directory, s3://"):
        open_snapshots(place)


def test_what_nobody_knows_is_refused_and_what_is_known_is_named():
    with pytest.raises(FixRequest, match=r"expected ca, creds, patience, replicas behind `\?`, got copies"):
        nats_address("nats://one/shop?copies=3")


@pytest.mark.parametrize("ask", [nats_address, without_secrets])
def test_secrets_are_not_shown(ask):
    try:
        shown = str(ask("nats://me:secret@one/shop?copies=3"))
    except FixRequest as refusal:
        shown = str(refusal)
    assert "nats://me:***@one/shop" in shown
    assert "secret" not in shown


def test_a_place_without_secrets_is_shown_as_it_is():
    assert without_secrets("s3://bucket/path") == "s3://bucket/path"
    assert without_secrets("/a/b") == "/a/b"


def test_a_bucket_that_is_not_there_is_refused(storage):
    with pytest.raises(FixStore, match="s3://other/path/a: the storage refuses or does not answer"):
        open_snapshots(f"s3://other/path?endpoint={storage.url}").put("a", [b""])


def test_a_storage_that_nobody_can_reach_is_an_error_when_the_patience_ends(storage):
    with pytest.raises(FixStore, match="s3://bucket/path: the storage refuses or does not answer"):
        open_snapshots("s3://bucket/path?endpoint=http://127.0.0.1:1&patience=0.2").names()


def test_azure_is_asked_for_a_container_of_an_account():
    assert isinstance(open_snapshots("az://container/path?account=name&patience=1"), ObjectSnapshots)


def test_google_is_asked_for_a_bucket():
    with pytest.raises(FixStore, match="gs://bucket/path: the storage refuses or does not answer"):
        open_snapshots("gs://bucket/path?patience=0.1").names()


def test_without_the_extra_it_is_said_what_to_install(monkeypatch):
    monkeypatch.setattr(object_snapshots, "obstore", None)
    with pytest.raises(FixRequest, match=r"pip install raudience\[cluster\]"):
        open_snapshots("s3://bucket/path")


def test_a_place_that_travels_shows_no_secrets_either():
    assert str(Place("nats://me:secret@one/shop", "s3://bucket/path")) == "nats://me:***@one/shop"
