"""Whole stories between X's functions and the fake X: whatever happens, the list ends as it should."""

import hashlib

import pytest

from raudience.forward.capabilities import Account, ListStatus
from raudience.forward.kinds import (
    AskPermission,
    BadItems,
    Done,
    GoneAtPartner,
    RateLimited,
    Retry,
    SignInAgain,
)
from raudience.forward.partner import Item, Response
from raudience.forward.partners.x import X
from tests.forward.fakes.wire import Lost
from tests.forward.fakes.x import ACCOUNT, FakeX
from tests.stories.stage import DAY, HOUR, MINUTE, utc

NOW = utc("2026-01-05T10:00:00Z")
NAME = "Große Käufer ☃ & Söhne+1 (email)"
TAKEN_BY_X = 390 * DAY


class Story:
    """One output at X with its clock. `send` gives the outcome; a lost answer is None."""

    def __init__(self):
        self.fake, self.x, self.now, self.nonces = FakeX(), X(), NOW, 0
        self.settings = {"account_id": ACCOUNT, "consumer_key": "ck", "consumer_secret": "cs", "token": "tk",
                         "token_secret": "ts"}  # fmt: skip

    def ask(self, request, signed=False):
        self.nonces += 1
        if not signed:
            request = self.x.sign(request, self.settings, f"nonce{self.nonces}", self.now)
        status, headers, body = self.fake(request.method, request.url, dict(request.headers), request.body, self.now)
        return Response(status, headers, body)

    def find(self, name=NAME):
        return self.x.read_found(self.ask(self.x.find_list(self.settings, name)), name)

    def make(self, name=NAME):
        return self.x.read_created(self.ask(self.x.create_list(self.settings, name)))

    def send(self, list_id, add=(), remove=(), kind="email"):
        items = [*(Item(sha256(each), False) for each in remove), *(Item(sha256(each), True) for each in add)]
        try:
            answer = self.ask(self.x.send(self.settings, list_id, kind, items, self.now))
        except Lost:
            return None
        return self.x.read_sent(answer, items)

    def rename(self, list_id, name):
        return self.x.read_done(self.ask(self.x.rename_list(self.settings, list_id, name)))

    def delete(self, list_id):
        return self.x.read_done(self.ask(self.x.delete_list(self.settings, list_id)))

    def check(self):
        return self.x.read_checked(self.ask(self.x.check(self.settings)))

    def standing(self, list_id):
        return self.x.read_status(self.ask(self.x.status(self.settings, list_id)))

    def holds(self, *texts, name=NAME):
        return self.fake.members(name, self.now) == {sha256(each).hex() for each in texts}


def sha256(text):
    return hashlib.sha256(str(text).encode()).digest()


@pytest.fixture(name="story")
def begun():
    return Story()


def test_a_list_is_made_once_and_found_from_then_on(story):
    assert story.find() is None
    made = story.make()
    assert story.find() == made
    assert story.fake.lists() == [NAME]


def test_a_list_that_is_there_already_is_adopted_with_its_members(story):
    made = story.make()
    story.send(made, ["a"])
    for name in (NAME.upper(), f"{NAME} 2", NAME[:-1]):
        story.make(name)
    assert story.find() == made
    assert story.holds("a")


def test_a_list_whose_making_was_never_answered_is_found(story):
    story.fake.trouble(lost=True, applied=True)
    with pytest.raises(Lost):
        story.make()
    assert isinstance(story.make(), Retry)
    assert story.send(story.find(), ["a"]) == Done()
    assert story.holds("a")


def test_members_come_go_and_come_again(story):
    made = story.make()
    assert story.send(made, ["a", "b"]) == Done()
    assert story.send(made, ["c"], ["a"]) == Done()
    assert story.holds("b", "c")
    assert story.send(made, ["a"]) == Done()
    assert story.holds("a", "b", "c")


def test_taking_off_whom_the_list_does_not_hold_is_done(story):
    assert story.send(story.make(), remove=["nobody"]) == Done()


def test_an_identity_that_changes_is_removed_and_added_in_one_request(story):
    made = story.make()
    story.send(made, ["old"])
    assert story.send(made, ["new"], ["old"]) == Done()
    assert story.holds("new")


