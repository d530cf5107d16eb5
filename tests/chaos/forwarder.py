"""The process that forwards, and dies by SIGKILL when it passes an armed point: `raudience forward --once`, but for
that."""

import argparse
import os
import signal
from collections import Counter

from raudience.cluster.client import Client
from raudience.cluster.inline import InlineEngine
from raudience.cluster.keepsakes import Keepsake, place_of
from tests.chaos.crashing import FORWARDER_POINTS

EVERY = 2_000
"""Bytes of log between two snapshots."""


class Points:
    """Counts passages from the moment on at which it is armed."""

    def __init__(self, point, passage):
        self.point, self.passage, self.armed, self.passed = point, passage, False, Counter()

    def __call__(self, point):
        if not self.armed:
            return
        self.passed[point] += 1
        if (point, self.passed[point]) == (self.point, self.passage):
            os.kill(os.getpid(), signal.SIGKILL)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--state", required=True)
    parser.add_argument("--address", required=True, help="of the fake X")
    parser.add_argument("--point", default="", choices=("", *FORWARDER_POINTS))
    parser.add_argument("--passage", type=int, default=1)
    asked = parser.parse_args()
    points = Points(asked.point, asked.passage)
    engine = InlineEngine(1, Keepsake(place_of(asked.state), every=EVERY, failpoint=points))
    outgoing = Client(engine, "").outgoing({"https://ads-api.x.com": asked.address})
    points.armed = True
    while (following := outgoing.work()) is not None:
        while not outgoing.due(following):
            signal.sigtimedwait((), 0.05)
    outgoing.close()
    engine.close()


if __name__ == "__main__":
    main()
