"""What the pages of docs/ say exists: examples, tests, other pages."""

import re
from pathlib import Path

import pytest

from raudience.catalog.documents import read_book
from raudience.catalog.planning import plan
from raudience.cli.main import main

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGE = (DOCS / "audiences.md").read_text()
EXAMPLES = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)


def test_the_page_has_examples():
    assert len(EXAMPLES) >= 8


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_can_be_evaluated(example):
    assert plan(read_book(example.encode(), "docs/audiences.md", "yaml")).audiences


@pytest.mark.parametrize("page", sorted(DOCS.rglob("*.md")), ids=lambda page: str(page.relative_to(DOCS)))
def test_the_tests_and_pages_that_a_page_names_exist(page):
    text = page.read_text()
    tests = re.findall(r"`(tests/[\w/.]+\.py)(?:::(\w+))?`", text)
    links = [target for target in re.findall(r"\]\(([^)#]+)", text) if "://" not in target]
    missing = [path for path, _ in tests if not (ROOT / path).exists()]
    missing += [name for path, name in tests if name and f"def {name}(" not in (ROOT / path).read_text()]
    assert missing + [target for target in links if not (page.parent / target).exists()] == []


@pytest.mark.parametrize("page", ["simulate.md", "as-code.md", "ab-tests.md", "downloads.md"])
def test_what_a_page_does_in_python_works(page, monkeypatch, tmp_path):
    (tmp_path / "docs").symlink_to(DOCS)
    monkeypatch.chdir(tmp_path)
    programs = re.findall(r"```python\n(.*?)```", (DOCS / page).read_text(), re.DOTALL)
    assert programs
    for program in programs:
        exec(compile(program, page, "exec"), {})


def test_the_timeline_that_a_page_shows_is_the_one_that_is_drawn(monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    shown = re.search(
        r"```\n\$ raudience (simulate .*?)\n(user .*?)\n\.\.\.\n```", (DOCS / "simulate.md").read_text(), re.DOTALL
    )
    assert main([*shown[1].replace("\\\n", " ").split(), "--quiet"]) == 0
    assert capsys.readouterr().out.startswith(shown[2] + "\n")
