"""What the coordinator's log says."""

from raudience.cluster.entries import FORMAT, Defined, Founded, Intended, Told
from raudience.cluster.ledger import Ledger
from raudience.coordinator import no_changes, owners
from raudience.criteria.leaves import Plan, PlannedAudience
from raudience.hashing import KEY_GROUPS


def test_of_a_shadow_no_figures_are_kept():
    audiences = PlannedAudience("a", 1, 0), PlannedAudience("a@2", 2, 0, shadow=True)
    ledger = Ledger()
    ledger.replay(Founded(FORMAT, KEY_GROUPS, tuple(owners(1).tolist())))
    ledger.replay(Intended(1, 5, Defined(b'{"audiences":[]}', Plan((), audiences, {}, None, None, 1, 1))))
    ledger.replay(Told(1, 5, no_changes()))
    assert [figures.audience for figures in ledger.coordinator.counts(5)] == ["a"]
