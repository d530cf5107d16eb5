"""The JSON Schema is current, and takes and refuses what the reader takes and refuses."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from raudience.catalog.schema import json_schema, schema_text

DOCS = Path(__file__).parents[2] / "docs"
VALIDATOR = jsonschema.Draft202012Validator(json_schema())
EXISTS = {"type": "identity", "name": "email", "test": {"op": "exists"}}


def document(criteria: Any) -> dict[str, Any]:
    return {"audiences": [{"key": "k", "name": "N", "criteria": criteria}]}


def test_the_file_in_docs_is_current() -> None:
    assert (DOCS / "audiences.schema.json").read_text("utf-8") == schema_text()


def test_it_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(json_schema())


def test_the_sample_audiences_are_valid() -> None:
    sample = yaml.safe_load((DOCS / "sample" / "audiences.yaml").read_text("utf-8"))
    VALIDATOR.validate(json.loads(json.dumps(sample, default=str)))


@pytest.mark.parametrize(
    ("criteria", "valid"),
    [
        (EXISTS, True),
        ({"type": "and", "of": [EXISTS, EXISTS]}, True),
        ([EXISTS, "and", EXISTS], True),
        ([EXISTS, "nand", EXISTS], False),
        ({"type": "evnt"}, False),
        ({**EXISTS, "extra": 1}, False),
        ({"type": "cart_abandonment", "wait": "4 days"}, True),
        ({"type": "cart_abandonment", "wait": "4 fortnights"}, False),
        ({"type": "event", "kind": "custom", "recency": {"op": "within", "last": "1 day"}}, True),
        ({"type": "event", "kind": "custom", "recency": {"op": "exists"}}, False),
        ({"type": "event", "kind": "custom", "frequency": {"between": [1, 2]}}, True),
    ],
)
def test_criteria(criteria: Any, valid: bool) -> None:
    assert VALIDATOR.is_valid(document(criteria)) is valid
