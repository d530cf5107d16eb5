"""The truth of a criterion (as a document holds it) for one profile at one instant."""

from dataclasses import dataclass

from tests.oracle.places import meters_between, point_of
from tests.oracle.reading import ACCOUNT, key_name, spelling
from tests.oracle.words import (
    ABSENT,
    FOREVER,
    ages_of,
    duration,
    fold,
    holds,
    millionths,
    moment_holds,
    number_holds,
    number_of,
    span_of,
    text_of,
)  # fmt: skip

BY_WORKSPACE = ("crash", "install", "uninstall", "upgrade")
"""Kinds of events that are read from the whole workspace (semantics 16)."""


@dataclass
class Scope:
    """Where an audience reads. members: truth of another audience for the same profile and instant."""

    workspaces: tuple
    inputs: tuple
    lookback: int | None
    members: object


def truth(criterion, profile, now, scope):
    match criterion["type"]:
        case "and":
            return all(truth(part, profile, now, scope) for part in criterion["of"])
        case "or":
            return any(truth(part, profile, now, scope) for part in criterion["of"])
        case "exclude":
            first, *others = criterion["of"]
            return truth(first, profile, now, scope) and not any(truth(o, profile, now, scope) for o in others)
        case "audience":
            return scope.members(criterion["audience"])
    return ANSWERS[criterion["type"]](criterion, profile, now, scope)


def window(recency, lookback):
    """(least age, most age, start, end) of the events that a recency admits."""
    most = FOREVER if lookback is None else lookback
    if recency is None:
        return 0, most, -FOREVER, FOREVER
    if span := span_of(recency):
        return 0, most, *span
    low, high = ages_of(recency)
    return low, min(high, most), -FOREVER, FOREVER


def matching(question, profile, now, scope, recency):
    """Events of the profile that a question is about, in order of time."""
    low, high, start, end = window(recency, scope.lookback)
    return sorted(
        (
            event
            for event in profile.events
            if event.time <= now
            and low <= now - event.time <= high
            and start <= event.time < end
            and is_about(question, event, now, scope)
        ),
        key=lambda event: event.time,
    )


def is_about(question, event, now, scope):
    return (
        event.kind == question["kind"]
        and question.get("name") in (None, event.name)
        and question.get("category") in (None, event.category)
        and in_scope(event, scope)
        and all(
            condition_holds(condition, event, now)
            for condition in question.get("where", ())
            if condition.get("level") != "product"
        )
        and (not product_conditions(question) or products_about(question, event, now) != [])
    )


def in_scope(event, scope):
    if event.workspace not in scope.workspaces:
        return False
    return event.kind in BY_WORKSPACE or not scope.inputs or event.input in scope.inputs


def condition_holds(condition, event, now):
    cells = event.fields if condition.get("level") == "event" else event.custom
    return holds(condition["test"], cells.get(condition["attribute"], ABSENT), now)


def product_conditions(question):
    return [condition for condition in question.get("where", ()) if condition.get("level") == "product"]


def products_about(question, event, now):
    """The products of the event that pass all conditions on products."""
    return [
        product
        for product in event.products
        if all(
            holds(condition["test"], product.get(condition["attribute"], ABSENT), now)
            for condition in product_conditions(question)
        )
    ]


def event(criterion, profile, now, scope):
    return frequency_holds(
        criterion.get("frequency", {"at_least": 1}),
        len(matching(criterion, profile, now, scope, criterion.get("recency"))),
    )


def frequency_holds(frequency, count):
    ((how, limit),) = frequency.items()
    if how == "between":
        return limit[0] <= count <= limit[1]
    return {
        "more_than": count > limit,
        "at_least": count >= limit,
        "exactly": count == limit,
        "at_most": count <= limit,
        "fewer_than": count < limit,
    }[how]


def aggregate(criterion, profile, now, scope):
    found = matching(criterion, profile, now, scope, criterion.get("recency"))
    cells = [attributes(criterion, one, now) for one in found]
    test = criterion["compare"]
    if criterion["function"] == "distinct":
        texts = {fold(text_of(a_cell)) for some in cells for a_cell in some if text_of(a_cell) is not None}
        return number_holds(test, len(texts))
    numbers = [[number_of(a_cell) for a_cell in some if number_of(a_cell) is not None] for some in cells]
    flat = [number for some in numbers for number in some]
    total = sum(millionths(number) for number in flat) / 10**6
    if criterion["function"] == "sum":
        return number_holds(test, total)
    if not flat:
        return test["op"] == "not_equals"
    if criterion["function"] == "average":
        return number_holds(test, total / len([some for some in numbers if some]))
    return number_holds(test, min(flat) if criterion["function"] == "min" else max(flat))


def attributes(criterion, one, now):
    """Cells of the attribute that an aggregate reads, of one event."""
    level, name = criterion.get("level", "custom"), criterion["attribute"]
    if level == "product":
        return [product[name] for product in products_about(criterion, one, now) if name in product]
    cells = one.fields if level == "event" else one.custom
    return [cells[name]] if name in cells else []


