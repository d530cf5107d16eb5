"""Semantics, section 14: shares, names and checks of A/B tests."""

import msgspec
import pytest

from raudience.catalog.experiments import (
    Experiment,
    Share,
    Variation,
    check_experiment,
    control_share,
    forwarded_name,
    make_experiment,
    percent_text,
    place_of_variation,
    seed_of,
    variations,
)
from raudience.errors import FixDefinition, FixRequest


def made(*shares):
    return make_experiment("low-engagement", [Share(*share) for share in shares], "ann", 1_000)


def faults(*shares):
    return [str(fault) for fault in check_experiment([Share(*share) for share in shares])]


def test_row_142_without_a_test_there_is_control_with_all():
    assert variations(None) == (Variation("Control", 10_000),)
    assert control_share(None) == 10_000


@pytest.mark.parametrize(
    ("shares", "control"),
    [
        ([(40,), (40,)], 2_000),
        ([(100,)], 0),
        ([(33.33,), ("33.33",), (0.01,)], 3_333),
        ([("12.50 %",)], 8_750),
    ],
)
def test_row_143_control_is_what_the_others_leave_over(shares, control):
    assert control_share(made(*shares)) == control


def test_control_is_the_last_variation_also_when_nothing_is_left_for_it():
    assert variations(made((60, "A"), (40, "B"))) == (
        Variation("A", 6_000),
        Variation("B", 4_000),
        Variation("Control", 0),
    )


def test_row_144_more_than_100_percent_is_refused():
    assert faults((60,), (41,)) == [
        "variations: expected at most 100 % in all, got 101 %; "
        "take away at least 1 %; Control gets what the others leave over"
    ]
    assert faults((100.01,)) == [
        "variations: expected at most 100 % in all, got 100.01 %; "
        "take away at least 0.01 %; Control gets what the others leave over"
    ]


def test_row_145_control_is_one_of_the_five():
    assert faults(*[(10,)] * 4) == []
    assert faults(*[(10,)] * 5) == [
        "variations: expected at most 4 variations besides Control, got 5; a test has up to 5, Control included"
    ]


def test_a_test_has_a_variation():
    assert faults() == [
        "variations: expected at least one variation besides Control, got none; "
        "an audience without a test has only Control"
    ]


@pytest.mark.parametrize("percent", [0, -5, "0.00", -0.01])
def test_a_share_of_nothing_or_less_is_refused(percent):
    assert faults((percent,)) == [
        f"variations[0].percent: expected a percentage above 0 with at most two decimals, got `{percent}`; "
        "leave out a variation that nobody is to be in"
    ]


@pytest.mark.parametrize("percent", [33.333, "0.001", "forty", "", "1e1", "NaN", float("inf"), "4,5", True, "٤٠"])
def test_a_share_is_a_number_with_at_most_two_decimals(percent):
    assert faults((percent,)) == [
        f"variations[0].percent: expected a percentage above 0 with at most two decimals, got `{percent}`; "
        "the smallest step is 0.01 %"
    ]


def test_a_share_of_thousands_of_digits_is_refused_like_others():
    assert faults((10**5_000,)) == [
        "variations[0].percent: expected a percentage above 0 with at most two decimals, "
        "got `a number of many digits`; the smallest step is 0.01 %"
    ]


def test_a_share_may_be_written_with_zeros_behind():
    assert made(("12.500",)).variations == (Variation("Variation 1", 1_250),)


def test_row_146_a_variation_has_the_name_it_is_given_or_one_by_its_place():
    assert [each.name for each in variations(made((10,), (10, " Platform A "), (10,)))] == [
        "Variation 1",
        "Platform A",
        "Variation 3",
        "Control",
    ]


def test_a_name_by_place_is_never_one_that_was_given():
    names = [each.name for each in made((10,), (10, "variation 1"), (10, "Variation 2"), (10,)).variations]
    assert names == ["Variation 3", "variation 1", "Variation 2", "Variation 4"]


