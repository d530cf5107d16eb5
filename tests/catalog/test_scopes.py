"""Which workspaces and inputs a criterion reads, and audiences within audiences."""

from typing import get_args

import pytest

from raudience.catalog import Audience, Book, Input
from raudience.catalog.planning import plan
from raudience.criteria.definition import (
    Aggregate,
    And,
    Attribution,
    AudienceMembership,
    CalculatedAttribute,
    CartAbandonment,
    Consent,
    Criterion,
    Device,
    Event,
    Exclude,
    FirstSeen,
    Identity,
    LocationEquals,
    LocationWithin,
    Or,
    Sequence,
    Step,
    UserAttribute,
)
from raudience.criteria.leaves import (
    Alive,
    Cart,
    Count,
    FieldTest,
    Matcher,
    Sum,
    Window,
)
from raudience.criteria.operators import (
    ExactMatch,
    Exists,
    Greater,
    Less,
    On,
)
from raudience.records import Field
from tests.catalog.planned import (
    FREE,
    MONTH,
    PRO,
    book,
    days,
    spelled,
)

TWO = (Input("web", "shop"), Input("app", "shop"), Input("till", "cafe"))


def scoped(criterion: Criterion, workspaces: tuple[str, ...] = (), inputs: tuple[str, ...] = ()) -> object:
    audience = Audience("a", "A", criterion, workspaces=workspaces, inputs=inputs)
    formula = spelled(plan(Book((audience,), inputs=TWO)))
    assert isinstance(formula, tuple)
    return formula[1:]


EVENT_BASED = ("custom", "commerce", "screen_view", "session_start", "session_end", "attribution")


@pytest.mark.parametrize("kind", EVENT_BASED)
def test_13_event_based_criteria_read_the_inputs(kind: str) -> None:
    alive, leaf = scoped(Event(kind), ("shop",), ("web",))  # type: ignore[arg-type,misc]
    assert alive == Alive(("shop",))
    assert leaf.matcher == Matcher(kind, workspaces=("shop",), inputs=("web",))


@pytest.mark.parametrize("kind", ["crash", "install", "uninstall", "upgrade"])
def test_16_and_17_these_are_scoped_by_workspace_and_live_as_long_as_events(kind: str) -> None:
    _, leaf = scoped(Event(kind), ("shop",), ("web",))  # type: ignore[arg-type,misc]
    assert leaf == Count(Matcher(kind, workspaces=("shop",)), Window(0, MONTH), 1, None)


def test_carts_sequences_and_aggregates_read_the_inputs() -> None:
    steps = (Step("custom"), Step("crash"))
    for criterion in (CartAbandonment(days(1)), Sequence(steps), Aggregate("custom", "sum", "x", Greater(1))):
        _, leaf = scoped(criterion, ("shop",), ("web",))  # type: ignore[misc]
        first = {Cart: "added", Sum: "matcher"}.get(type(leaf))
        matching = getattr(leaf, first) if first else leaf.steps[0].matcher
        assert (matching.workspaces, matching.inputs) == (("shop",), ("web",))
    _, leaf = scoped(Sequence(steps), ("shop",), ("web",))  # type: ignore[misc]
    assert leaf.steps[1].matcher.inputs == ()


def test_14_user_criteria_read_the_workspace() -> None:
    assert scoped(PRO, ("shop",), ("web",)) == (
        Alive(("shop",)),
        FieldTest("shop", Field("user", "plan"), ExactMatch("pro")),
    )


def test_20_a_user_criterion_names_its_workspace_among_several() -> None:
    _, leaf = scoped(UserAttribute("plan", ExactMatch("free"), "cafe"))  # type: ignore[misc]
    assert leaf == FieldTest("cafe", Field("user", "plan"), ExactMatch("free"))


def test_19_identities_need_activity_in_the_workspaces() -> None:
    assert scoped(Identity("email", Exists()), ("cafe",)) == (
        Alive(("cafe",)),
        FieldTest("", Field("identity", "email"), Exists()),
    )


def test_no_workspaces_are_all_of_the_book() -> None:
    assert scoped(Identity("email", Exists()))[0] == Alive(("cafe", "shop"))  # type: ignore[index]


def test_120_membership_is_the_whole_formula_of_the_other_audience() -> None:
    inner = Audience("inner", "Inner", Or((PRO, FREE)), workspaces=("shop",))
    outer = Audience("outer", "Outer", Exclude((Identity("email", Exists()), AudienceMembership("inner"))))
    a_plan = plan(Book((outer, inner), inputs=TWO))
    assert [audience.key for audience in a_plan.audiences] == ["inner", "outer"]
    both = spelled(a_plan, 0)
    assert spelled(a_plan, 1) == (
        "and",
        Alive(("cafe", "shop")),
        ("and", FieldTest("", Field("identity", "email"), Exists()), ("not", both)),
    )


def test_every_criterion_has_a_normal_form() -> None:
    step = Step("custom")
    examples: dict[type, Criterion] = {
        type(example): example
        for example in (
            And((PRO,)), Or((PRO,)), Exclude((PRO, FREE)), Event("custom"), Aggregate("custom", "sum", "a", Less(1)),
            Sequence((step, step)), CartAbandonment(days(1)), PRO, CalculatedAttribute("a", Exists()),
            Consent("ccpa", "present"), Device("platform", Exists()), FirstSeen(On("2020-01-01")),
            LocationEquals("zip", "1"), LocationWithin(1, city="Paris"), Identity("email", Exists()),
            AudienceMembership("a0"), Attribution("install", "campaign", Exists()),
        )
    }  # fmt: skip
    assert set(examples) == set(get_args(Criterion))
    assert len(plan(book(PRO, *examples.values())).audiences) == len(examples) + 1
