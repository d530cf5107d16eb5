"""What must last.

Holds: logs and snapshots, on a disk and in a cluster: the one station that does input and output.
Never holds: decisions about audiences, Ray, the clock.
May import: catalog, criteria, records, ground.
"""
