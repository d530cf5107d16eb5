"""Random books: the whole language over the pools of `strategies`."""

from functools import cache

from hypothesis import strategies as st

LENGTHS = ("1 second", "2 seconds", "5 seconds", "10 seconds", "1 minute", "1 hour", "1 day")
WORDS = ("a", "A", "b", "1", "paris")
NUMBERS = (0, 1, 1.5, 2, 3)
DATES = ("2026-02-28", "2026-03-01", "2026-03-02")
INPUTS = [
    {"key": "web", "workspace": "w1"},
    {"key": "app", "workspace": "w1"},
    {"key": "shop", "workspace": "w2"},
]


@st.composite
def weighted(draw, *pairs):
    """One of several strategies, each as often as its weight says (`one_of` leaves repetitions out)."""
    places = [place for place, (weight, _) in enumerate(pairs) for _ in range(weight)]
    return draw(pairs[draw(st.sampled_from(places))][1])


def operator(*names, **operands):
    return st.fixed_dictionaries({"op": st.sampled_from(names), **operands})


EXISTS = operator("exists", "does_not_exist")
TEXTS = st.one_of(
    operator("contains", "does_not_contain", value=st.sampled_from(WORDS)),
    operator("exact_match", "does_not_match", value=st.sampled_from(WORDS)),
    operator("pattern", "does_not_match_pattern", value=st.sampled_from(["*", "?", "a*", "?aris"])),
    operator("one_of", "none_of", values=st.sampled_from([["a"], ["b", "1"]])),
    EXISTS,
)
COMPARISONS = st.one_of(
    operator(
        "equals", "not_equals", "less", "less_or_equal", "greater", "greater_or_equal", value=st.sampled_from(NUMBERS)
    ),
    operator("between", low=st.sampled_from([0, 1]), high=st.sampled_from([1, 2])),
)
WHOLE = st.one_of(
    operator(
        "equals", "not_equals", "less", "less_or_equal", "greater", "greater_or_equal", value=st.sampled_from([1, 2])
    ),
    operator("between", low=st.sampled_from([0, 1]), high=st.sampled_from([1, 2])),
)
SPANS = st.one_of(
    operator("before", "after", "on", date=st.sampled_from(DATES)),
    operator("between_dates", first=st.sampled_from(DATES[:2]), last=st.sampled_from(DATES[1:])),
)
LISTS = operator("includes", "does_not_include", "partial_match", value=st.sampled_from(WORDS))
VERSIONS = operator(
    "version",
    compare=st.sampled_from(["equals", "less", "less_or_equal", "greater", "greater_or_equal"]),
    value=st.sampled_from(["1.2", "1.10", "1"]),
)
SCALAR_TESTS = st.one_of(TEXTS, COMPARISONS, SPANS, VERSIONS, operator("is_true", "is_false"))


def within(lookback):
    """The lengths of time that are not longer than the lookback."""
    return LENGTHS[: LENGTHS.index(lookback) + 1] if lookback in LENGTHS else LENGTHS


def ages(lengths=LENGTHS):
    """A recency that moves with now."""
    pairs = [(first, second) for place, first in enumerate(lengths) for second in lengths[place:]]
    return st.one_of(
        operator("within", last=st.sampled_from(lengths)),
        st.sampled_from(pairs).map(lambda pair: {"op": "between_ago", "least": pair[0], "most": pair[1]}),
    )


def recencies(lookback):
    """Recencies that begin inside the lookback."""
    some = ages(within(lookback))
    return weighted((2, st.none()), (5, some), (1, SPANS))


def given(**fields):
    """A dict of the fields whose value is not None."""
    return st.fixed_dictionaries(fields).map(
        lambda drawn: {name: value for name, value in drawn.items() if value is not None}
    )


def merged(*parts):
    """A dict out of several, the later ones winning."""
    return st.tuples(*parts).map(lambda dicts: {name: value for part in dicts for name, value in part.items()})


