"""Criteria on events as leaves: counts, sequences, abandoned carts."""

from __future__ import annotations

from typing import Final

from raudience.criteria.definition import CartAbandonment, Event, Frequency, Sequence
from raudience.criteria.draft import Draft, Scope
from raudience.criteria.durations import Duration
from raudience.criteria.leaves import FOREVER, Cart, Count, Formula, SequenceOf, StepOf
from raudience.criteria.matchers import attribute_field, matcher, normal_checks, normal_era, written_matcher

__all__ = ["PRODUCT_ACTIONS", "normal_cart", "normal_event", "normal_sequence"]

PRODUCT_ACTIONS: Final = (
    "add_to_cart", "add_to_wishlist", "checkout", "checkout_option", "click", "purchase", "refund", "remove_from_cart",
    "remove_from_wish_list", "remove_from_wishlist", "view_detail",
)  # fmt: skip
_LARGEST: Final = 2**31 - 1


def normal_event(draft: Draft, scope: Scope, event: Event, path: str) -> Formula:
    """A count of events in a window."""
    era = normal_era(draft, scope, event.recency, f"{path}.recency")
    matching = written_matcher(draft, scope, event, era, path)
    least, most = _bounds(draft, event.frequency, f"{path}.frequency")
    return draft.leaf(Count(matching, era.window, least, most))


def normal_sequence(draft: Draft, scope: Scope, sequence: Sequence, path: str) -> Formula:
    """Events in order. The first step has nothing to follow."""
    if len(sequence.steps) < 2:
        draft.wrong(f"{path}.steps", "at least two steps", len(sequence.steps), "one step is an event criterion")
    if sequence.steps and sequence.steps[0].within is not None:
        draft.wrong(f"{path}.steps[0].within", "no time on the first step", str(sequence.steps[0].within))
    era = normal_era(draft, scope, sequence.recency, f"{path}.recency")
    places = [(step, f"{path}.steps[{place}]") for place, step in enumerate(sequence.steps)]
    steps = tuple(
        StepOf(written_matcher(draft, scope, step, era, place), _longest(draft, step.within, f"{place}.within"))
        for step, place in places
    )
    same = None
    if sequence.same is not None:
        same = attribute_field(draft, sequence.same_level, sequence.same, f"{path}.same")
    return draft.leaf(SequenceOf(steps, same, era.window))


def normal_cart(draft: Draft, scope: Scope, cart: CartAbandonment, path: str) -> Formula:
    """An abandoned cart (semantics D17)."""
    if not 0 < cart.wait <= scope.lookback:
        expected = f"a length of time above 0 and at most the lookback, {Duration(scope.lookback)}"
        draft.wrong(f"{path}.wait", expected, str(cart.wait))
    checks = normal_checks(draft, cart.where, f"{path}.where")
    any_action = matcher(scope, "commerce", names=PRODUCT_ACTIONS) if cart.until == "any_product_action" else None
    removed = matcher(scope, "commerce", names=("remove_from_cart",)) if cart.emptied_by_removal else None
    added = matcher(scope, "commerce", names=("add_to_cart",), checks=checks)
    done = matcher(scope, "commerce", names=("purchase",))
    return draft.leaf(Cart(added, done, any_action, removed, int(cart.wait), scope.lookback))


def _longest(draft: Draft, within: Duration | None, path: str) -> int | None:
    if within is None or within >= FOREVER:
        return None
    if within <= 0:
        draft.wrong(path, "a length of time above 0", str(within))
    return int(within)


def _bounds(draft: Draft, frequency: Frequency, path: str) -> tuple[int, int | None]:
    """The least and the most number of events, both included; a count of 0 is legal (semantics D2)."""
    given = {name: getattr(frequency, name) for name in frequency.__struct_fields__}
    given = {name: number for name, number in given.items() if number is not None}
    if len(given) != 1:
        expected = f"exactly one of {', '.join(frequency.__struct_fields__)}"
        draft.fault(path, expected, ", ".join(given) if given else "none of them")
        return 1, None
    name, number = given.popitem()
    low, high = number if isinstance(number, tuple) else (number, number)
    _check_count(draft, name, low, high, f"{path}.{name}")
    return _range(name, low, high)


def _check_count(draft: Draft, name: str, low: int, high: int, path: str) -> None:
    least = 1 if name == "fewer_than" else 0
    if not (least <= low <= _LARGEST and high <= _LARGEST):
        got = f"{low} and {high}" if name == "between" else low
        draft.wrong(path, f"a whole number from {least} to {_LARGEST}", got)
    elif low > high:
        draft.wrong(path, "the smaller number first", f"{low} and {high}", "exchange the two")


def _range(name: str, low: int, high: int) -> tuple[int, int | None]:
    match name:
        case "more_than":
            return low + 1, None
        case "at_least":
            return low, None
        case "at_most":
            return 0, high
        case "fewer_than":
            return 0, high - 1
        case _:
            return low, high
