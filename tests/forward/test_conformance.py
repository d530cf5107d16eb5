"""The stories that every partner has to pass: at the end it holds exactly what it should."""

import pytest

from raudience.forward.kinds import AskPermission, Done, GoneAtPartner, SignInAgain
from tests.forward.cases import CASES
from tests.forward.conformance import Killed, World

LARGE = 5_000
"""Larger requests take long to play."""

pytestmark = pytest.mark.parametrize("case", CASES, ids=repr)


def connected(case, **more):
    """Three members, of whom one has no name, and one who is none."""
    world = World(case, **more)
    world.stands(1, "ann@x.org", "Ann")
    world.stands(2, "bob@x.org", "Bob")
    world.stands(3, "cem@x.org")
    world.stands(4, "dan@x.org", "Dan", member=False)
    world.settle()
    return world


def test_connect(case):
    world = connected(case)
    world.check()
    assert [len(world.members(kind)) for kind in case.kinds] == [3, 2]


def test_more_members_than_a_request_takes(case):
    world = World(case, items=3)
    for mpid in range(8):
        world.stands(mpid, f"{mpid}@x.org", f"u{mpid}")
    world.settle()
    world.check()


def test_as_many_members_as_the_partner_allows_in_a_request_and_one_more(case):
    most = case.partner.limits.items
    if most > LARGE:
        return
    world = World(case, items=most)
    for mpid in range(most + 1):
        world.stands(mpid, f"{mpid}@x.org", f"u{mpid}")
    world.settle()
    world.check()


def test_add_remove_and_add_again(case):
    world = connected(case)
    world.stands(4, "dan@x.org", "Dan")
    world.settle()
    world.check()
    world.leaves(4)
    world.settle()
    world.check()
    world.stands(4, "dan@x.org", "Dan")
    world.settle()
    world.check()


def test_in_and_out_while_nothing_was_sent_is_nothing(case):
    world = connected(case)
    before = len(world.fake.requests)
    world.stands(4, "dan@x.org", "Dan")
    world.leaves(4)
    world.settle()
    world.check()
    assert len(world.fake.requests) == before


def test_an_identity_changes(case):
    world = connected(case)
    world.stands(1, "ann@y.org", "Ann")
    world.settle()
    world.check()


def test_an_address_that_two_share_stays_until_both_have_left(case):
    world = connected(case)
    world.stands(4, "ann@x.org")
    world.settle()
    world.leaves(1)
    world.settle()
    world.check()
    assert case.kinds[0].sent("ann@x.org") in world.members(case.kinds[0])
    world.leaves(4)
    world.settle()
    world.check()


def test_a_kind_is_switched_off_and_on_again(case):
    world = connected(case)
    world.switch(case.kinds[1], False)
    world.settle()
    world.check()
    assert world.members(case.kinds[1]) == set()
    world.switch(case.kinds[1], True)
    world.settle()
    world.check()


def test_rename(case):
    world = connected(case)
    world.rename("Biggest Spenders")
    world.stands(4, "dan@x.org", "Dan")
    world.settle()
    world.check()


