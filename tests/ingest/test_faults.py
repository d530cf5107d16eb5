"""What is refused, with its path, and that the rest is taken."""

import pytest

from raudience.errors import Fault
from raudience.ingest.batches import decode
from tests.ingest.shown import batch, event

DAY = 86_400_000
ANY_TIME = "a time in milliseconds since 1970 on the batch or on an event"
SCALAR = "true or false, whole number, number, text, null"


def fault(document, **how):
    [(position, found)] = decode([document], **how).faults
    assert position == 0
    return found


PRODUCT = batch(
    events=[event("commerce_event", product_action={"action": "purchase", "products": [{"price": 1}, {"price": [2]}]})]
)


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (PRODUCT, Fault("$.events[0].data.product_action.products[1].price", SCALAR, "[2]")),
        (batch(mpid=2**63), Fault("$.mpid", "whole number <= 9223372036854775807", "9223372036854775808")),
        (batch(mpid="12x"), Fault("$.mpid", "a signed 64-bit whole number", '"12x"')),
        (batch(mpid="9223372036854775808"), Fault("$.mpid", "a signed 64-bit whole number", '"9223372036854775808"')),
        (batch(timestamp_unixtime_ms=-1), Fault("$.timestamp_unixtime_ms", "whole number >= 0", "-1")),
        (batch(timestamp_unixtime_ms="5"), Fault("$.timestamp_unixtime_ms", "whole number, null", '"5"')),
        (batch(timestamp_unixtime_ms=1.5), Fault("$.timestamp_unixtime_ms", "whole number, null", "1.5")),
        (batch(timestamp_unixtime_ms=None), Fault("$.timestamp_unixtime_ms", ANY_TIME, "none")),
        (batch(mpid=None), Fault("$.mpid", "an MPID, or an identity by which to find it", "neither")),
        (batch(user_identities={"email": "e", "other": {}}), Fault("$.user_identities.other", SCALAR, "{}")),
        (batch(device_info="x"), Fault("$.device_info", "object, null", '"x"')),
        (batch(application_info=[]), Fault("$.application_info", "object, null", "[]")),
        (batch(events=[{"data": {}}]), Fault("$.events[0]", "an object with `event_type`", "an object without it")),
        (b"7", Fault("$", "object", "7")),
        (b'{"mpid":1', Fault("$", "a batch in JSON", 'Input data was truncated in {"mpid":1')),
    ],
)  # fmt: skip
def test_a_fault_says_where_what_was_expected_and_what_came(document, expected):
    assert fault(document) == expected


def test_an_event_more_than_a_day_after_its_batch_is_refused():
    late = [event("session_start"), event("session_start", timestamp_unixtime_ms=1_000_000 + DAY + 1)]
    assert fault(batch(events=late)).path == "$.events[1].data.timestamp_unixtime_ms"
    assert decode([batch(events=[event("session_start", timestamp_unixtime_ms=1_000_000 + DAY)])]).faults == ()


def test_live_an_event_more_than_a_day_after_its_arrival_is_refused():
    assert fault(batch(timestamp_unixtime_ms=5 + DAY + 1), now=5).path == "$.timestamp_unixtime_ms"


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"\xff",
        b'"\\ud800"',
        b"[" * 2000,
        b'{"device_info":' + b"[" * 2000,
        b'{"mpid":1,"device_info":{"a":"\xff"}}',
        b"{}{}",
    ],
)
def test_no_bytes_can_break_the_reading(document):
    decoded = decode([batch(mpid=5), document, batch(mpid=6)])
    assert ([place for place, _ in decoded.faults], decoded.block.batches.mpid.tolist()) == ([1], [5, 6])


def test_good_batches_go_on_and_keep_their_positions():
    decoded = decode(
        [b"x", batch(mpid=1), batch(mpid="y"), batch(mpid=2), batch(mpid=None), batch(mpid=3, device_info=1)]
    )
    assert [place for place, _ in decoded.faults] == [0, 2, 4, 5]
    assert (decoded.block.batches.mpid.tolist(), decoded.positions.tolist()) == ([1, 2], [1, 3])
