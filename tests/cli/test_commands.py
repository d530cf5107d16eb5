"""The commands: what they print, where, and how they end."""

import ast
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import ray

from raudience.catalog.documents import read_book
from raudience.cli.main import main
from raudience.cluster.client import connect
from tests.cluster.world import BOOK, lines, write_book, write_lines

ROOT = Path(__file__).parents[2]


@pytest.fixture
def shop(tmp_path):
    """Words that name the events and the book of a small world."""
    events = write_lines(tmp_path / "events" / "all.ndjson", lines()).parent
    return [str(events), "--audiences", str(write_book(tmp_path))]


def replay(shop, tmp_path, *more: str) -> int:
    return main(["replay", *shop, "--out", str(tmp_path / "out"), "--engine", "inline", *more])


def test_a_replay_shows_sizes_adds_and_drops(shop, tmp_path, capsys):
    assert replay(shop, tmp_path) == 0
    shown = capsys.readouterr().out
    assert [line.split("│")[1].strip() for line in shown.splitlines() if line.startswith("│")] == ["buyers", "fans"]
    assert "260 events in 216 batches of 1 file(s), 99 changes" in shown


def test_a_quiet_replay_says_nothing(shop, tmp_path, capsys):
    assert replay(shop, tmp_path, "--quiet") == 0
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == ""


def test_refused_lines_show_in_the_exit_status(shop, tmp_path, capsys):
    (tmp_path / "events" / "bad.ndjson").write_text("{nothing\n")
    assert replay(shop, tmp_path) == 3
    assert "1 line(s) refused" in capsys.readouterr().out


def test_faults_of_the_book_are_all_shown(shop, tmp_path, capsys):
    (tmp_path / "book.yaml").write_text("audiences: [{key: a, name: A, criteria: {type: evnt}}, {key: b, nme: B}]")
    assert replay(shop, tmp_path) == 2
    shown = capsys.readouterr().err
    assert "book.yaml" in shown
    assert "evnt" in shown
    assert "nme" in shown
    assert "Traceback" not in shown


def test_missing_events_are_a_mistake_of_the_command(shop, tmp_path, capsys):
    assert replay(["nowhere", *shop[1:]], tmp_path) == 2
    assert "nowhere: expected an existing file" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--at", "yesterday"], "such as 2026-01-31T12:00:00Z"),
        (["--shards", "0"], "a whole number from 1 on, got 0"),
        (["--engine", "spark"], "invalid choice"),
        (["--identities", "email,custmer_id"], "got custmer_id; did you mean customer_id?"),
    ],
)
def test_wrong_options_say_what_is_expected(shop, tmp_path, capsys, words, said):
    with pytest.raises(SystemExit) as end:
        replay(shop, tmp_path, *words)
    assert end.value.code == 2
    assert said in capsys.readouterr().err


def test_identities_are_found_by_any_spelling(shop, tmp_path):
    assert replay(shop, tmp_path, "--at", "2026-01-03", "--identities", "customerId") == 0
    written = (tmp_path / "out" / "members-20260103T000000Z" / "buyers.csv").read_text()
    assert written.startswith("mpid,customer_id\n")


def test_a_place_for_snapshots_needs_a_state(shop, tmp_path, capsys):
    assert replay(shop, tmp_path, "--snapshots", "s3://shop/snapshots") == 2
    assert "snapshots s3://shop/snapshots: expected a state as well, got none" in capsys.readouterr().err


def test_a_folder_of_something_else_is_left_alone_and_named(shop, tmp_path, capsys):
    (tmp_path / "out" / "letters").mkdir(parents=True)
    assert replay(shop, tmp_path) == 2
    assert "got one with `letters` in it; choose another with --out" in capsys.readouterr().err


def test_an_option_is_not_guessed_from_its_beginning(tmp_path, capsys):
    with pytest.raises(SystemExit):
        main(["audiences", "tag", "fans", "--add", "vip", "--state", str(tmp_path)])
    assert "unrecognized arguments: --add" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [(["plan"], "What applying a folder would change"), (["audiences", "clone"], "A draft with the same definition")],
)
def test_the_help_of_a_command_says_what_it_does(capsys, words, said):
    with pytest.raises(SystemExit):
        main([*words, "--help"])
    assert said in capsys.readouterr().out


def test_a_place_without_a_state_says_how_to_begin_one(tmp_path, capsys):
    assert main(["plan", str(write_book(tmp_path)), "--state", str(tmp_path / "nowhere")]) == 2
    assert "got a place without one; look at the name, or begin one there with" in capsys.readouterr().err


def test_why_shows_each_criterion(shop, capsys):
    words = ["why", "5", "fans", "--events", *shop, "--at", "2026-01-03"]
    assert main(words) == 0
    shown = capsys.readouterr().out
    assert "5 is" in shown
    assert "fans at 2026-01-03T00:00:00.000Z" in shown
    assert sum(line.startswith(("yes  ", "no   ")) for line in shown.splitlines()) >= 3


def test_why_takes_negative_users(shop, capsys):
    assert main(["why", "-20", "buyers", "--events", *shop]) == 0
    assert capsys.readouterr().out.startswith("-20 is")


