"""Draws docs/demo.svg: what `scripts/demo` prints, as a terminal shows it."""

import re
import sys
from pathlib import Path

from rich.console import Console

from raudience.cli import screen
from raudience.cli.main import main

TARGET = Path("docs/demo.svg")
COMMAND = ["replay", "docs/sample/events", "--audiences", "docs/sample/audiences.yaml", "--out", "out/demo"]


def draw() -> int:
    console = Console(record=True, width=96, highlight=False, file=sys.stderr)
    screen._SCREEN = console
    status = main([*COMMAND, "--at", "2026-03-20", "--engine", "inline"])
    drawn = console.export_svg(title="raudience " + " ".join(COMMAND[:4]))
    TARGET.write_text(re.sub(r"\s*@font-face\s*{.*?}", "", drawn, flags=re.DOTALL))
    return status


if __name__ == "__main__":
    sys.exit(draw())
