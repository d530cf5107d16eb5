"""What the coordinator's log says."""

import msgspec

from raudience.catalog import Audience, Book
from raudience.catalog.planning import plan
from raudience.cluster.entries import FORMAT, Defined, Founded, Intended, Told
from raudience.cluster.ledger import Ledger
from raudience.coordinator import no_changes, owners
from raudience.criteria.definition import Event
from raudience.criteria.leaves import Plan, PlannedAudience
from raudience.hashing import KEY_GROUPS
from raudience.records.packing import pack


def test_of_a_shadow_no_figures_are_kept():
    audiences = PlannedAudience("a", 1, 0), PlannedAudience("a@2", 2, 0, shadow=True)
    ledger = Ledger()
    ledger.replay(Founded(FORMAT, KEY_GROUPS, tuple(owners(1).tolist())))
    ledger.replay(Intended(1, 5, Defined(b'{"audiences":[]}', Plan((), audiences, {}, None, None, 1, 1))))
    ledger.replay(Told(1, 5, no_changes()))
    assert [figures.audience for figures in ledger.coordinator.counts(5)] == ["a"]


def test_a_snapshot_from_before_there_was_a_catalog_has_the_book_in_force():
    book = Book((Audience("a", "A", Event("custom", "Visit")),))
    ledger = Ledger()
    ledger.replay(Founded(FORMAT, KEY_GROUPS, tuple(owners(1).tolist())))
    ledger.replay(Intended(1, 5, Defined(msgspec.json.encode(book, enc_hook=str), plan(book))))
    ledger.replay(Told(1, 5, no_changes()))
    head, *links = ledger.contents()
    old = pack({name: value for name, value in msgspec.msgpack.decode(head).items() if name != "catalog"})
    again = Ledger()
    again.load(map(memoryview, (old, *links)))
    assert [(entry.key, entry.in_force) for entry in again.catalog.living()] == [("a", 1)]
    assert again.state.revision == again.catalog.revision
