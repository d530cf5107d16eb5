"""What must last.

Holds: formats of logs and snapshots (empty today).
Never holds: decisions about audiences.
May import: catalog, criteria, records, ground.
"""
