"""The question language.

Holds: criteria as people write them, tests on values, the normalised leaves that shards evaluate.
Never holds: profiles, events, state, time of day.
May import: records, ground.
"""
