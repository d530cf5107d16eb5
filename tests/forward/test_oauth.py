"""OAuth 1.0a against known signatures, and the login to X step by step."""

from http.client import HTTPConnection, RemoteDisconnected

import pytest

from raudience.forward.capabilities import SignedIn, Waiting
from raudience.forward.kinds import AskPermission, OurBug, RateLimited, Retry, SignInAgain
from raudience.forward.partner import Request, Response
from raudience.forward.partners.oauth import Keys, base_string, percent, signature, signed
from raudience.forward.partners.x import X
from tests.forward.fakes.wire import Served
from tests.forward.fakes.x import FakeX
from tests.forward.fakes.x_access import App, signature_of

NOW = 1_700_000_000_000
APP = {"consumer_key": " ck", "consumer_secret": "cs\n"}
USER = Keys("ck", "cs", "tk", "ts")
x = X()
LISTS = "https://ads-api.x.com/12/accounts/18ce54d4x5t/custom_audiences"
CALLBACK = "http://127.0.0.1:8000/oauth/x/callback"
VECTORS = [
    ("POST", f"{LISTS}/1nmth/users", [], [], USER, "6C4N13QdnkRfGDnQ0iGxcASkLm4="),
    ("POST", LISTS, [("name", "Big spenders (email)")], [], USER, "oflPiMWP9fLnRqjoSyV7ltb3lNM="),
    ("GET", LISTS, [("custom_audience_ids", "a1,b2"), ("count", "200")], [], USER, "Pr3kRfTtq2DACNkJS8GQ0rwr/gI="),
    ("POST", "https://api.x.com/oauth/request_token", [], [("oauth_callback", CALLBACK)], Keys("ck", "cs"),
     "6duFwcviY8679h/yK9hfvlEoCZk="),
]  # fmt: skip


def oauth_pairs(keys, more=()):
    token = [("oauth_token", keys.token)] if keys.token else []
    return [
        ("oauth_consumer_key", keys.consumer_key), ("oauth_nonce", "abc123"),
        ("oauth_signature_method", "HMAC-SHA1"), ("oauth_timestamp", "1700000000"), ("oauth_version", "1.0"),
        *token, *more,
    ]  # fmt: skip


@pytest.mark.parametrize(("method", "url", "query", "more", "keys", "expected"), VECTORS)
def test_a_request_has_the_signature_that_is_known(method, url, query, more, keys, expected):
    request = signed(Request(method, url, tuple(query)), keys, "abc123", NOW, more)
    assert f'oauth_signature="{percent(expected)}"' in dict(request.headers)["authorization"]


@pytest.mark.parametrize(("method", "url", "query", "more", "keys", "expected"), VECTORS)
def test_the_fake_works_it_out_for_itself(method, url, query, more, keys, expected):
    pairs = [*query, *oauth_pairs(keys, more)]
    assert signature_of(method, url, pairs, keys.consumer_secret, keys.token_secret) == expected


def test_the_authorization_says_who_when_and_how_and_is_encoded():
    request = signed(Request("POST", f"{LISTS}/1nmth/users"), USER, "abc123", NOW)
    assert request.headers == (
        ("authorization",
         'OAuth oauth_consumer_key="ck", oauth_nonce="abc123", oauth_signature_method="HMAC-SHA1", '
         'oauth_timestamp="1700000000", oauth_token="tk", oauth_version="1.0", '
         'oauth_signature="6C4N13QdnkRfGDnQ0iGxcASkLm4%3D"'),
    )  # fmt: skip


def test_a_query_goes_into_the_url_as_it_was_signed():
    request = signed(Request("GET", LISTS, (("ids", "a1,b2"), ("q", "Müller & Söhne (email)~"))), USER, "n", NOW)
    assert request.url == f"{LISTS}?ids=a1%2Cb2&q=M%C3%BCller%20%26%20S%C3%B6hne%20%28email%29~"
    assert request.query == ()


def test_a_signed_request_keeps_its_other_headers_and_its_body():
    request = signed(
        Request("POST", LISTS, headers=(("content-type", "application/json"),), body=b"[]"), USER, "n", NOW
    )
    assert request.headers[0] == ("content-type", "application/json")
    assert request.body == b"[]"


@pytest.mark.parametrize(
    ("text", "encoded"),
    [("Az09-._~", "Az09-._~"), ("a b+c", "a%20b%2Bc"), ("/:,()*'!", "%2F%3A%2C%28%29%2A%27%21"), ("☃", "%E2%98%83")],
)
def test_everything_but_unreserved_characters_is_encoded(text, encoded):
    assert percent(text) == encoded


def test_parameters_are_sorted_by_what_they_are_when_encoded():
    pairs = [("b", "2"), ("a", "z"), ("é", "1"), ("a", "!"), ("a-b", "")]
    assert base_string("get", "https://x.com/p", pairs).split("&")[2] == percent("%C3%A9=1&a=%21&a=z&a-b=&b=2")


