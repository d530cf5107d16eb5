"""`raudience outputs login` and `outputs check`: a user signs in at X's fake, over HTTP, as people do."""

import sys
import threading
import urllib.request

import pytest

from raudience.cli.main import main
from raudience.clock import now_ms
from raudience.cluster.client import connect
from raudience.cluster.secrets import KEY, Secrets
from tests.forward.fakes.wire import Served
from tests.forward.fakes.x import ACCOUNT, FakeX

PORT = 8757
CALLBACK = f"http://127.0.0.1:{PORT}/callback"


class Typist:
    """Who sits at the terminal, or stands in a pipe: what is typed, line by line; a function is asked when it is
    needed."""

    def __init__(self, *lines, watched=False):
        self.lines, self.watched = list(lines), watched

    def isatty(self):
        return self.watched

    def readline(self, *_):
        line = self.lines.pop(0)
        return f"{line() if callable(line) else line}\n"


@pytest.fixture
def x(tmp_path, monkeypatch):
    """X's fake behind HTTP; `x.run(...)` is the command."""
    monkeypatch.setenv(KEY, "A" * 43 + "=")
    fake = FakeX()
    fake.apps["ck"].callbacks = [CALLBACK]
    with connect(engine="inline", state=tmp_path / "state"):
        pass
    with Served(fake, now_ms) as address:
        instead = [word for host in ("api", "ads-api") for word in ("--instead", f"https://{host}.x.com={address}")]

        def run(*words, typed=(), watched=False):
            monkeypatch.setattr("sys.stdin", Typist(*typed, watched=watched))
            monkeypatch.setattr("getpass.getpass", lambda _: sys.stdin.readline())
            asked = instead if words[1] in ("login", "check") else []
            return main([*words, "--state", str(tmp_path / "state"), *asked])

        fake.run, fake.state = run, tmp_path / "state"
        yield fake


def pin(x, user="u1"):
    """What X shows whoever says yes to the login that waits."""
    return lambda: x.allow(list(x.waiting)[-1], user)


def kept(x, key="main"):
    """The settings of an output, secrets opened."""
    with connect(engine="inline", state=x.state) as client:
        return Secrets().settings(client._engine.catalog().outputs[key])


WHOLE = {"account_id": ACCOUNT, "consumer_key": "ck", "consumer_secret": "cs", "token": "u1-2",
         "token_secret": "u1-2-secret"}  # fmt: skip


def test_a_user_signs_in_with_a_pin_and_the_output_is_there_and_works(x, capsys):
    assert x.run("outputs", "login", "main", "x", "--pin", "--called", "Ads", typed=["ck", "cs", pin(x)]) == 0
    assert kept(x) == WHOLE
    told = capsys.readouterr().out
    assert "Open https://api.x.com/oauth/authorize?oauth_token=rt1 and allow access" in told
    assert "signed in as ann" in told
    assert "u1-2-secret" not in told
    assert x.run("outputs", "check", "main") == 0
    assert capsys.readouterr().out == "main: works\n"


def test_the_browser_comes_back_to_this_machine(x, monkeypatch, capsys):
    said = []
    browser = threading.Thread(target=lambda: urllib.request.urlopen(x.allow("rt1"), timeout=10).read())

    def hear(line, *_):
        said.append(line)
        if line.startswith("Open "):
            browser.start()

    monkeypatch.setattr("raudience.cli.signing_in.say", hear)
    assert x.run("outputs", "login", "main", "x", "--callback", str(PORT), typed=["ck", "cs"]) == 0
    browser.join()
    assert said[-1] == "signed in as ann"
    assert kept(x) == WHOLE


def test_a_browser_that_does_not_come_back_is_waited_for_and_told(x, capsys):
    words = ("--callback", str(PORT), "--patience", "0.2")
    assert x.run("outputs", "login", "main", "x", *words, typed=["ck", "cs"]) == 2
    assert (
        f"expected a browser at {CALLBACK} within 0.2 s, got none; begin again, or use --pin" in capsys.readouterr().err
    )


def test_a_callback_that_the_app_does_not_have_is_told_with_what_to_do(x, capsys):
    assert x.run("outputs", "login", "main", "x", "--callback", str(PORT + 1), typed=["ck", "cs"]) == 2
    assert "Callback URL not approved for this client application." in (told := capsys.readouterr().err)
    assert "Add the callback address to those of the app at X, exactly as it is here" in told


def test_keys_of_the_app_may_come_from_the_environment(x, monkeypatch):
    monkeypatch.setenv("RAUDIENCE_X_CONSUMER_KEY", "ck")
    monkeypatch.setenv("RAUDIENCE_X_CONSUMER_SECRET", "cs")
    assert x.run("outputs", "login", "main", "x", typed=[pin(x)]) == 0
    assert kept(x) == WHOLE


