"""What is sent goes in requests within the limits of the partner."""

import pytest

from raudience.forward.held import Held
from raudience.forward.partner import Item, Limits
from raudience.forward.partners import PARTNERS
from raudience.forward.planning import Batch, cut, difference

LIMITS = Limits(items=3, bytes=1_000, requests=1, window=1, overhead=100)


def sizes(*lengths, limits=LIMITS):
    """How many items are in each request, of values of these lengths."""
    items = tuple(Item(bytes([number]) * length, True) for number, length in enumerate(lengths))
    batch = Batch("email", items, tuple((number, item.value) for number, item in enumerate(items)), ())
    made = cut(batch, limits)
    assert tuple(item for each in made for item in each.items) == items
    assert tuple(row for each in made for row in each.puts) == batch.puts
    return [len(each.items) for each in made]


@pytest.mark.parametrize(("lengths", "expected"), [
    ((), []), ((10,) * 3, [3]), ((10,) * 7, [3, 3, 1]), ((200, 200), [2]), ((200, 201), [1, 1]),
    ((5_000, 10, 10), [1, 2]), ((10, 5_000, 10), [1, 1, 1]), ((5_000, *(10,) * 4), [1, 3, 1]),
])  # fmt: skip
def test_a_request_holds_no_more_items_and_bytes_than_the_partner_takes(lengths, expected):
    assert sizes(*lengths) == expected


def test_what_is_void_of_a_user_counts_too():
    assert LIMITS.size(Item(b"1234", True)) == 108
    assert LIMITS.size(Item(b"1234", True, (b"12", b"1"))) == 108 + 104 + 102


def test_a_full_request_to_x_is_one_of_its_items_not_of_its_bytes():
    limits = PARTNERS["x"].limits
    assert sizes(*(32,) * 200, limits=limits) == [200]
    assert limits.items * limits.size(Item(b"1" * 32, True)) < limits.bytes


@pytest.mark.parametrize("looked", [[2], [1, 2]], ids=["while another has it", "from another"])
def test_a_value_that_comes_to_a_user_is_said_so_that_it_lapses_no_earlier_than_that_of_the_ledger(looked):
    held = Held()
    held.put([(1, b"a@x.com")], 100)
    batch = difference("email", held, looked, [(2, b"a@x.com")], since=1, at=200_000, whole=False)
    assert batch.items == (Item(b"a@x.com", True),)