def test_the_example_of_rfc_5849():
    pairs = [
        ("oauth_consumer_key", "dpf43f3p2l4k3l03"), ("oauth_token", "nnch734d00sl2jdk"),
        ("oauth_signature_method", "HMAC-SHA1"), ("oauth_timestamp", "137131202"), ("oauth_nonce", "chapoH"),
        ("file", "vacation.jpg"), ("size", "original"),
    ]  # fmt: skip
    keys = Keys("dpf43f3p2l4k3l03", "kd94hf93k423kf44", "nnch734d00sl2jdk", "pfkkdhi9sl3r4s00")
    assert signature("GET", "http://photos.example.net/photos", pairs, keys) == "MdpQcU8iPSUjWoN/UDMsK2sui9I="


def test_secrets_are_not_shown():
    shown = repr([USER, Waiting("", "rt", "hidden"), SignedIn("ann", {"token": "hidden"})])
    assert "ts" not in shown.replace("Keys('ck', ...)", "")
    assert "hidden" not in shown


# The login.


def asked(fake, request, now=NOW):
    url = request.url
    status, headers, body = fake(request.method, url, dict(request.headers), request.body, now)
    return Response(status, headers, body if isinstance(body, bytes) else body.encode())


def begun(fake, callback=CALLBACK):
    fake.apps["ck"].callbacks = [CALLBACK]
    return x.read_asked(asked(fake, x.ask(APP, callback, "n1", NOW)))


def query_of(address):
    return dict(part.split("=") for part in address.partition("?")[2].split("&"))


def test_a_user_signs_in_by_the_browser():
    fake = FakeX()
    waiting = begun(fake)
    assert waiting.address == "https://api.x.com/oauth/authorize?oauth_token=rt1"
    back = fake.allow(waiting.token)
    assert back.startswith(CALLBACK)
    verifier = x.read_callback(waiting, query_of(back))
    access = x.read_exchanged(asked(fake, x.exchange(APP, waiting, verifier, "n2", NOW)))
    assert access == SignedIn("ann", {"token": "u1-2", "token_secret": "u1-2-secret"})
    assert fake.tokens["u1-2"].secret == "u1-2-secret"


def test_a_user_signs_in_by_a_pin_however_it_is_typed():
    fake = FakeX()
    waiting = begun(fake, None)
    pin = fake.allow(waiting.token)
    access = x.read_exchanged(asked(fake, x.exchange(APP, waiting, f" {pin[:3]} {pin[3:]}\n", "n2", NOW)))
    assert access.user == "ann"


def test_a_verifier_is_good_for_one_time():
    fake = FakeX()
    waiting = begun(fake, None)
    pin = fake.allow(waiting.token)
    asked(fake, x.exchange(APP, waiting, pin, "n2", NOW))
    again = x.read_exchanged(asked(fake, x.exchange(APP, waiting, pin, "n3", NOW)))
    assert again == SignInAgain(401, "89", "Invalid or expired token")


def test_a_wrong_pin_is_a_reason_to_sign_in_again_though_x_answers_in_plain_text():
    fake = FakeX()
    waiting = begun(fake, None)
    fake.allow(waiting.token)
    assert x.read_exchanged(asked(fake, x.exchange(APP, waiting, "1", "n2", NOW))) == SignInAgain(
        401, "", "401 Unauthorized"
    )


def test_a_callback_that_x_does_not_know_is_refused_to_the_last_slash():
    refused = begun(FakeX(), f"{CALLBACK}/")
    assert refused == AskPermission(403, "415", "Callback URL not approved for this client application.")


def test_a_callback_that_is_not_confirmed_is_not_taken():
    body = b"oauth_token=rt&oauth_token_secret=s&oauth_callback_confirmed=false"
    assert x.read_asked(Response(200, {}, body)) == OurBug(
        200, "", "X did not confirm the callback: begin the login again"
    )


def test_a_user_who_says_no():
    fake = FakeX()
    waiting = begun(fake)
    found = x.read_callback(waiting, query_of(fake.deny(waiting.token)))
    assert found == AskPermission(0, "denied", "access was refused at X: begin again and choose Authorize")


def test_the_answer_to_another_login_is_not_taken():
    found = x.read_callback(Waiting("", "rt1", "s"), {"oauth_token": "rt2", "oauth_verifier": "7"})
    assert found == SignInAgain(0, "", "this answer belongs to another login: begin again, in one window only")


def test_an_answer_without_verifier_is_not_taken():
    found = x.read_callback(Waiting("", "rt1", "s"), {"oauth_token": "rt1"})
    assert found == SignInAgain(0, "", "X sent no verifier: begin the login again")