@pytest.mark.parametrize(
    "words", [["why", "2.5", "buyers"], ["user", "9223372036854775808"], ["erase", "x", "--by", "t"]]
)
def test_what_is_no_mpid_is_told(capsys, words):
    with pytest.raises(SystemExit) as end:
        main(words)
    assert end.value.code == 2
    assert "expected an MPID, a signed 64-bit whole number, got " in capsys.readouterr().err


@pytest.mark.parametrize("words", [[], ["--at", "2026-01-01"], ["--name", "shop", "--audiences", "book.yaml"]])
def test_why_asks_files_or_an_engine(capsys, words):
    assert main(["why", "5", "buyers", *words]) == 2
    assert "why: expected --events and --audiences" in capsys.readouterr().err


def test_why_asks_only_one_of_files_and_an_engine(shop, capsys):
    assert main(["why", "5", "buyers", "--events", *shop, "--state", "shop-state"]) == 2
    assert "or an engine as it is: --state or --name" in capsys.readouterr().err


def test_why_of_an_unknown_user_says_so(shop, capsys):
    assert main(["why", "999", "buyers", "--events", *shop]) == 0
    assert "this user was never seen" in capsys.readouterr().out


def test_what_a_command_does_not_use_is_not_loaded(tmp_path):
    program = (
        "import sys; from raudience.cli.main import main; status = main(['user', '5', '--state', sys.argv[1]]); "
        "print(sorted({name.partition('.')[0] for name in sys.modules})); sys.exit(status)"
    )
    with connect(engine="inline", state=tmp_path / "state"):
        pass
    words = [sys.executable, "-c", program, str(tmp_path / "state")]
    done = subprocess.run(words, cwd=ROOT, check=True, capture_output=True, text=True)
    loaded = set(ast.literal_eval(done.stdout))
    assert {"raudience", "numpy"} <= loaded
    assert loaded & {"ray", "nats", "aiohttp", "obstore", "pyarrow", "cryptography", "urllib3", "boto3"} == set()


def test_an_interrupt_while_the_program_is_loading_ends_it_without_a_traceback(tmp_path):
    (tmp_path / "mmh3.py").write_text("import threading\nprint('loading', flush=True)\nthreading.Event().wait()\n")
    words, where = [sys.executable, "-m", "raudience", "schema"], {"PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"}
    with subprocess.Popen(
        words, env={**os.environ, **where}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as command:
        assert command.stdout.readline() == "loading\n"
        command.send_signal(signal.SIGINT)
        assert command.communicate() == ("", "interrupted\n")
    assert command.returncode == 130


def test_validate_counts_audiences_and_criteria(tmp_path, capsys):
    assert main(["validate", str(write_book(tmp_path))]) == 0
    assert "good: 2 audience(s)" in capsys.readouterr().out


def test_schema_is_a_json_schema(capsys):
    assert main(["schema"]) == 0
    assert json.loads(capsys.readouterr().out)["$schema"].startswith("https://json-schema.org/")


def test_an_imported_audience_is_a_book_again(tmp_path, capsys):
    path = tmp_path / "Big Spenders.json"
    expression = {
        "operator": "equals",
        "left": {"model": "user", "path": "$.user_attributes.plan"},
        "right": "paid",
    }
    path.write_text(json.dumps({"schema_version": "1.6.0", "audience": expression}))
    assert main(["import-mparticle", str(path)]) == 0
    book = read_book(capsys.readouterr().out.encode(), "imported", "yaml")
    assert [(each.key, each.name) for each in book.audiences] == [("Big-Spenders", "Big Spenders")]


def test_what_cannot_be_imported_is_named(tmp_path, capsys):
    path = tmp_path / "odd.json"
    path.write_text('{"schema_version": "9", "audience": {"operator": "sounds_like"}}')
    assert main(["import-mparticle", str(path)]) == 2
    assert "schema_version" in capsys.readouterr().err


def test_the_module_runs_as_the_command_does(tmp_path):
    words = [sys.executable, "-m", "raudience", "validate", str(write_book(tmp_path))]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_book_of_these_tests_is_good():
    assert len(read_book(BOOK.encode(), "book.yaml", "yaml").audiences) == 2


def test_a_ray_that_does_not_answer_is_told_at_once(shop, tmp_path, capsys, monkeypatch):
    # Other tests share a Ray in this process, which would be used instead.
    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    words = ["replay", *shop, "--out", str(tmp_path / "out"), "--address", "127.0.0.1:1"]
    assert main(words) == 2
    assert "Ray at 127.0.0.1:1: expected a running cluster" in capsys.readouterr().err


def test_a_folder_that_cannot_be_written_is_told_without_a_traceback(shop, tmp_path, capsys):
    (tmp_path / "out").write_text("a file stands here")
    assert replay(shop, tmp_path) == 2
    assert "choose another with --out" in capsys.readouterr().err


def test_a_spill_folder_that_is_not_there_is_refused(shop, tmp_path, capsys):
    assert replay(shop, tmp_path, "--spill", str(tmp_path / "nowhere")) == 2
    assert "--spill: expected an existing folder" in capsys.readouterr().err
