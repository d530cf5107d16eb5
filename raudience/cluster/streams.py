"""Requests to partners that are no HTTP: records for an Amazon Kinesis Data Firehose delivery stream."""

from __future__ import annotations

import importlib
import logging
from collections.abc import Iterable, Iterator
from email.utils import formatdate
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from raudience.clock import SECOND, now_ms
from raudience.errors import FixRequest
from raudience.forward.partner import Request, Response
from raudience.forward.partners.firehose_answers import TOO_LARGE

__all__ = ["SCHEME", "Streams"]

SCHEME: Final = "firehose"
"""What an address of such a request begins with; see `forward.partners.firehose`."""

_LOG: Final = logging.getLogger(__name__)
_RECORDS: Final = 500
_RECORD_BYTES: Final = 1_024_000
_BYTES: Final = 4 << 20
"""Of one call of PutRecordBatch."""
_CONNECT: Final = 10
_READ: Final = 60
"""Seconds."""


class Streams:
    """Puts records into delivery streams; keeps connections open between calls."""

    def __init__(self) -> None:
        self._clients: dict[tuple[str, ...], Any] = {}

    def send(self, request: Request) -> Response | None:
        """The answer, in the form of the service, for each user of the request; None: nobody knows. Raises FixRequest
        without boto3."""
        place, library = urlsplit(request.url), _library()
        stream = place.path.strip("/")
        if "" in dict(request.headers).values():
            return _answer(401, {"__type": "NoCredentials", "message": "an access key and its secret go together"})
        try:
            if request.method == "GET":
                return _answer(200, self._described(request, place.netloc, stream, library))
            client = self._client("firehose", place.netloc, request, library)
            return _put(client, stream, request.body, library)
        except library.error as error:
            return _refused(error, library, place.netloc)

    def _described(self, request: Request, region: str, stream: str, library: _Library) -> dict[str, Any]:
        if not stream:
            self._client("sts", region, request, library).get_caller_identity()
            return {}
        found = self._client("firehose", region, request, library).describe_delivery_stream(DeliveryStreamName=stream)
        told = found["DeliveryStreamDescription"]
        return {name: told.get(name) for name in ("DeliveryStreamStatus", "DeliveryStreamType")}

    def _client(self, service: str, region: str, request: Request, library: _Library) -> Any:
        query, access = dict(request.query), dict(request.headers)
        key = (service, region, query.get("endpoint", ""), *access.values())
        if key not in self._clients:
            self._clients[key] = library.boto3.session.Session().client(
                service,
                region_name=region,
                endpoint_url=query.get("endpoint"),
                aws_access_key_id=access.get("access-key-id"),
                aws_secret_access_key=access.get("secret-access-key"),
                config=library.config,
            )
        return self._clients[key]


class _Library(msgspec.Struct, frozen=True):
    """What boto3 offers. error: of everything that goes wrong in it; access: of those the ones that say that there are
    no credentials, or half of them."""

    boto3: Any
    config: Any
    error: tuple[type[Exception], ...]
    access: tuple[type[Exception], ...]


def _library() -> _Library:
    try:
        # Only who sends to a stream needs it, and it is slow to import.
        boto3, errors = importlib.import_module("boto3"), importlib.import_module("botocore.exceptions")
        parsers = importlib.import_module("botocore.parsers")
    except ImportError as error:
        message = "outputs to Kinesis Firehose: expected `raudience[firehose]`, got an installation without it"
        raise FixRequest(message) from error
    config = importlib.import_module("botocore.config").Config(
        connect_timeout=_CONNECT, read_timeout=_READ, retries={"total_max_attempts": 1}
    )
    return _Library(
        boto3,
        config,
        (errors.BotoCoreError, errors.ClientError, parsers.ResponseParserError),
        (errors.NoCredentialsError, errors.PartialCredentialsError, errors.CredentialRetrievalError),
    )


def _put(client: Any, stream: str, body: bytes, library: _Library) -> Response:
    """Put the records of all users, and say of each user what came of it. What is too large is found before anything is
    sent. When one call fails the users of those behind it are not tried."""
    users: list[list[bytes]] = [[]]
    for line in body.splitlines(keepends=True):
        users += [[]] if line == b"\n" else []
        users[-1] += [] if line == b"\n" else [line]
    results: list[dict[str, Any]] = [{} for _ in users]
    for place, records in enumerate(users):
        if any(len(record) > _RECORD_BYTES for record in records):
            results[place] = {"ErrorCode": TOO_LARGE, "ErrorMessage": f"more than {_RECORD_BYTES} bytes"}
    if any(results):
        return _told(results)
    left = dict.fromkeys(range(len(users)))
    for owners, records in _calls(users):
        try:
            answers = client.put_record_batch(DeliveryStreamName=stream, Records=[{"Data": each} for each in records])
        except library.error as error:
            if len(left) == len(users):
                raise
            failed = _code(error, library)
            results = [failed if place in left else result for place, result in enumerate(results)]
            break
        for owner, answer in zip(owners, answers["RequestResponses"], strict=True):
            left.pop(owner, None)
            if answer.get("ErrorCode"):
                results[owner] = {name: answer.get(name) for name in ("ErrorCode", "ErrorMessage")}
    return _told(results)


def _calls(users: Iterable[list[bytes]]) -> Iterator[tuple[list[int], list[bytes]]]:
    """Records within the limits of a call, and whose they are; those of one user are not torn apart."""
    owners, records, size = list[int](), list[bytes](), 0
    for place, user in enumerate(users):
        more = sum(map(len, user))
        if records and (len(records) + len(user) > _RECORDS or size + more > _BYTES):
            yield owners, records
            owners, records, size = [], [], 0
        owners, records, size = owners + [place] * len(user), records + user, size + more
    yield owners, records


def _refused(error: Exception, library: _Library, region: str) -> Response | None:
    code = _code(error, library)
    if code["ErrorCode"] == "NoAnswer":
        _LOG.warning("no answer from firehose in %s: %s", region, type(error).__name__)
        return None
    return _answer(code["Status"], {"__type": code["ErrorCode"], "message": code["ErrorMessage"]})


def _code(error: Exception, library: _Library) -> dict[str, Any]:
    if isinstance(error, library.access):
        return {"ErrorCode": "NoCredentials", "ErrorMessage": str(error), "Status": 401}
    answer: dict[str, Any] | None = getattr(error, "response", None)
    if answer is None:
        return {"ErrorCode": "NoAnswer", "ErrorMessage": type(error).__name__, "Status": 0}
    told, status = answer.get("Error", {}), answer.get("ResponseMetadata", {}).get("HTTPStatusCode")
    return {"ErrorCode": told.get("Code", ""), "ErrorMessage": told.get("Message", ""), "Status": status or 400}


def _told(results: list[dict[str, Any]]) -> Response:
    return _answer(200, {"FailedPutCount": sum(map(bool, results)), "RequestResponses": results})


def _answer(status: int, said: dict[str, Any]) -> Response:
    return Response(status, {"date": formatdate(now_ms() / SECOND, usegmt=True)}, msgspec.json.encode(said))
