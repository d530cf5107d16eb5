"""The reference in docs/criteria.md is complete, and all its examples are read."""

import re
from pathlib import Path
from typing import get_args

import pytest
import yaml

from raudience.catalog.documents import read_book
from raudience.criteria.definition import Criterion, EventKind
from raudience.criteria.operators import Test
from raudience.criteria.text import RESERVED_KEYS

TEXT = (Path(__file__).parents[2] / "docs" / "criteria.md").read_text("utf-8")
BLOCKS = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)
TESTS = re.findall(r"\| `(\w+)` \| `(\{op: .*?\})` \|", TEXT)


@pytest.mark.parametrize("block", BLOCKS)
def test_examples_of_criteria_are_read(block: str) -> None:
    indented = "\n".join(f"    {line}" for line in block.splitlines())
    text = block if block.startswith("audiences:") else f"audiences:\n- key: a\n  name: A\n  criteria:\n{indented}"
    assert read_book(text.encode(), "criteria.md", "yaml").audiences


@pytest.mark.parametrize(("name", "example"), TESTS)
def test_examples_of_operators_are_read(name: str, example: str) -> None:
    text = f"audiences: [{{key: a, name: A, criteria: {{type: user_attribute, name: a, test: {example}}}}}]"
    (audience,) = read_book(text.encode(), "criteria.md", "yaml").audiences
    assert type(audience.criteria.test).__struct_config__.tag == name  # type: ignore[union-attr]


def test_every_operator_has_an_example() -> None:
    assert {name for name, _ in TESTS} == {operator.__struct_config__.tag for operator in get_args(Test)}


def test_every_criterion_has_an_example() -> None:
    found = {kind for block in BLOCKS for kind in re.findall(r"type: (\w+)", block)}
    groups_as_lists = {"and", "or", "exclude"}
    assert found | groups_as_lists == {criterion.__struct_config__.tag for criterion in get_args(Criterion)}


@pytest.mark.parametrize("names", [get_args(EventKind), [key.removeprefix("$") for key in RESERVED_KEYS]])
def test_names_are_listed(names: list[str]) -> None:
    listed = {name.lower() for name in re.findall(r"`\$?(\w+)`", TEXT)}
    assert set(names) <= listed


def test_examples_are_plain_yaml_too() -> None:
    assert all(yaml.safe_load(block) for block in BLOCKS)