def test_each_kind_of_identity_is_taken(story):
    for kind in ("email", "handle", "device_id"):
        made = story.make(name := story.x.list_name("Big", kind))
        assert story.send(made, ["a"], kind=kind) == Done()
        assert story.holds("a", name=name)


def test_as_many_as_are_allowed_are_taken_at_once(story):
    assert story.send(story.make(), range(2_500)) == Done()
    assert len(story.fake.members(NAME, story.now)) == 2_500


def test_a_list_is_renamed_and_keeps_its_members(story):
    made = story.make()
    story.send(made, ["a"])
    assert story.rename(made, "Neu (email)") == Done()
    assert story.fake.lists() == ["Neu (email)"]
    assert story.holds("a", name="Neu (email)")


def test_a_list_is_deleted_and_once_more(story):
    made = story.make()
    assert [story.delete(made), story.delete(made)] == [Done(), Done()]
    assert story.fake.lists() == []


def test_a_list_that_was_deleted_by_hand_is_told_and_can_be_made_again(story):
    made = story.make()
    story.fake.delete_by_hand(NAME)
    assert isinstance(story.send(made, ["a"]), GoneAtPartner)
    assert isinstance(story.standing(made), GoneAtPartner)
    assert story.find() is None
    assert story.send(story.make(), ["a"]) == Done()
    assert story.holds("a")


def test_the_same_batch_again_after_an_answer_that_was_lost_changes_nothing_more(story):
    made = story.make()
    story.send(made, ["b"])
    for applied in (True, False):
        story.fake.trouble(lost=True, applied=applied, where="/users")
        assert story.send(made, ["a"], ["b"]) is None
    assert [story.send(made, ["a"], ["b"]) for _ in range(2)] == [Done(), Done()]
    assert story.holds("a")


def test_unequal_counts_are_sent_again(story):
    made = story.make()
    story.fake.trouble(counts=(1, 2))
    assert isinstance(story.send(made, ["a", "b"]), Retry)
    assert story.send(made, ["a", "b"]) == Done()
    assert story.holds("a", "b")


def test_a_token_that_was_revoked_and_a_new_login(story):
    made = story.make()
    story.fake.revoke()
    assert isinstance(story.send(made, ["a"]), SignInAgain)
    assert isinstance(story.check(), SignInAgain)
    x, app = story.x, {"consumer_key": "ck", "consumer_secret": "cs"}
    waiting = x.read_asked(story.ask(x.ask(app, None, "l1", story.now), signed=True))
    pin = story.fake.allow(waiting.token)
    access = x.read_exchanged(story.ask(x.exchange(app, waiting, pin, "l2", story.now), signed=True))
    story.settings |= access.settings
    assert story.check() == Done()
    assert story.send(made, ["a"]) == Done()
    assert story.holds("a")


def test_the_accounts_of_the_user_are_there_to_choose_from(story):
    found = story.x.read_accounts(story.ask(story.x.accounts()))
    assert found == (Account(ACCOUNT, "Ann's shop", True),)


def test_keys_are_pasted_with_spaces_around(story):
    story.settings |= {name: f" {value}\n" for name, value in story.settings.items()}
    assert story.check() == Done()


@pytest.mark.parametrize(
    ("roles", "outcome"), [(["ACCOUNT_ADMIN"], Done), (["AD_MANAGER"], AskPermission), ([], AskPermission)]
)
def test_an_account_administrator_is_needed(story, roles, outcome):
    story.fake.roles[ACCOUNT, "u1"] = roles
    assert isinstance(story.check(), outcome)


@pytest.mark.parametrize(
    ("status", "code", "outcome"),
    [
        (500, "INTERNAL_ERROR", Retry),
        (503, "OVER_CAPACITY", Retry),
        (423, "LOCK_ACQUISITION_TIMEOUT", Retry),
        (401, "UNAUTHORIZED_ACCESS", SignInAgain),
        (401, 89, SignInAgain),
        (403, "UNAUTHORIZED_CLIENT_APPLICATION", AskPermission),
        (429, "TOO_MANY_REQUESTS", RateLimited),
    ],
)
@pytest.mark.parametrize("applied", [False, True])
def test_after_any_trouble_the_same_batch_makes_the_list_exact(story, status, code, outcome, applied):
    made = story.make()
    story.fake.trouble(status, code, where="/users", applied=applied)
    assert isinstance(story.send(made, ["a"]), outcome)
    assert story.send(made, ["a"]) == Done()
    assert story.holds("a")


