"""Batches become a block."""

import json

import pytest

from raudience.hashing import text_key
from raudience.ingest.batches import Decoder, decode
from tests.ingest.shown import GONE, TAG, batch, event, events, profile, rows


def test_a_number_is_a_number_and_a_text_a_text():
    assert profile(batch(user_attributes={"a": 42, "b": "42", "c": 0.5, "d": True, "e": None})) == {
        "user/a": [42.0], "user/b": ["42"], "user/c": [0.5], "user/d": ["true"], "user/e": [TAG],
    }  # fmt: skip


def test_types_may_differ_from_batch_to_batch():
    values = [1, "x", None, 2.5, False, "1", [1, "y"], {"k": 1}]
    shown = profile(*[batch(user_attributes={"a": value}) for value in values if not isinstance(value, list)])
    assert shown == {"user/a": [1.0, "x", TAG, 2.5, "false", "1", '{"k":1}']}


def test_an_integer_that_float64_cannot_hold_is_kept_as_text():
    shown = profile(batch(user_attributes={"a": 2**53}), batch(user_attributes={"a": -(2**53) - 1}))
    assert shown == {"user/a": [float(2**53), "-9007199254740993"]}


def test_a_list_is_a_list_of_texts():
    assert profile(batch(user_attributes={"a": ["x", 2, 0.5, True, None]}))["user/a"] == [["x", "2", "0.5", "true"]]


def test_an_mpid_is_exact_as_number_and_as_text():
    documents = [
        b'{"mpid":%s,"timestamp_unixtime_ms":5}' % text for text in (b"-9223372036854775808", b'"9007199254740993"')
    ]
    assert decode(documents).block.batches.mpid.tolist() == [-(2**63), 9007199254740993]


def test_nulls_may_stand_anywhere():
    everything = ("events", "user_identities", "user_attributes", "device_info", "application_info", "consent_state",
                  "context", "deleted_user_attributes", "source_request_id", "api_key")  # fmt: skip
    shown = decode(
        [batch(**dict.fromkeys(everything)), batch(events=[None, {"event_type": "uninstall", "data": None}])]
    )
    assert [each[6] for each in rows(shown.block)] == [[], [(("uninstall", "", "", {}), 1_000_000, 0, [])]]


def test_the_time_of_a_batch_is_its_own_else_of_its_latest_event():
    two = [event("session_start", timestamp_unixtime_ms=5), event("session_end", timestamp_unixtime_ms=3)]
    given = [batch(timestamp_unixtime_ms=9, events=two), batch(timestamp_unixtime_ms=None, events=two)]
    block = decode(given).block
    assert (block.batches.stamp.tolist(), block.batches.at.tolist()) == ([9, 5], [9, 5])


def test_live_batches_take_effect_when_they_arrive():
    block = decode([batch(timestamp_unixtime_ms=9), batch(timestamp_unixtime_ms=None)], now=70).block
    assert (block.batches.stamp.tolist(), block.batches.at.tolist()) == ([9, 70], [70, 70])


def test_an_event_without_time_has_that_of_its_batch():
    assert decode([batch(events=[event("session_start")])]).block.events.time.tolist() == [1_000_000]


def test_the_key_of_a_batch_differs_by_input():
    keys = decode([batch(source_request_id="r", api_key=key) for key in ("a", "a", "b")]).block.batches.request
    assert (keys[0] == keys[1], keys[0] == keys[2]) == (True, False)


def test_a_batch_without_request_id_is_known_by_its_content():
    keys = decode([batch(source_request_id=None), batch(source_request_id=None), batch(mpid=2)]).block.batches.request
    assert (keys[0] == keys[1], keys[0] == keys[2]) == (True, False)


def test_a_live_batch_without_time_and_request_id_is_not_remembered():
    assert decode([batch(timestamp_unixtime_ms=None)], now=7).block.batches.request.tolist() == [0]


def test_the_key_of_an_event_differs_by_user():
    shared = [event("session_start", source_message_id="m")]
    message = decode([batch(mpid=1, events=shared), batch(mpid=2, events=shared)]).block.events.message
    assert message[0] != message[1]


def test_the_key_of_an_event_of_mpid_zero_is_the_key_of_its_text():
    assert decode(
        [batch(mpid=0, events=[event("uninstall", source_message_id="m")])]
    ).block.events.message.tolist() == [text_key("m")]


@pytest.mark.parametrize("slice_of", [1, 2, 7])
def test_slices_do_not_show(slice_of, monkeypatch):
    documents = [
        batch(mpid=number, user_attributes={"n": number, **({"odd": None} if number % 2 else {})},
              device_info={"platform": "iOS", "ios_idfv": f"v{number % 3}"} if number % 4 else None,
              events=[event("custom_event", event_name="e", custom_attributes={"x": number})] * (number % 3))
        for number in range(20)
    ]  # fmt: skip
    whole = rows(decode(documents).block)
    monkeypatch.setattr("raudience.ingest.batches.SLICE", slice_of)
    assert rows(decode(documents).block) == whole


