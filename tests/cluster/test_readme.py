"""What the README shows works as it stands there."""

import re
import shlex
from pathlib import Path

import pytest

from raudience.catalog.documents import read_book
from raudience.catalog.planning import plan
from raudience.cli.arguments import parser

ROOT = Path(__file__).parents[2]


def block(language: str) -> str:
    """The first code block of a language."""
    return re.search(rf"```{language}\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)[1]


def test_its_audience_file_can_be_evaluated():
    assert [audience.key for audience in plan(read_book(block("yaml").encode(), "README", "yaml")).audiences] == [
        "cart-leavers",
        "loyal",
    ]


def test_its_commands_are_understood():
    text = (ROOT / "README.md").read_text().replace("\\\n", " ")
    lines = [line.partition("python -m ")[2] or line for line in text.splitlines()]
    commands = [shlex.split(line, comments=True)[1:] for line in lines if re.match(r"raudience [a-z]+ ", line)]
    said = [words for words in commands if words[0] not in ("turns",)]
    assert [parser().parse_args(words).command for words in said] == [
        "replay", "why", "replay", "plan", "apply", "estimate", "audiences", "audiences", "audiences", "audiences",
        "download", "why", "outputs", "outputs", "outputs", "connections", "connections", "forward", "connections",
        "replay",
    ]  # fmt: skip


@pytest.mark.slow
@pytest.mark.ray
@pytest.mark.usefixtures("local_ray")
def test_its_driver_script_runs(monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    exec(compile(block("python"), "README.md", "exec"), {})
    shown = capsys.readouterr().out.splitlines()
    assert len([line for line in shown if line.endswith((" in", " out"))]) > 10_000
    assert [line.split()[0] for line in shown[-14:]] == sorted(line.split()[0] for line in shown[-14:])