def of_type(tag, **fields):
    return st.fixed_dictionaries({"type": st.just(tag), **fields})


CONDITIONS = st.one_of(
    st.fixed_dictionaries({"attribute": st.sampled_from(["k", "n"]), "test": SCALAR_TESTS}),
    st.fixed_dictionaries(
        {
            "attribute": st.sampled_from(["id", "price", "category", "k"]),
            "test": SCALAR_TESTS,
            "level": st.just("product"),
        }
    ),
    st.fixed_dictionaries(
        {
            "attribute": st.sampled_from(["platform", "application_version", "total_amount", "screen_name"]),
            "test": SCALAR_TESTS,
            "level": st.just("event"),
        }
    ),
)
WHERE = weighted((3, st.none()), (1, st.lists(CONDITIONS, min_size=1, max_size=2)))
ABOUT = weighted(
    (4, st.fixed_dictionaries({"kind": st.just("custom"), "name": st.sampled_from("AB")})),
    (1, st.fixed_dictionaries({"kind": st.just("custom"), "category": st.sampled_from(["other", "search"])})),
    (1, st.fixed_dictionaries({"kind": st.just("commerce"), "name": st.sampled_from(["add_to_cart", "purchase"])})),
    (1, st.fixed_dictionaries(
        {"kind": st.sampled_from(["custom", "commerce", "screen_view", "session_start", "crash", "install",
                                  "uninstall", "attribution"])}
    )),
)  # fmt: skip
FREQUENCIES = st.sampled_from(
    [None, None, {"more_than": 1}, {"at_least": 2}, {"exactly": 0}, {"exactly": 1}, {"at_most": 1}, {"fewer_than": 1},
     {"between": [1, 2]}]
)  # fmt: skip


QUESTIONS = merged(ABOUT, given(where=WHERE))
"""The events that a criterion or a step is about."""

AGGREGATED = weighted(
    (3, given(level=st.just("custom"), attribute=st.sampled_from(["k", "n"]))),
    (1, given(level=st.just("product"), attribute=st.sampled_from(["price", "id", "k"]), kind=st.just("commerce"))),
    (1, given(level=st.just("event"), attribute=st.just("total_amount"), kind=st.just("commerce"))),
)
FUNCTIONS = weighted(
    (4, given(function=st.sampled_from(["sum", "average", "min", "max"]), compare=COMPARISONS)),
    (1, given(function=st.just("distinct"), compare=WHOLE)),
)
LATER_STEPS = st.lists(merged(QUESTIONS, given(within=st.sampled_from([None, None, *LENGTHS]))), min_size=1, max_size=2)
SAME = st.sampled_from([{}, {}, {"same": "k"}, {"same": "n"}, {"same": "platform", "same_level": "event"}])
STEPS = st.tuples(QUESTIONS, LATER_STEPS).map(lambda steps: {"steps": [steps[0], *steps[1]]})
PROFILE = st.one_of(
    of_type("user_attribute", name=st.sampled_from(["p", "q", "$Age"]), test=st.one_of(SCALAR_TESTS, LISTS, ages())),
    of_type("calculated_attribute", name=st.just("c"), test=SCALAR_TESTS),
    of_type("consent", regulation=st.just("gdpr"), purpose=st.just("ads"),
            state=st.sampled_from(["given", "rejected"])),
    of_type("consent", regulation=st.just("ccpa"), state=st.sampled_from(["present", "not_present"])),
    of_type("device", name=st.sampled_from(["platform", "os_version", "application_version"]), test=TEXTS | VERSIONS),
    of_type("first_seen", test=st.one_of(SPANS, ages(), ages())),
    of_type("location_equals", field=st.sampled_from(["city", "zip", "country"]),
            value=st.sampled_from(["PARIS", "75001", "fr"])),
    of_type("location_within", distance=st.sampled_from([5, 400]), city=st.just("Paris")),
    of_type("location_within", distance=st.just(5), latitude=st.just(0), longitude=st.just(-179.99)),
    of_type("attribution", of=st.sampled_from(["install", "uninstall"]),
            field=st.sampled_from(["publisher", "campaign"]), test=TEXTS),
)  # fmt: skip
IDENTITIES = of_type("identity", name=st.sampled_from(["email", "customer_id", "ios_advertising_id"]), test=TEXTS)


