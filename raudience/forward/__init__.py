"""From changes to partners.

Holds: what a partner is, identities as partners take them, ledgers of what was acknowledged, what to send next.
Never holds: clocks, sockets outside partners.
May import: catalog, criteria, records, ground.
"""
