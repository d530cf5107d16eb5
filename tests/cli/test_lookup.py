"""`raudience user`, `members`, `changes` over a state."""

import json

from raudience.cli.main import main
from raudience.cluster.client import connect


def lines(capsys):
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_user_is_shown_with_entry_and_expiry(kept, capsys):
    assert main(["user", "-20", *kept, "--json"]) == 0
    assert lines(capsys) == [
        {"audience": "buyers", "entered": "2026-01-01T20:00:00.000Z", "expires": "2026-01-02T13:20:00.001Z"}
    ]
    assert main(["user", "-20", *kept]) == 0
    assert capsys.readouterr().out.split("\n")[1].split() == [
        "buyers", "2026-01-01T20:00:00.000Z", "2026-01-02T13:20:00.001Z",
    ]  # fmt: skip


def test_members_come_in_pages(kept, capsys):
    assert main(["members", "buyers", *kept, "--most", "3", "--identities", "email"]) == 0
    shown = capsys.readouterr().out.splitlines()
    assert shown[-1] == f"The next page begins with --after {shown[3].split()[0]}"
    assert main(["members", "buyers", *kept, "--after", shown[3].split()[0], "--json"]) == 0
    assert int(lines(capsys)[0]["mpid"]) > int(shown[3].split()[0])


def test_changes_end_with_the_position_to_read_on_from(kept, capsys):
    assert main(["changes", "--user", "-20", *kept, "--json"]) == 0
    *found, last = lines(capsys)
    assert [(each["audience"], each["mpid"], each["change"]) for each in found] == [("buyers", "-20", "in")]
    assert main(["changes", "--after", str(last["position"]), *kept]) == 0
    assert capsys.readouterr().out == f"Read on with --after {last['position']}\n"


def test_an_audience_that_is_not_there_is_a_mistake_with_a_hint_and_shows_nothing(kept, capsys):
    for command in (["changes", "--audience", "buyer"], ["members", "buyer"]):
        assert main([*command, *kept]) == 2
        told = capsys.readouterr()
        assert (told.out, told.err) == (
            "", "raudience: audience: expected one of buyers, fans; got buyer; did you mean buyers?\n",
        )  # fmt: skip


def test_of_a_user_without_audiences_it_is_said_whether_anything_was_seen(kept, capsys):
    assert main(["user", "987654", *kept]) == 0
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err == "user 987654 was never seen, or not since what is kept: see that it is an MPID\n"
    with connect(engine="inline", state=kept[1]) as client:
        away = next(mpid for mpid in range(-30, 30) if client.seen(mpid) and not client.user(mpid))
    assert main(["user", str(away), *kept, "--json"]) == 0
    told = capsys.readouterr()
    assert (told.out, told.err) == ("", f"user {away} is in no audience\n")
