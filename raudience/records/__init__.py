"""The words that everything speaks.

Holds: blocks of events and profile updates, changes, explanations; frozen structs of numpy columns.
Never holds: rules, decisions, input or output.
May import: hashing, clock, errors.
"""

from raudience.records.audits import Audit, Difference
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
from raudience.records.estimates import Estimate, Estimates, SampleCount
from raudience.records.explanations import (
    AndNode,
    AudienceNode,
    CriterionNode,
    Evidence,
    ExcludeNode,
    Explanation,
    Node,
    NotNode,
    OrNode,
    Truth,
)
from raudience.records.memberships import Membership, Page
from raudience.records.receipts import Receipt, Removed

__all__ = [
    "DELETED",
    "NULL",
    "NUMBER",
    "AndNode",
    "AudienceNode",
    "Audit",
    "Batches",
    "Block",
    "Change",
    "Changes",
    "Column",
    "Comparison",
    "CriterionNode",
    "Difference",
    "Estimate",
    "Estimates",
    "EventKey",
    "Events",
    "Evidence",
    "ExcludeNode",
    "Explanation",
    "Field",
    "FieldColumn",
    "ListColumn",
    "Membership",
    "Node",
    "NotNode",
    "OrNode",
    "Page",
    "Products",
    "Receipt",
    "Removed",
    "SampleCount",
    "Truth",
]
