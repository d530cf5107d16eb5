"""What came out, as text."""

from __future__ import annotations

from scripts.benchmarks.adopting import Adopting
from scripts.benchmarks.aggregates import Aggregated
from scripts.benchmarks.archives import Archived
from scripts.benchmarks.breadth import Breadth
from scripts.benchmarks.cold import Cold
from scripts.benchmarks.completions import Completions
from scripts.benchmarks.end_to_end import EndToEnd
from scripts.benchmarks.forwarding import Forwarded
from scripts.benchmarks.guesses import Guesses
from scripts.benchmarks.kept import Kept
from scripts.benchmarks.lasting import Lasting
from scripts.benchmarks.latency import Latency
from scripts.benchmarks.logs import LogSpeed
from scripts.benchmarks.race import Result
from scripts.benchmarks.snapshots import SnapshotSpeed
from scripts.benchmarks.tables import Tables

_PARTS = ("command", "apply", "changes")


def show_race(result: Result) -> None:
    plan = result.plan
    print(
        f"\nstream, size {plan.size}, {plan.audiences} audiences, batches of {plan.batch:,}, "
        f"{plan.rounds} rounds of {plan.count}; answers {_agreement(result.agreed)}"
    )
    for engine in plan.engines:
        wall = result.milliseconds(engine, "wall")
        moved = [step.adds + step.drops for steps in result.steps[engine] for step in steps]
        print(
            f"  {engine:<23} {result.milliseconds(engine)!s:>22} ms CPU a batch, {wall!s:>22} ms wall, "
            f"{plan.batch / wall.median / 1e3:8.3f} M events/s, {sum(moved) / len(moved):,.0f} changes a batch"
        )
        if engine.startswith("raudience"):
            print("    " + ", ".join(f"{part} {result.part(engine, part)}" for part in _PARTS))
    for ours in plan.ours:
        for peer in plan.peers:
            print(
                f"  {peer} / {ours}: {result.ratio(peer, ours)} CPU, {result.ratio(peer, ours, 'wall')} wall, "
                f"{result.ratio(peer, ours, part='apply')} CPU without log records"
            )


def show_cold(result: Cold) -> None:
    carts = "with" if result.carts else "without"
    print(
        f"\ncold, size {result.size}, {result.audiences} audiences, {carts} carts; answers {_agreement(result.agreed)}"
    )
    for engine, wall in result.wall.items():
        cpu = result.cpu[engine]
        ratio = f"{result.ratio(engine, 'wall')} wall, {result.ratio(engine, 'cpu')} CPU"
        print(f"  {engine:<23} {min(wall):9.1f} ms wall, {min(cpu):9.1f} ms CPU; over raudience: {ratio}")


def show_aggregated(result: Aggregated) -> None:
    print(f"\naggregates, size {result.size}, batches of {result.batch:,}; answers {_agreement(result.agreed)}")
    for kind, cost in result.milliseconds.items():
        print(f"  {kind:<12} {cost!s:>22} ms CPU a batch")
    print(f"  plain Python / sums: {result.over}; without what the shard does without audiences: {result.over_alone}")


def show_tables(result: Tables) -> None:
    print(f"\ntables of {result.events:,} events, million events a second and core")
    for kind, rate in result.columns.items():
        states = ", ".join(f"to a shard with {count} audiences {found}" for count, found in result.state[kind].items())
        print(f"  {kind:<8} to columns {rate}, {states}")


def show_lasting(result: Lasting) -> None:
    print(f"\nlasting, size {result.size}, {result.audiences} audiences (wall)")
    print(
        f"  with a log over without: {result.json} from JSON, {result.replicated} with three NATS servers, "
        f"{result.blocks} from blocks"
    )
    print(f"  log {result.megabytes:.0f} bytes an event; live {result.live:.3f} M events/s from JSON, coming back "
          f"{result.replayed:.3f} M events/s: {result.replayed / result.live:.1f} times as fast")  # fmt: skip
    print(f"  snapshot of {result.profiles:,} profiles and {result.events:,} events: {result.snapshot:.0f} MB, "
          f"the shard stands still for {result.freeze:.0f} ms")  # fmt: skip
    print(f"  back from it and {result.tail:,} events of log in {result.back:.1f} s")
    print(f"  moves to a second shard: {', '.join(f'{each:.2f}' for each in result.moves)} s")


def show_breadth(result: Breadth) -> None:
    print(f"\nprofiles, {result.audiences} audiences, batches of {result.batch:,}: {result.ratio} times the cost")
    for profiles, cost in result.milliseconds.items():
        touch = result.touches[profiles]
        print(f"  {profiles:>9,} profiles: {cost} ms CPU a batch; one random row of 64 bytes {touch:.1f} ns")


