"""Requests to partners that are no HTTP: what is to be kept as a file or as an object under an address."""

from __future__ import annotations

import importlib
import logging
import os
from datetime import timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

import msgspec

from raudience.durability.disk import sync_directory
from raudience.errors import FixRequest
from raudience.forward.partner import Request, Response
from raudience.forward.partners.files import PARQUET

__all__ = ["SCHEMES", "Objects"]

SCHEMES: Final = ("file", "s3", "gs", "az")
"""What an address of such a request begins with; its method is PUT."""

_LOG: Final = logging.getLogger(__name__)
_PATIENCE: Final = {"max_retries": 3, "retry_timeout": timedelta(seconds=20)}


class Objects:
    """Keeps files and objects; a second time under the same address takes the place of the first."""

    def __init__(self) -> None:
        self._stores: dict[tuple[str, tuple[tuple[str, str], ...]], Any] = {}

    def send(self, request: Request) -> Response | None:
        """200 when it is kept for good; 401 or 403 when we are not let in, 404 when the directory or bucket is not
        there; None when nobody knows. Raises FixRequest when an object storage, or Parquet, is asked for without its
        extra."""
        if dict(request.headers).get("content-type") == PARQUET:
            # Who writes no tables does not wait for their library.
            table = importlib.import_module("raudience.cluster.parquet").as_parquet(request.body)
            request = msgspec.structs.replace(request, body=table, headers=())
        parts = urlsplit(request.url)
        if parts.scheme == "file" and parts.netloc:
            # The beginning of a path that was not absolute: the rest is another place.
            return Response(404, {}, b"the folder does not begin with /")
        if parts.scheme == "file":
            return _answer_of_disk(Path(unquote(parts.path)), request.body)
        return self._answer_of_storage(request)

    def _answer_of_storage(self, request: Request) -> Response | None:
        obstore = _storages()
        parts = urlsplit(request.url)
        try:
            store = self._store(f"{parts.scheme}://{parts.netloc}", request.query)
            obstore.put(store, unquote(parts.path).lstrip("/"), request.body)
        except (FileNotFoundError, obstore.exceptions.NotFoundError):
            return Response(404, {}, b"the bucket is not there")
        except obstore.exceptions.UnauthenticatedError:
            return Response(401, {}, b"the storage does not know these credentials")
        except obstore.exceptions.PermissionDeniedError:
            return Response(403, {}, b"the storage does not let us write")
        except (obstore.exceptions.BaseError, OSError, ValueError) as error:
            _LOG.warning("no answer from %s: %s", parts.netloc, type(error).__name__)
            return None
        return Response(200, {}, b"")

    def _store(self, root: str, query: tuple[tuple[str, str], ...]) -> Any:
        if (root, query) not in self._stores:
            config: dict[str, Any] = {{"account": "account_name"}.get(name, name): text for name, text in query}
            if config.get("endpoint", "").startswith("http:"):
                config["client_options"] = {"allow_http": True}
            self._stores[root, query] = _storages().store.from_url(root, retry_config=_PATIENCE, **config)
        return self._stores[root, query]


def _storages() -> Any:
    """What talks to object storages, loaded when the first object is to be kept."""
    try:
        for part in ("exceptions", "store"):
            importlib.import_module(f"obstore.{part}")
        return importlib.import_module("obstore")
    except ImportError as error:
        message = "outputs to an object storage: expected `raudience[cluster]`, got an installation without it"
        raise FixRequest(message) from error


def _answer_of_disk(path: Path, body: bytes) -> Response | None:
    try:
        _write(path, body)
    except (FileNotFoundError, NotADirectoryError):
        return Response(404, {}, b"the directory is not there")
    except PermissionError:
        return Response(403, {}, b"this user may not write into the directory")
    except OSError as error:
        _LOG.warning("no answer from the disk: %s", error.strerror or type(error).__name__)
        return None
    return Response(200, {}, b"")


def _write(path: Path, body: bytes) -> None:
    """All of it or nothing, there after a power cut; readers never see a part."""
    part = path.with_name(f".{path.name}.part")
    with part.open("wb") as file:
        file.write(body)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
    sync_directory(path.parent)
