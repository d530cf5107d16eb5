"""The process that forwards: it connects what there is to X, has Ray send, and resumes what has stopped."""

import argparse
import base64
import logging
import os
import time
from contextlib import closing, suppress

from raudience.cluster.client import Client
from raudience.cluster.engines import find_engine
from raudience.cluster.secrets import KEY
from raudience.errors import FixDefinition, RaudienceError
from tests.chaos.feeder import NAME
from tests.forward.downstream import ADS, FLAGS, SECRETS

HOST = "https://ads-api.x.com"
OUTPUT = ADS.key
SECRET = base64.urlsafe_b64encode(b"a key that is worth nothing here").decode()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--address", required=True)
    parser.add_argument("--partner", required=True, help="address of X")
    asked = parser.parse_args()
    os.environ[KEY] = SECRET
    logging.basicConfig(format="%(asctime)s %(message)s")
    while True:
        try:
            with closing(find_engine(NAME, asked.address)) as engine:
                forward(Client(engine, "sender"), asked.partner)
        except RaudienceError as error:
            logging.warning("begins anew: %s", error)
            time.sleep(1)


def forward(client: Client, partner: str) -> None:
    """Until something fails."""
    with closing(client.outgoing({HOST: partner})) as sending:
        while True:
            tend(client)
            sending.work()
            sending.rest()


def tend(client: Client) -> None:
    """Every active audience is connected, and nothing is stopped for long."""
    rows = {row.connection.audience: row for row in client.connections.rows()}
    if OUTPUT not in client.account.state().outputs:
        client.outputs.create(OUTPUT, "x", {**ADS.settings, **SECRETS["x"]})
    with suppress(FixDefinition):
        # Who is connected or deleted meanwhile by somebody else.
        for key, entry in client.account.state().audiences.items():
            if entry.status == "active" and key not in rows:
                client.connections.connect(key, OUTPUT, settings=FLAGS)
        for each in [
            *(row.connection for row in rows.values()),
            *(left.connection for left in client.connections.departed()),
        ]:
            if each.stop is not None:
                client.connections.resume(each.id)


if __name__ == "__main__":
    main()