def show_kept(result: Kept) -> None:
    print(f"\nkept, size {result.size}, {result.audiences} audiences: process {result.process / 1e6:,.0f} MB")
    print(f"  {result.an_event:.1f} bytes an event, {result.a_profile:.0f} bytes a profile")
    for part, size in sorted(result.bytes.items(), key=lambda item: -item[1]):
        each = f"{size / result.events:7.2f} an event {size / result.profiles:8.1f} a profile"
        print(f"    {part:<16} {size / 1e6:10.1f} MB  {each}")
    print("  loaded, CPU seconds: " + ", ".join(f"{part} {spent:.1f}" for part, spent in result.loaded.items()))


def show_end_to_end(result: EndToEnd) -> None:
    print(
        f"\nend to end, {result.events:,} events in {result.megabytes:.0f} MB of NDJSON, {result.audiences} audiences, "
        f"{result.changes:,} changes; decoding alone {result.decoding} M events/s"
    )
    for engine, rate in result.replays.items():
        print(f"  {engine:<23} {rate} M events/s, {result.ratios[engine]} of decoding")


def show_logs(result: LogSpeed) -> None:
    print(f"\nlogs, {result.rounds} rounds; a bare file, synced after each record, beside them")
    for cost in result.costs:
        print(
            f"  {cost.log:<14} {cost.record:>9,} bytes, {cost.under_way:>2} under way: {cost.appends!s:>26} appends/s "
            f"(bare file {cost.disk.median:,.0f}), {cost.megabytes:6.1f} MB/s, {cost.cpu.median:6.1f} ms CPU a MB, "
            f"replay {cost.replay.median:,.0f} MB/s"
        )


def show_archived(result: Archived) -> None:
    print(f"\ndownload of {result.rows:,} rows; rows {_agreement(result.agreed)}")
    whole = result.bytes["the same rows, raw"] / 1e6
    for name, wall in result.wall.items():
        cpu = result.cpu[name]
        print(
            f"  {name:<22} {wall:7.2f} s, {cpu:7.2f} s CPU, {1e9 * cpu / result.rows:6.0f} ns a row, "
            f"{whole / wall:6.0f} MB of CSV a second, {result.bytes[name] / 1e6:8.1f} MB"
        )
    print(f"  buckets of an A/B test: {result.buckets:.1f} times as fast as a loop of mmh3")


def _agreement(agreed: bool) -> str:
    return "agree" if agreed else "DO NOT AGREE"


def show_snapshots(result: SnapshotSpeed) -> None:
    print(f"\nsnapshot, size {result.size}, {result.audiences} audiences; counts {_agreement(result.agreed)}")
    for name, wall in result.wall.items():
        print(f"  {name:<8} {wall * 1e3:10.1f} ms wall, {result.cpu[name] * 1e3:10.1f} ms CPU")
    each = {kind: size / result.events for kind, size in result.bytes.items()}
    print(
        f"  {sum(each.values()):.1f} bytes an event: " + ", ".join(f"{kind} {size:.2f}" for kind, size in each.items())
    )


def show_guesses(result: Guesses) -> None:
    count, again = len(result.again), result.again
    print(
        f"\nestimate, size {result.size}: {result.sampled:,} of {result.profiles:,} profiles, {result.events:,} events"
    )
    middle = again[count // 2]
    print(f"  CPU: the first {result.first:.0f} ms; again {again[0]:.0f} to {again[-1]:.0f} ms, median {middle:.0f}")
    print(f"  the true size is in {result.held} of {count} intervals; the sample takes {result.memory / 1e6:.1f} MB")


def show_completions(result: Completions) -> None:
    print(f"\ncomplete, size {result.size}: {result.profiles:,} profiles, {result.events:,} events; ms of CPU")
    for name, took in (("first", result.first), ("again", result.again)):
        print(f"  {name}: " + ", ".join(f"{about} {each:.2f}" for about, each in took.items()))
    print(f"  all topics take {result.memory / 1e6:.1f} MB")


def show_adopting(result: Adopting) -> None:
    print(f"\nadopt, size {result.size}, {result.audiences} audiences; counts {_agreement(result.agreed)}")
    print(f"  CPU: one more audience {result.one} ms, everything {result.all} ms: {result.ratio} times")
    print(f"  the first batch of events after it {result.after} ms, any other {result.usual} ms")


def show_forwarded(result: Forwarded) -> None:
    print(f"\nforward, {result.members:,} members to the fake X over HTTP; members {_agreement(result.agreed)}")
    for name, run in result.runs.items():
        print(
            f"  {name:<8} {run.wall:6.1f} s, {result.members / run.wall:8,.0f} members a second, "
            f"{1e6 * run.cpu / result.members:5.1f} us of CPU a member, {run.requests:,} requests, "
            f"{run.throttled:.0%} of the time waiting for the bucket"
        )
    print(f"  X takes {result.allowed:,.0f} members a second; the ledger has {result.ledger:.0f} bytes a value")


def show_latency(result: Latency) -> None:
    told = ", ".join(f"{name} {each:.0f}" for name, each in result.percentiles.items())
    print(f"\nfrom an event to the request with its user at the fake X; changes {_agreement(result.agreed)}")
    print(f"  {result.taken:,.0f} events a second, {result.changes:,} changes: {told} ms")
