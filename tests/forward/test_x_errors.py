"""X: its errors, one by one, and what it says of when to come back."""

from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from raudience.forward.kinds import AskPermission, BadItems, Done, OurBug, RateLimited, Retry, SignInAgain
from raudience.forward.partner import Left
from raudience.forward.partners.x_errors import ERRORS, advice, read_failure
from tests.forward.test_x import answer, items, refusal, sha256, x


@pytest.mark.parametrize("row", [row for row in ERRORS if row.code], ids=lambda row: f"{row.status} {row.code}")
def test_every_row_of_the_table_means_what_it_says(row):
    code = int(row.code) if row.code.isdigit() else row.code
    failure = x.read_sent(refusal(row.status, code), items(2))
    assert failure == row.kind(row.status, row.code, f"{row.code} says X")
    assert advice(failure) == row.advice


@pytest.mark.parametrize("row", [row for row in ERRORS if not row.code], ids=lambda row: str(row.status))
def test_an_unknown_code_and_a_page_of_html_are_judged_by_the_status(row):
    assert isinstance(x.read_sent(refusal(row.status, "NEVER_SEEN"), items(2)), row.kind)
    failure = x.read_sent(answer(row.status, "<html><body>Sorry</body></html>"), items(2))
    assert failure == row.kind(row.status, "", failure.text)
    assert failure.text.startswith(f"{row.status} ")


@pytest.mark.parametrize(("status", "kind"), [(599, Retry), (507, Retry), (418, OurBug), (302, OurBug), (410, OurBug)])
def test_a_status_that_nobody_has_told_of(status, kind):
    assert isinstance(x.read_sent(answer(status), items(1)), kind)


def test_too_many_requests_are_called_so_even_without_a_body():
    assert read_failure(answer(429)).text == "429 Too Many Requests"


def test_of_several_errors_the_gravest_counts_and_all_are_told():
    failure = read_failure(refusal(403, "INVALID_PARAMETER", "UNAUTHORIZED_CLIENT_APPLICATION"))
    assert failure.code in ("INVALID_PARAMETER", "UNAUTHORIZED_CLIENT_APPLICATION")
    assert failure.text == "INVALID_PARAMETER says X; UNAUTHORIZED_CLIENT_APPLICATION says X"
    mixed = read_failure(refusal(400, "INVALID_PARAMETER", "FEATURE_NOT_AVAILABLE"))
    assert isinstance(mixed, AskPermission)
    assert mixed.code == "FEATURE_NOT_AVAILABLE"


@pytest.mark.parametrize("errors", [{"code": 89, "message": "gone"}, ["?"], "?", None, 7, [{}], [{"code": None}]])
def test_errors_of_any_form_leave_the_kind_to_the_status(errors):
    assert isinstance(read_failure(answer(401, {"errors": errors})), SignInAgain)


def test_identities_in_a_text_of_x_are_not_kept_and_a_long_text_is_cut():
    hashed = sha256("a@b.c").hex()
    error = {"errors": [{"code": "INVALID_PARAMETER", "message": f"Expected a user, got {hashed}" + "!" * 900}]}
    text = read_failure(answer(400, error)).text
    assert text.startswith("Expected a user, got ...!!")
    assert len(text) == 500


RESET, ACCOUNT_RESET = {"x_rate_limit_reset": "1700000020"}, {"x_account_rate_limit_reset": "1700000050"}


@pytest.mark.parametrize(
    ("headers", "until"),
    [
        (RESET, 1_700_000_020_000),
        (RESET | ACCOUNT_RESET, 1_700_000_050_000),
        (ACCOUNT_RESET | {"retry_after": "3"}, 1_700_000_050_000),
        ({"retry_after": "3", "date": "Tue, 14 Nov 2023 22:13:20 GMT"}, 1_700_000_004_000),
        ({"x_rate_limit_reset": "soon"}, None),
        ({"x_rate_limit_reset": "\u00b2"}, None),
        ({}, None),
    ],
)
def test_a_limit_ends_when_x_says_and_the_accounts_word_rules(headers, until):
    limited = x.read_sent(refusal(429, "TOO_MANY_REQUESTS", **headers), items(1))
    assert limited == RateLimited(429, "TOO_MANY_REQUESTS", "TOO_MANY_REQUESTS says X", until)


