"""A book written in Python is planned like a document."""

from raudience.catalog import Audience, Book, Settings
from raudience.catalog.build import audience, book
from raudience.catalog.planning import plan
from raudience.criteria.build import event, user
from raudience.criteria.definition import UserAttribute
from raudience.criteria.operators import ExactMatch

PRO = UserAttribute("plan", ExactMatch("pro"))


def test_audience_and_book() -> None:
    built = book(audience("pro", "Pro", user("plan").exactly("pro")), audience("same", "Same", PRO))
    assert built == Book((Audience("pro", "Pro", PRO), Audience("same", "Same", PRO)), Settings())


def test_a_built_book_is_planned() -> None:
    criteria = event("commerce", "purchase").within("7 days") - user("plan").exactly("pro")
    assert len(plan(book(audience("a", "A", criteria))).leaves) == 3
