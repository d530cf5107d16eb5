"""Changes are gathered, and then all of them go."""

from raudience.forward.gathering import Gathering


def test_nothing_goes_before_its_time():
    gathering = Gathering()
    assert gathering.due(1, 1_000, 500) == 1_500
    assert gathering.due(2, 1_400, 500) == 1_500
    assert gathering.due(2, 1_500, 500) == 1_500


def test_all_that_waits_then_goes_and_what_comes_meanwhile_is_gathered_anew():
    gathering = Gathering()
    gathering.due(2_500, 0, 500)
    for now, unseen in ((500, 2_500), (510, 1_600), (520, 700)):
        assert gathering.due(unseen, now, 500) == now
        gathering.see(max(0, unseen - 1_000) + 50)
    assert gathering.due(150, 530, 500) == 1_030


def test_a_look_at_others_changes_nothing():
    gathering = Gathering()
    gathering.due(10, 0, 0)
    gathering.see(10)
    assert gathering.due(12, 100, 500) == 100


def test_without_an_interval_everything_goes_at_once():
    gathering = Gathering()
    for now in (0, 1, 2):
        assert gathering.due(1, now, 0) == now
        gathering.see(0)


def test_the_time_begins_with_the_first_who_waits():
    gathering = Gathering()
    assert gathering.due(1, 0, 500) == 500
    assert gathering.due(0, 400, 500) == 400
    assert gathering.due(1, 450, 500) == 950
