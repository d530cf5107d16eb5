"""Outputs and connections: who may be connected to what, what is known of them, and what they leave behind."""

import msgspec
import pytest

from raudience.catalog.audiences import Book
from raudience.catalog.commands import (
    Activate,
    Archive,
    Configure,
    Connect,
    Create,
    Delete,
    Departed,
    Disconnect,
    EndTest,
    Fault,
    OfOutputs,
    PutBook,
    PutOutput,
    Reconcile,
    RemoveOutput,
    Rename,
    Resume,
    StartTest,
    Switch,
)
from raudience.catalog.connecting import forwarded
from raudience.catalog.deciding import decide
from raudience.catalog.entries import CatalogState
from raudience.catalog.experiments import Share
from raudience.catalog.outputs import Output, Stop
from tests.catalog.decided import after, asked, nests, refusal

MAIN = PutOutput("ana", Output("main", "Main account", "shelf", {"account": "7"}, {"token": "sealed"}))
OTHER = PutOutput("ana", Output("other", "Other account", "shelf"))
ACTIVE = Create("ana", asked(external_name="Big Spenders"))
TESTED = (MAIN, ACTIVE, StartTest("ana", "a", (Share(40, "Platform A"), Share(40))))
CONNECTED = (MAIN, ACTIVE, Connect("ana", "a", "main", settings={"emails": True}))


def only(state):
    (connection,) = state.connections.values()
    return connection


def left(state):
    """What is left behind, in order."""
    return [(each.forwarded, each.ending, each.connection.output) for each in state.departed.values()]


def test_an_output_says_who_made_it_and_who_changed_it_last():
    changed = PutOutput("bob", msgspec.structs.replace(MAIN.output, name="Shop"))
    output = after(MAIN, changed).outputs["main"]
    assert (output.name, output.created_by, output.created_at) == ("Shop", "ana", 1_000)
    assert (output.updated_by, output.updated_at) == ("bob", 1_001)


def test_the_partner_of_an_output_stays():
    wrong = PutOutput("", Output("main", "", "else"))
    assert refusal(after(MAIN), wrong) == [
        "name: expected a text of 1 to 100 characters, got an empty one",
        "partner: expected `shelf`, got `else`; the partner of an output stays; make another output for else",
    ]


def test_an_output_and_an_audience_of_one_key_have_nothing_to_do_with_each_other():
    state = after(ACTIVE, PutOutput("bob", Output("a", "A", "shelf")))
    assert state.audiences["a"].updated_by == "ana"


@pytest.mark.parametrize(
    ("commands", "expected"),
    [
        ([Create("", asked(), draft=True)], "audience: expected an active audience, got `a`, which is of status draft; "
         "activate it first"),
        ([ACTIVE, Archive("", "a")], "audience: expected an active audience, got `a`, which is of status archived; "
         "activate it first"),
        ([], "audience: expected the key of an audience (there is none yet), got `a`"),
    ],
)  # fmt: skip
def test_only_an_active_audience_is_connected(commands, expected):
    assert refusal(after(MAIN, *commands), Connect("", "a", "main")) == [expected]


def test_everything_that_is_wrong_with_a_connection_is_told_at_once():
    wrong = Connect("", "b", "mian", flush=-1, attributes=("ltv", "", "ltv"))
    assert refusal(after(MAIN, ACTIVE), wrong) == [
        "output: expected the key of an output (main), got `mian`",
        "audience: expected the key of an audience (a), got `b`",
        "flush: expected milliseconds from 0 to 86400000, got `-1`",
        "attributes[1]: expected the name of an attribute, got an empty one",
        "attributes[2]: expected each attribute once, got `ltv`",
    ]


def test_a_connection_sends_and_takes_no_attributes_along_until_somebody_says_otherwise():
    connection = only(after(*CONNECTED))
    assert (connection.active, connection.flush, connection.attributes) == (True, None, ())
    assert (connection.settings, connection.stop) == ({"emails": True}, None)


def test_variations_control_and_the_full_audience_are_connected_side_by_side():
    state = after(*TESTED, *(Connect("", "a", "main", name) for name in (None, "Platform A", "control")))
    assert [forwarded(state, each) for each in state.connections.values()] == [
        "Big Spenders", "Big Spenders - Platform A", "Big Spenders - Control",
    ]  # fmt: skip


