"""A command with faults that only the client sees: all that is wrong is told at once."""

from __future__ import annotations

from collections.abc import Iterable

from raudience.catalog.commands import CatalogCommand
from raudience.catalog.deciding import key_of
from raudience.catalog.entries import CatalogState
from raudience.catalog.refusing import refuse
from raudience.clock import now_ms
from raudience.cluster.engine import Engine
from raudience.errors import Fault, FixDefinition

__all__ = ["decided"]


def decided(engine: Engine, command: CatalogCommand, wrong: Iterable[Fault] = ()) -> CatalogState:
    """The catalog after a command. wrong: faults of it that the catalog does not look for. Raises FixDefinition with
    all, those and the catalog's; then nothing has changed."""
    faults = list(wrong)
    if not faults:
        return engine.decide(command, now_ms())
    try:
        refuse(engine.catalog(), command)
    except FixDefinition as error:
        faults = [*error.faults, *faults]
    about = f"{type(command).__name__} {key_of(command)}"
    raise FixDefinition(about, tuple(faults))
