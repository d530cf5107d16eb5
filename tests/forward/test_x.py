"""X: what is declared, what is sent, and what each answer means."""

import hashlib
import json

import pytest

from raudience.errors import ReportBug
from raudience.forward.capabilities import Account, ListStatus
from raudience.forward.identities import wanted
from raudience.forward.kinds import (
    AskPermission,
    BadItems,
    Done,
    GoneAtPartner,
    OurBug,
    Retry,
    SignInAgain,
)
from raudience.forward.partner import Item, Response
from raudience.forward.partners import PARTNERS
from raudience.forward.partners.x import X
from tests.stories.stage import utc

x = X()
SETTINGS = {
    "account_id": "18ce54d4x5t",
    "consumer_key": "ck",
    "consumer_secret": "cs",
    "token": "tk",
    "token_secret": "ts",
}
LISTS = "https://ads-api.x.com/12/accounts/18ce54d4x5t/custom_audiences"
NOW = utc("2026-01-05T10:00:00Z")
ALL_ON = {"forward_emails": True, "forward_twitter_handles": True, "forward_device_ids": True}


def answer(status, body="", **headers):
    text = body if isinstance(body, str) else json.dumps(body)
    return Response(status, {name.replace("_", "-"): value for name, value in headers.items()}, text.encode())


def refusal(status, *codes, **headers):
    return answer(status, {"errors": [{"code": code, "message": f"{code} says X"} for code in codes]}, **headers)


def sha256(text):
    return hashlib.sha256(text.encode()).digest()


def items(count, add=True, start=0):
    return [Item(sha256(str(number)), add) for number in range(start, start + count)]


def body_of(request):
    return json.loads(request.body)


# What is declared.


def test_x_is_among_the_partners():
    assert isinstance(PARTNERS["x"], X)


def test_the_settings_are_those_of_the_seed_and_the_keys():
    assert {(each.name, each.required, each.secret) for each in x.output_settings} == {
        ("account_id", True, False), ("consumer_key", True, True), ("consumer_secret", True, True),
        ("token", True, True), ("token_secret", True, True),
    }  # fmt: skip
    assert [(each.label, each.type, each.default) for each in x.connection_settings] == [
        ("Forward Emails", "flag", True),
        ("Forward Twitter Handles", "flag", True),
        ("Forward Device IDs", "flag", True),
    ]


def test_lists_are_deleted_with_the_audience():
    assert x.deletes == "delete"


@pytest.mark.parametrize(
    ("kind", "name"),
    [("email", "Big Spenders (email)"), ("handle", "Big Spenders (handle)"), ("device_id", "Big Spenders (device id)")],
)
def test_each_kind_of_identity_has_a_list_of_its_own(kind, name):
    assert x.list_name("Big Spenders", kind) == name


def test_the_kinds_are_the_keys_of_x():
    assert [rule.kind for rule in x.identities] == ["email", "handle", "device_id"]


def test_members_are_sent_again_before_they_lapse():
    sent = x.send(SETTINGS, "1nmth", "email", items(1), NOW)
    assert body_of(sent)[0]["params"]["expires_at"] == "2027-01-30T10:00:00Z"
    assert NOW + x.refresh == utc("2026-12-01T10:00:00Z")


# Identities (semantics 203-205).


IDFA = "4b61639e-47cc-4056-a16a-c8217e029462"


@pytest.mark.parametrize(
    ("name", "value", "normal"),
    [
        ("email", " USER1@Example.COM ", "user1@example.com"),
        ("email", "a.b+shop@GMAIL.com", "a.b+shop@gmail.com"),
        ("email", "Zoë@Müller.DE", "zoë@müller.de"),
        ("twitter", "@User_1", "user_1"),
        ("twitter", " @ Jack ", "jack"),
        ("ios_advertising_id", IDFA.upper(), IDFA),
        ("ios_advertising_id", IDFA.upper().replace("-", ""), IDFA),
        ("android_advertising_id", f" {IDFA.title()}\n", IDFA),
    ],
)
def test_identities_are_normalised_as_x_asks(name, value, normal):
    found = wanted(x.identities, ALL_ON, {name: [value]})
    assert set().union(*found.values()) == {sha256(normal)}


