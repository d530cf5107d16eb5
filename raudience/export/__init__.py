"""From members to files for people.

Holds: rows and archives of downloads (empty today).
Never holds: profiles, clocks.
May import: catalog, criteria, records, ground.
"""
