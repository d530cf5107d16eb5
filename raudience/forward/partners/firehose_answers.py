"""What Kinesis Data Firehose answers, by what a person has to do about it.

Sources: the service model 2015-08-04 (errors of PutRecordBatch and DescribeDeliveryStream, codes of records), AWS
General Reference (errors that all services have).
"""

from __future__ import annotations

from collections import Counter
from typing import Any, Final

import msgspec

from raudience.forward.answers import content
from raudience.forward.kinds import (
    AskPermission,
    BadItems,
    Done,
    Failure,
    OurBug,
    Outcome,
    Partly,
    RateLimited,
    Retry,
    SignInAgain,
)
from raudience.forward.partner import Response

__all__ = ["TOO_LARGE", "advice", "checked", "taken"]

TOO_LARGE: Final = "RecordTooLarge"
"""Code of a record that is not sent at all: it has more than 1,000 KiB. It is ours."""
_MOST_TEXT: Final = 300

_MEANINGS: Final[dict[str, type[Failure]]] = {
    "ServiceUnavailableException": Retry,
    "ServiceUnavailable": Retry,
    "InternalFailure": Retry,
    "InternalServerError": Retry,
    "InternalError": Retry,
    "RequestTimeout": Retry,
    "RequestTimeoutException": Retry,
    "NoAnswer": Retry,
    "Throttling": RateLimited,
    "ThrottlingException": RateLimited,
    "ThrottledException": RateLimited,
    "RequestThrottled": RateLimited,
    "TooManyRequestsException": RateLimited,
    "LimitExceededException": RateLimited,
    "ProvisionedThroughputExceededException": RateLimited,
    "UnrecognizedClientException": SignInAgain,
    "InvalidClientTokenId": SignInAgain,
    "InvalidAccessKeyId": SignInAgain,
    "SignatureDoesNotMatch": SignInAgain,
    "InvalidSignatureException": SignInAgain,
    "IncompleteSignature": SignInAgain,
    "IncompleteSignatureException": SignInAgain,
    "MissingAuthenticationToken": SignInAgain,
    "MissingAuthenticationTokenException": SignInAgain,
    "ExpiredToken": SignInAgain,
    "ExpiredTokenException": SignInAgain,
    "RequestExpired": SignInAgain,
    "NoCredentials": SignInAgain,
    "AccessDenied": AskPermission,
    "AccessDeniedException": AskPermission,
    "NotAuthorized": AskPermission,
    "OptInRequired": AskPermission,
    "ResourceNotFoundException": AskPermission,
    "InvalidKMSResourceException": AskPermission,
    "InvalidSourceException": AskPermission,
    TOO_LARGE: BadItems,
}
"""A stream that is not there, that takes no direct records, or whose key is not ours to use is a matter of the settings
or of AWS, like a missing permission: it is put right there, and what was sent before is not lost."""

_ADVICE: Final[dict[str | type[Failure], str]] = {
    SignInAgain: "Give the output another access key with its secret, or the machine a role that is valid",
    "AccessDenied": "Allow firehose:PutRecordBatch, and firehose:DescribeDeliveryStream for this check",
    "ResourceNotFoundException": "Give the connection the name and the region of a delivery stream of this account",
    "InvalidSourceException": "Give the connection a delivery stream whose source is Direct PUT",
    "InvalidKMSResourceException": "Allow the stream to use its key again",
}


def advice(failure: Failure) -> str:
    """What a person does about a failure; "" when there is nothing to do but wait, or its text says it."""
    code = failure.code.removesuffix("Exception") if failure.code.startswith("AccessDenied") else failure.code
    return _ADVICE.get(code) or _ADVICE.get(type(failure), "")


def taken(response: Response, items: int) -> Outcome:
    """What came of a request for so many users."""
    answer = content(response)
    if response.status >= 300 or not isinstance(answer.get("RequestResponses"), list):
        return _failure(response.status, answer)
    results = [each if isinstance(each, dict) else {} for each in answer["RequestResponses"]]
    if len(results) != items:
        return OurBug(response.status, "", f"{len(results)} answers for {items} users")
    failed = {place: each for place, each in enumerate(results) if each.get("ErrorCode")}
    return _judged(response.status, items, failed) if failed else Done()


def checked(response: Response) -> Outcome:
    """Whether a stream takes records, or, without a stream, whether the credentials are valid."""
    answer = content(response)
    if response.status >= 300:
        return _failure(response.status, answer)
    status, source = answer.get("DeliveryStreamStatus", "ACTIVE"), answer.get("DeliveryStreamType", "DirectPut")
    if status == "CREATING":
        return Retry(response.status, status, "the delivery stream is being made")
    if (status, source) != ("ACTIVE", "DirectPut"):
        text = f"expected an active delivery stream whose source is Direct PUT, got {status}, {source}"
        return AskPermission(response.status, str(status), text)
    return Done()


def _judged(status: int, items: int, failed: dict[int, dict[str, Any]]) -> Outcome:
    """What the worst of some results means: what can be tried again counts only when nothing else is among them."""
    failures = {place: _failure(status, {"__type": one["ErrorCode"], "message": one.get("ErrorMessage")})
                for place, one in failed.items()}  # fmt: skip
    bad = tuple(place for place, each in failures.items() if isinstance(each, BadItems))
    if bad:
        return msgspec.structs.replace(failures[bad[0]], positions=bad)
    lasting = [each for each in failures.values() if not isinstance(each, Retry | RateLimited)]
    if lasting:
        return lasting[0]
    usual, _ = Counter(each.code for each in failures.values()).most_common(1)[0]
    why = next(each for each in failures.values() if each.code == usual and isinstance(each, Retry | RateLimited))
    text = f"{len(failed)} of {items} not taken: {why.text}"
    others = tuple(place for place in range(items) if place not in failures)
    return Partly(others, msgspec.structs.replace(why, text=text))


def _failure(status: int, answer: dict[str, Any]) -> Failure:
    code = str(answer.get("__type") or "").rpartition("#")[2]
    kind = _MEANINGS.get(code, Retry if status >= 500 else OurBug)
    text = f"{code}: {answer.get('message') or ''}".strip(": ") or f"status {status}"
    return kind(status, code, text[:_MOST_TEXT])
