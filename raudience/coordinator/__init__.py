"""From the reports of the shards to audiences.

Holds: sizes now and over time, adds and drops, estimates, variations of A/B tests, the order of changes, which shard
owns which key groups, how many shards there should be.
Never holds: profiles, events, files, clocks.
May import: catalog, criteria, records, ground.
"""

from raudience.coordinator.counting import AudienceCount, Coordinator, Counts
from raudience.coordinator.history import SizeBucket, Step
from raudience.coordinator.merging import merge, merge_comparisons, narrow, no_changes
from raudience.coordinator.owning import Transfer, owners, transfers
from raudience.coordinator.scaling import Load, Scaling

__all__ = [
    "AudienceCount",
    "Coordinator",
    "Counts",
    "Load",
    "Scaling",
    "SizeBucket",
    "Step",
    "Transfer",
    "merge",
    "merge_comparisons",
    "narrow",
    "no_changes",
    "owners",
    "transfers",
]