@pytest.mark.parametrize("roles", [["AD_MANAGER"], ["CAMPAIGN_ANALYST", "TWEET_COMPOSER"]])
def test_who_is_no_account_administrator_is_refused_and_told_so(x, capsys, roles):
    x.roles[ACCOUNT, "u1"] = roles
    assert x.run("outputs", "login", "main", "x", typed=["ck", "cs", pin(x)]) == 2
    told = capsys.readouterr().err
    assert f"the user is {', '.join(roles)} in the ads account: at X, make it an Account Administrator" in told
    with connect(engine="inline", state=x.state) as client:
        assert client.outputs.rows() == []


@pytest.fixture
def second(x):
    """The user has a second ads account."""
    x.names["zz9"], x.roles["zz9", "u1"] = "Second shop", ["ACCOUNT_ADMIN"]
    return x


def test_of_several_accounts_one_is_chosen_by_its_id(second, capsys):
    words = ("outputs", "login", "main", "x")
    assert second.run(*words, typed=["ck", "cs", pin(second)]) == 2
    assert f"--account: expected one of {ACCOUNT}, zz9, got none" in capsys.readouterr().err
    assert second.run(*words, "--account", "zz9", typed=["ck", "cs", pin(second)]) == 0
    assert kept(second)["account_id"] == "zz9"


def test_at_a_terminal_accounts_are_listed_and_asked_for(second, capsys):
    typed = ["ck", "cs", pin(second), "zz8", "zz9"]
    assert second.run("outputs", "login", "main", "x", typed=typed, watched=True) == 0
    told = capsys.readouterr().out
    assert "Second shop" in told
    assert f"expected one of {ACCOUNT}, zz9" in told
    assert kept(second)["account_id"] == "zz9"


def test_whoever_signs_in_again_needs_the_pin_alone_and_stays_in_the_account(second, capsys):
    assert second.run("outputs", "login", "main", "x", "--account", "zz9", typed=["ck", "cs", pin(second)]) == 0
    second.revoke("u1-2")
    assert second.run("outputs", "check", "main") == 1
    assert "Sign in to X again for this output" in capsys.readouterr().out
    assert second.run("outputs", "login", "main", typed=[pin(second)]) == 0
    assert kept(second) == WHOLE | {"account_id": "zz9", "token": "u1-4", "token_secret": "u1-4-secret"}
    assert second.run("outputs", "check", "main") == 0


def test_a_wrong_pin_keeps_nothing(x, capsys):
    assert x.run("outputs", "login", "main", "x", typed=["ck", "cs", "123"]) == 2
    assert "X (Twitter): SignInAgain (401): 401 Unauthorized" in capsys.readouterr().err
    with connect(engine="inline", state=x.state) as client:
        assert client.outputs.rows() == []


def test_without_a_key_for_secrets_nobody_has_to_sign_in_first(x, monkeypatch, capsys):
    monkeypatch.delenv(KEY)
    assert x.run("outputs", "login", "main", "x", typed=["ck", "cs"]) == 2
    assert "expected a key for the secrets of outputs" in capsys.readouterr().err
    assert x.requests == []


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("main",), "partner: expected one for the new output `main`, got none"),
        (("main", "webhook"), "webhook: expected a partner where users sign in, got one with typed settings"),
        (("main", "y"), "partner: expected the id of a partner"),
        (("Ma in", "x"), "key: "),
        (("main", "x", "--set", "token=hush"), "--set token: expected a setting that may be seen"),
    ],
)
def test_what_cannot_be_is_said_before_anybody_is_asked_to_sign_in(x, capsys, words, told):
    assert x.run("outputs", "login", *words, typed=["ck", "cs"]) == 2
    assert told in capsys.readouterr().err
    assert x.requests == []


def test_a_check_says_what_is_wrong_and_what_to_do(x, capsys):
    assert x.run("outputs", "login", "main", "x", typed=["ck", "cs", pin(x)]) == 0
    x.apps["ck"].approved = False
    capsys.readouterr()
    assert x.run("outputs", "check", "main") == 1
    assert capsys.readouterr().out.splitlines() == [
        "main: AskPermission (403 UNAUTHORIZED_CLIENT_APPLICATION): The client application is not approved",
        "  Ask X to approve the app for the Ads API, then sign in again: older sign-ins stay refused",
    ]
    x.trouble(lost=True)
    assert x.run("outputs", "check", "main") == 1
    assert capsys.readouterr().out == "main: Retry: no answer\n"


def test_a_folder_is_checked_too(x, tmp_path, capsys):
    x.run("outputs", "create", "lake", "files", "--set", f"folder={tmp_path}")
    assert x.run("outputs", "check", "lake") == 0
    x.run("outputs", "update", "lake", "--set", f"folder={tmp_path / 'no'}")
    assert x.run("outputs", "check", "lake") == 1
    assert "the directory is not there" in capsys.readouterr().out