def test_a_variation_is_one_of_the_test():
    assert refusal(after(*TESTED), Connect("", "a", "main", "Platform B")) == [
        "variation: expected a variation of the audience (Platform A, ...), got `Platform B`"
    ]
    assert "without an A/B test" in refusal(after(MAIN, ACTIVE), Connect("", "a", "main", "Control"))[0]


def test_one_audience_has_one_connection_to_an_output():
    state = after(*CONNECTED)
    assert refusal(state, Connect("", "a", "main")) == [
        f"audience: expected one that is not connected to `main` yet, got `a`, which is ({only(state).id})"
    ]


def test_two_audiences_do_not_share_a_name_at_one_output():
    state = after(*CONNECTED, OTHER, Create("", asked("b", name="big spenders")), Connect("", "b", "other"))
    assert refusal(state, Connect("", "b", "main")) == [
        "audience: expected a name of its own at `main`, got `big spenders`; audience `a` has it there; give one of "
        "them another external name"
    ]
    apart = after(Rename("", "b", "B"), Connect("", "b", "main"), state=state)
    (fault,) = refusal(apart, Rename("", "b", "B", "Big Spenders"))
    assert fault.startswith("external_name: expected a name of its own at `main`, got `Big Spenders`")


def test_a_connection_is_switched_and_configured_and_what_is_not_named_stays():
    state = after(*CONNECTED)
    key = only(state).id
    changed = after(Switch("bob", key, False), Configure("bob", key, flush=5_000, attributes=("ltv",)), state=state)
    assert (only(changed).active, only(changed).flush, only(changed).attributes) == (False, 5_000, ("ltv",))
    assert only(after(Configure("bob", key, flush="default"), state=changed)).flush is None
    assert (only(changed).settings, only(changed).created_by, only(changed).updated_by) == (
        {"emails": True}, "ana", "bob"
    )  # fmt: skip
    assert after(Switch("cleo", key, False), state=changed) == changed


@pytest.mark.parametrize("downstream", ["keep", "remove"])
def test_a_disconnect_is_kept_until_what_is_downstream_is_seen_to(downstream):
    state = after(*CONNECTED)
    key = only(state).id
    gone = after(Disconnect("bob", key, downstream), state=state)
    assert (gone.connections, left(gone)) == ({}, [("Big Spenders", downstream, "main")])
    done = after(Departed("", key), Departed("", key), state=gone)
    assert done.departed == {}


def test_a_connection_that_is_made_again_is_another_one():
    state = after(*CONNECTED)
    again = after(Disconnect("", only(state).id), Connect("", "a", "main"), state=state)
    assert only(again).id != only(state).id


def test_deleting_an_audience_ends_its_connections_under_the_names_they_had():
    state = after(*TESTED, Connect("", "a", "main"), Connect("", "a", "main", "Platform A"), Delete("ana", "a"))
    assert state.connections == {}
    assert left(state) == [("Big Spenders", "deleted", "main"), ("Big Spenders - Platform A", "deleted", "main")]


def test_a_book_without_the_audience_ends_its_connections_too():
    assert left(after(*CONNECTED, PutBook("", Book(())))) == [("Big Spenders", "deleted", "main")]


def test_ending_a_test_ends_connections_of_variations_and_of_control_only():
    connects = (Connect("", "a", "main", name) for name in (None, "Platform A", "Control"))
    state = after(*TESTED, *connects, EndTest("", "a"))
    assert only(state).variation is None
    assert [name for name, _, _ in left(state)] == ["Big Spenders - Platform A", "Big Spenders - Control"]


def test_an_archived_audience_keeps_its_connections():
    state = after(*CONNECTED, Archive("", "a"))
    assert only(after(Activate("", "a"), state=state)) == only(state)


def test_an_output_goes_when_nothing_is_connected_to_it_or_left_downstream():
    state = after(*CONNECTED)
    key = only(state).id
    assert refusal(state, RemoveOutput("", "main")) == [
        f"key: expected an output that nothing is connected to, got `main`, to which audience `a` is connected ({key})"
    ]
    gone = after(Disconnect("", key), state=state)
    assert refusal(gone, RemoveOutput("", "main")) == [
        "key: expected an output that nothing is connected to, got `main`, where `Big Spenders` is not seen to yet "
        f"({key})"
    ]
    assert after(Departed("", key), RemoveOutput("", "main"), state=gone).outputs == {}


