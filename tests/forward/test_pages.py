"""What pages about partners show works."""

import json
import re
from pathlib import Path

from raudience.forward.members import WHOLE, Member, encode
from raudience.forward.partner import Forwarded, Item
from raudience.forward.partners import PARTNERS
from raudience.forward.partners.firehose import NAMES
from raudience.forward.partners.webhook import Webhook
from tests.forward.cases import PLAIN, setting
from tests.forward.conformance import Case, World
from tests.forward.fakes.switched import Switched

DOCS = Path(__file__).parents[2] / "docs"
NOW = 1_767_607_200_123


def shown(page):
    """The names that the Python of a page defines."""
    (program,) = re.findall(r"```python\n(.*?)```", (DOCS / page).read_text(encoding="utf-8"), re.DOTALL)
    names = {}
    exec(compile(program, page, "exec"), names)
    return names


class Board(Switched):
    """What lines say is done."""

    token = "t"

    def __init__(self):
        super().__init__()
        self.held = set()

    def answer(self, method, url, headers, body, now):
        if headers["authorization"] != f"Bearer {self.token}":
            return 401, {}, b""
        for line in json.loads(body)["lines"]:
            sign, rest = line.split(" ", 1)
            (self.held.add if sign == "+" else self.held.discard)(rest)
        return 200, {}, b""

    def members(self, name, kind, now):
        lines = [json.loads(rest.removeprefix(f"{name} ")) for rest in self.held]
        return {value for line in lines for value in line["identities"].get(kind, ())}


def test_every_partner_has_a_page_that_names_its_settings_of_the_output():
    for partner in PARTNERS.values():
        text = (DOCS.parent / partner.docs).read_text(encoding="utf-8")
        assert [
            each.name
            for each in partner.output_settings
            if f"`{each.name}`" not in text and each.label.lower() not in text.lower()
        ] == []


def test_the_partner_of_the_page_on_adding_one_ends_exact():
    case = Case(
        shown("add-a-partner.md")["Bulletin"](),
        {"address": "https://board.example", "token": "t"},
        PLAIN,
        Board,
        Board.members,
        limit=None,
        shut=setting(token="another"),
        open=setting(token="t"),
        ended=None,
    )
    world = World(case)
    world.stands(1, "ann@x.org", "7")
    world.stands(2, "bob@x.org")
    world.cuts = ["before", "after"]
    world.settle()
    case.shut(world.fake)
    world.leaves(2)
    world.settle()
    assert type(world.fault).__name__ == "SignInAgain"
    case.open(world.fake)
    world.resume()
    world.check()


def test_the_receiver_of_the_page_on_webhooks_knows_our_signature_and_ends_exact():
    names, hook = shown("partners/webhook.md"), Webhook()
    settings = {"address": "https://crm.example.org/audiences", "secret": "s3cret"}
    listed = hook.own_list(Forwarded("c7", "big-spenders", None, "Big Spenders"))
    held = {}

    def told(request, late=0):
        signed = hook.sign(request, settings, "n", NOW)
        assert names["is_signed"]("s3cret", dict(signed.headers), signed.body, NOW / 1_000 + late) is (late < 300)
        assert not names["is_signed"]("other", dict(signed.headers), signed.body, NOW / 1_000)
        assert not names["is_signed"]("s3cret", dict(signed.headers), signed.body + b" ", NOW / 1_000)
        names["take"](held, json.loads(signed.body))
        return {mpid: member["identities"] for (_, mpid), (_, member) in held.items() if member}

    ann, bob, new = (encode(Member(*each)) for each in ((1, {"email": ("a",)}), (2, {}), (2, {"email": ("b",)})))
    first = hook.send(settings, listed, WHOLE, [Item(ann, True), Item(bob, True)], NOW)
    second = hook.send(settings, listed, WHOLE, [Item(ann, False), Item(new, True, (bob,))], NOW + 1)
    assert told(first) == {"1": {"email": ["a"]}, "2": {}}
    assert told(second) == {"2": {"email": ["b"]}}
    assert told(first, late=400) == {"2": {"email": ["b"]}}
    assert told(hook.delete_list(settings, listed, NOW + 2)) == {}


def test_the_event_of_the_page_on_webhooks_is_what_is_sent():
    text = (DOCS / "partners/webhook.md").read_text(encoding="utf-8")
    (event,) = json.loads(re.search(r"```json\n(.*?)```", text, re.DOTALL)[1])
    data = event["data"]
    listed = Webhook().own_list(Forwarded(data["connection"], data["audience"], data["variation"], data["name"]))
    settings = {"address": "https://crm.example.org", "source": event["source"]}
    items = [Item(encode(Member(-40_217, {"email": ("ann@example.org",)}, {"ltv": 420.5})), True)]
    assert json.loads(Webhook().send(settings, listed, WHOLE, items, 1_767_607_200_123).body) == [event]


def test_the_line_of_the_page_on_files_is_what_is_written():
    text = (DOCS / "partners/files.md").read_text(encoding="utf-8")
    listed = PARTNERS["files"].own_list(Forwarded("c7", "big-spenders", None, "Big Spenders"))
    items = [Item(encode(Member(-40_217, {"email": ("ann@example.org",)}, {"ltv": 420.5})), False)]
    request = PARTNERS["files"].send({"folder": "/data"}, listed, WHOLE, items, NOW)
    assert request.body.decode() in text
    assert request.url.rpartition("/")[2] in text


def test_the_record_of_the_page_on_kinesis_firehose_is_what_is_sent():
    text = (DOCS / "partners/firehose.md").read_text(encoding="utf-8")
    listed = PARTNERS["firehose"].own_list(Forwarded("c7", "big-spenders", None, "Big Spenders"))
    items = [Item(encode(Member(-40_217, {"email": ("ann@example.org",)}, {"ltv": 420.5})), True)]
    assert PARTNERS["firehose"].send({}, listed, WHOLE, items, NOW).body.decode() in text


def test_the_page_on_kinesis_firehose_names_all_identities_and_settings():
    text = (DOCS / "partners/firehose.md").read_text(encoding="utf-8")
    names = {f"`{name}`" for name in NAMES.values() if not name.startswith("Other")}
    assert [name for name in names if name not in text] == []
    assert [each.name for each in PARTNERS["firehose"].connection_settings if f"`{each.name}`" not in text] == []
