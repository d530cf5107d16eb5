"""The questions as raudience gets them: a book of definitions, as a document would hold it."""

from __future__ import annotations

from datetime import date, timedelta

from raudience.catalog.audiences import Audience, Book, Input, Settings
from raudience.criteria import definition as ask_for
from raudience.criteria import operators
from raudience.criteria.durations import UNLIMITED, Duration
from scripts.benchmarks.questions import All, Any, Ask, Bought, Cart, Done, Member, Not, Profile, Question
from scripts.benchmarks.vocabulary import DAY, HOUR, INPUTS, START, event_key

_EPOCH = date(1970, 1, 1)
_FIRST_DAY = START // DAY


def book(questions: tuple[Question, ...]) -> Book:
    """Profiles are kept for ever: otherwise the peers would have to tell who is still alive, which they are spared."""
    return Book(
        audiences=tuple(
            Audience(audience_key(place), f"Audience {place}", criterion(question.ask), inputs=question.inputs)
            for place, question in enumerate(questions)
        ),
        settings=Settings(retention=Duration(UNLIMITED)),
        inputs=tuple(Input(key) for key in INPUTS),
    )


def audience_key(place: int) -> str:
    return f"audience-{place:04d}"


def criterion(ask: Ask) -> ask_for.Criterion:
    match ask:
        case All(of):
            return _all(of)
        case Any(of):
            return ask_for.Or(tuple(map(criterion, of)))
        case Member(audience):
            return ask_for.AudienceMembership(audience_key(audience))
        case Cart(wait, any_action):
            until = "any_product_action" if any_action else "purchase"
            return ask_for.CartAbandonment(Duration(wait * HOUR), until, emptied_by_removal=False)
        case Done():
            return _event(ask)
        case Profile():
            return _profile(ask)
        case Not():
            message = "the language says `not` only beside something positive"
            raise ValueError(message)


def _all(of: tuple[Ask, ...]) -> ask_for.Criterion:
    kept = tuple(criterion(ask) for ask in of if not isinstance(ask, Not))
    excluded = tuple(criterion(ask.of) for ask in of if isinstance(ask, Not))
    positive = kept[0] if len(kept) == 1 else ask_for.And(kept)
    return ask_for.Exclude((positive, *excluded)) if excluded else positive


def _event(ask: Done) -> ask_for.Event:
    key = event_key(ask.name)
    return ask_for.Event(
        key.kind,  # type: ignore[arg-type]
        name=key.name or None,
        category=key.category or None,
        where=_conditions(ask),
        frequency=ask_for.Frequency(at_least=ask.times),
        recency=_recency(ask),
    )


def _recency(ask: Done) -> ask_for.Recency:
    if ask.days:
        first, last = ask.days
        return operators.BetweenDates(_date(_FIRST_DAY + first), _date(_FIRST_DAY + last))
    if ask.since:
        return operators.BetweenAgo(Duration(ask.since * DAY), Duration(ask.within * DAY))
    return operators.Within(Duration(ask.within * DAY))


def _date(day: int) -> str:
    return (_EPOCH + timedelta(days=day)).isoformat()


def _conditions(ask: Done) -> tuple[ask_for.Condition, ...]:
    found = []
    if ask.price is not None:
        found.append(ask_for.Condition("price", operators.GreaterOrEqual(ask.price)))
    if ask.category is not None:
        found.append(ask_for.Condition("category", _category(ask.category)))
    if ask.platforms:
        found.append(ask_for.Condition("platform", operators.OneOf(ask.platforms), "event"))
    return tuple(found)


def _category(test: Bought) -> operators.Test:
    match test.op:
        case "exact_match":
            return operators.ExactMatch(test.values[0])
        case "contains":
            return operators.Contains(test.values[0])
        case "one_of":
            return operators.OneOf(test.values)


def _profile(ask: Profile) -> ask_for.Criterion:
    match ask.field:
        case "email":
            return ask_for.Identity("email", operators.Exists())
        case "idfa":
            return ask_for.Identity("ios_advertising_id", operators.Exists())
        case field:
            return ask_for.UserAttribute(field, _test(ask))


def _test(ask: Profile) -> operators.Test:
    low, high = ask.values[0], ask.values[-1]
    match ask.op:
        case "greater_or_equal":
            return operators.GreaterOrEqual(float(low))
        case "between":
            return operators.Between(float(low), float(high))
        case "between_dates":
            return operators.BetweenDates(_date(int(low)), _date(int(high)))
        case "contains":
            return operators.Contains(str(low))
        case "pattern":
            return operators.Pattern(str(low))
        case "exact_match":
            return operators.ExactMatch(str(low))
        case "includes":
            return operators.Includes(str(low))
        case _:
            return operators.PartialMatch(str(low))