@pytest.mark.parametrize(
    ("name", "value", "kind", "expected"),
    [
        ("email", "abc@x.com", "email", "95b54d5474c8618a3676340df71489dfb79eda1083176da1816339b3db7524f6"),
        ("email", "user@example.com", "email", "b4c9a289323b21a01c3e940f150eb9b8c542587f1abfd8f0e1cc1ffc5e475514"),
        ("twitter", "@AdsAPI", "handle", "49e0be2aeccfb51a8dee4c945c8a70a9ac500cf6f5cb08112575f74db9b1470d"),
        ("twitter", "jack", "handle", "31611159e7e6ff7843ea4627745e89225fc866621cfcfdbd40871af4413747cc"),
        ("ios_advertising_id", IDFA.upper(), "device_id",
         "225859d35b46df63b4fb381eb3f815b2ef4620bec0a79f2115a6a3eb71a5fa1a"),
    ],
)  # fmt: skip
def test_hashes_are_those_that_x_knows(name, value, kind, expected):
    assert {found.hex() for found in wanted(x.identities, ALL_ON, {name: [value]})[kind]} == {expected}


def test_a_value_that_is_a_hash_already_is_passed_on():
    hashed = sha256("abc@x.com").hex()
    assert wanted(x.identities, ALL_ON, {"email": [hashed.upper(), f" {hashed}"]})["email"] == {sha256("abc@x.com")}


@pytest.mark.parametrize(
    ("name", "value"),
    [("email", "  "), ("twitter", " @ "), ("ios_advertising_id", ""),
     ("ios_advertising_id", "00000000-0000-0000-0000-000000000000"), ("android_advertising_id", "0" * 32)],
)  # fmt: skip
def test_what_says_nothing_of_a_user_is_not_sent(name, value):
    assert not any(wanted(x.identities, ALL_ON, {name: [value]}).values())


def test_a_switch_that_is_off_holds_its_kind_back():
    identities = {"email": ["a@b.c"], "twitter": ["jack"], "android_advertising_id": ["1-a"], "customer_id": ["7"]}
    found = wanted(x.identities, ALL_ON | {"forward_twitter_handles": False}, identities)
    assert found == {"email": {sha256("a@b.c")}, "device_id": {sha256("1-a")}}


# Requests.


def test_a_list_is_looked_for_by_the_beginning_of_its_name_among_our_own():
    request = x.find_list(SETTINGS, "Big Spenders (email)")
    assert (request.method, request.url, request.kind) == ("GET", LISTS, "read")
    assert dict(request.query) == {"permission_scope": "OWNER", "q": "Big Spenders (email)", "count": "1000"}


def test_a_long_name_is_looked_for_by_as_much_as_x_takes():
    assert dict(x.find_list(SETTINGS, "é" * 300).query)["q"] == "é" * 255


def test_lists_are_made_renamed_and_deleted():
    made, renamed = x.create_list(SETTINGS, "Zoë ☃ (email)"), x.rename_list(SETTINGS, "1nmth", "New (email)")
    deleted = x.delete_list(SETTINGS, "1nmth")
    assert (made.method, made.url, made.query) == ("POST", LISTS, (("name", "Zoë ☃ (email)"),))
    assert (renamed.method, renamed.url, renamed.query) == ("PUT", f"{LISTS}/1nmth", (("name", "New (email)"),))
    assert (deleted.method, deleted.url, deleted.query) == ("DELETE", f"{LISTS}/1nmth", ())
    assert {each.kind for each in (made, renamed, deleted)} == {"write"}


def test_what_a_person_typed_stays_within_its_place_in_the_address():
    request = x.delete_list({**SETTINGS, "account_id": " a/b?c "}, "1/users")
    assert request.url == "https://ads-api.x.com/12/accounts/a%2Fb%3Fc/custom_audiences/1%2Fusers"


def test_removals_go_in_one_operation_and_additions_in_another_after_it():
    gone, come = sha256("old"), sha256("new")
    request = x.send(SETTINGS, "1nmth", "handle", [Item(come, True), Item(gone, False)], NOW)
    assert (request.method, request.url) == ("POST", f"{LISTS}/1nmth/users")
    assert (request.headers, request.kind) == ((("content-type", "application/json"),), "members")
    assert body_of(request) == [
        {"operation_type": "Delete", "params": {"users": [{"handle": [gone.hex()]}]}},
        {"operation_type": "Update",
         "params": {"expires_at": "2027-01-30T10:00:00Z", "users": [{"handle": [come.hex()]}]}},
    ]  # fmt: skip


@pytest.mark.parametrize(("add", "operation"), [(True, "Update"), (False, "Delete")])
def test_there_is_no_operation_without_users(add, operation):
    sent = body_of(x.send(SETTINGS, "1nmth", "email", items(2, add), NOW))
    assert [each["operation_type"] for each in sent] == [operation]


