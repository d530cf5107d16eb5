"""Snapshots in an object storage: S3 and what speaks like it, Google Cloud Storage, Azure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any, Final

from raudience.durability.snapshots import Snapshots, check_name, missing
from raudience.errors import FixRequest, FixStore

try:
    import obstore
    import obstore.exceptions
    import obstore.store
except ImportError:
    obstore = None  # the extra `cluster` is not installed: said when the first storage is to be opened

__all__ = ["ObjectSnapshots"]

_PART: Final = 16 << 20
"""Bytes of a part of an upload: storages take at most 10,000 parts, so objects may have 160 GB."""
_UNDER_WAY: Final = 4


class ObjectSnapshots(Snapshots):
    """An object of the storage for every object, below the path of a URL (`s3://bucket/path`, `gs://`, `az://`).

    Credentials come from where the tools of each cloud look for them: environment, role of the machine. An upload that
    is killed leaves parts that nobody sees; a lifecycle rule of the bucket removes them. Parts are made while the
    storage is being talked to: what makes them cannot ask an object storage itself.
    """

    def __init__(self, url: str, patience: float = 60.0, **config: Any) -> None:
        """patience: seconds for which a storage that fails is asked again. config: what obstore takes for this storage,
        as `endpoint` and `region`; an endpoint without TLS has to be `http://`."""
        if obstore is None:
            message = f"{url}: object storage needs obstore, which is not installed; `pip install raudience[cluster]`"
            raise FixRequest(message)
        self._url = url.rstrip("/")
        if not url.startswith("file:"):
            config["retry_config"] = {"max_retries": 1000, "retry_timeout": timedelta(seconds=patience)}
        if str(config.get("endpoint", "")).startswith("http:"):
            config["client_options"] = {"allow_http": True}
        with self._explained(self._url):
            self._store = obstore.store.from_url(self._url, **config)

    def put(self, name: str, parts: Iterable[bytes | memoryview]) -> None:
        check_name(name)
        broken: list[Exception] = []
        with self._explained(f"{self._url}/{name}"):
            try:
                obstore.put(
                    self._store, name, _gathered(parts, broken), chunk_size=_PART, max_concurrency=_UNDER_WAY
                )  # fmt: skip
            finally:
                # What goes wrong in the parts comes back as an error of the storage, or not at all.
                if broken:
                    raise broken[0]

    def get(self, name: str) -> bytes:
        check_name(name)
        where = f"{self._url}/{name}"
        with self._explained(where):
            try:
                return bytes(obstore.get(self._store, name).bytes())
            except FileNotFoundError as error:
                raise missing(where) from error

    def names(self, prefix: str = "") -> tuple[str, ...]:
        # Storages list below whole parts of names.
        folder = prefix.rpartition("/")[0]
        with self._explained(self._url):
            found = [each["path"] for some in obstore.list(self._store, folder or None) for each in some]
        return tuple(sorted(name for name in found if name.startswith(prefix)))

    def delete(self, name: str) -> None:
        check_name(name)
        with self._explained(f"{self._url}/{name}"), suppress(FileNotFoundError):
            obstore.delete(self._store, name)

    @contextmanager
    def _explained(self, where: str) -> Iterator[None]:
        try:
            yield
        except (obstore.exceptions.UnauthenticatedError, obstore.exceptions.PermissionDeniedError) as error:
            message = (
                f"{where}: the storage does not let us in: see the credentials and what they allow ({_short(error)})"
            )
            raise FixStore(message) from error
        except (obstore.exceptions.BaseError, OSError, ValueError) as error:
            message = f"{where}: the storage refuses or does not answer ({_short(error)})"
            raise FixStore(message) from error


def _gathered(parts: Iterable[bytes | memoryview], broken: list[Exception]) -> Iterator[bytes]:
    """The same bytes in larger pieces: every piece crosses into the library on its own."""
    held: list[bytes | memoryview] = []
    size = 0
    try:
        for part in parts:
            held.append(part)
            size += memoryview(part).nbytes
            if size >= 1 << 20:
                yield b"".join(held)
                held.clear()
                size = 0
    except Exception as error:
        broken.append(error)
        raise
    yield b"".join(held)


def _short(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]
