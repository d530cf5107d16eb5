"""What auto-complete is asked about, and who may ask (semantics row 33)."""

import pytest

from raudience.catalog.roles import may_complete
from raudience.catalog.topics import topic_of
from raudience.errors import FixRequest
from raudience.records import Field
from raudience.records.suggestions import CategoriesOf, EventsOf, Kinds, NamesIn, ValuesOf


@pytest.mark.parametrize(
    ("about", "topic"),
    [
        ("user.city", ValuesOf(Field("user", "city"))),
        ("user.a.b c", ValuesOf(Field("user", "a.b c"))),
        ("product.category", ValuesOf(Field("product", "category"))),
        ("identity", NamesIn("identity")),
        ("events", EventsOf()),
        ("events.screen_view", EventsOf("screen_view")),
        ("categories.custom", CategoriesOf("custom")),
        ("categories", CategoriesOf()),
        ("kinds", Kinds()),
    ],
)
def test_a_topic_is_named_by_where_it_lives(about, topic):
    assert topic_of(about) == topic


@pytest.mark.parametrize("about", ["", "user.", "city", "events.dance", "events.", "kinds.custom", "status.opted_out"])
def test_anything_else_is_refused_with_what_there_is(about):
    with pytest.raises(FixRequest, match="about: expected NAMESPACE"):
        topic_of(about)


@pytest.mark.parametrize("role", ["User", "Admin", "Audiences-only", "Support", "Admin+Compliance"])
def test_33_standard_roles_to_which_auto_complete_is_open(role):
    assert may_complete(role)


@pytest.mark.parametrize("task", ["audiences:draft", "audiences:edit", "catalog", "audiences"])
def test_33_a_role_of_ones_own_needs_one_of_four_tasks(task):
    assert may_complete("Marketing", ["billing", task])


@pytest.mark.parametrize(("role", "tasks"), [("Guest", ()), ("Marketing", ["billing", "audience"]), ("admin", ())])
def test_33_who_has_none_of_them_may_not(role, tasks):
    assert not may_complete(role, tasks)
