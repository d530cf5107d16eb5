"""Web pages for people.

Holds: pages (empty today).
Never holds: rules, ray.
May import: cluster and what is below it.
"""
