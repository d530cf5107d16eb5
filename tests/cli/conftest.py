"""What commands over a state are tried on."""

import pytest

from raudience.cluster.client import connect
from tests.cluster.world import START, batch, write_book


@pytest.fixture
def kept(tmp_path):
    """The words that name a state with some batches of the shop in it."""
    with connect(engine="inline", state=tmp_path / "state") as client:
        client.define(write_book(tmp_path), at=START)
        client.ingest([batch(number) for number in range(60)], at=START + 60 * 60 * 1000 * 20)
    return ["--state", str(tmp_path / "state")]