@pytest.mark.parametrize("body", [b"", b"oauth_token=t", b"<html>", b"\xff"])
def test_an_answer_without_keys_is_not_taken(body):
    assert isinstance(x.read_exchanged(Response(200, {}, body)), SignInAgain)
    assert isinstance(x.read_asked(Response(200, {}, body)), OurBug)


def test_a_login_tells_a_busy_x_from_a_refusing_one():
    assert isinstance(x.read_asked(Response(503, {}, b"")), Retry)
    assert isinstance(x.read_asked(Response(429, {}, b"")), RateLimited)


def test_wrong_app_keys_are_refused():
    fake = FakeX()
    found = x.read_asked(asked(fake, x.ask({**APP, "consumer_secret": "wrong"}, None, "n1", NOW)))
    assert found == SignInAgain(401, "32", "The signature does not match")


def test_a_clock_that_is_off_is_told():
    fake = FakeX()
    request = x.ask(APP, None, "n1", NOW - 301_000)
    assert x.read_asked(asked(fake, request)) == SignInAgain(401, "135", "Timestamp out of bounds")


# What the fake refuses.


def refusal(fake, request, now=NOW):
    status, _, body = fake(request.method, request.url, dict(request.headers), request.body, now)
    return status, body


@pytest.mark.parametrize("keys", [
    Keys("ck", "wrong", "tk", "ts"), Keys("ck", "cs", "tk", "wrong"), Keys("ck", "cs", "other", "ts"),
    Keys("other", "cs", "tk", "ts"), Keys("ck", "cs"), Keys("ck2", "cs", "tk", "ts"),
])  # fmt: skip
def test_the_fake_refuses_keys_that_are_not_right(keys):
    fake = FakeX()
    fake.apps["ck2"] = App("cs")
    status, body = refusal(fake, signed(Request("GET", LISTS), keys, "n1", NOW))
    assert status == 401
    assert b"UNAUTHORIZED_ACCESS" in body


def test_the_fake_refuses_a_nonce_that_was_used():
    fake = FakeX()
    request = signed(Request("GET", LISTS), USER, "n1", NOW)
    assert [refusal(fake, request)[0] for _ in range(2)] == [200, 401]
    assert refusal(fake, signed(Request("GET", LISTS), USER, "n-2", NOW))[0] == 401


@pytest.mark.parametrize(
    ("off", "status"), [(0, 200), (300_000, 200), (-300_000, 200), (301_000, 401), (-301_000, 401)]
)
def test_the_fake_refuses_a_time_more_than_five_minutes_off(off, status):
    assert refusal(FakeX(), signed(Request("GET", LISTS), USER, "n1", NOW + off))[0] == status


def test_the_fake_refuses_what_was_changed_after_signing():
    fake = FakeX()
    request = signed(Request("GET", LISTS, (("count", "1"),)), USER, "n1", NOW)
    for url in (f"{request.url}&extra=1", request.url.replace("count=1", "count=2"), LISTS):
        assert fake("GET", url, dict(request.headers), b"", NOW)[0] == 401
    assert fake("DELETE", request.url, dict(request.headers), b"", NOW)[0] == 401
    assert fake("GET", request.url, {}, b"", NOW)[0] == 401


def test_the_fake_has_a_page_for_the_login():
    fake = FakeX()
    waiting = begun(fake)
    page = "/oauth/authorize?oauth_token=rt1"
    assert b"Authorize" in fake("GET", page, {}, b"", NOW)[2]
    status, headers, _ = fake("POST", page, {}, b"", NOW)
    assert (status, query_of(headers["location"])["oauth_token"]) == (302, waiting.token)
    assert fake("POST", "/oauth/authorize?oauth_token=rt9", {}, b"", NOW)[0] == 400


def test_the_fake_is_served_over_http():
    with Served(FakeX(), lambda: NOW) as address:
        request = signed(Request("GET", LISTS, (("count", "1"),)), USER, "n1", NOW)
        status, body = fetched(address, request)
    assert status == 200
    assert body.startswith(b'{"request"')


def test_a_lost_answer_is_a_connection_that_ends():
    fake = FakeX()
    fake.trouble(lost=True, applied=True)
    with Served(fake, lambda: NOW) as address:
        made = signed(Request("POST", LISTS, (("name", "a"),)), USER, "n1", NOW)
        with pytest.raises(RemoteDisconnected):
            fetched(address, made)
    assert fake.lists() == ["a"]


def fetched(address, request):
    connection = HTTPConnection(address.removeprefix("http://"), timeout=10)
    path = request.url.removeprefix("https://ads-api.x.com")
    connection.request(request.method, path, request.body, dict(request.headers))
    answer = connection.getresponse()
    found = answer.status, answer.read()
    connection.close()
    return found
