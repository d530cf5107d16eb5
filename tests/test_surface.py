"""What modules offer: `__all__` names what is there, each name once."""

import importlib
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
