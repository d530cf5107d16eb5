"""What one shard knows and decides about its profiles.

Holds: profiles, kept events, counters, timers, membership, explanations.
Never holds: files, sockets, clocks, other shards.
May import: catalog, criteria, records, ground.
"""

from raudience.shard.commands import Command, Tick
from raudience.shard.shard import Shard

__all__ = ["Command", "Shard", "Tick"]
