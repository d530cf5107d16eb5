"""What must be so after a storm: the same as if nothing had happened."""

import itertools
import random
from collections import Counter, defaultdict
from collections.abc import Iterator

import msgspec
from msgspec.structs import replace

from raudience.clock import HOUR
from raudience.cluster.change_lines import change_keys
from raudience.cluster.engine import Engine
from raudience.cluster.inline import InlineEngine
from raudience.cluster.keepsakes import Keepsake
from raudience.records import Explanation
from tests.chaos.feeding import feed
from tests.chaos.story import DOCUMENTS, EDITED, USERS, Story, grid
from tests.oracle.world import World
from tests.simulation.disk import Chance, Disk

ASKED = tuple(range(-USERS // 2 + 1, USERS // 2, 10))
"""Users whom the oracle is asked about: always with MPID."""
EXPLAINED = range(-USERS // 2, USERS // 2, 3)


class Verdict(msgspec.Struct, frozen=True):
    """operations, batches: acknowledged. lost, doubled: batches. missing, surplus: changes that were not told, and that
    were told though nothing changed. disordered: changes out of order for their user and audience, and ids that are
    not unique. wrong: questions that are answered in another way."""

    operations: int
    batches: int
    changes: int
    lost: int
    doubled: int
    missing: int
    surplus: int
    disordered: int
    wrong: tuple[str, ...]

    @property
    def right(self) -> bool:
        return not (self.lost or self.doubled or self.missing or self.surplus or self.disordered or self.wrong)


def judge(engine: Engine, story: Story, operations: int) -> Verdict:
    """Compare an engine that has acknowledged so many operations with one that nothing happened to."""
    quiet = InlineEngine(1, in_memory())
    feed(quiet, story, 0, operations, lambda number: None)
    end = max(engine.now or 0, story.at(operations) + HOUR // 3)
    quiet.advance(end)
    engine.advance(end)
    told, expected = list(transitions(engine)), list(transitions(quiet))
    members, right = members_of(engine), members_of(quiet)
    missing, surplus = differences(expected, told)
    engine.check()
    return Verdict(
        operations,
        sum(len(story.operation(number).batches) for number in range(operations)),
        len(told),
        len(right["pinged"] - members["pinged"]),
        len(members["twice"]),
        missing,
        surplus,
        disordered(told),
        tuple(_wrong(engine, quiet, members, right, told) + asked_of_oracle(story, operations, told)),
    )


def in_memory() -> Keepsake:
    """What lasts as long as this process: an engine that keeps nothing could not tell its changes again."""
    calm = Chance(random.Random(0))
    calm.calm = True
    return Keepsake(Disk(calm), background=False, every=1 << 40)


class Transition(msgspec.Struct, frozen=True):
    audience: str
    mpid: int
    at: int
    entered: bool
    key: int


def transitions(engine: Engine) -> Iterator[Transition]:
    """Every change that the log tells, read by position."""
    after = 0
    while rounds := engine.told(after):
        after = rounds[-1][0]
        for _, changes in rounds:
            columns = (changes.audience, changes.mpid, changes.at, changes.entered, change_keys(changes))
            for audience, *rest in zip(*(column.tolist() for column in columns), strict=True):
                yield Transition(changes.audiences[audience], *rest)


def differences(expected: list[Transition], told: list[Transition]) -> tuple[int, int]:
    """How many transitions are missing, and how many are there too often."""
    right, found = (Counter((each.audience, each.mpid, grid(each.at), each.entered) for each in log)
                    for log in (expected, told))  # fmt: skip
    return (right - found).total(), (found - right).total()


def by_user(told: list[Transition]) -> dict[tuple[str, int], list[Transition]]:
    """Transitions of each audience and user, in the order of the log."""
    found = defaultdict(list)
    for each in told:
        found[each.audience, each.mpid].append(each)
    return found


def disordered(told: list[Transition]) -> int:
    """Changes that do not alternate or go back in time for their user, and ids that came before."""
    wrong = len(told) - len({each.key for each in told})
    for steps in by_user(told).values():
        wrong += not steps[0].entered
        wrong += sum(one.entered == two.entered or one.at > two.at for one, two in itertools.pairwise(steps))
    return wrong


def members_of(engine: Engine) -> dict[str, set[int]]:
    return {key: set(engine.members(key).tolist()) for key in engine.counts()}


def _wrong(engine: Engine, quiet: Engine, members: dict, right: dict, told: list[Transition]) -> list[str]:
    wrong = [f"members of {key}" for key in right.keys() | members.keys() if right.get(key) != members.get(key)]
    wrong += [f"counts: {engine.counts()}"] if engine.counts() != quiet.counts() else []
    left = {user for user, steps in by_user(told).items() if steps[-1].entered}
    wrong += [f"sum of the changes of {key}" for key in members
              if members[key] != {mpid for audience, mpid in left if audience == key}]  # fmt: skip
    for mpid in EXPLAINED:
        for key in right:
            found, expected = on_grid(engine.why(mpid, key)), on_grid(quiet.why(mpid, key))
            if found != expected:
                wrong.append(f"why {mpid} {key}: {found} instead of {expected}")
    return wrong


def on_grid(explanation: Explanation) -> Explanation:
    """The same with its instants as they would be had nothing been repeated: what is sent again takes effect a
    millisecond later."""
    criteria = tuple(
        replace(truth, flips_at=_on_grid(truth.flips_at), evidence=tuple(
            replace(each, at=_on_grid(each.at)) for each in truth.evidence
        ))
        for truth in explanation.criteria
    )  # fmt: skip
    return replace(
        explanation, at=grid(explanation.at), flips_at=_on_grid(explanation.flips_at), criteria=criteria
    )  # fmt: skip


def _on_grid(at: int | None) -> int | None:
    return None if at is None else grid(at)


def edited(document: dict, number: int) -> dict:
    """The document with an edit of one of its audiences."""
    new = EDITED[number]
    return document | {"audiences": [new if each["key"] == new["key"] else each for each in document["audiences"]]}


def asked_of_oracle(story: Story, operations: int, told: list[Transition]) -> list[str]:
    """What the log of changes says of some users at some instants, against the oracle."""
    world, document = World(), DOCUMENTS[0]
    for number in range(operations):
        operation = story.operation(number)
        if operation.kind in ("define", "decide"):
            document = DOCUMENTS[operation.number] if operation.kind == "define" else edited(document, operation.number)
            world.define(document, story.at(number))
        batches = [batch for batch in operation.batches if batch.get("mpid") in ASKED]
        if batches:
            world.ingest(batches, story.at(number))
    wrong, steps_of = [], by_user(told)
    for number in range(operations // 5, operations + 1, max(1, operations // 5)):
        at = story.at(number) + HOUR // 240
        for mpid, key in itertools.product(world.arrivals, world.keys()):
            steps = [each.entered for each in steps_of[key, mpid] if each.at <= at]
            if world.member(key, mpid, at) != bool(steps and steps[-1]):
                wrong.append(f"oracle: {mpid} {key} at {at}")
    return wrong
