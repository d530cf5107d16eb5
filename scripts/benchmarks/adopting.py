"""What it takes to define one more audience, against filling everything anew, in the same shard and run."""

from __future__ import annotations

import time

import msgspec

from raudience.catalog.audiences import Book, Input
from raudience.catalog.planning import plan
from raudience.criteria.leaves import Plan
from scripts.benchmarks.definitions import book
from scripts.benchmarks.questions import audiences
from scripts.benchmarks.race import Spread, spread
from scripts.benchmarks.shard_engine import ShardEngine
from scripts.benchmarks.workload import load

_BATCH = 1_000
_SPARE = 1_000


class Adopting(msgspec.Struct, frozen=True):
    """Milliseconds of CPU. one: to define one more audience; all: to define the same book with an input more, for which
    everything is filled; ratio: all / one, within each round. after: the first batch of 1,000 events behind one more;
    usual: any batch. agreed: both ways lead to the same counts."""

    size: str
    audiences: int
    one: Spread
    all: Spread
    ratio: Spread
    after: Spread
    usual: Spread
    agreed: bool


def adopting(size: str, count: int, rounds: int) -> Adopting:
    """After the history of the workload; each round defines another audience."""
    data, engine = load(size), ShardEngine()
    engine.load(data, audiences(count))
    every, start, agreed = audiences(_SPARE), data.history, True
    spent: dict[str, list[float]] = {"one": [], "all": [], "after": [], "usual": []}
    for number in range(rounds + 1):
        steps = [_stepped(engine, start + place * _BATCH) for place in range(2)]
        unused = tuple(Input(f"unused-{place}") for place in range(number + 1))
        asked = book(every[: count + number + 1])
        took = {"usual": steps[-1], "one": _defined(engine, _with(asked, unused[:-1]))}
        took["after"] = _stepped(engine, start + 2 * _BATCH)
        counts = engine.shard.counts()
        took["all"] = _defined(engine, _with(asked, unused))
        agreed &= counts == engine.shard.counts()
        start += 3 * _BATCH
        for name, each in took.items() if number else ():
            spent[name].append(each)
    ratio = [everything / one for everything, one in zip(spent["all"], spent["one"], strict=True)]
    found = {name: spread(times) for name, times in spent.items()}
    return Adopting(size, count, ratio=spread(ratio), agreed=agreed, **found)


def _with(asked: Book, inputs: tuple[Input, ...]) -> Plan:
    return plan(msgspec.structs.replace(asked, inputs=(*asked.inputs, *inputs)))


def _defined(engine: ShardEngine, asked: Plan) -> float:
    began = time.process_time()
    engine.shard.apply(asked, engine.shard.now)
    return 1e3 * (time.process_time() - began)


def _stepped(engine: ShardEngine, start: int) -> float:
    prepared = engine.prepare(start, start + _BATCH)
    began = time.process_time()
    engine.step(prepared)
    return 1e3 * (time.process_time() - began)