REMAINING = {"x_rate_limit_remaining": "7"}
ACCOUNT_REMAINING = {"x_account_rate_limit_remaining": "3"}


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        (RESET | REMAINING, Left(7, 1_700_000_020_000)),
        (RESET | ACCOUNT_RESET | REMAINING | ACCOUNT_REMAINING, Left(3, 1_700_000_050_000)),
        (REMAINING, None),
        (RESET, None),
        (RESET | {"x_rate_limit_remaining": "many"}, None),
        ({}, None),
    ],
)
def test_what_x_still_takes_is_read_and_the_accounts_word_rules(headers, expected):
    assert x.left(answer(200, **headers)) == expected


@pytest.mark.parametrize(
    ("headers", "until"),
    [
        ({"retry_after": "30", "date": "Tue, 14 Nov 2023 22:13:20 GMT"}, 1_700_000_031_000),
        ({"retry_after": "Tue, 14 Nov 2023 22:14:00 GMT"}, 1_700_000_040_000),
        ({"retry_after": "30"}, None),
        ({"retry_after": "soon"}, None),
        (RESET, None),
    ],
)
def test_an_overloaded_x_says_when_it_wants_to_be_asked_again(headers, until):
    assert x.read_sent(refusal(503, "SERVICE_UNAVAILABLE", **headers), items(1)).until == until


def test_the_page_of_x_tells_every_code_and_what_to_do_about_it():
    page = (Path(__file__).parents[2] / x.docs).read_text(encoding="utf-8")
    assert [row.code for row in ERRORS if row.code not in page] == []
    assert [row.advice for row in ERRORS if row.advice not in page] == []
    assert [each.label for each in (*x.output_settings, *x.connection_settings) if each.label not in page] == []


def test_a_failure_that_is_not_what_its_code_means_elsewhere_has_not_its_advice():
    assert advice(x.read_done(refusal(400, "INVALID_PARAMETER"))) == advice(OurBug(405, "", ""))
    assert advice(x.read_created(refusal(400, "INVALID_PARAMETER"))) == ""
    assert advice(BadItems(400, "INVALID_PARAMETER", "")).startswith("Nothing as long as few are refused")


NAMES = st.sampled_from([
    "errors", "operation_errors", "data", "code", "message", "id", "name", "permissions", "deleted", "success_count",
    "total_count", "reasons_not_targetable", "audience_size", "next_cursor",
])  # fmt: skip
STATUSES = st.sampled_from([200, 201, 302, 400, 401, 404, 413, 429, 503])
BODIES = st.recursive(
    st.none() | st.booleans() | st.integers(0, 4) | st.sampled_from(["", "a", "NOT_FOUND", "INVALID_PARAMETER"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)


@given(STATUSES, BODIES | st.binary(max_size=20), st.text(max_size=9))
def test_no_answer_is_too_strange_to_be_read(status, body, header):
    raw = body if isinstance(body, bytes) else msgspec.json.encode(body)
    headers = dict.fromkeys(["date", "retry-after", "x-rate-limit-reset", "x-account-rate-limit-reset"], header)
    response = msgspec.structs.replace(answer(status), body=raw, headers=headers)
    for read in (
        x.read_created,
        x.read_done,
        x.read_checked,
        x.read_accounts,
        x.read_status,
        x.read_asked,
        x.read_exchanged,
    ):
        read(response)
    x.read_found(response, "a")
    outcome = x.read_sent(response, items(2))
    assert status < 300 or not isinstance(outcome, Done)
    if isinstance(outcome, BadItems) and outcome.positions is not None:
        assert set(outcome.positions) <= {0, 1}
