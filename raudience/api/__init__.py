"""HTTP for programs.

Holds: routes, request and response records, paging (issue 6 onwards; empty today).
Never holds: rules, ray.
May import: cluster and what is below it.
"""