@pytest.mark.parametrize("other", ["Platform A", "platform a", " PLATFORM A", "Platform\u00a0A"])
def test_names_that_differ_by_case_or_spaces_around_are_one(other):
    assert (faults((10, "Platform A"), (10, other)) != []) == (other.strip().lower() == "platform a")


def test_a_name_that_is_taken_says_by_whom():
    assert faults((10, "É"), (10,), (10, "e\u0301")) == [
        "variations[2].name: expected a name of its own, got `e\u0301`; "
        "variations[0] has the same; case and spaces around a name do not count"
    ]


@pytest.mark.parametrize("name", ["Control", "control", " CONTROL "])
def test_the_name_of_control_is_reserved(name):
    assert faults((10, name)) == [
        f"variations[0].name: expected a name other than Control, got `{name}`; Control is what the others leave over"
    ]


@pytest.mark.parametrize(("name", "got"), [("", "an empty one"), (" ", "an empty one"), ("x" * 101, "101 characters")])
def test_a_name_that_is_given_has_1_to_100_characters(name, got):
    assert faults((10, name)) == [
        f"variations[0].name: expected a text of 1 to 100 characters, got {got}; leave it out for a name by place"
    ]


def test_all_faults_are_told_at_once():
    shares = [Share(60, "A"), Share(-1, "Control"), Share("x", "a"), Share(41, ""), Share(10), Share(1)]
    with pytest.raises(FixDefinition) as refused:
        make_experiment("a", shares, "ann", 1)
    assert [fault.path for fault in refused.value.faults] == [
        "variations[1].percent",
        "variations[1].name",
        "variations[2].percent",
        "variations[2].name",
        "variations[3].name",
        "variations",
        "variations",
    ]
    assert str(refused.value).startswith("A/B test of a: 7 fault(s)")


def test_a_test_is_read_back_as_it_was_written():
    experiment = made((40, "Platform A"), ("40.25",))
    assert msgspec.json.decode(msgspec.json.encode(experiment), type=Experiment) == experiment


def test_shares_are_read_from_documents_as_numbers_or_texts():
    document = b'[{"percent": 40.25, "name": "A"}, {"percent": "9.99"}, {"percent": 7}]'
    assert [each.share for each in made(*_tuples(document)).variations] == [4_025, 999, 700]


def _tuples(document):
    return [(share.percent, share.name) for share in msgspec.json.decode(document, type=list[Share])]


def test_the_id_of_a_test_and_its_seed_are_the_same_for_ever():
    experiment = made((40,))
    assert (experiment.id, seed_of(experiment)) == ("e690c67bfe5deb1a946ded9446c354d1", 1_523_517_422)


def test_a_test_of_another_audience_or_instant_has_another_id():
    ids = {make_experiment(audience, [Share(10)], "ann", now).id for audience in ("a", "b") for now in (1_000, 1_001)}
    assert len(ids) == 4


def test_a_variation_is_found_as_names_are_compared():
    experiment = made((10, "Platform A"), (10,))
    assert [place_of_variation(experiment, name) for name in ("platform a", "Variation 2", "CONTROL")] == [0, 1, 2]
    assert place_of_variation(None, "Control") == 0


def test_a_variation_that_is_not_there_is_answered_with_those_that_are():
    with pytest.raises(FixRequest, match=r"^variation: expected one of Platform A, Control; got Platform B$"):
        place_of_variation(made((10, "Platform A")), "Platform B")


def test_rows_22_and_23_outputs_get_the_external_name_or_the_name():
    assert forwarded_name("x1", "Big Spenders") == "Big Spenders"
    assert forwarded_name("x1", None) == "x1"


def test_row_153_a_variation_is_forwarded_under_both_names():
    assert forwarded_name("x1", "Low Engagement", "Platform A") == "Low Engagement - Platform A"


def test_row_154_without_an_external_name_the_name_takes_its_place():
    assert forwarded_name("x1", None, "Platform A") == "x1 - Platform A"


@pytest.mark.parametrize(("share", "text"), [(4_000, "40 %"), (1_250, "12.5 %"), (1, "0.01 %"), (10_000, "100 %")])
def test_shares_are_shown_as_people_write_them(share, text):
    assert percent_text(share) == text
