"""The partners that there are."""

from __future__ import annotations

from raudience.catalog.nearest import unknown
from raudience.errors import FixRequest
from raudience.forward.partner import Partner
from raudience.forward.partners import PARTNERS

__all__ = ["partner_of", "partners"]


def partner_of(key: str) -> Partner:
    """A partner by its id. Raises FixRequest when there is none."""
    if key not in PARTNERS:
        raise FixRequest(str(unknown("partner", "the id of a partner", key, PARTNERS)))
    return PARTNERS[key]


def partners() -> tuple[Partner, ...]:
    """All of them, by id."""
    return tuple(PARTNERS[key] for key in sorted(PARTNERS))
