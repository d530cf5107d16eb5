"""`raudience erase`, `opt-out`, `receipts` over a state."""

import json

import pytest

from raudience.cli.main import main


def test_an_erased_user_is_in_nothing_and_has_a_receipt(kept, capsys):
    assert main(["erase", "-20", "--by", "ticket 7", *kept]) == 0
    shown = capsys.readouterr().out
    assert "1 profiles, 4 events, 1 memberships, 3 attributes, 2 links" in shown
    assert "-20" not in shown.replace("2026-", "")
    assert main(["user", "-20", "--json", *kept]) == 0
    assert capsys.readouterr().out == ""
    assert main(["receipts", "--user", "-20", "--json", *kept]) == 0
    receipt = json.loads(capsys.readouterr().out)
    assert (receipt["kind"], receipt["by"], receipt["at"]) == ("erasure", "ticket 7", "2026-01-01T20:00:00.000Z")
    assert receipt["purged_at"]


def test_an_erasure_needs_somebody_who_asks_for_it(kept, capsys):
    with pytest.raises(SystemExit):
        main(["erase", "-20", *kept])
    assert "--by" in capsys.readouterr().err


def test_opting_out_and_in_again(kept, capsys):
    assert main(["opt-out", "-20", "--by", "me", *kept]) == 0
    assert main(["user", "-20", "--json", *kept]) == 0
    assert capsys.readouterr().out.count("buyers") == 0
    assert main(["opt-out", "-20", "--undo", "--by", "me", *kept]) == 0
    assert main(["user", "-20", "--json", *kept]) == 0
    assert capsys.readouterr().out.count("buyers") == 1
    assert main(["receipts", *kept, "--json"]) == 0
    assert [json.loads(line)["kind"] for line in capsys.readouterr().out.splitlines()] == ["opt_out", "opt_in"]
