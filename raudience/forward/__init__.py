"""From changes to partners.

Holds: queues and ledgers of connections (empty today).
Never holds: clocks, sockets outside partners.
May import: catalog, criteria, records, ground.
"""