def fault_of(key, at=5_000):
    return Fault("", key, "SignInAgain", 401, "32", "Could not authenticate you", at)


def test_a_fault_is_shown_until_somebody_resumes():
    state = after(*CONNECTED)
    key = only(state).id
    stopped = after(fault_of(key), state=state)
    assert only(stopped).stop == Stop("SignInAgain", 401, "32", "Could not authenticate you", 5_000)
    assert str(only(stopped).stop) == "SignInAgain (401 32): Could not authenticate you"
    resumed = only(after(Resume("bob", key), state=stopped))
    assert (resumed.stop, resumed.resumed) == (None, 5_000)


def test_a_fault_that_was_resumed_and_is_told_again_stops_nothing_and_a_new_one_does():
    state = after(*CONNECTED)
    key = only(state).id
    resumed = after(fault_of(key), Resume("", key), state=state)
    assert only(after(fault_of(key), state=resumed)).stop is None
    assert only(after(fault_of(key, 5_001), state=resumed)).stop.at == 5_001


def test_what_is_left_downstream_can_be_faulted_and_resumed():
    state = after(*CONNECTED, Delete("", "a"))
    (key,) = state.departed
    stopped = after(fault_of(key), state=state)
    assert stopped.departed[key].connection.stop.status == 401
    assert after(Resume("", key), state=stopped).departed[key].connection.stop is None


def test_only_what_has_a_fault_is_resumed_and_late_news_mean_nothing():
    state = after(*CONNECTED)
    assert refusal(state, Resume("", only(state).id)) == [
        f"connection: expected one with a fault, got `{only(state).id}`, which has none"
    ]
    assert after(fault_of("gone"), Departed("", "gone"), state=state) == state


def wishes(state):
    return only(state).recheck, only(state).resend


def test_a_wish_to_compare_anew_is_a_later_instant_than_any_wish_before():
    state = after(*CONNECTED)
    key = only(state).id
    assert wishes(state) == (0, 0)
    once = decide(state, Reconcile("bob", key), 7_000)
    assert wishes(once) == (7_000, 0)
    twice = decide(once, Reconcile("bob", key, again=True), 7_000)
    assert wishes(twice) == (7_001, 7_001)
    assert wishes(decide(twice, Reconcile("bob", key), 8_000)) == (8_000, 7_001)


def test_other_settings_are_a_wish_to_compare_anew_for_a_forwarder_that_is_away():
    state = after(*CONNECTED)
    key = only(state).id
    assert wishes(decide(state, Configure("bob", key, flush=5), 7_000)) == (0, 0)
    assert wishes(decide(state, Configure("bob", key, settings={"emails": False}), 7_000)) == (7_000, 0)
    assert wishes(decide(state, Configure("bob", key, attributes=("ltv",)), 7_000)) == (7_000, 0)


def test_only_a_connection_is_compared():
    assert refusal(after(*CONNECTED, Delete("", "a")), Reconcile("", "x")) == [
        "connection: expected the id of a connection (there is none yet), got `x`"
    ]


def test_outputs_change_nothing_that_shards_evaluate():
    assert after(*CONNECTED).revision == after(ACTIVE).revision


def test_who_uses_an_audience_is_told_with_its_outputs():
    state = after(MAIN, ACTIVE, Create("", asked("b", nests("a"))), Connect("", "b", "main"))
    assert "connected outputs 1" in refusal(state, Delete("", "a"))[0]


def test_a_state_from_before_there_were_outputs_is_read():
    old = msgspec.json.encode({"connections": {}, "revision": 3, "secrets": {"web": "5e88"}})
    state = msgspec.json.decode(old, type=CatalogState)
    assert (state.revision, state.outputs, state.connections, state.departed) == (3, {}, {}, {})


@pytest.mark.parametrize(
    "command",
    [
        MAIN,
        Connect("", "a", "main"),
        fault_of("x"),
        Resume("", "x"),
        Departed("", "x"),
        Switch("", "x", True),
        Reconcile("", "x", True),
    ],
)
def test_commands_come_back_from_the_log_as_they_were(command):
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(command), type=OfOutputs) == command
