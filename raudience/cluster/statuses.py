"""How the lists of connections stand at their partners, as those tell it. Part of the client."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from raudience.catalog.entries import CatalogState
from raudience.catalog.outputs import Connection
from raudience.cluster.enquiring import Desk, in_words
from raudience.cluster.ledgers import Ledgers
from raudience.cluster.secrets import Secrets
from raudience.forward.capabilities import ListStatus, TellsStatus
from raudience.forward.entries import Listed
from raudience.forward.partner import Partner, Settings
from raudience.forward.register import partner_of

__all__ = ["ListRow", "list_rows"]


class ListRow(msgspec.Struct, frozen=True):
    """One list at a partner. connection: its id. name: of the list there. held: identities of users that the partner
    has acknowledged. status: None when it tells nothing; problem: why it did not answer, "" when it did."""

    connection: str
    kind: str
    list_id: str
    name: str
    held: int
    status: ListStatus | None
    problem: str = ""


def list_rows(
    catalog: CatalogState, connections: Iterable[Connection], ledgers: Ledgers, secrets: Secrets, desk: Desk
) -> Iterator[ListRow]:
    """The lists of connections, by kind; nothing of a connection to which nothing was sent yet."""
    for each in connections:
        output = catalog.outputs[each.output]
        partner = partner_of(output.partner)
        ledger = ledgers.read(each.id, partner, output.settings | each.settings)
        settings = secrets.settings(output) if ledger.lists and isinstance(partner, TellsStatus) else {}
        for kind, listed in ledger.lists.items():
            yield _row(each.id, partner, listed, ledger.held[kind].acknowledged(), settings, desk)


def _row(connection: str, partner: Partner, listed: Listed, held: int, settings: Settings, desk: Desk) -> ListRow:
    row = ListRow(connection, listed.kind, listed.list_id, listed.name, held, None)
    if not isinstance(partner, TellsStatus):
        return row
    found = desk.ask_as(partner, settings, partner.status(settings, listed.list_id), partner.read_status)
    if isinstance(found, ListStatus):
        return msgspec.structs.replace(row, status=found)
    told, advice = in_words(partner, found)
    return msgspec.structs.replace(row, problem=f"{told}; {advice}" if advice else told)
