"""Put the results of a file into docs/performance.md: tables between their marks, and the figures.

python -m scripts.benchmarks.publish out/bench.json docs
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from scripts.benchmarks import plots
from scripts.benchmarks.race import Result, Spread
from scripts.benchmarks.results import Results, read

_KINDS = {
    "count": "counts", "sum": "sums", "average": "averages", "distinct": "numbers of different values",
    "nothing": "no audiences", "python": "sums, in plain Python",
}  # fmt: skip
_HEAD = 2
"""Lines of a table without results: what was not measured stays on the page as it is."""


def main() -> None:
    source, folder = Path(sys.argv[1]), Path(sys.argv[2])
    results = read(source)
    page = folder / "performance.md"
    text = page.read_text()
    for name, lines in _tables(results).items():
        if len(lines) > _HEAD:
            text = _between(text, name, "\n".join(lines))
    page.write_text(text)
    plots.draw(results, folder)


def _between(text: str, name: str, table: str) -> str:
    pattern = re.compile(f"(<!-- {name} -->\n).*?(<!-- end -->)", re.DOTALL)
    if not pattern.search(text):
        message = f"expected a line `<!-- {name} -->` and one `<!-- end -->` after it"
        raise ValueError(message)
    return pattern.sub(lambda found: f"{found[1]}{table}\n{found[2]}", text)


def _tables(results: Results) -> dict[str, list[str]]:
    return {
        "stream": list(_stream(results)),
        "ratios": list(_ratios(results)),
        "cold": list(_cold(results)),
        "tables": list(_files(results)),
        "end to end": list(_ends(results)),
        "breadth": list(_breadth(results)),
        "memory": list(_kept(results)),
        "logs": list(_logs(results)),
        "aggregates": list(_aggregated(results)),
        "adopt": list(_adopting(results)),
        "forward": list(_forwarded(results)),
        "latency": list(_latency(results)),
    }


def _row(*cells: object) -> str:
    return "| " + " | ".join(map(str, cells)) + " |"


def _head(*cells: str) -> list[str]:
    return [_row(*cells), "|" + "---|" * len(cells)]


def _figure(each: Spread) -> str:
    return f"{_short(each.median)} [{_short(each.least)}-{_short(each.most)}]"


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _races(results: Results) -> list[Result]:
    return sorted(results.races.values(), key=lambda race: (race.plan.size, race.plan.audiences, -race.plan.batch))


def _case(race: Result) -> tuple[str, str, str]:
    return race.plan.size, f"{race.plan.audiences:,}", f"{race.plan.batch:,}"


def _stream(results: Results) -> Iterator[str]:
    yield from _head("size", "audiences", "batch", "engine", "ms CPU a batch", "ms wall", "of it the log records")
    for race in _races(results):
        for engine in race.plan.engines:
            cpu, wall = race.milliseconds(engine), race.milliseconds(engine, "wall")
            logs = [race.part(engine, part) for part in ("command", "changes")]
            log = f"{sum(each.median for each in logs):.2f}" if engine.startswith("raudience") else ""
            yield _row(*_case(race), engine, _figure(cpu), _figure(wall), log)


def _ratios(results: Results) -> Iterator[str]:
    yield from _head("size", "audiences", "batch", "times faster than", "CPU", "wall", "CPU without log records")
    for race in _races(results):
        for mine in race.plan.ours:
            for peer in race.plan.peers:
                name = peer if mine == "raudience" else f"{peer} ({mine.removeprefix('raudience ')})"
                yield _row(
                    *_case(race),
                    name,
                    _figure(race.ratio(peer, mine)),
                    _figure(race.ratio(peer, mine, "wall")),
                    _figure(race.ratio(peer, mine, part="apply")),
                )


def _cold(results: Results) -> Iterator[str]:
    yield from _head("size", "carts", "engine", "ms wall", "ms CPU", "over raudience, wall", "CPU")
    for found in results.colds.values():
        for engine, wall in found.wall.items():
            yield _row(
                found.size,
                "with" if found.carts else "without",
                engine,
                _short(min(wall)),
                _short(min(found.cpu[engine])),
                _figure(found.ratio(engine, "wall")),
                _figure(found.ratio(engine, "cpu")),
            )


def _files(results: Results) -> Iterator[str]:
    yield from _head("file", "to columns", "to a shard without audiences", "to a shard with 20")
    for found in results.tables.values():
        for kind, rate in found.columns.items():
            yield _row(kind, _figure(rate), *(_figure(state) for state in found.state[kind].values()))


def _ends(results: Results) -> Iterator[str]:
    yield from _head("events", "engine", "M events/s", "share of bare decoding on one core")
    for found in results.ends.values():
        yield _row(f"{found.events:,}", "bare decoding", _figure(found.decoding), "1")
        for engine, rate in found.replays.items():
            yield _row(f"{found.events:,}", engine, _figure(rate), _figure(found.ratios[engine]))


def _breadth(results: Results) -> Iterator[str]:
    yield from _head("audiences", "batch", "profiles", "ms CPU a batch", "one random row of 64 bytes")
    for found in results.breadths.values():
        for profiles, cost in found.milliseconds.items():
            touch = f"{found.touches[profiles]:.0f} ns"
            yield _row(found.audiences, f"{found.batch:,}", f"{profiles:,}", _figure(cost), touch)
        yield _row(found.audiences, f"{found.batch:,}", "ratio", _figure(found.ratio), "")


def _kept(results: Results) -> Iterator[str]:
    yield from _head("size", "audiences", "bytes an event", "bytes a profile", "process")
    for found in results.kepts.values():
        process = f"{found.process / 1e6:,.0f} MB"
        yield _row(found.size, found.audiences, f"{found.an_event:.1f}", f"{found.a_profile:.0f}", process)


def _aggregated(results: Results) -> Iterator[str]:
    yield from _head("size", "batch", "five audiences of", "ms CPU a batch")
    for found in results.aggregateds.values():
        for kind, cost in found.milliseconds.items():
            yield _row(found.size, f"{found.batch:,}", _KINDS.get(kind, kind), _figure(cost))


def _logs(results: Results) -> Iterator[str]:
    yield from _head(
        "log", "bytes a record", "under way", "appends/s", "bare file", "MB/s", "ms CPU a MB", "replay, MB/s"
    )
    for found in results.logs.costs if results.logs else ():
        yield _row(
            found.log,
            f"{found.record:,}",
            found.under_way,
            _figure(found.appends),
            _short(found.disk.median),
            _short(found.megabytes),
            _short(found.cpu.median),
            _short(found.replay.median),
        )


def _adopting(results: Results) -> Iterator[str]:
    yield from _head(
        "size", "audiences", "one more, ms CPU", "everything anew", "times", "first batch after it", "any other batch"
    )
    for found in results.adoptings.values():
        figures = (found.one, found.all, found.ratio, found.after, found.usual)
        yield _row(found.size, found.audiences, *map(_figure, figures))


def _forwarded(results: Results) -> Iterator[str]:
    yield from _head("members", "bucket", "s", "members/s", "us of CPU a member", "requests", "waiting for the bucket")
    for found in results.forwardeds.values():
        for name, run in found.runs.items():
            rate, each = found.members / run.wall, 1e6 * run.cpu / found.members
            yield _row(
                f"{found.members:,}", name, _short(run.wall), f"{rate:,.0f}", _short(each), run.requests,
                f"{run.throttled:.0%}",
            )  # fmt: skip


def _latency(results: Results) -> Iterator[str]:
    yield from _head("events a second", "changes", "p50 ms", "p90 ms", "p99 ms", "most")
    for found in results.latencies.values():
        yield _row(f"{found.taken:,.0f}", f"{found.changes:,}", *map(_short, found.percentiles.values()))


if __name__ == "__main__":
    main()
