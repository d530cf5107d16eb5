"""Turns side by side: one works at a time, and nobody waits for the answer of another."""

import threading

import pytest

from raudience.cluster.calling import TOGETHER
from raudience.cluster.hands import Hands, ManyHands


def test_an_answer_that_does_not_come_holds_up_nobody_else():
    hands, asked, answered = ManyHands(), threading.Event(), threading.Event()

    def answer(request):
        asked.set()
        return answered.wait(30)

    slow = hands.outside(answer)
    first = hands.begin(lambda: slow("anything"))
    assert asked.wait(30)
    assert hands.begin(lambda: "done").result(30) == "done"
    with hands.floor:
        assert not first.done()
    answered.set()
    assert first.result(30)
    hands.close()


def test_many_requests_without_an_answer_hold_up_no_others():
    hands, asked, answered = ManyHands(), threading.Semaphore(0), threading.Event()

    def answer(request):
        asked.release()
        return answered.wait(30)

    slow, quick = hands.together(answer), hands.together(lambda request: request)
    turns = [hands.begin(lambda: slow(range(TOGETHER))) for _ in range(5)]
    for _ in range(5 * TOGETHER):
        assert asked.acquire(timeout=30)
    assert hands.begin(lambda: quick([1, 2])).result(30) == [1, 2]
    assert not any(each.done() for each in turns)
    answered.set()
    hands.close()


def test_two_turns_do_not_work_at_the_same_time():
    hands, inside, most = ManyHands(), [], []

    def turn(number):
        inside.append(number)
        most.append(len(inside))
        inside.remove(number)

    for turn_under_way in [hands.begin(lambda number=number: turn(number)) for number in range(200)]:
        turn_under_way.result(30)
    assert set(most) == {1}
    hands.close()


@pytest.mark.parametrize("kind", [Hands, ManyHands])
def test_what_goes_wrong_in_a_turn_comes_with_its_result(kind):
    hands = kind()
    with pytest.raises(ZeroDivisionError):
        hands.begin(lambda: 1 // 0).result(30)
    assert hands.begin(lambda: 1).result(30) == 1
    hands.close()
