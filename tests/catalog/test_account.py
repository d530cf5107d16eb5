"""The account: workspaces, inputs, tiers of events, purposes of consent, settings."""

import pytest

from raudience.catalog import Input, Settings
from raudience.catalog.audiences import EventTier, Workspace
from raudience.catalog.commands import (
    Create,
    PutInput,
    PutWorkspace,
    RemoveInput,
    RemoveWorkspace,
    SetPurposes,
    SetSettings,
    SetTier,
)
from raudience.catalog.listing import listed
from raudience.criteria.definition import Consent, Event
from raudience.criteria.durations import Duration
from tests.catalog.decided import after, asked, nests, refusal

SHOP = PutWorkspace("", Workspace("shop"))
CAFE = PutWorkspace("", Workspace("cafe"))
WEB = PutInput("", Input("web", "shop", kind="platform"))
PLAYED = Event("custom", "Song Played")


def test_an_input_belongs_to_a_workspace_that_is_there():
    assert refusal(after(), WEB) == ["input.workspace: expected the key of a workspace (default), got `shop`"]
    assert after(SHOP, WEB).inputs == (Input("web", "shop"),)


def test_a_secret_is_kept_with_its_input_and_goes_with_it():
    state = after(SHOP, PutInput("", Input("web", "shop"), "5e88"), WEB)
    assert state.secrets == {"web": "5e88"}
    assert after(RemoveInput("", "web"), state=state).secrets == {}


def test_what_is_used_is_not_removed_and_every_user_of_it_is_named():
    state = after(SHOP, WEB, Create("", asked(workspaces=("shop",), inputs=("web",))))
    assert refusal(state, RemoveInput("", "web")) == [
        "key: expected an input that no audience reads, got `web`, which audience `a` uses"
    ]
    assert len(refusal(state, RemoveWorkspace("", "shop"))) == 2


def test_an_event_of_another_tier_cannot_be_chosen():
    state = after(SetTier("", EventTier("custom", "Song Played", "preserve")))
    assert refusal(state, Create("", asked("a", PLAYED))) == [
        "criteria.name: expected an event of tier personalize, got `Song Played`, which is of tier preserve"
    ]
    state = after(SetTier("", EventTier("custom", "Song Played", "personalize")), state=state)
    assert refusal(state, Create("", asked("a", PLAYED))) == []


def test_a_tier_of_one_category_leaves_the_others():
    state = after(SetTier("", EventTier("custom", "Song Played", "connect", "media")))
    assert refusal(state, Create("", asked("a", Event("custom", "Song Played", "social")))) == []
    assert refusal(state, Create("", asked("a", Event("custom", "Song Played", "media")))) != []


def test_purposes_are_those_of_the_account_once_it_has_some():
    marketing = Consent("gdpr", "given", "marketing")
    assert refusal(after(), Create("", asked("a", marketing))) == []
    assert refusal(after(SetPurposes("", ("analytics",))), Create("", asked("a", marketing))) == [
        "criteria.purpose: expected a purpose of the account (analytics), got `marketing`"
    ]


def test_settings_are_checked():
    assert refusal(after(), SetSettings("", Settings(lookback=Duration(0)))) == [
        "settings.lookback: expected a length of time above 0, got `0 seconds`"
    ]


@pytest.mark.parametrize(
    ("viewer", "of", "keys"),
    [
        (("shop",), "single", ["one"]),
        (("shop",), "multi", ["two"]),
        (("shop",), "shared", ["theirs"]),
        ((), "single", ["hidden", "one", "theirs"]),
    ],
)
def test_each_list_shows_only_its_own_and_what_is_private_is_for_its_workspaces(viewer, of, keys):
    state = after(
        SHOP,
        CAFE,
        Create("", asked("one", workspaces=("shop",))),
        Create("", asked("two", PLAYED, workspaces=("shop", "cafe"))),
        Create("", asked("theirs", workspaces=("cafe",), access="view_only")),
        Create("", asked("hidden", workspaces=("cafe",), access="private")),
    )
    assert [entry.key for entry in listed(state, viewer, of)] == keys


def test_what_is_only_for_looking_at_is_not_used_from_another_workspace():
    state = after(SHOP, CAFE, Create("", asked("theirs", workspaces=("cafe",), access="view_only")))
    assert refusal(state, Create("", asked("mine", nests("theirs"), workspaces=("shop",)))) == [
        "criteria: expected audiences that may be used, got `theirs`, which is view_only for other workspaces than cafe"
    ]
