"""Catalogs as tests make them."""

from raudience.catalog import Audience
from raudience.catalog.deciding import decide
from raudience.catalog.entries import CatalogState
from raudience.catalog.refusing import refuse
from raudience.criteria.definition import AudienceMembership, UserAttribute
from raudience.criteria.operators import ExactMatch
from raudience.errors import FixDefinition

NOW = 1_000


def plan_is(value):
    """A question that has only its value."""
    return UserAttribute("plan", ExactMatch(value))


def asked(key="a", criteria=None, **fields):
    return Audience(key, fields.pop("name", key.upper()), criteria or plan_is("pro"), **fields)


def nests(key):
    return AudienceMembership(key)


def after(*commands, state=None, at=NOW):
    """The state after commands that are all taken, a millisecond apart."""
    state = CatalogState() if state is None else state
    for number, command in enumerate(commands):
        refuse(state, command)
        state = decide(state, command, at + number)
    return state


def refusal(state, command):
    """The faults of a command, as people read them."""
    try:
        refuse(state, command)
    except FixDefinition as error:
        return [str(fault) for fault in error.faults]
    return []
