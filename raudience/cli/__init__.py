"""The `raudience` commands.

Holds: arguments, progress, tables.
Never holds: rules, ray, formats of state.
May import: cluster and what is below it.
"""
