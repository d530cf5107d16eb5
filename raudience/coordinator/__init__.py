"""From the reports of the shards to audiences.

Holds: sizes, adds and drops, the order of changes.
Never holds: profiles, events, files, clocks.
May import: catalog, criteria, records, ground.
"""
