"""Plans as tests read them."""

from raudience.catalog import Audience, Book
from raudience.catalog.planning import plan
from raudience.clock import DAY
from raudience.criteria.definition import (
    Criterion,
    UserAttribute,
)
from raudience.criteria.durations import Duration
from raudience.criteria.leaves import (
    Alive,
    AndOf,
    Check,
    Count,
    FieldTest,
    Formula,
    Leaf,
    Matcher,
    NotOf,
    OrOf,
    Plan,
    Window,
)
from raudience.criteria.operators import (
    ExactMatch,
)
from raudience.records import Field

MONTH = 30 * DAY
LOOKBACK = Window(0, MONTH)
ALIVE = Alive(("default",))


def days(number: int) -> Duration:
    return Duration(number * DAY)


def book(*criteria: Criterion, **rest: object) -> Book:
    audiences = tuple(Audience(f"a{place}", "A", criterion) for place, criterion in enumerate(criteria))
    return Book(audiences, **rest)  # type: ignore[arg-type]


def spelled(a_plan: Plan, place: int = 0) -> object:
    """A formula with its leaves in place of their numbers, as nested tuples."""

    def walk(formula: Formula) -> object:
        match formula:
            case AndOf() | OrOf():
                return ("and" if isinstance(formula, AndOf) else "or", *map(walk, formula.of))
            case NotOf():
                return ("not", walk(formula.of))
            case int():
                return a_plan.leaves[formula]

    return walk(a_plan.audiences[place].formula)


def asked(criterion: Criterion, **rest: object) -> object:
    """The formula of one criterion, without who is alive."""
    formula = spelled(plan(book(criterion, **rest)))
    assert isinstance(formula, tuple)
    assert formula[:2] == ("and", ALIVE)
    return formula[2]


def commerce(*checks: Check, names: tuple[str, ...] | None = None, **rest: object) -> Matcher:
    return Matcher("commerce", names=names, workspaces=("default",), checks=checks, **rest)  # type: ignore[arg-type]


def counted(*checks: Check, least: int = 1, most: int | None = None, window: Window = LOOKBACK) -> Count:
    return Count(commerce(*checks), window, least, most)


PRO, FREE, ADULT = (UserAttribute("plan", ExactMatch(name)) for name in ("pro", "free", "adult"))


def is_plan(name: str) -> Leaf:
    return FieldTest("default", Field("user", "plan"), ExactMatch(name))
