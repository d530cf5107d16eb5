"""All faults of a document are told at once, each once, in the order of the document."""

import pytest

from raudience.catalog.documents import read_book
from raudience.catalog.nearest import lacking
from raudience.errors import FixDefinition


def paths(text: str) -> list[str]:
    with pytest.raises(FixDefinition) as refused:
        read_book(text.encode(), "book.yaml", "yaml")
    return [fault.path for fault in refused.value.faults]


def test_faults_of_form_and_of_meaning_are_told_together() -> None:
    text = """
    setings: {}
    settings: {lookback: 30, retention: 0 days}
    inputs: [{key: web, workspace: shop}, {key: web, workspace: shop}]
    audiences:
    - key: a
      nmae: A
      criteria:
      - {type: event, kind: custom, recency: {op: on, date: 2018-13-09}, where: [{attribute: a, test: {op: containz}}]}
      - and
      - {type: user_attribute, name: plan, name: plan, test: {op: exact_match, value: 2.10}}
      - and
      - [{type: audience, audience: nobody}, or, {type: identity, name: emial, test: {op: exists}}]
    - key: a
      name: ""
      workspaces: [shop, cellar]
      inputs: [app]
      version: 0
      criteria: {type: event, kind: custom, frequency: {at_least: x, exactly: 4}}
    """
    assert paths(text) == [
        "setings",
        "settings.lookback",
        "settings.retention",
        "inputs[1].key",
        "audiences[0].nmae",
        "audiences[0].criteria[0].recency.date",
        "audiences[0].criteria[0].where[0].test.op",
        "audiences[0].criteria[2].name",
        "audiences[0].criteria[2].test.value",
        "audiences[0].criteria[4][0].audience",
        "audiences[0].criteria[4][2].name",
        "audiences[1].key",
        "audiences[1].name",
        "audiences[1].workspaces[1]",
        "audiences[1].inputs[0]",
        "audiences[1].version",
        "audiences[1].criteria.frequency",
        "audiences[1].criteria.frequency.at_least",
    ]


EXISTS = "{type: identity, name: email, test: {op: exists}}"


def audience(key: str, criteria: str, rest: str = "") -> str:
    return f"{{key: {key}, name: N, criteria: {criteria}{rest}}}"


def member(key: str) -> str:
    return f"{{type: audience, audience: {key}}}"


@pytest.mark.parametrize(
    ("audiences", "expected"),
    [
        pytest.param(
            [audience("a", EXISTS), audience("b", member("a")), audience("c", member("b"))],
            ["audiences[2].criteria.audience"],
            id="121-nested-deeper",
        ),
        pytest.param(
            [audience("a", member("d")), audience("b", member("a")), audience("d", EXISTS)],
            ["audiences[1].criteria.audience"],
            id="122-also-later",
        ),
        pytest.param([audience("a", member("a"))], ["audiences[0].criteria.audience"], id="123-itself"),
        pytest.param(
            [audience("a", member("b")), audience("b", member("a"))],
            ["audiences[0].criteria.audience", "audiences[1].criteria.audience"],
            id="123-each-other",
        ),
        pytest.param([audience("a/b", EXISTS)], ["audiences[0].key"], id="key-is-for-machines"),
        pytest.param(
            [f"{{key: a, name: {'n' * 101}, external_name: {'n' * 101}, criteria: {EXISTS}}}"],
            ["audiences[0].name", "audiences[0].external_name"],
            id="22-names-of-100-characters",
        ),
        pytest.param(["5"], ["audiences[0]"], id="no-mapping"),
        pytest.param(["{key: a, name: A}"], ["audiences[0].criteria"], id="no-criteria"),
    ],
)
def test_rules_between_audiences(audiences: list[str], expected: list[str]) -> None:
    assert paths(f"audiences: [{', '.join(audiences)}]") == expected


INPUTS = "inputs: [{key: web, workspace: shop}, {key: till, workspace: cafe}]"


@pytest.mark.parametrize(
    ("rest", "expected"),
    [
        pytest.param("", ["audiences[0].criteria.workspace"], id="20-several-workspaces"),
        pytest.param(", workspaces: [shop]", [], id="20-one-workspace-is-implied"),
        pytest.param(", workspaces: [shop], inputs: [till]", ["audiences[0].inputs[0]"], id="13-input-elsewhere"),
        pytest.param(", workspaces: [default]", [], id="inputs-that-are-not-listed"),
    ],
)
def test_sources(rest: str, expected: list[str]) -> None:
    criteria = "{type: user_attribute, name: plan, test: {op: exists}}"
    text = f"{INPUTS}\naudiences: [{audience('a', criteria, rest)}]"
    if expected:
        assert paths(text) == expected
    else:
        assert len(read_book(text.encode(), "book.yaml", "yaml").audiences) == 1


def test_20_in_a_list_the_path_is_that_of_the_list() -> None:
    criteria = f"[{EXISTS}, or, {{type: user_attribute, name: plan, test: {{op: exists}}}}]"
    assert paths(f"{INPUTS}\naudiences: [{audience('a', criteria)}]") == ["audiences[0].criteria[2].workspace"]


@pytest.mark.parametrize(
    ("data", "form", "fault"),
    [
        (b"{", "json", "line 1, column 2: expected JSON, got Expecting property name"),
        (b'{"audiences": [NaN]}', "json", "document: expected JSON, got NaN"),
        (b'{"audiences": [], "audiences": []}', "json", "audiences: expected one value, got the same key twice"),
        (b"\xff", "json", "byte 0: expected UTF-8, got"),
        (b"[" * 100_000, "json", "document: expected a document of moderate depth"),
        (b"[" * 100_000, "yaml", "document: expected a document of moderate depth"),
        (b"audiences: [", "yaml", "line "),
        (b"audiences: []\n---\naudiences: []", "yaml", "line 2, column 1: expected YAML, got"),
        (b"audiences: []\naudiences: []", "yaml", "audiences: expected one value, got the same key twice"),
        (b"audiences: !!python/object/apply:os.getcwd []", "yaml", "line 1, column 12: expected YAML, got"),
        (b"? [a]\n: b", "yaml", "line 1, column 3: expected YAML, got a key that is no text"),
        (b"audiences: &a\n- *a", "yaml", "line 1, column 12: expected YAML, got"),
        (b"", "yaml", "document: expected a mapping, got nothing"),
        (b"{}", "json", "audiences: expected a list, got nothing"),
        (b'{"audiences": {}}', "json", "audiences: expected a list, got a mapping"),
        (rb'{"audiences": [], "inputs": [{"key": "\ud800"}]}', "json", "inputs[0].key: expected a text of Unicode"),
    ],
)  # fmt: skip
def test_what_is_no_document_is_refused(data: bytes, form: str, fault: str) -> None:
    with pytest.raises(FixDefinition) as refused:
        read_book(data, "book", form)  # type: ignore[arg-type]
    assert str(refused.value.faults[0]).startswith(fault)


def test_parts_that_repeat_without_end_are_refused() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{depth}: &a{depth} [{', '.join([f'*a{depth - 1}'] * 10)}]" for depth in range(1, 8)]
    assert paths("\n".join([*lines, "audiences: [*a7]"]))[-1] == "audiences[0]"


def test_of_many_audiences_some_are_named_and_the_one_that_is_meant():
    keys = [f"a{number}" for number in range(300)]
    assert lacking("buyers", ["fans"]) == "audience: expected one of fans; got buyers"
    assert lacking("a", []) == "audience: expected one of none; got a"
    assert lacking("b299", keys).startswith(
        "audience: expected one of a0, a1, a10, a100, a101, ... (300 in all); got b299"
    )
