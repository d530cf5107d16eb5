"""The words that everything speaks.

Holds: blocks of events and profile updates, changes, explanations; frozen structs of numpy columns.
Never holds: rules, decisions, input or output.
May import: hashing, clock, errors.
"""

from raudience.records.blocks import (
    DELETED,
    NULL,
    NUMBER,
    Batches,
    Block,
    Column,
    EventKey,
    Events,
    Field,
    FieldColumn,
    ListColumn,
    Products,
)
from raudience.records.changes import Change, Changes
from raudience.records.comparisons import Comparison
from raudience.records.explanations import Evidence, Explanation, Truth

__all__ = [
    "DELETED",
    "NULL",
    "NUMBER",
    "Batches",
    "Block",
    "Change",
    "Changes",
    "Column",
    "Comparison",
    "EventKey",
    "Events",
    "Evidence",
    "Explanation",
    "Field",
    "FieldColumn",
    "ListColumn",
    "Products",
    "Truth",
]
