"""What applying a folder would do, as text and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from raudience.catalog.costing import Cost
from raudience.cli.screen import say
from raudience.cluster.coding import CodePlan, PlannedChange
from raudience.criteria.dates import write_moment
from raudience.records import Estimate

__all__ = ["plain_plan", "tell_patches", "tell_plan"]

_SIGNS: Final = {"added": "+", "edited": "~", "removed": "-", "affected": "*"}
_STYLES: Final = {"+": "green", "-": "red", "@": "cyan"}


def tell_plan(planned: CodePlan) -> None:
    """Every change with who moves and what breaks, then what stays, what was edited elsewhere, and the cost."""
    for each in planned.changes:
        for number, line in enumerate(_lines(each)):
            say(line, "" if number else "bold")
    for key in planned.stays:
        say(f"= {key} is not in {planned.path} and stays; --prune deletes it", "dim")
    for drift in planned.drifts:
        by = drift.by or "somebody"
        say(f"! {drift.key or 'settings'} was edited elsewhere, by {by} at {write_moment(drift.at)}", "yellow")
        _tell_patch(drift.patch)
    if not planned.changes:
        say(f"{planned.path}: nothing to do, everything is so already")
        return
    counts = {change: sum(each.difference.change == change for each in planned.changes) for change in _SIGNS}
    told = ", ".join(f"{count} {change}" for change, count in counts.items() if count)
    say(f"{planned.path}: {told}; {len(planned.breaking)} of it breaking", "bold")
    for line in _cost_lines(planned.cost):
        say(line, "dim")


def tell_patches(planned: CodePlan) -> None:
    """The patch of each change."""
    for each in planned.changes:
        _tell_patch(each.difference.patch)


def plain_plan(planned: CodePlan) -> str:
    """The plan as one JSON object."""
    document = {
        "path": planned.path,
        "changes": [_plain(each) for each in planned.changes],
        "stays": list(planned.stays),
        "drifts": [{**msgspec.to_builtins(drift), "at": write_moment(drift.at)} for drift in planned.drifts],
        "cost": {**msgspec.to_builtins(planned.cost), "per_profile": planned.cost.per_profile},
        "breaking": [difference.key for difference in planned.breaking],
    }
    return msgspec.json.encode(document).decode()


def _plain(each: PlannedChange) -> dict[str, Any]:
    return {
        **msgspec.to_builtins(each.difference),
        "origin": None if each.origin is None else str(each.origin),
        **{
            name: msgspec.to_builtins(getattr(each, name))
            for name in ("present", "expected", "adds", "drops", "warning")
        },
    }


def _lines(each: PlannedChange) -> Iterator[str]:
    difference = each.difference
    what = "" if difference.what == "audience" else difference.what
    name = " ".join(filter(None, (what, difference.key)))
    parts = f" ({', '.join(difference.parts)})" if difference.parts else ""
    where = "" if each.origin is None else f"  {each.origin}"
    why = ": what it uses has changed" if difference.change == "affected" else ""
    yield f"{_SIGNS[difference.change]} {name} {difference.change}{parts}{why}{where}"
    yield from (f"    {line}" for line in _moving(each))
    if difference.breaking:
        yield f"    breaking: {difference.breaking}"
    if difference.renamed_from is not None:
        yield f"    refused: `{difference.renamed_from}` has this definition; keys are permanent, change `name` instead"


def _moving(each: PlannedChange) -> Iterator[str]:
    if each.warning is not None:
        yield f"members now {each.present:,}; cannot be estimated: {each.warning}"
    elif each.expected is not None and each.adds is not None and each.drops is not None:
        sizes = f"members {each.present or 0:,} -> {_figure(each.expected)}"
        yield f"{sizes}: {_figure(each.adds)} enter, {_figure(each.drops)} leave"
    elif each.difference.change == "removed" and each.present is not None:
        yield f"members {each.present:,} -> 0: all leave"
    elif each.difference.what == "audience" and not each.difference.moves:
        yield "nobody enters or leaves"


def _figure(figure: Estimate) -> str:
    if figure.exact:
        return f"{figure.size:,}"
    about = "~" if figure.size is None else f"about {figure.size:,}"
    return f"{about} ({figure.least:,} to {figure.most:,})"


def _cost_lines(cost: Cost) -> Iterator[str]:
    yield (
        f"cost: {cost.new} new and {cost.gone} dropped distinct criteria, {cost.per_profile:+,.1f} bytes for every "
        f"profile ({cost.after.per_profile:,.1f} in all)"
    )
    if cost.reads:
        yield "reads once, to fill what is new:"
        yield from (f"    {line}" for line in cost.reads)


def _tell_patch(patch: str) -> None:
    for line in patch.splitlines():
        say(line, _STYLES.get(line[:1], ""))
