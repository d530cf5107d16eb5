"""Cold evaluation: from loaded data to the members of every audience, nothing prepared for the questions."""

from __future__ import annotations

import msgspec

from scripts.benchmarks.questions import audiences, without_carts
from scripts.benchmarks.race import Lane, Spread, spread

PEERS = ("polars", "polars with numpy", "polars as first written", "duckdb cold", "duckdb one pass")


class Cold(msgspec.Struct, frozen=True):
    """cpu, wall: milliseconds of each repeat, in the same order for every engine."""

    size: str
    audiences: int
    carts: bool
    cpu: dict[str, list[float]]
    wall: dict[str, list[float]]
    agreed: bool

    def ratio(self, peer: str, clock: str) -> Spread:
        times = getattr(self, clock)
        return spread([theirs / mine for theirs, mine in zip(times[peer], times["raudience"], strict=True)])


def cold(
    size: str, count: int, repeats: int, engines: tuple[str, ...] = ("raudience", *PEERS), profile_lines: int = 0
) -> list[Cold]:
    """With the cart audiences and without them; engines take turns at every repeat. profile_lines: show where the time
    of raudience goes."""
    lanes = [Lane(engine, size, ()) for engine in engines]
    for lane in lanes:
        lane.ask("load")
    results = []
    for carts in (True, False):
        asked = audiences(count) if carts else without_carts(audiences(count))
        answers = [[lane.ask("cold", asked) for lane in lanes] for _ in range(repeats + 1)]
        cpu = {lane.name: [1e3 * turn[place][0] for turn in answers[1:]] for place, lane in enumerate(lanes)}
        wall = {lane.name: [1e3 * turn[place][1] for turn in answers[1:]] for place, lane in enumerate(lanes)}
        agreed = len({digest for turn in answers for _, _, digest in turn}) == 1
        results.append(Cold(size, count, carts, cpu, wall, agreed))
    if profile_lines:
        print(lanes[0].ask("profiled_cold", audiences(count), repeats, profile_lines))
    for lane in lanes:
        lane.close()
    return results