def test_a_request_of_as_many_as_are_allowed_stays_far_below_the_bytes_that_are_allowed():
    request = x.send(SETTINGS, "1nmth", "device_id", items(1_250) + items(1_250, False, 1_250), NOW)
    assert [len(each["params"]["users"]) for each in body_of(request)] == [1_250, 1_250]
    assert len(request.body) < 250_000


@pytest.mark.parametrize("count", [0, 2_501])
def test_a_request_of_nobody_or_of_too_many_is_a_bug(count):
    with pytest.raises(ReportBug, match=f"of {count} users"):
        x.send(SETTINGS, "1nmth", "email", items(count), NOW)


# Answers.


def found(*audiences, after=None):
    return answer(200, {"data": list(audiences), "next_cursor": after})


def test_a_list_is_found_by_its_exact_name():
    others = [{"id": "1", "name": "big (email)"}, {"id": "2", "name": "Big (email) 2"}]
    gone = {"id": "3", "name": "Big (email)", "deleted": True}
    assert x.read_found(found(*others, gone, {"id": "4", "name": "Big (email)"}), "Big (email)") == "4"
    assert x.read_found(found(*others, gone), "Big (email)") is None


def test_a_list_that_holds_no_users_or_may_only_be_read_is_not_adopted():
    for more in ({"audience_type": "FLEXIBLE"}, {"permission_level": "READ_ONLY"}):
        assert isinstance(x.read_found(found({"id": "1", "name": "a", **more}), "a"), AskPermission)


def test_a_name_that_begins_too_many_is_not_taken_for_absent():
    assert isinstance(x.read_found(found({"id": "1", "name": "a2"}, after="c"), "a"), OurBug)


def test_one_object_in_place_of_a_list_is_read_too():
    assert x.read_found(answer(200, {"data": {"id": "1", "name": "a"}}), "a") == "1"
    assert x.read_created(answer(201, {"data": [{"id": "1"}]})) == "1"


def test_a_new_list_has_an_id():
    assert x.read_created(answer(200, {"data": {"id": "1nmth", "name": "a"}})) == "1nmth"


def test_a_name_that_is_taken_is_looked_for_again():
    taken = refusal(400, "DUPLICATE_NAME")
    assert x.read_created(taken) == Retry(400, "DUPLICATE_NAME", "DUPLICATE_NAME says X")


@pytest.mark.parametrize("body", ["", "<html>", "[]", '{"data": {}}', "null", "\ufeff{"])
def test_an_answer_that_is_not_what_was_asked_for_is_asked_for_again(body):
    ok = answer(200, body)
    assert [type(read) for read in (x.read_created(ok), x.read_sent(ok, items(1)))] == [Retry] * 2


def test_what_was_deleted_already_is_deleted():
    assert x.read_done(refusal(404, "NOT_FOUND")) == Done()
    assert x.read_done(answer(200, {"data": {"deleted": True}})) == Done()
    assert isinstance(x.read_done(refusal(404, "ROUTE_NOT_FOUND")), GoneAtPartner)
    assert isinstance(x.read_done(refusal(503, "OVER_CAPACITY")), Retry)


def test_a_name_that_cannot_be_given_is_told_at_once():
    assert x.read_done(refusal(400, "INVALID_PARAMETER")) == OurBug(
        400, "INVALID_PARAMETER", "INVALID_PARAMETER says X"
    )


def counts(success, total):
    return answer(200, {"data": {"success_count": success, "total_count": total}})


def test_x_has_taken_all_when_it_counts_as_many_as_were_sent_twice():
    assert x.read_sent(counts(3, 3), items(3)) == Done()
    assert x.read_sent(answer(200, {"data": [{"success_count": 1, "total_count": 1}]}), items(1)) == Done()


@pytest.mark.parametrize(("success", "total"), [(2, 3), (3, 2), (2, 2), (4, 4), (None, None), ("3", "3")])
def test_any_other_count_is_sent_again(success, total):
    told = f"of 3 users X took {success} and counted {total}"
    assert x.read_sent(counts(success, total), items(3)) == Retry(200, "", told)


ERROR = {"code": "INVALID_PARAMETER", "message": "bad"}


