"""What modules offer: `__all__` names what is there, each name once. What pages name is there too."""

import importlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
NAMES = sorted(
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    for path in (ROOT / "raudience").rglob("*.py")
    if path.name != "__main__.py"
)


@pytest.mark.parametrize("name", NAMES)
def test_a_module_offers_what_is_there_each_name_once(name):
    module = importlib.import_module(name)
    offered = getattr(module, "__all__", ())
    assert [one for one in offered if not hasattr(module, one)] == []
    assert len(set(offered)) == len(offered)
    assert [one for one in offered if one.startswith("_") and not one.startswith("__")] == []


@pytest.mark.parametrize("name", NAMES)
def test_a_module_says_what_it_is_for(name):
    assert importlib.import_module(name).__doc__


@pytest.mark.parametrize("page", ["guarantees.md", "state.md", "limits.md"])
def test_every_test_that_a_page_names_is_there(page):
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    for path, name in re.findall(r"(tests/[\w/]+\.py)(?:::(\w+))?", text):
        assert name in (ROOT / path).read_text(encoding="utf-8"), f"{path}::{name}"