def occurrences(lookback):
    """Criteria on events."""
    recent = given(recency=recencies(lookback))
    counts = merged(of_type("event"), QUESTIONS, given(frequency=FREQUENCIES), recent)
    aggregates = merged(of_type("aggregate"), QUESTIONS.map(unnamed), AGGREGATED, FUNCTIONS, recent)
    sequences = merged(of_type("sequence"), STEPS, SAME, recent)
    carts = merged(
        of_type(
            "cart_abandonment",
            wait=st.sampled_from(within(lookback)),
            until=st.sampled_from(["purchase", "any_product_action"]),
            emptied_by_removal=st.booleans(),
        ),
        given(where=WHERE),
    )
    return weighted((4, counts), (2, aggregates), (2, sequences), (2, carts))


def unnamed(question):
    return {name: value for name, value in question.items() if name not in ("name", "category")}


def named(workspaces):
    """Criteria on the profile, each with the workspace it reads when the audience has several."""
    asked = [None, *workspaces] if len(workspaces) == 1 else list(workspaces)
    return merged(PROFILE, given(workspace=st.sampled_from(asked)))


@cache
def criteria(lookback, workspaces, others):
    """Trees of criteria; others: keys of audiences that may be asked for."""
    profile = weighted((4, named(workspaces)), (1, IDENTITIES))
    member = of_type("audience", audience=st.sampled_from(others)) if others else profile
    leaf = weighted((8, occurrences(lookback)), (4, profile), (1, member))
    group = groups(leaf)
    return weighted((3, leaf), (2, group), (1, groups(weighted((2, leaf), (1, group)))))


def groups(parts):
    return st.one_of(
        of_type("and", of=st.lists(parts, min_size=1, max_size=3)),
        of_type("or", of=st.lists(parts, min_size=1, max_size=3)),
        of_type("exclude", of=st.lists(parts, min_size=2, max_size=3)),
    )


LOOKBACKS = st.sampled_from(["30 days", "30 days", "5 seconds", "10 seconds", "1 minute", "unlimited"])
RETENTIONS = st.sampled_from([None, None, None, "4 seconds", "1 hour", "unlimited"])
REMEMBERED = st.sampled_from([{}, {}, {}, {"remember_messages": "2 seconds", "remember_batches": "5 seconds"}])
SCOPES = st.sampled_from(
    [
        {"workspaces": ["w1"]},
        {"workspaces": ["w1"]},
        {"workspaces": ["w1"], "inputs": ["web"]},
        {"workspaces": ["w2"]},
        {"workspaces": ["w1", "w2"]},
        {"workspaces": ["w1", "w2"], "inputs": ["app", "shop"]},
        {"workspaces": []},
    ]
)


@st.composite
def books(draw, most=3):
    lookback = draw(LOOKBACKS)
    settings = {"lookback": lookback, **draw(given(retention=RETENTIONS)), **draw(REMEMBERED)}
    audiences = []
    for key in "abc"[: draw(st.integers(1, most))]:
        scope = draw(SCOPES)
        simple = tuple(one["key"] for one in audiences if "'audience'" not in repr(one["criteria"]))
        workspaces = tuple(scope["workspaces"]) or ("w1", "w2")
        criterion = draw(criteria(lookback, workspaces, simple))
        audiences.append({"key": key, "name": key, "criteria": criterion, **scope})
    return {"audiences": audiences, "settings": settings, "inputs": INPUTS}
