"""An explanation is a tree whose truths add up, and says what would turn the answer."""

from raudience.records import AndNode, AudienceNode, CriterionNode, ExcludeNode, OrNode
from tests.shard.making import T, shard_of, taken
from tests.stories.stage import DAY, EngineStage, asks, attribute, audience, batch, book, custom, event


def plan_is(value):
    return attribute("plan", "exact_match", value=value)


def either(*parts):
    return {"type": "or", "of": list(parts)}


def explained(criteria, *batches):
    shard = shard_of(audience(criteria))
    taken(shard, T, *batches)
    return shard.why(1, "a")


def said(why):
    return [(truth.criterion, truth.holds, truth.decides) for truth in why.criteria]


def test_the_tree_says_of_each_part_whether_it_is_true():
    why = explained(either(plan_is("pro"), asks("A")), batch(custom("A", T)))
    parts = (CriterionNode(False, 1), CriterionNode(True, 2))
    assert why.tree == AndNode(True, (CriterionNode(True, 0), OrNode(True, parts)))
    assert [truth.holds for truth in why.criteria] == [True, False, True]


def test_what_alone_would_turn_the_answer_is_told():
    why = explained(either(plan_is("pro"), asks("A")), batch(custom("A", T)))
    assert [truth.decides for truth in why.criteria] == [True, False, True]
    both = explained(either(plan_is("pro"), asks("A")), batch(custom("A", T), user_attributes={"plan": "pro"}))
    assert [truth.decides for truth in both.criteria] == [True, False, False]


def test_of_somebody_who_lacks_two_things_no_single_one_decides():
    why = explained({"type": "and", "of": [plan_is("pro"), asks("A")]}, batch())
    assert [truth.decides for truth in why.criteria] == [False, False, False]


def test_the_next_flip_names_its_criterion():
    why = explained(
        {"type": "and", "of": [plan_is("pro"), asks("A", recency={"op": "within", "last": "2 days"})]},
        batch(custom("A", T - 5), user_attributes={"plan": "pro"}),
    )
    assert why.flips_at == T - 5 + 2 * DAY + 1
    flipping = [why.criteria[number].criterion for number in why.flips_by]
    assert flipping == ["custom A at least 1 time in the last 2 days"]


def test_who_has_opted_out_is_not_active():
    why = explained(plan_is("pro"), batch(event("opt_out", T, is_opted_out=True), user_attributes={"plan": "pro"}))
    assert said(why)[0] == ("active, not opted out", False, True)
    assert why.criteria[0].found == "opted out"
    assert not why.tree.holds


def test_an_exclusion_is_shown_as_one():
    why = explained({"type": "exclude", "of": [asks("A"), plan_is("pro")]}, batch(custom("A", T)))
    _, excluding = why.tree.of
    assert isinstance(excluding, ExcludeNode)
    assert [part.holds for part in excluding.of] == [True, False]


def test_an_engine_explains_a_definition_as_it_was_written():
    stage = EngineStage(2)
    inner = audience(plan_is("pro"), "inner")
    outer = audience({"type": "and", "of": [{"type": "audience", "audience": "inner"}, asks("A")]}, "outer")
    stage.define(book(inner, outer), T - 1)
    stage.ingest([batch(custom("A", T), user_attributes={"plan": "pro"})], T)
    why = stage.why(1, "outer")
    member = AudienceNode(True, "inner", AndNode(True, (CriterionNode(True, 0), CriterionNode(True, 1))))
    written = AndNode(True, (member, CriterionNode(True, 2)))
    assert why.tree == AndNode(True, (CriterionNode(True, 0), written))


def test_somebody_unknown_has_no_tree():
    assert explained(asks("A"), batch(mpid=2)).tree is None