def sequence(criterion, profile, now, scope):
    steps = [matching(step, profile, now, scope, criterion.get("recency")) for step in criterion["steps"]]
    if "same" not in criterion:
        return chain_exists(criterion["steps"], steps)
    texts = [[same_text(criterion, one) for one in found] for found in steps]
    return any(
        chain_exists(
            criterion["steps"],
            [
                [one for one, its in zip(found, its_texts, strict=True) if its == text]
                for found, its_texts in zip(steps, texts, strict=True)
            ],
        )
        for text in set(texts[0]) - {None}
    )


def same_text(criterion, one):
    cells = one.fields if criterion.get("same_level") == "event" else one.custom
    text = text_of(cells.get(criterion["same"], ABSENT))
    return None if text is None else fold(text)


def chain_exists(steps, found):
    ends = {one.time for one in found[0]}
    for step, events in zip(steps[1:], found[1:], strict=True):
        within = duration(step["within"]) if "within" in step else FOREVER
        ends = {one.time for one in events if any(end < one.time <= end + within for end in ends)}
    return bool(ends)


def cart_abandonment(criterion, profile, now, scope):
    def past(question):
        return [one.time for one in matching(question, profile, now, scope, None)]

    wait = duration(criterion["wait"])
    adding = {"kind": "commerce", "name": "add_to_cart", "where": criterion.get("where", ())}
    adds = matching(adding, profile, now, scope, None)
    bought = past({"kind": "commerce", "name": "purchase"})
    if not adds or adds[-1].time > now - wait or any(time >= adds[-1].time for time in bought):
        return False
    if criterion.get("until") == "any_product_action":
        actions = [one.time for one in matching({"kind": "commerce"}, profile, now, scope, None) if is_product(one)]
        if max(actions) > now - wait:
            return False
    if not criterion.get("emptied_by_removal", True):
        return True
    removing = matching({"kind": "commerce", "name": "remove_from_cart"}, profile, now, scope, None)
    return any(
        all(one.time < add.time or item not in items(one) for one in removing)
        for add in adds
        if add.time > max(bought, default=-FOREVER)
        for item in items(add)
    )


def is_product(one):
    return one.name not in ("promotion_view", "promotion_click", "impression")


def items(one):
    """Ids of the products of an event; an event without products is about one product without id."""
    return {text_of(product.get("id", ABSENT)) for product in one.products} or {None}


def workspace_of(criterion, scope):
    return criterion.get("workspace") or scope.workspaces[0]


def user_attribute(criterion, profile, now, scope):
    a_cell = profile.value(workspace_of(criterion, scope), "user", key_name(criterion["name"]))
    return holds(criterion["test"], a_cell, now)


def field_of(namespace, name, test):
    """The answer of a criterion that is one test on one field of the profile."""

    def answer(criterion, profile, now, scope):
        a_cell = profile.value(workspace_of(criterion, scope), namespace, name(criterion))
        return holds(test(criterion), a_cell, now)

    return answer


def consent(criterion, profile, now, scope):
    name = f"{criterion['regulation']}.{criterion.get('purpose', 'data_sale_opt_out').lower()}"
    word = text_of(profile.value(workspace_of(criterion, scope), "consent", name))
    return {
        "given": word == "true",
        "rejected": word == "false",
        "present": word == "true",
        "not_present": word != "true",
    }[criterion["state"]]


def first_seen(criterion, profile, now, scope):
    seen = profile.first_seen.get(workspace_of(criterion, scope))
    return seen is not None and moment_holds(criterion["test"], seen, now)


def identity(criterion, profile, now, scope):
    name = spelling(criterion["name"])
    ids = profile.device_ids.get(name)
    if not ids:
        return holds(criterion["test"], profile.value(ACCOUNT, "identity", name), now)
    answers = [holds(criterion["test"], one, now) for one in ids]
    is_negative = holds(criterion["test"], ABSENT, now)
    return all(answers) if is_negative else any(answers)


def location_within(criterion, profile, now, scope):
    workspace = workspace_of(criterion, scope)
    where = [number_of(profile.value(workspace, "location", name)) for name in ("latitude", "longitude")]
    if None in where:
        return False
    reach = criterion["distance"] * (1609.344 if criterion.get("unit") == "miles" else 1000)
    return meters_between(where, point_of(criterion)) <= reach


ANSWERS = {
    "event": event,
    "aggregate": aggregate,
    "sequence": sequence,
    "cart_abandonment": cart_abandonment,
    "user_attribute": user_attribute,
    "calculated_attribute": field_of("calculated", lambda c: c["name"], lambda c: c["test"]),
    "device": field_of("device", lambda c: c["name"], lambda c: c["test"]),
    "location_equals": field_of("location", lambda c: c["field"], lambda c: {"op": "exact_match", "value": c["value"]}),
    "attribution": field_of("attribution", lambda c: f"{c['of']}.{c['field']}", lambda c: c["test"]),
    "consent": consent,
    "first_seen": first_seen,
    "identity": identity,
    "location_within": location_within,
}
