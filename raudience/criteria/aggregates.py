"""Sum, average, minimum, maximum and number of distinct values of an attribute over the events of a window.

Minimum and maximum are questions of whether some event is beyond a bound, so they become counts.
"""

from __future__ import annotations

from typing import Final

import msgspec

from raudience.criteria.definition import Aggregate
from raudience.criteria.draft import Draft, Scope, both, negation
from raudience.criteria.leaves import Check, Count, Distinct, Formula, Sum
from raudience.criteria.matchers import Era, attribute_field, normal_era, written_matcher
from raudience.criteria.normal_tests import normal_test, operator_name
from raudience.criteria.operators import Between, Equals, Greater, GreaterOrEqual, Less, LessOrEqual, NotEquals
from raudience.criteria.values import NumberTest
from raudience.records import Field

__all__ = ["normal_aggregate"]

_LARGEST: Final = 2**31 - 1


class _Question(msgspec.Struct, frozen=True):
    """An aggregate with its parts in normal form."""

    draft: Draft
    scope: Scope
    written: Aggregate
    era: Era
    field: Field
    path: str


def normal_aggregate(draft: Draft, scope: Scope, written: Aggregate, path: str) -> Formula:
    """A sum, average or count of distinct values, or the counts that tell a minimum or maximum."""
    era = normal_era(draft, scope, written.recency, f"{path}.recency")
    field = attribute_field(draft, written.level, written.attribute, f"{path}.attribute")
    question = _Question(draft, scope, written, era, field, path)
    compare = normal_test(draft, written.compare, f"{path}.compare")
    if not isinstance(compare, NumberTest):
        expected = "an operator on numbers (equals, less, greater, between ...)"
        draft.wrong(f"{path}.compare.op", expected, operator_name(written.compare))
        compare = Equals(0.0)
    matching = written_matcher(draft, scope, written, era, path)
    match written.function:
        case "sum" | "average":
            return draft.leaf(Sum(matching, era.window, field, written.function == "average", compare))
        case "distinct":
            return _distinct(question, compare)
        case "min" | "max":
            return _extreme(question, compare, largest=written.function == "max")


def _distinct(question: _Question, compare: NumberTest) -> Formula:
    draft, era = question.draft, question.era
    operands = (compare.low, compare.high) if isinstance(compare, Between) else (compare.value,)
    least = 1 if isinstance(compare, Less) else 0
    if not all(operand.is_integer() and least <= operand <= _LARGEST for operand in operands):
        expected = f"a whole number from {least} to {_LARGEST}: distinct values are counted"
        draft.wrong(f"{question.path}.compare", expected, " and ".join(f"{operand:g}" for operand in operands))
        return 0
    matching = written_matcher(Draft(), question.scope, question.written, era, question.path)
    low, high = _whole(compare, int(operands[0]), int(operands[-1]))
    leaf = draft.leaf(Distinct(matching, era.window, question.field, low, high))
    return negation(leaf) if isinstance(compare, NotEquals) else leaf


def _whole(compare: NumberTest, low: int, high: int) -> tuple[int, int | None]:
    match compare:
        case Less():
            return 0, high - 1
        case LessOrEqual():
            return 0, high
        case Greater():
            return low + 1, None
        case GreaterOrEqual():
            return low, None
        case _:
            return low, high


def _extreme(question: _Question, compare: NumberTest, largest: bool) -> Formula:
    """Some event satisfies the comparison and none is beyond it; of no event nothing is told."""
    if isinstance(compare, NotEquals):
        return negation(_extreme(question, Equals(compare.value), largest))
    beyond = _beyond(compare, largest)
    some = _any(question, compare)
    return some if beyond is None else both([some, negation(_any(question, beyond))])


def _beyond(compare: NumberTest, largest: bool) -> NumberTest | None:
    """What no event may be; None when nothing can be beyond."""
    above: NumberTest | None
    below: NumberTest | None
    match compare:
        case Between():
            above, below = Greater(compare.high), Less(compare.low)
        case Equals():
            above, below = Greater(compare.value), Less(compare.value)
        case Less():
            above, below = GreaterOrEqual(compare.value), None
        case LessOrEqual():
            above, below = Greater(compare.value), None
        case Greater():
            above, below = None, LessOrEqual(compare.value)
        case GreaterOrEqual():
            above, below = None, Less(compare.value)
        case NotEquals():
            above, below = None, None
    return above if largest else below


def _any(question: _Question, test: NumberTest) -> Formula:
    check = Check(question.field, test)
    matching = written_matcher(Draft(), question.scope, question.written, question.era, question.path, extra=(check,))
    return question.draft.leaf(Count(matching, question.era.window, 1, None))
