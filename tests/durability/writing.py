"""A process that appends to a log until it is killed, and tells every number that is durable.

Records 3n+1, 3n+2 and 3n+3 are one batch and hold their own number; their sizes differ.
"""

import sys

from raudience.durability.places import open_logs


def record(number: int) -> bytes:
    return b"%d " % number * (1 + number * 7919 % 3000)


def write(place: str) -> None:
    log = open_logs(place).open("a")
    last = log.take_over()
    while True:
        futures = [log.submit([record(last + 3 * batch + each) for each in (1, 2, 3)]) for batch in range(4)]
        last = [future.result() for future in futures][-1]
        print(last, flush=True)


if __name__ == "__main__":
    write(sys.argv[1])
