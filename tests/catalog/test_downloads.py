"""Semantics, section 15: what may be asked of a download, and the names of its files."""

import pytest

from raudience.catalog.audiences import Audience
from raudience.catalog.downloads import (
    ALL_VARIATIONS,
    Download,
    IdentityForm,
    Selection,
    archive_name,
    check_calculated,
    check_download,
    download_of,
    file_names,
    identity_form,
)
from raudience.catalog.entries import AudienceEntry, CatalogState
from raudience.catalog.experiments import Share, make_experiment
from raudience.criteria.build import identity
from raudience.errors import FixDefinition
from tests.stories.stage import utc

AT = utc("2018-11-29T17:21:36.500Z")
TEST = make_experiment("a", [Share(40, "Platform A"), Share(40)], "ann", 1)


def asked(*selections, identities=("email",), **fields):
    return Download(selections or (selection(),), identities, **fields)


def selection(key="a", name="Potential Parisians", experiment=None, variations=()):
    return Selection(key, key, name, experiment, variations)


def faults(download):
    return [str(fault) for fault in check_download(download)]


def test_a_download_of_an_audience_with_one_identity_is_good():
    assert faults(asked()) == []


def test_row_165_variations_are_chosen_by_their_names():
    assert faults(asked(selection(experiment=TEST, variations=("platform a", "Control")))) == []


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("email", IdentityForm("email")),
        ("customerId", IdentityForm("customer_id")),
        ("email:sha256", IdentityForm("email", "sha256")),
        (" IDFA : SHA-1 ", IdentityForm("ios_advertising_id", "sha1")),
        ("email:md5", IdentityForm("email", "md5")),
        ("email:", None),
        ("email:sha512", None),
        ("e-mail", None),
        ("", None),
    ],
)
def test_an_identity_is_asked_for_as_it_is_or_hashed(text, form):
    assert identity_form(text) == form


def test_a_form_is_written_as_it_is_asked_for():
    assert [str(identity_form(text)) for text in ("customerId", "email:SHA256")] == ["customer_id", "email:sha256"]


def test_all_faults_of_a_download_are_told_at_once():
    download = Download(
        (
            selection(experiment=TEST, variations=("Platform A", "B", "PLATFORM A")),
            selection("b", variations=("Platform A",)),
            selection("a"),
        ),
        ("emial", "email", "email:sha512", "Email"),
        sample=0,
    )
    assert faults(download) == [
        "audiences[0].variations[1]: expected a variation of `a` (Platform A, Variation 2, Control), got `B`",
        "audiences[0].variations[2]: expected each variation once, got `PLATFORM A`; "
        "audiences[0].variations[0] is the same",
        "audiences[1].variations[0]: expected a variation of `b` (Control), got `Platform A`",
        "audiences[2]: expected each audience once, got `a`; audiences[0] is the same",
        "identities[0]: expected a user or device identity, such as email or email:sha256, got `emial`; "
        "did you mean `email`?",
        "identities[2]: expected a hash after the colon (md5, sha1, sha256), got `email:sha512`",
        "identities[3]: expected each identity once, got `Email`; identities[1] is the same",
        "sample: expected a whole number of users from 1 on, got `0`; leave it out for all",
    ]


def test_a_download_is_of_something():
    assert faults(Download((), ())) == [
        "audiences: expected at least one audience, got none",
        "identities: expected at least one identity, such as email or email:sha256, got none",
    ]


@pytest.mark.parametrize(
    ("status", "calculated", "told"),
    [
        ("active", True, []),
        ("active", False, ["which is being filled; try again when it is filled"]),
        ("draft", False, ["which is draft; activate it first"]),
        ("archived", True, ["which is archived; activate it first"]),
    ],
)
def test_row_170_only_calculated_audiences_are_downloaded(status, calculated, told):
    found = [str(fault) for fault in check_calculated("a", status, calculated)]
    assert found == [f"audiences: expected an audience that is active and calculated, got `a`, {each}" for each in told]


def entry(key, status="active", in_force=1, external_name=None, experiment=None):
    audience = Audience(key, key.upper(), identity("email").exists())
    return AudienceEntry(
        key, audience.name, external_name, status, "private", (), "ann", 1, "ann", 1, (), in_force,
        experiment=experiment,
    )  # fmt: skip


CATALOG = CatalogState(
    audiences={
        each.key: each
        for each in (
            entry("a", external_name="Low Engagement", experiment=TEST), entry("b"), entry("d", "draft", 0),
            entry("f", in_force=0), entry("x", "deleted"),
        )
    }
)  # fmt: skip


def test_a_download_knows_audiences_by_the_names_that_partners_see():
    assert download_of(CATALOG, ["b", "a"], ["email"]).selections == (
        Selection("b", "b", "B"),
        Selection("a", "a", "Low Engagement", TEST),
    )


def test_all_variations_are_those_of_each_audience_and_an_audience_without_a_test_is_one_file():
    chosen = download_of(CATALOG, ["a", "b"], ["email"], ALL_VARIATIONS).selections
    assert [each.variations for each in chosen] == [("Platform A", "Variation 2", "Control"), ()]


def test_row_170_an_audience_that_is_not_there_or_not_calculated_is_refused_with_all_other_faults():
    with pytest.raises(FixDefinition) as refused:
        download_of(CATALOG, ["nobody", "d", "f", "x", "b"], ["emial"], sample=-1)
    assert [(fault.path, fault.got) for fault in refused.value.faults] == [
        ("audiences[0]", "`nobody`"),
        ("audiences[1]", "`d`, which is draft"),
        ("audiences[2]", "`f`, which is being filled"),
        ("audiences[3]", "`x`"),
        ("identities[0]", "`emial`"),
        ("sample", "`-1`"),
    ]
    assert refused.value.faults[0].expected == "the key of an audience (a, b, d, f)"


def test_row_168_a_file_is_named_by_id_name_without_spaces_time_and_date():
    download = Download((Selection("parisians", 8754, "Potential Parisians"),), ("email",))
    assert file_names(download, AT) == ["8754_PotentialParisians_172136Nov292018.csv"]


def test_a_file_of_a_variation_has_both_names():
    download = asked(selection(name="Low Engagement", experiment=TEST, variations=("platform a", "control")))
    assert file_names(download, AT) == [
        "a_LowEngagement-PlatformA_172136Nov292018.csv",
        "a_LowEngagement-Control_172136Nov292018.csv",
    ]


def test_a_file_name_holds_nothing_that_a_file_system_minds():
    download = asked(selection(name='../A/B: "50\n%"?'))
    assert file_names(download, AT) == ["a_.._A_B__50%___172136Nov292018.csv"]


def test_a_long_name_is_cut():
    assert len(file_names(asked(selection(name="x" * 5_000)), AT)[0]) < 200


def test_files_have_names_of_their_own():
    test = make_experiment("a", [Share(10, "A 1"), Share(10, "a1"), Share(10, "A1 b")], "ann", 1)
    download = asked(
        selection(experiment=test, variations=("A 1", "a1", "A1 b")), selection("A", "Potential Parisians")
    )
    names = [name.removesuffix("_172136Nov292018.csv") for name in file_names(download, AT)]
    assert names == [
        "a_PotentialParisians-A1",
        "a_PotentialParisians-a1-2",
        "a_PotentialParisians-A1b",
        "A_PotentialParisians",
    ]


def test_an_archive_is_named_by_time_and_id():
    assert archive_name("9dd9b6dc-f0ec-4acf-8b18-f3a357afe1c3", AT) == "Audiences_172136Nov292018_9dd9.zip"
