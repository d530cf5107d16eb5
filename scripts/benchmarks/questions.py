"""The twenty audiences of the workload, and more of them by varying their parameters."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

import msgspec
import numpy as np

from scripts.benchmarks import vocabulary as words

__all__ = [
    "All", "Any", "Ask", "Bought", "Cart", "Done", "Member", "Not", "Profile", "Question", "audiences", "without_carts",
]  # fmt: skip


class _Ask(msgspec.Struct, frozen=True):
    pass


class Bought(_Ask, frozen=True):
    """A test on the category of an event: op is exact_match, one_of or contains."""

    op: Literal["exact_match", "one_of", "contains"]
    values: tuple[str, ...]


class Done(_Ask, frozen=True):
    """At least `times` events of a name between `since` and `within` days ago, or in the days [first, last] counted
    from the start of the workload; of a price, a category, a platform."""

    name: str
    times: int = 1
    within: int = 30
    since: int = 0
    days: tuple[int, int] | None = None
    price: float | None = None
    category: Bought | None = None
    platforms: tuple[str, ...] = ()


class Cart(_Ask, frozen=True):
    """Added to the cart, waited, no purchase since (`any_action`: and no product action in the last `wait` hours)."""

    wait: int = 2
    any_action: bool = False


class Profile(_Ask, frozen=True):
    """A test on country, plan, age, ltv, signup (days since 1970), tags, email or idfa."""

    field: str
    op: str
    values: tuple[str, ...] | tuple[float, ...] = ()


class All(_Ask, frozen=True):
    of: tuple[Ask, ...]


class Any(_Ask, frozen=True):
    of: tuple[Ask, ...]


class Not(_Ask, frozen=True):
    of: Ask


class Member(_Ask, frozen=True):
    """Member of the audience at that position."""

    audience: int


Ask: TypeAlias = Done | Cart | Profile | All | Any | Not | Member


class Question(_Ask, frozen=True):
    """An audience: its criteria, and the inputs that its events must come from (empty: any)."""

    ask: Ask
    inputs: tuple[str, ...] = ()


def _both(*of: Ask) -> All:
    return All(of)


_BASE: Final = (
    Question(Done("purchase", 3, price=50.0)),
    Question(Done("view_detail", 5, 7, category=Bought("exact_match", ("running shoes",)))),
    Question(Done("add_to_cart", 1, 3, platforms=("iOS", "Android"))),
    Question(Done("session_start", 10, 14)),
    Question(_both(Profile("ltv", "greater_or_equal", (100.0,)), Not(Done("session_start", 1, 14)))),
    Question(Cart(2)),
    Question(_both(Cart(2, True), Profile("ltv", "greater_or_equal", (200.0,)), Profile("email", "exists"))),
    Question(_both(Profile("country", "contains", ("uNiTed",)), Profile("plan", "exact_match", ("premium",)))),
    Question(
        _both(Profile("country", "pattern", ("*land*",)), Profile("age", "between", (25, 34)), Done("login", 2))
    ),
    Question(_both(Profile("tags", "includes", ("VIP_003",)), Done("purchase"))),
    Question(_both(Profile("signup", "between_dates", (19_600, 19_800)), Done("session_start", 3, 7))),
    Question(_both(Any((Done("purchase", 1, 7), Done("add_to_cart", 3, 7))), Not(Done("refund")))),
    Question(_both(Member(3), Not(Member(0)))),
    Question(Done("search", 2, 1, category=Bought("contains", ("SHOE",)))),
    Question(_both(Done("video_play", 5, 7), Profile("idfa", "exists")), ("ios-app", "android-app")),
    Question(_both(Done("view_detail", 10, price=20.0), Not(Done("purchase")))),
    Question(
        _both(
            Done(
                "purchase", 2,
                category=Bought("one_of", (
                    "Smart Phones", "Gaming Laptops", "Luxury Bags", "Running Shoes", "Kids Toys", "Trail Shoes",
                )),
            ),
            Not(Done("purchase", 6)),
        )
    ),
    Question(_both(Any((Member(5), Member(15))), Not(Member(7)))),
    Question(_both(Done("purchase", 1, 14, since=7), Not(Done("purchase", 1, 7)))),
    Question(
        _both(Done("purchase", days=(20, 24)), Profile("tags", "partial_match", ("GOLD",)),
              Not(Profile("plan", "exact_match", ("free",))))
    ),
)  # fmt: skip


def audiences(count: int = 20, seed: int = 11) -> tuple[Question, ...]:
    """The first `count`: the twenty, then variations of each of them in turn."""
    vary = _Variation(np.random.default_rng(seed))
    varied = [vary.question(_BASE[position % 20]) for position in range(20, count)]
    return (*_BASE, *varied)[:count]


def without_carts(asked: tuple[Question, ...]) -> tuple[Question, ...]:
    """The same audiences without a cart criterion in them: there, `email exists` stands in its place."""

    def bare(ask: Ask) -> Ask:
        match ask:
            case Cart():
                return Profile("email", "exists")
            case All(of) | Any(of):
                return type(ask)(tuple(map(bare, of)))
            case Not(of):
                return Not(bare(of))
            case _:
                return ask

    return tuple(Question(bare(question.ask), question.inputs) for question in asked)


class _Variation:
    """Draws other parameters for an audience of the same form."""

    def __init__(self, chance: np.random.Generator) -> None:
        self._chance = chance
        weights = np.sqrt(words.WEIGHTS + 0.02)
        self._weights = weights / weights.sum()

    def question(self, question: Question) -> Question:
        inputs = question.inputs and tuple(sorted(self._some(words.INPUTS, 2)))
        return Question(self._ask(question.ask), inputs)

    def _one(self, values: tuple[str, ...]) -> str:
        return values[int(self._chance.integers(len(values)))]

    def _some(self, values: tuple[str, ...], count: int) -> tuple[str, ...]:
        return tuple(values[int(place)] for place in self._chance.choice(len(values), count, replace=False))

    def _number(self, *values: int) -> int:
        return int(self._chance.choice(values))

    def _ask(self, ask: Ask) -> Ask:
        match ask:
            case Done():
                return self._done(ask)
            case Cart():
                return Cart(self._number(1, 2, 4, 6, 12, 24), bool(self._chance.random() < 0.5))
            case Profile():
                return self._profile(ask)
            case Member():
                return Member(self._number(0, 1, 2, 3, 5, 7, 13, 15))
            case Not(of):
                return Not(self._ask(of))
            case All(of):
                return All(tuple(map(self._ask, of)))
            case Any(of):
                return Any(tuple(map(self._ask, of)))

    def _done(self, ask: Done) -> Done:
        within = self._number(1, 2, 3, 5, 7, 10, 14, 21, 30)
        within = max(within, 2) if ask.since else within
        first = self._number(*range(8, 24))
        return Done(
            self._name(ask),
            max(1, ask.times + int(self._chance.integers(-2, 4))),
            within=30 if ask.days else within,
            since=within // 2 if ask.since else 0,
            days=ask.days and (first, first + int(self._chance.integers(0, 5))),
            price=ask.price and float(self._number(5, 10, 20, 30, 50, 75, 100)),
            category=ask.category and self._category(ask.category),
            platforms=ask.platforms and self._some(words.PLATFORMS, 2),
        )

    def _name(self, ask: Done) -> str:
        if ask.price or ask.days:
            return self._one(words.PRODUCT_ACTIONS[:6])
        if self._chance.random() < 0.7:
            return words.NAMES[int(self._chance.choice(40, p=self._weights))]
        return ask.name

    def _category(self, test: Bought) -> Bought:
        match test.op:
            case "exact_match":
                return Bought(test.op, (self._one(words.CATEGORIES),))
            case "one_of":
                return Bought(test.op, self._some(words.CATEGORIES, 6))
            case "contains":
                return Bought(test.op, (self._one(words.THINGS).lower()[:4],))

    def _profile(self, ask: Profile) -> Profile:
        draw = self._chance.integers
        match ask.field, ask.op:
            case "ltv", _:
                values: tuple[float, ...] | tuple[str, ...] = (float(self._number(20, 50, 100, 200, 300, 500, 800)),)
            case "age", _:
                low = int(draw(18, 60))
                values = (low, low + int(draw(4, 15)))
            case "signup", _:
                day = int(draw(19_000, 19_800))
                values = (day, day + int(draw(20, 300)))
            case "country", "contains":
                values = (self._one(("united", "south", "ia", "land", "an", "new")),)
            case "country", _:
                values = (self._one(("*land*", "?r*", "*ia", "un*", "*an?", "s*")),)
            case "plan", _:
                values = (self._one(words.PLANS),)
            case "tags", "includes":
                values = (self._one(words.TAGS),)
            case "tags", _:
                values = (self._one(("gold", "silver", "vip", "loyal")),)
            case _:
                values = ask.values
        return Profile(ask.field, ask.op, values)
