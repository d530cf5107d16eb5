"""Where a state is kept, as people write it down: a directory, or a URL."""

from __future__ import annotations

import importlib
import re
from pathlib import Path
from typing import Final
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from raudience.durability.file_snapshots import FileSnapshots
from raudience.durability.log import Logs
from raudience.durability.nats_address import Address
from raudience.durability.snapshots import Snapshots
from raudience.durability.sqlite_log import SqliteLogs
from raudience.errors import FixRequest

__all__ = ["nats_address", "open_logs", "open_snapshots", "without_secrets"]

_SERVER: Final = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:[0-9]+)?")
_PREFIX: Final = re.compile(r"[A-Za-z0-9-]+")
_LOGS: Final = "a directory or nats://host:4222,host2:4222/<prefix>"
_SNAPSHOTS: Final = "a directory, s3://bucket/path, gs://bucket/path or az://container/path"


def open_logs(place: str | Path) -> Logs:
    """The logs of a place: `<directory>/log`, or a NATS cluster. Raises FixRequest when a place cannot be understood
    or needs an extra that is not installed, FixStore when it cannot be used."""
    url = _split(place)
    if url.scheme in ("nats", "tls"):
        # The client of NATS takes a quarter of the time in which a command starts: only who asks for it pays.
        opened: Logs = importlib.import_module("raudience.durability.nats_log").NatsLogs(nats_address(str(place)))
        return opened
    return SqliteLogs(_directory(place, url, _LOGS) / "log")


def open_snapshots(place: str | Path) -> Snapshots:
    """The snapshots of a place: `<directory>/snapshots`, or an object storage. The query of a URL may have `endpoint`,
    `region` (S3), `account` (Azure) and `patience` (seconds). Raises as `open_logs`."""
    url = _split(place)
    if url.scheme in ("s3", "gs", "az"):
        config = _query(place, url, {"account", "endpoint", "region", "patience"})
        if "account" in config:
            config["account_name"] = config.pop("account")
        patience = _number(place, "patience", config.pop("patience", "60"))
        storages = importlib.import_module("raudience.durability.object_snapshots")
        opened: Snapshots = storages.ObjectSnapshots(url._replace(query="").geturl(), patience, **config)
        return opened
    return FileSnapshots(_directory(place, url, _SNAPSHOTS) / "snapshots")


def nats_address(place: str) -> Address:
    """The address in `nats://user:password@host:4222,host2:4222/<prefix>` (`tls://` for TLS). The query may have
    `replicas` (default: 3, or 1 when the server stands alone), `patience` (seconds), `ca` and `creds` (files)."""
    url = _split(place)
    user, _, hosts = url.netloc.rpartition("@")
    name, _, password = user.partition(":")
    servers = tuple(host if ":" in host.rpartition("]")[2] else f"{host}:4222" for host in hosts.split(","))
    prefix = url.path.strip("/") or "raudience"
    if not all(map(_SERVER.fullmatch, servers)) or not _PREFIX.fullmatch(prefix):
        message = (
            f"{without_secrets(place)}: expected nats://host:4222,host2:4222/<prefix> with letters, digits and `-`"
        )
        raise FixRequest(message)
    query = _query(place, url, {"replicas", "patience", "ca", "creds"})
    return Address(
        servers,
        prefix,
        replicas=int(_number(place, "replicas", query["replicas"])) if "replicas" in query else None,
        patience=_number(place, "patience", query.get("patience", "30")),
        tls=url.scheme == "tls",
        ca=query.get("ca"),
        creds=query.get("creds"),
        user=unquote(name) or None,
        password=unquote(password) or None,
    )


def without_secrets(place: str | Path) -> str:
    """A place as it may be shown and logged."""
    url = _split(place)
    user, at, hosts = url.netloc.rpartition("@")
    if not at:
        return str(place)
    return url._replace(netloc=f"{user.partition(':')[0]}:***@{hosts}").geturl()


def _split(place: str | Path) -> SplitResult:
    text = str(place)
    return urlsplit(text) if "://" in text else SplitResult("", "", text, "", "")


def _directory(place: str | Path, url: SplitResult, expected: str) -> Path:
    if url.scheme == "file" and url.netloc in ("", "localhost"):
        return Path(unquote(url.path))
    if url.scheme or not str(place):
        message = f"place of the state: expected {expected}, got {without_secrets(place)!r}"
        raise FixRequest(message)
    return Path(place)


def _query(place: str | Path, url: SplitResult, known: set[str]) -> dict[str, str]:
    found = dict(parse_qsl(url.query, keep_blank_values=True))
    if unknown := sorted(found.keys() - known):
        message = f"{without_secrets(place)}: expected {', '.join(sorted(known))} behind `?`, got {', '.join(unknown)}"
        raise FixRequest(message)
    return found


def _number(place: str | Path, name: str, text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0
    if not 0 < number < 1e6:
        message = f"{without_secrets(place)}: {name}: expected a number above 0, got {text!r}"
        raise FixRequest(message)
    return number
