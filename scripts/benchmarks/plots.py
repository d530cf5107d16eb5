"""The figures of docs/performance.md."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import matplotlib as mpl

mpl.use("svg")
import matplotlib.pyplot as plt
from matplotlib.axes import Axes

from scripts.benchmarks.race import Result, Spread
from scripts.benchmarks.results import Results

COLORS: Final = {
    "raudience": "#0b7285", "raudience two shards": "#3bc9db", "raudience replay": "#66d9e8", "python": "#e8590c",
    "polars": "#868e96", "polars with numpy": "#adb5bd", "polars as first written": "#495057",
    "duckdb": "#ced4da", "duckdb cold": "#ced4da", "duckdb one pass": "#e9ecef",
}  # fmt: skip
_STYLE: Final = {
    "svg.fonttype": "none", "svg.hashsalt": "raudience", "font.family": "sans-serif", "font.size": 10,
    "axes.spines.top": False, "axes.spines.right": False, "figure.facecolor": "white",
}  # fmt: skip


def draw(results: Results, folder: Path) -> None:
    with mpl.rc_context(_STYLE):
        if results.races:
            stream(results, folder / "performance-stream.svg")
        if results.colds:
            cold(results, folder / "performance-cold.svg")
        kept(results, folder / "performance-memory.svg")


def stream(results: Results, target: Path) -> None:
    """Microseconds of CPU an event, by case and engine; a case is one run, so its bars may be compared."""
    races = sorted(results.races.values(), key=lambda race: (race.plan.audiences, race.plan.batch, race.plan.size))
    figure, axes = plt.subplots(figsize=(9, 4.5))
    labels = [f"{race.plan.audiences:,} audiences\nby {race.plan.batch:,}\n{race.plan.size}" for race in races]
    _bars(axes, labels, [_microseconds(race) for race in races])
    axes.set_yscale("log")
    axes.set_ylabel("microseconds of CPU an event")
    _save(figure, target)


def _microseconds(race: Result) -> dict[str, Spread]:
    found = {}
    for engine in race.plan.engines:
        each = race.milliseconds(engine)
        scale = 1e3 / race.plan.batch
        found[engine] = Spread(each.median * scale, each.least * scale, each.most * scale)
    return found


def cold(results: Results, target: Path) -> None:
    figure, axes = plt.subplots(figsize=(8, 3.5))
    found = sorted(results.colds.values(), key=lambda each: (each.size, not each.carts))
    labels = [f"size {each.size},\n{'with' if each.carts else 'without'} carts" for each in found]
    bars = [{name: Spread(min(ms), min(ms), max(ms)) for name, ms in each.cpu.items()} for each in found]
    _bars(axes, labels, bars)
    axes.set_ylabel("milliseconds of CPU")
    _save(figure, target)


def kept(results: Results, target: Path) -> None:
    """Bytes by part, the largest first."""
    if not results.kepts:
        return
    largest = max(results.kepts.values(), key=lambda each: each.events)
    parts = sorted(((size, part) for part, size in largest.bytes.items() if size), reverse=True)
    figure, axes = plt.subplots(figsize=(8, 3.5))
    axes.barh([part for _, part in parts], [size / 1e6 for size, _ in parts], color=COLORS["raudience"])
    axes.invert_yaxis()
    axes.set_xlabel(
        f"megabytes: {largest.events:,} events, {largest.profiles:,} profiles, {largest.audiences} audiences"
    )
    _save(figure, target)


def _bars(axes: Axes, labels: list[str], groups: list[dict[str, Spread]]) -> None:
    engines = [engine for engine in COLORS if any(engine in group for group in groups)]
    width = 0.8 / max(len(engines), 1)
    for number, engine in enumerate(engines):
        places = [place for place, group in enumerate(groups) if engine in group]
        spreads = [groups[place][engine] for place in places]
        axes.bar(
            [place + (number - (len(engines) - 1) / 2) * width for place in places],
            [each.median for each in spreads],
            width,
            yerr=[[each.median - each.least for each in spreads], [each.most - each.median for each in spreads]],
            color=COLORS[engine],
            label=engine,
            ecolor="#495057",
        )
    axes.set_xticks(range(len(labels)), labels)
    axes.legend(frameon=False, ncols=min(len(engines), 3), loc="lower center", bbox_to_anchor=(0.5, 1.0))


def _save(figure: plt.Figure, target: Path) -> None:
    figure.tight_layout()
    figure.savefig(target, metadata={"Date": None})
    plt.close(figure)
