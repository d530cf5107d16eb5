"""Raise a storm against a lasting engine, and print what it did. The exit status says whether all was right."""

import argparse
import os
import sys
import tempfile
from pathlib import Path
from statistics import median

# Before Ray is imported: all nodes and drivers of the storm share one token, and none is left in the home directory.
os.environ.update(RAY_AUTH_MODE="token", RAY_AUTH_TOKEN=os.urandom(32).hex(), RAY_USAGE_STATS_ENABLED="0",
                  RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO="0")  # fmt: skip
os.environ["PYTHONPATH"] = str(Path(__file__).parents[2])

from tests.chaos.storm import Plan, Report, Storm


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/chaos", description=__doc__)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--faults", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--gap", type=float, default=2.0, help="mean seconds of calm before a fault")
    parser.add_argument("--nodes", type=int, default=2, help="of the Ray cluster, beside its head")
    parser.add_argument("--state", help="a directory, or `nats`: three servers of its own, which are struck too")
    parser.add_argument("--folder", type=Path, help="where to leave logs and acknowledgements")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = asked.folder or Path(temporary)
        state = asked.state or str(folder / "state")
        storm = Storm(Plan(folder, asked.seed, asked.faults, asked.minutes, asked.gap, asked.nodes, state), say)
        try:
            report = storm.run()
        finally:
            storm.close()
    show(report)
    return 0 if report.verdict.right else 1


def show(report: Report) -> None:
    verdict = report.verdict
    say(f"\n{'fault':16}{'times':>6}{'recovery in seconds: median':>30}{'worst':>8}")
    for kind, found in sorted(report.recoveries.items()):
        say(f"{kind:16}{len(found):6}{median(found):30.1f}{max(found):8.1f}")
    every = [each for found in report.recoveries.values() for each in found]
    say(f"{'all':16}{len(every):6}{median(every):30.1f}{max(every):8.1f}\n")
    say(f"{report.seconds:.0f} seconds; operations acknowledged {verdict.operations}, batches {verdict.batches}, "
        f"changes {verdict.changes}")  # fmt: skip
    say(f"batches lost {verdict.lost}, doubled {verdict.doubled}; changes missing {verdict.missing}, "
        f"surplus {verdict.surplus}, out of order {verdict.disordered}")  # fmt: skip
    for each in (*verdict.wrong[:20], *report.unexpected):
        say(f"wrong: {each}")
    say("all is right" if verdict.right else "NOT RIGHT")


def say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
