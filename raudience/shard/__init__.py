"""What one shard knows and decides about its profiles.

Holds: profiles, kept events, counters, timers, membership, explanations.
Never holds: files, sockets, clocks, other shards.
May import: catalog, criteria, records, ground.
"""
