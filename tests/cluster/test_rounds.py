"""Any order of lines in any files becomes one order of rounds, in bounded memory."""

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from raudience.cluster.decoding import read_part
from raudience.cluster.reading import Part
from raudience.cluster.rounds import Merge, _few, rounds
from raudience.cluster.spill import stretch, write_run
from raudience.ingest.batches import decode
from tests.ingest.shown import batch, event, rows


def runs_of(folder, parts, piece=3):
    """A run of each list of documents."""
    return [write_run(folder / f"run{number}", [stretch([decode(part)])], piece) for number, part in enumerate(parts)]


def replayed(parts, events=4, piece=3):
    """(rows of all rounds, sizes of rounds, instants of rounds)."""
    with tempfile.TemporaryDirectory() as name:
        found = list(rounds(runs_of(Path(name), parts, piece), Path(name), events))
    shown = [rows(each.block) for each in found]
    return [row for each in shown for row in each], [len(each) for each in shown], [each.now for each in found]


def at(stamp, request=None, mpid=1, **fields):
    return batch(mpid=mpid, timestamp_unixtime_ms=stamp, source_request_id=request, **fields)


documents = st.lists(
    st.builds(
        at,
        st.integers(1, 5),
        st.sampled_from([None, "a", "b", "B", "aa"]),
        mpid=st.integers(1, 3),
        user_attributes=st.sampled_from([{}, {"x": 1}, {"x": "y"}]),
        events=st.lists(
            st.sampled_from([event("session_start"), event("uninstall", source_message_id="m")]), max_size=2
        ),
    ),
    max_size=12,
)


@given(documents, st.randoms(), st.integers(1, 4), st.integers(1, 9), st.integers(1, 5))
@settings(max_examples=150, deadline=None)
def test_order_of_lines_cut_in_files_and_sizes_change_nothing(lines, chance, files, events, piece):
    expected = replayed([lines], events=1000)[0]
    chance.shuffle(lines)
    parts = [lines[number::files] for number in range(files)]
    assert replayed(parts, events, piece)[0] == expected


@given(documents, st.integers(1, 9))
@settings(max_examples=60, deadline=None)
def test_no_instant_is_split_and_rounds_go_forward(lines, events):
    shown, sizes, nows = replayed([lines[::2], lines[1::2]], events)
    ends = [sum(sizes[: number + 1]) for number in range(len(sizes))]
    instants = [row[1] for row in shown]
    assert instants == sorted(instants)
    assert nows == [instants[end - 1] for end in ends]
    assert nows == sorted(set(nows))


def test_equal_times_go_by_request_id_as_text_then_by_content():
    lines = [at(5, "b"), at(5, "a", mpid=2), at(5, "a", mpid=3), at(5, "B"), at(4, "z"), at(5)]
    shown = [row[0] for row in replayed([lines])[0]]
    assert shown in ([1, 1, 1, 2, 3, 1], [1, 1, 1, 3, 2, 1])


def test_a_round_has_the_events_asked_for():
    lines = [at(stamp, events=[event("session_start")] * 2) for stamp in range(1, 11)]
    assert replayed([lines[::2], lines[1::2]], events=4)[1] == [2, 2, 2, 2, 2]


def test_an_instant_larger_than_a_round_is_one_round():
    lines = [at(5, events=[event("session_start")])] * 20 + [at(9)]
    assert replayed([lines], events=3)[1] == [20, 1]


def test_no_batches_make_no_rounds():
    assert replayed([[], []]) == ([], [], [])


def test_memory_holds_a_piece_of_each_run_and_a_round(tmp_path):
    lines = [at(stamp, events=[event("session_start")]) for stamp in range(1, 2001)]
    runs = runs_of(tmp_path, [lines[number::4] for number in range(4)], piece=10)
    merge = Merge(runs, events=50)
    assert sum(len(each) for each in merge) == 2000
    assert merge.held <= 50 + 4 * 10 + 10


def test_words_do_not_pile_up(tmp_path):
    lines = [at(stamp, user_identities={"email": f"e{stamp}"}) for stamp in range(1, 1001)]
    found = rounds(runs_of(tmp_path, [lines[::2], lines[1::2]], piece=10), tmp_path, 50)
    assert max(len(each.block.batches.fields[0].column.words) for each in found) <= 100


def test_more_runs_than_are_read_side_by_side_are_merged_first(tmp_path):
    lines = [at(stamp) for stamp in range(1, 41)]
    runs = runs_of(tmp_path, [lines[number::20] for number in range(20)])
    few = _few(runs, tmp_path, fan_in=3)
    assert len(few) <= 3
    assert [int(stamp) for each in Merge(few, 7) for stamp in each.stamps] == [*range(1, 41)]


def test_runs_that_do_not_overlap_are_left_alone(tmp_path):
    runs = runs_of(tmp_path, [[at(stamp)] for stamp in range(1, 9)])
    assert _few(runs, tmp_path, fan_in=2) == runs


def test_identities_lead_to_users_in_the_order_of_the_replay():
    anonymous = {"mpid": None, "user_identities": {"email": "e"}}
    lines = [at(3, **anonymous), at(2, mpid=7, user_identities={"email": "e"}), at(4, **anonymous)]
    assert [row[0] for row in replayed([lines[:1], lines[1:]])[0]] == [7, 7, 7]


def test_files_are_read_into_runs(tmp_path):
    path = tmp_path / "events.ndjson"
    path.write_bytes(b"\n".join([at(2), b"x", at(1, mpid=2)]))
    [read] = read_part(Part(path))
    run = write_run(tmp_path / "run", [stretch([read.decoded])])
    assert [each.block.batches.mpid.tolist() for each in rounds([run], tmp_path)] == [[2, 1]]
    assert [(refusal.line, refusal.element, refusal.raw) for refusal in read.refusals] == [(2, None, b"x")]
