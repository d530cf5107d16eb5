"""Settings by the tables of a partner: read as people type them, filled, and every fault told at once."""

import pytest

from raudience.forward.partner import Setting
from raudience.forward.settings import apart, faults_of, filled, read_texts

TABLE = (
    Setting("account", "Account ID", required=True, help="as in the address"),
    Setting("token", "Token", required=True, secret=True),
    Setting("region", "Region", "choice", "eu", choices=("eu", "us")),
    Setting("emails", "Forward Emails", "flag", True),
    Setting("rows", "Rows a request", "number"),
)
GOOD = {"account": "7", "token": "t0p"}


def faults(given, kept=()):
    return [str(fault) for fault in faults_of(TABLE, given, kept)]


def test_what_is_not_given_has_its_default_or_is_not_there():
    assert faults(GOOD) == []
    assert filled(TABLE, GOOD) == {"account": "7", "token": "t0p", "region": "eu", "emails": True}


def test_every_fault_is_told_at_once_in_the_order_of_the_table():
    assert faults({"account": "", "region": "cn", "emails": "perhaps", "rows": 1.5, "acount": "7"}) == [
        "settings.account: expected a value: Account ID, got none; as in the address",
        "settings.token: expected a value: Token, got none",
        "settings.region: expected one of eu, us, got `cn`",
        "settings.emails: expected true or false, got `perhaps`",
        "settings.rows: expected a whole number, got `1.5`",
        "settings.acount: expected a setting of this partner (account, ...), got `acount`",
    ]


def test_a_flag_is_no_number_and_a_number_no_text():
    assert faults({**GOOD, "rows": True}) == ["settings.rows: expected a whole number, got `True`"]
    assert faults({**GOOD, "account": 7}) == ["settings.account: expected a text, got `7`; as in the address"]


def test_a_fault_of_a_secret_does_not_tell_it():
    assert faults({"account": "7", "token": 1234}) == [
        "settings.token: expected a text, got another one, which is secret"
    ]


def test_numbers_and_texts_keep_to_the_bounds_of_their_setting():
    table = (
        Setting("folder", "Folder", begins=("/", "s3://")),
        Setting("secret", "Secret", secret=True, least=4),
        Setting("rows", "Rows a request", "number", least=1, most=5_000, help="1 to 5,000"),
    )
    assert faults_of(table, {"folder": " /data", "secret": "s3cr", "rows": 5_000}) == []
    assert [str(fault) for fault in faults_of(table, {"folder": "data", "secret": "s3c", "rows": 0})] == [
        "settings.folder: expected a text that begins with one of /, s3://, got `data`",
        "settings.secret: expected a text of 4 letters or more, got another one, which is secret",
        "settings.rows: expected a whole number of 1 or more, got `0`; 1 to 5,000",
    ]
    assert [str(fault) for fault in faults_of(table, {"rows": 5_001})] == [
        "settings.rows: expected a whole number of 5,000 at most, got `5001`; 1 to 5,000"
    ]


def test_a_secret_that_is_there_already_is_not_asked_for_again_and_cannot_be_emptied():
    assert faults({"account": "7"}, kept=("token",)) == []
    assert faults({"account": "7", "token": ""}, kept=("token",)) == [
        "settings.token: expected a value: Token, got none"
    ]


@pytest.mark.parametrize(
    ("texts", "read"),
    [
        ({"emails": "No"}, {"emails": False}),
        ({"emails": "perhaps"}, {"emails": "perhaps"}),
        ({"rows": "500"}, {"rows": 500}),
        ({"rows": "many"}, {"rows": "many"}),
        ({"account": "007"}, {"account": "007"}),
        ({"strange": "true"}, {"strange": "true"}),
    ],
)
def test_texts_are_read_by_the_type_of_the_setting(texts, read):
    assert read_texts(TABLE, texts) == read


def test_secrets_are_told_apart():
    assert apart(TABLE, {**GOOD, "emails": True}) == ({"account": "7", "emails": True}, {"token": "t0p"})