def test_a_page_of_html_in_place_of_an_answer(story):
    made = story.make()
    story.fake.trouble(502, body=b"<html><h1>Bad gateway</h1>")
    assert story.send(made, ["a"]) == Retry(502, "", "502 Bad Gateway")
    story.fake.trouble(200, body=b"<html>Something went wrong", applied=True)
    assert isinstance(story.send(made, ["a"]), Retry)
    assert story.holds("a")


def test_an_overloaded_x_names_the_instant_to_come_back(story):
    made = story.make()
    story.fake.trouble(503, "SERVICE_UNAVAILABLE", headers={"retry-after": "30"})
    assert story.send(made, ["a"]).until == NOW + 31_000


def test_too_many_requests_end_when_x_says(story):
    made = story.make()
    outcomes = [story.send(made, [each]) for each in range(1_501)]
    assert outcomes[:-1] == [Done()] * 1_500
    assert outcomes[-1] == RateLimited(429, "TOO_MANY_REQUESTS", "Too Many Requests", NOW + MINUTE)
    story.now = outcomes[-1].until
    assert story.send(made, [1_500]) == Done()
    assert len(story.fake.members(NAME, story.now)) == 1_501


@pytest.mark.parametrize("form", ["list", "object", "users", "none"])
def test_a_bad_item_is_found_by_halving_whatever_the_form_of_the_errors(story, form):
    story.fake.error_form = form
    made = story.make()
    items = [Item(sha256(each), True) for each in range(8)]
    items[5] = Item(b"not a hash", True)
    refused = halved(story, made, items)
    assert refused == [b"not a hash"]
    assert story.holds(*(each for each in range(8) if each != 5))


def halved(story, made, items):
    """Values that are refused; all others are sent."""
    outcome = story.x.read_sent(story.ask(story.x.send(story.settings, made, "email", items, story.now)), items)
    if isinstance(outcome, Done):
        return []
    assert isinstance(outcome, BadItems)
    if len(items) == 1:
        return [items[0].value]
    if outcome.positions is not None:
        rest = [item for place, item in enumerate(items) if place not in outcome.positions]
        return [*(items[place].value for place in outcome.positions), *halved(story, made, rest)]
    middle = len(items) // 2
    return halved(story, made, items[:middle]) + halved(story, made, items[middle:])


def test_a_request_that_x_finds_too_large_is_halved_too(story):
    story.fake.most_users = 3
    assert isinstance(story.send(story.make(), range(4)), BadItems)


def test_members_stay_until_they_are_sent_again_and_no_longer(story):
    made = story.make()
    story.send(made, ["a", "b"])
    story.now += story.x.refresh
    story.send(made, ["a"])
    story.now = NOW + TAKEN_BY_X - 1
    assert story.holds("a", "b")
    story.now = NOW + TAKEN_BY_X
    assert story.holds("a")


def test_how_a_list_stands_is_shown_and_keeps_nothing_back(story):
    made = story.make()
    story.send(made, range(300))
    assert story.standing(made) == ListStatus(None, False, ("PROCESSING",))
    assert story.send(made, ["a"]) == Done()
    story.now += 60 * HOUR
    assert story.standing(made) == ListStatus(150, True, ())


def test_an_audience_of_another_kind_with_this_name_is_not_touched(story):
    story.make()
    story.fake.audience(NAME).kind = "FLEXIBLE"
    assert isinstance(story.find(), AskPermission)


def test_no_request_holds_an_identity_in_the_clear_or_a_secret(story):
    made = story.make()
    story.send(made, ["ann@example.com"])
    sent = " ".join(f"{method} {url} {body}" for method, url, body in story.fake.requests)
    assert "ann@example.com" not in sent
    assert not [secret for secret in ("'cs'", "=cs", "=ts") if secret in sent]
