"""What a client may ask beside members: estimates, overlaps, sizes over time, texts to complete others."""

from __future__ import annotations

from raudience.catalog import Book
from raudience.catalog.estimating import latest_of
from raudience.catalog.topics import topic_of
from raudience.cluster.books import Definitions, as_draft
from raudience.cluster.engine import Engine
from raudience.coordinator import SizeBucket, Step
from raudience.errors import FixRequest
from raudience.records import Estimates
from raudience.records.suggestions import Suggestion

__all__ = ["Questions"]


class Questions:
    """Questions to one engine; none of them changes anything."""

    _engine: Engine

    def estimate(self, definitions: Definitions | None = None, audience: str | None = None) -> Estimates:
        """How many users an audience would have, and each of its criteria, from a sample of the profiles: at once, and
        without defining it. Exact where all profiles were looked at or the same is in force.

        definitions: a path, a Book or audiences, seen in the book in force; None: the latest versions of the catalog,
        drafts included. audience: which of them, if there are several. Raises FixDefinition for a wrong definition;
        sources that are not known here are a warning.
        """
        draft = latest_of(self._engine.catalog(), audience or "") if definitions is None else as_draft(definitions)
        return self._engine.estimate(draft, _only(draft) if audience is None else audience)

    def overlap(self, left: str, right: str, definitions: Definitions = ()) -> Estimates:
        """How many users two audiences share: figures `left`, `right`, `both`, `only left`, `only right`. Both are in
        force, then the figures are exact, or in `definitions`."""
        return self._engine.overlap(as_draft(definitions), left, right)

    def history(self, audience: str, by: Step = "hour") -> tuple[SizeBucket, ...]:
        """The size of an audience over time, the oldest first: each minute (of 48 hours), hour (of 60 days) or day (of
        5 years) in which somebody entered or left. In between it stays; the last is the size."""
        return self._engine.history(audience, by)

    def complete(self, typed: str, about: str, most: int = 10) -> tuple[Suggestion, ...]:
        """Texts that were seen, to complete what was typed: first those that begin with it, then those that contain it,
        the most frequent first. about: `user.city` for values, `user` for names, `events`, `events.custom` ...
        (catalog.topics). Raises FixRequest for what nobody can ask about."""
        return self._engine.complete(topic_of(about), typed, most)


def _only(draft: Book) -> str:
    if len(draft.audiences) != 1:
        keys = ", ".join(audience.key for audience in draft.audiences) or "none"
        message = f"audience: expected the key of one of the audiences of the definitions ({keys}), got none"
        raise FixRequest(message)
    return draft.audiences[0].key
