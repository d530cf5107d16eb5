"""The book: what people defined.

Holds: the account, audiences with their life and versions, A/B tests; reading and checking of documents; the plan that
shards evaluate.
Never holds: profiles, events, truth of criteria, files.
May import: criteria, records, ground.
"""

from raudience.catalog.audiences import Audience, Book, Input, Settings

__all__ = ["Audience", "Book", "Input", "Settings"]