@pytest.mark.parametrize(
    ("sent", "errors", "positions"),
    [
        (items(1), [[ERROR]], (0,)),
        (items(1), [ERROR], (0,)),
        (items(1), ERROR, (0,)),
        (items(1) + items(1, False, 1), [None, ERROR], (0,)),
        (items(1) + items(1, False, 1), [[ERROR], []], (1,)),
        (items(3), [[ERROR]], None),
        (items(3), [None, ERROR, None], (1,)),
        (items(3) + items(1, False, 3), [[], [], [ERROR], [ERROR]], (1, 2)),
        (items(3) + items(1, False, 3), [{}, [ERROR]], None),
        (items(3), [None, None, None, ERROR], None),
        (items(3), None, None),
        (items(3), "?", None),
    ],
)
def test_refused_items_are_those_that_the_errors_point_at(sent, errors, positions):
    refused = x.read_sent(answer(400, {"errors": [ERROR], "operation_errors": errors}), sent)
    assert refused == BadItems(400, "INVALID_PARAMETER", refused.text, positions)


def test_items_can_be_refused_in_an_answer_that_says_200():
    body = {"operation_errors": [[ERROR]], "data": {"success_count": 1, "total_count": 1}}
    assert x.read_sent(answer(200, body), items(1)) == BadItems(200, "INVALID_PARAMETER", "bad", (0,))


def test_what_is_wrong_with_the_sender_is_not_put_on_the_items():
    body = {"errors": [{"code": "UNAUTHORIZED_ACCESS", "message": "no"}], "operation_errors": [[ERROR]]}
    assert isinstance(x.read_sent(answer(401, body), items(1)), SignInAgain)


# The check of credentials, accounts, and how a list stands.


def roles(*names):
    return answer(200, {"data": {"user_id": "u1", "permissions": list(names)}})


def test_the_check_asks_what_the_user_may_do_in_the_account():
    request = x.check(SETTINGS)
    assert request.url == "https://ads-api.x.com/12/accounts/18ce54d4x5t/authenticated_user_access"
    assert (request.method, request.kind) == ("GET", "read")


@pytest.mark.parametrize("names", [("ACCOUNT_ADMIN",), ("ANALYST", "ACCOUNT_ADMIN"), ("PARTNER_AUDIENCE_MANAGER",)])
def test_an_account_administrator_may(names):
    assert x.read_checked(roles(*names)) == Done()


@pytest.mark.parametrize(
    ("names", "told"),
    [(("AD_MANAGER", "ANALYST"), "AD_MANAGER, ANALYST"), (("TWEET_COMPOSER",), "TWEET_COMPOSER"), ((), "nothing")],
)
def test_anybody_else_is_told_what_is_missing(names, told):
    refused = x.read_checked(roles(*names))
    text = f"the user is {told} in the ads account: at X, make it an Account Administrator (ACCOUNT_ADMIN)"
    assert refused == AskPermission(200, "", text)


def test_accounts_to_choose_from():
    listed = [{"id": "a", "name": "Shop", "approval_status": "ACCEPTED"}, {"id": "b", "deleted": True},
              {"id": "c", "name": "New", "approval_status": "UNDER_REVIEW"}]  # fmt: skip
    assert x.accounts().url == "https://ads-api.x.com/12/accounts"
    assert x.read_accounts(found(*listed)) == (Account("a", "Shop", True), Account("c", "New", False))


@pytest.mark.parametrize(
    ("shown", "standing"),
    [
        ({"audience_size": None, "targetable": False, "reasons_not_targetable": ["PROCESSING"]},
         ListStatus(None, False, ("PROCESSING",))),
        ({"audience_size": 99, "targetable": False, "reasons_not_targetable": ["TOO_SMALL"]},
         ListStatus(99, False, ("TOO_SMALL",))),
        ({"audience_size": 4_000, "targetable": True, "reasons_not_targetable": []}, ListStatus(4_000, True, ())),
        ({"id": "1"}, ListStatus(None, False, ())),
    ],
)  # fmt: skip
def test_a_list_that_is_processed_or_too_small_is_shown_and_no_fault(shown, standing):
    assert x.status(SETTINGS, "1nmth").url == f"{LISTS}/1nmth"
    assert x.read_status(answer(200, {"data": shown})) == standing


def test_a_list_that_was_deleted_at_x_is_gone():
    assert isinstance(x.read_status(refusal(404, "NOT_FOUND")), GoneAtPartner)


@pytest.mark.parametrize("read", [x.read_checked, x.read_accounts, x.read_status, x.read_done,
                                  lambda response: x.read_found(response, "a")])  # fmt: skip
def test_a_bad_request_without_items_is_no_fault_of_items(read):
    assert isinstance(read(refusal(400, "INVALID_PARAMETER")), OurBug)