def test_what_a_decoder_has_seen_does_not_show():
    first = [batch(device_info={"platform": "iOS", "ios_idfv": "a"}), batch(device_info={"platform": "web"})]
    second = [batch(device_info={"platform": "iOS", "ios_idfv": "b"}), batch(device_info={"brand": "x"})]
    decoder = Decoder()
    decoder.decode(first)
    assert rows(decoder.decode(second).block) == rows(decode(second).block)


def test_deleted_attributes_are_taken_away():
    assert profile(batch(user_attributes={"a": 1}, deleted_user_attributes=["a", "$AGE"])) == {
        "user/$age": [GONE], "user/a": [1.0, GONE],
    }  # fmt: skip


def test_spaces_of_the_document_do_not_show():
    fields = {"device_info": {"platform": "iOS", "ios_idfv": "a b"}, "events": [event("custom_event", event_name="e")]}
    plain = {"mpid": 1, "timestamp_unixtime_ms": 7, "source_request_id": "r", **fields}
    shown = [rows(decode([json.dumps(plain, indent=indent).encode()]).block) for indent in (None, 2)]
    assert shown[0] == shown[1]


def test_no_documents_make_an_empty_block():
    assert rows(decode([]).block) == []


def test_events_of_unknown_types_are_kept():
    assert events(decode([batch(events=[event("validation_result", custom_attributes={"a": None})])]).block) == [
        ("validation_result", "", "", {"custom/a": TAG})
    ]


def test_an_empty_id_is_none():
    given = [
        batch(mpid=number, source_request_id="", events=[event("uninstall", source_message_id="")]) for number in (1, 2)
    ]
    block = decode(given).block
    assert block.events.message.tolist() == [0, 0]
    assert len(set(block.batches.request.tolist())) == 2


@pytest.mark.parametrize("mpid", [" 5", "1_0", "+5", "5.0", "٣"])
def test_an_mpid_in_text_is_plain_digits(mpid):
    assert [found.path for _, found in decode([batch(mpid=mpid)]).faults] == ["$.mpid"]


def test_what_batches_repeat_is_told_of_every_one_of_them():
    given = [
        {"a": ["x", "y"], "b": 1, "c": "t"}, {"b": "2", "a": ["z"]}, {}, {"c": None, "a": [], "C": "u"}, {"a": "x"},
    ]  # fmt: skip
    documents = [
        batch(mpid=place, user_attributes=given[place % 5], user_identities={"email": f"e{place % 3}"})
        for place in (0, 1, 2, 3, 4, 3, 1, 1, 0, 4, 2)
    ]
    decoder = Decoder()
    one_by_one = [rows(decode([document]).block)[0] for document in documents]
    assert rows(decoder.decode(documents).block) == one_by_one
    assert rows(decoder.decode(documents[::-1]).block) == one_by_one[::-1]


@pytest.mark.parametrize("remembered", [2_000, -1_000_000])
def test_a_device_that_comes_again_comes_with_its_identities(remembered, monkeypatch):
    monkeypatch.setattr("raudience.ingest.batches._REMEMBERED", remembered)
    monkeypatch.setattr("raudience.ingest.batches.SLICE", 2)
    given = [
        {"platform": "iOS", "ios_idfv": "a", "ios_idfa": "b", "ios_advertising_id": "c"},
        {"platform": "web"}, {"ios_idfv": "d"}, {"ios_idfv": ""}, {"ios_idfv": "\\", "platform": "iOS"},
    ]  # fmt: skip
    documents = [batch(mpid=place, device_info=given[place % 5]) for place in (0, 1, 0, 2, 3, 4, 1, 0, 0, 4, 2, 3)]
    decoder = Decoder()
    one_by_one = [rows(decode([document]).block)[0] for document in documents]
    assert rows(decoder.decode(documents).block) == one_by_one
    assert rows(decoder.decode(documents[::-1]).block) == one_by_one[::-1]


def test_what_stands_around_a_refused_batch_does_not_show_in_the_next():
    fine = batch(device_info={"platform": "iOS"}, user_attributes={"a": 1})
    wrong = batch(device_info={"platform": "web"}, user_attributes=[])
    decoder = Decoder()
    found = decoder.decode([fine, wrong, fine])
    assert [(position, fault.path) for position, fault in found.faults] == [(1, "$.user_attributes")]
    assert rows(decoder.decode([fine]).block) == rows(decode([fine]).block) == rows(found.block)[:1]


def test_what_batches_do_not_repeat_is_told_as_well():
    documents = [batch(mpid=place, user_attributes={"n": place, "l": [place]}) for place in range(1_500)]
    decoder = Decoder()
    shown = rows(decoder.decode(documents).block) + rows(decoder.decode(documents[:10]).block)
    assert [found[5] for found in shown] == [rows(decode([each]).block)[0][5] for each in documents + documents[:10]]
