"""The fake X keeps X's rules, so that what passes against it is worth something."""

import ast
import hashlib
import json
from pathlib import Path

import pytest

from tests.forward.fakes.wire import Lost
from tests.forward.fakes.x import ACCOUNT, FakeX
from tests.forward.fakes.x_access import signature_of
from tests.forward.fakes.x_lists import MOST_BYTES
from tests.stories.stage import DAY, HOUR, MINUTE, utc

NOW = utc("2026-01-05T10:00:00Z")
LISTS = f"/12/accounts/{ACCOUNT}/custom_audiences"


def sha256(text):
    return hashlib.sha256(str(text).encode()).hexdigest()


class Asking:
    """Asks the fake as an app would that signs by the fake's own signer."""

    def __init__(self):
        self.fake, self.nonces = FakeX(), 0

    def __call__(self, method, path, body=b"", now=NOW, kind="application/json", **query):
        self.nonces += 1
        oauth = {
            "oauth_consumer_key": "ck", "oauth_token": "tk", "oauth_nonce": f"n{self.nonces}", "oauth_version": "1.0",
            "oauth_timestamp": str(now // 1000), "oauth_signature_method": "HMAC-SHA1",
        }  # fmt: skip
        pairs = [*query.items(), *oauth.items()]
        proof = signature_of(method, f"https://ads-api.x.com{path}", pairs, "cs", "ts")
        for one, code in (("+", "%2B"), ("/", "%2F"), ("=", "%3D")):
            proof = proof.replace(one, code)
        header = ", ".join(f'{name}="{value}"' for name, value in {**oauth, "oauth_signature": proof}.items())
        url = path + "?" * bool(query) + "&".join(f"{name}={value}" for name, value in query.items())
        headers = {"authorization": f"OAuth {header}", "content-type": kind}
        status, told, answer = self.fake(method, url, headers, body, now)
        return status, told, json.loads(answer)

    def made(self, name="a"):
        return self("POST", LISTS, name=name)[2]["data"]["id"]

    def users(self, audience, *operations, **more):
        body = operations[0] if operations and isinstance(operations[0], bytes) else json.dumps(operations).encode()
        return self("POST", f"{LISTS}/{audience}/users", body, **more)


@pytest.fixture(name="ask")
def asking():
    return Asking()


def update(*users, **params):
    return {"operation_type": "Update", "params": {"users": list(users), **params}}


def delete(*users):
    return {"operation_type": "Delete", "params": {"users": list(users)}}


def test_the_fake_shares_no_code_with_raudience():
    files = list((Path(__file__).parent / "fakes").glob("*.py"))
    trees = [ast.parse(file.read_text(encoding="utf-8")) for file in files]
    nodes = [node for each in trees for node in ast.walk(each)]
    names = {node.module for node in nodes if isinstance(node, ast.ImportFrom)}
    names |= {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    assert files
    assert [name for name in names if name.startswith("raudience")] == []


# Lists.


def test_names_are_unique_until_a_list_is_deleted(ask):
    first = ask.made("a")
    assert ask("POST", LISTS, name="a")[0] == 400
    assert ask("POST", LISTS)[2]["errors"][0]["code"] == "MISSING_PARAMETER"
    ask.made("b")
    assert ask("PUT", f"{LISTS}/{first}", name="b")[0] == 400
    assert ask("DELETE", f"{LISTS}/{first}")[2]["data"]["deleted"]
    assert ask("GET", f"{LISTS}/{first}")[2]["errors"][0]["code"] == "NOT_FOUND"
    assert ask("GET", f"{LISTS}/{first}", with_deleted="true")[2]["data"]["name"] == "a"
    assert ask("POST", LISTS, name="a")[0] == 200


def test_lists_are_found_by_the_beginning_of_the_name_page_by_page(ask):
    for name in ("Big1", "big2", "abig", "BIG3"):
        ask.made(name)
    first = ask("GET", LISTS, q="bIg", count="2")[2]
    rest = ask("GET", LISTS, q="bIg", count="2", cursor=first["next_cursor"])[2]
    assert [one["name"] for one in first["data"] + rest["data"]] == ["Big1", "big2", "BIG3"]
    assert rest["next_cursor"] is None


def test_a_foreign_account_is_refused_with_403(ask):
    status, _, body = ask("GET", "/12/accounts/other/custom_audiences")
    assert (status, body["errors"][0]["code"]) == (403, "ACCOUNT_NOT_FOUND")


def test_roles_and_apps_are_heeded(ask):
    ask.fake.roles[ACCOUNT, "u1"] = ["ANALYST"]
    assert ask("POST", LISTS, name="a")[2]["errors"][0]["code"] == "ACTION_NOT_ALLOWED"
    ask.fake.apps["ck"].read_only = True
    assert ask("POST", LISTS, name="a")[2]["errors"][0]["code"] == "READONLY_CLIENT_APPLICATION"
    ask.fake.apps["ck"].approved = False
    assert ask("GET", LISTS)[2]["errors"][0]["code"] == "UNAUTHORIZED_CLIENT_APPLICATION"


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/12/nothing", 404), ("PATCH", LISTS, 405)])
def test_other_calls_are_not_there(ask, method, path, status):
    assert ask(method, path)[0] == status


def test_a_list_is_processed_then_too_small_or_has_a_size(ask):
    audience = ask.made()
    ask.users(audience, update(*({"email": [sha256(number)]} for number in range(200))))

    def shown(now):
        found = ask("GET", f"{LISTS}/{audience}", now=now)[2]["data"]
        return found["audience_size"], found["targetable"], found["reasons_not_targetable"]

    assert shown(NOW + 7 * HOUR) == (None, False, ["PROCESSING"])
    assert shown(NOW + 8 * HOUR) == (100, True, [])
    ask.users(audience, delete({"email": [sha256(0)]}, {"email": [sha256(1)]}))
    assert shown(NOW + 8 * HOUR) == (99, False, ["TOO_SMALL"])


# Users.


def test_a_person_has_all_keys_and_goes_by_any_of_them(ask):
    audience = ask.made()
    ask.users(
        audience, update({"email": [sha256("e")], "handle": [sha256("h"), sha256("i")]}, {"email": [sha256("f")]})
    )
    assert ask.fake.members("a", NOW) == {sha256("e"), sha256("h"), sha256("i"), sha256("f")}
    ask.users(audience, delete({"handle": [sha256("i")]}))
    assert ask.fake.members("a", NOW) == {sha256("f")}


def test_the_same_operation_of_another_key_is_of_another_person(ask):
    audience = ask.made()
    ask.users(audience, update({"email": [sha256(1)]}), delete({"handle": [sha256(1)]}))
    assert ask.fake.members("a", NOW) == {sha256(1)}


def test_members_come_and_go_at_their_times(ask):
    audience = ask.made()
    user = {"email": [sha256(1)]}
    ask.users(audience, update(user, effective_at="2026-01-06T10:00:00Z", expires_at="2026-01-07T10:00:00Z"))
    assert [len(ask.fake.members("a", NOW + each)) for each in (0, DAY, 2 * DAY - 1, 2 * DAY)] == [0, 1, 1, 0]
    ask.users(audience, update(user))
    assert len(ask.fake.members("a", utc("2027-02-05T09:59:59Z"))) == 1
    assert len(ask.fake.members("a", utc("2027-02-05T10:00:00Z"))) == 0


BAD = [
    {"operation_type": "update", "params": {"users": [{"email": [sha256(1)]}]}},
    {"operation_type": "Update"},
    update(),
    update({}),
    update({"email": sha256(1)}),
    update({"email": []}),
    update({"email": [sha256(1).upper()]}),
    update({"email": ["a@b.c"]}),
    update({"phone": [sha256(1)]}),
    update({"email": [sha256(1)]}, expires_at="2026-01-05T10:00:00Z"),
    update({"email": [sha256(1)]}, expires_at="soon"),
    "Update",
]


@pytest.mark.parametrize("bad", BAD, ids=str)
def test_one_bad_operation_fails_all_and_changes_nothing(ask, bad):
    audience = ask.made()
    status, _, body = ask.users(audience, update({"email": [sha256(2)]}), bad)
    assert (status, body["errors"][0]["code"]) == (400, "INVALID_PARAMETER")
    assert [bool(errors) for errors in body["operation_errors"]] == [False, True]
    assert ask.fake.members("a", NOW) == set()


@pytest.mark.parametrize("form", ["list", "object", "users", "none"])
def test_errors_of_operations_come_in_several_forms(ask, form):
    ask.fake.error_form = form
    audience = ask.made()
    users = update({"email": [sha256(1)]}, {"email": ["?"]})
    errors = ask.users(audience, delete({"email": [sha256(3)]}), users)[2].get("operation_errors")
    places = None if errors is None else [bool(error) for error in errors]
    expected = {"list": [False, True], "object": [False, True], "users": [False, False, True], "none": None}
    assert places == expected[form]


def test_only_an_array_of_json_is_taken(ask):
    audience = ask.made()
    whole = json.dumps([update({"email": [sha256(1)]})]).encode()
    assert ask.users(audience, whole, kind="application/json; charset=utf-8")[0] == 200
    assert ask.users(audience, whole, kind="text/plain")[0] == 415
    assert [ask.users(audience, body)[0] for body in (b"{}", b"[]", b"no", whole[1:-1])] == [400] * 4


@pytest.mark.parametrize(("operations", "status"), [(2_500, 200), (2_501, 400)])
def test_operations_are_counted(ask, operations, status):
    ask.fake.most_users = None
    audience = ask.made()
    assert ask.users(audience, *(update({"email": [sha256(each)]}) for each in range(operations)))[0] == status


@pytest.mark.parametrize(("users", "status"), [(2_500, 200), (2_501, 400)])
def test_users_are_counted_as_raudience_promises(ask, users, status):
    audience = ask.made()
    assert ask.users(audience, update(*({"email": [sha256(each)]} for each in range(users))))[0] == status


@pytest.mark.parametrize(("size", "status"), [(MOST_BYTES, 200), (MOST_BYTES + 1, 413)])
def test_bytes_are_counted(ask, size, status):
    audience = ask.made()
    body = json.dumps([update({"email": [sha256(1)]})]).encode()
    assert ask.users(audience, body + b" " * (size - len(body)))[0] == status


# Limits and troubles.


def test_requests_are_counted_by_the_minute(ask):
    ask.fake.account_headers = True
    audience = ask.made()
    operation = update({"email": [sha256(1)]})
    told = [ask.users(audience, operation) for _ in range(1_501)]
    assert [status for status, _, _ in told] == [200] * 1_500 + [429]
    assert told[0][1]["x-account-rate-limit-remaining"] == "1499"
    assert told[-1][1]["x-account-rate-limit-reset"] == told[-1][1]["x-rate-limit-reset"] == str((NOW + MINUTE) // 1000)
    assert ask.users(audience, operation, now=NOW + MINUTE - 1)[0] == 429
    assert ask.users(audience, operation, now=NOW + MINUTE)[0] == 200


def test_each_class_of_requests_has_its_own_limit(ask):
    assert [ask("GET", "/12/accounts")[0] for _ in range(6)] == [200] * 5 + [429]
    assert [ask("POST", LISTS, name=str(each))[0] for each in range(451)] == [200] * 450 + [429]
    assert ask("GET", LISTS, count="1")[0] == 200
    assert ask("GET", "/12/accounts", now=NOW + 15 * MINUTE)[0] == 200


def test_the_accounts_headers_come_with_what_is_read(ask):
    assert "x-account-rate-limit-limit" in ask("GET", LISTS)[1]
    assert "x-account-rate-limit-limit" not in ask("POST", LISTS, name="a")[1]


def test_a_trouble_comes_as_often_as_it_is_asked_for_and_where(ask):
    ask.fake.trouble(503, "OVER_CAPACITY", headers={"retry-after": "9"}, times=2, where="/users")
    audience = ask.made()
    operation = update({"email": [sha256(1)]})
    told = [ask.users(audience, operation) for _ in range(3)]
    assert [status for status, _, _ in told] == [503, 503, 200]
    assert told[0][1]["retry-after"] == "9"


@pytest.mark.parametrize(("applied", "members"), [(True, 1), (False, 0)])
def test_an_answer_is_lost_after_or_before_it_was_carried_out(ask, applied, members):
    audience = ask.made()
    ask.fake.trouble(lost=True, applied=applied)
    with pytest.raises(Lost):
        ask.users(audience, update({"email": [sha256(1)]}))
    assert len(ask.fake.members("a", NOW)) == members


def test_counts_that_do_not_fit(ask):
    audience = ask.made()
    ask.fake.trouble(counts=(1, 2))
    assert ask.users(audience, update({"email": [sha256(1)]}))[2]["data"] == {"success_count": 1, "total_count": 2}


def test_there_is_a_list_of_whom_not_to_reach(ask):
    made = ask("POST", f"/12/accounts/{ACCOUNT}/do_not_reach_lists", description="stop")[2]["data"]
    path = f"/12/batch/accounts/{ACCOUNT}/do_not_reach_lists/{made['id']}/users"
    good, far = (
        json.dumps([update({"email": [sha256(1)]}, expires_at=f"{at}T00:00:00Z")])
        for at in ("2027-01-01", "2027-03-01")
    )
    assert ask("POST", path, good.encode())[2]["data"] == [{"success_count": 1, "total_count": 1}]
    assert ask("POST", path, far.encode())[0] == 400


def test_campaigns_of_a_list_are_told(ask):
    audience = ask.made()
    ask.fake.campaigns[audience] = [{"campaign_id": "c1"}]
    assert ask("GET", f"{LISTS}/{audience}/targeted")[2]["data"] == [{"campaign_id": "c1"}]