def test_too_many_requests_are_waited_out(case):
    world = connected(case)
    until = (world.now // 1_000 + 600) * 1_000
    case.limit(world.fake, until)
    world.stands(4, "dan@x.org", "Dan")
    world.settle()
    world.check()
    assert world.now >= until or not case.names_instants


def test_credentials_are_not_valid_any_longer_and_somebody_resumes(case):
    world = connected(case)
    case.shut(world.fake)
    world.stands(4, "dan@x.org", "Dan")
    world.settle()
    assert isinstance(world.fault, SignInAgain | AskPermission)
    asked = len(world.fake.requests)
    world.leaves(1)
    world.settle()
    assert len(world.fake.requests) == asked
    case.open(world.fake)
    world.resume()
    world.check()


def test_resume_with_credentials_that_are_still_not_valid_is_the_same_fault(case):
    world = connected(case)
    case.shut(world.fake)
    world.stands(4, "dan@x.org", "Dan")
    world.settle()
    fault = world.fault
    world.resume()
    assert type(world.fault) is type(fault)


def test_somebody_removes_it_at_the_partner(case):
    if case.forget is None:
        return
    world = connected(case)
    for kind in case.kinds:
        case.forget(world.fake, world.name, kind.kind)
    world.stands(4, "dan@x.org", "Dan")
    for _ in case.kinds:
        world.settle()
        if world.fault is not None:
            assert isinstance(world.fault, GoneAtPartner)
            case.open(world.fake)
            world.resume()
    world.check()


def test_a_value_that_is_not_taken_is_left_out_and_only_it(case):
    if case.refuse is None:
        return
    world = World(case)
    world.refuse(case.kinds[0], "bad@x.org")
    for mpid, email in enumerate(("ann@x.org", "bad@x.org", "bob@x.org", "cem@x.org", "dan@x.org")):
        world.stands(mpid, email, f"u{mpid}")
    world.settle()
    world.check()
    (failure,) = [each for refused in world.connection.refused.values() for each in refused.values()]
    assert "bad@x.org" not in failure.text


def test_values_that_are_not_taken_stop_nothing_as_long_as_others_are_taken(case):
    if case.refuse is None:
        return
    world = World(case, items=2)
    for mpid in range(60):
        if mpid % 2:
            world.refuse(case.kinds[0], f"bad{mpid}@x.org")
        world.stands(mpid, f"bad{mpid}@x.org" if mpid % 2 else f"{mpid}@x.org")
    world.settle()
    world.check(case.kinds[0])


def test_troubles_that_pass_stop_nothing_however_many_there_are(case):
    world = World(case, items=1)
    world.cuts = ["before", None] * 30
    for mpid in range(30):
        world.stands(mpid, f"{mpid}@x.org")
    world.settle()
    world.check(case.kinds[0])


@pytest.mark.parametrize("cuts", [["before"], ["after"], ["after", "before", "after"]], ids="-".join)
def test_the_same_batch_twice(case, cuts):
    world = connected(case)
    world.cuts = cuts
    world.stands(4, "dan@x.org", "Dan")
    world.leaves(1)
    world.settle()
    world.check()


@pytest.mark.parametrize("cut", ["before", "after"])
def test_a_connect_whose_every_third_request_is_lost(case, cut):
    world = World(case, items=2)
    world.cuts = [cut, None, None] * 20
    for mpid in range(5):
        world.stands(mpid, f"{mpid}@x.org", f"u{mpid}")
    world.settle()
    world.check()


@pytest.mark.parametrize("cut", ["before", "after"])
def test_nobody_is_left_behind_who_leaves_while_an_answer_is_lost(case, cut):
    world = connected(case)
    world.cuts = [cut]
    world.stands(4, "dan@x.org", "Dan")
    while world.cuts and world.step():
        pass
    world.leaves(4)
    world.settle()
    world.check()


def test_the_forwarder_dies_at_every_point(case):
    whole = story(World(case, items=2))
    whole.check()
    for point in range(1, whole.passed + 1):
        story(World(case, items=2, kill=point)).check()


def story(world):
    """Users come, change and leave; entries of what happens are written by somebody who does not die."""
    for happens in (
        lambda: world.stands(1, "ann@x.org", "Ann"),
        lambda: world.stands(2, "bob@x.org", "Bob"),
        lambda: world.stands(3, "cem@x.org", "Cem"),
        world.settle,
        lambda: world.stands(1, "ann@y.org", "Ann"),
        lambda: world.leaves(2),
        world.settle,
        lambda: world.stands(2, "bob@x.org"),
    ):
        try:
            happens()
        except Killed:
            world.start()
            happens()
    world.settle()
    return world


def test_the_audience_is_deleted_as_the_policy_says(case):
    world = connected(case)
    before, asked = [world.members(kind) for kind in case.kinds], len(world.fake.requests)
    world.delete()
    if case.partner.deletes == "keep":
        assert ([world.members(kind) for kind in case.kinds], len(world.fake.requests)) == (before, asked)
    else:
        assert case.ended(world.fake, world.name)


def test_the_check_of_an_output_tells_who_is_let_in(case):
    world = World(case)

    def checked():
        return world.read(case.partner.check(world.settings), case.partner.read_checked)

    assert checked() == Done()
    case.shut(world.fake)
    assert isinstance(checked(), SignInAgain | AskPermission)
