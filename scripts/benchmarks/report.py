"""What came out, as text."""

from __future__ import annotations

from scripts.benchmarks.cold import Cold
from scripts.benchmarks.race import Result

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
            f"  {engine:<18} {result.milliseconds(engine)!s:>22} ms CPU a batch, {wall!s:>22} ms wall, "
            f"{plan.batch / wall.median / 1e3:8.3f} M events/s, {sum(moved) / len(moved):,.0f} changes a batch"
        )
        if engine.startswith("raudience"):
            print("    " + ", ".join(f"{part} {result.part(engine, part)}" for part in _PARTS))
    for ours in (engine for engine in plan.engines if engine.startswith("raudience")):
        for peer in (engine for engine in plan.engines if not engine.startswith("raudience")):
            print(
                f"  {peer} / {ours}: {result.ratio(peer, ours)} CPU, {result.ratio(peer, ours, 'wall')} wall, "
                f"{result.ratio(peer, ours, part='apply')} CPU without log records"
            )


def show_cold(results: list[Cold]) -> None:
    for result in results:
        carts = "with" if result.carts else "without"
        print(
            f"\ncold, size {result.size}, {result.audiences} audiences, {carts} carts; "
            f"answers {_agreement(result.agreed)}"
        )
        for engine, wall in result.wall.items():
            cpu = result.cpu[engine]
            ratio = f"{result.ratio(engine, 'wall')} wall, {result.ratio(engine, 'cpu')} CPU"
            print(f"  {engine:<18} {min(wall):9.1f} ms wall, {min(cpu):9.1f} ms CPU; over raudience: {ratio}")


def _agreement(agreed: bool) -> str:
    return "agree" if agreed else "DO NOT AGREE"
