"""`python -m raudience ...` is `raudience ...`. Before anything else is loaded, Ctrl-C is taken care of."""

import importlib
import os
import signal
import sys

INTERRUPTED = 130


def main() -> int:
    """Carry out the command of this process; its exit status (`raudience.cli.main`)."""
    before = signal.getsignal(signal.SIGINT)
    if before is signal.default_int_handler:
        signal.signal(signal.SIGINT, _leave)
    try:
        # Loading takes half a second, in which an exception may come up anywhere, and be taken for something else.
        command = importlib.import_module("raudience.cli.main").main
        signal.signal(signal.SIGINT, before)
        return int(command())
    except KeyboardInterrupt:
        return INTERRUPTED


def _leave(number: int, frame: object) -> None:
    """Nothing has begun yet that would have to be ended."""
    os.write(2, b"interrupted\n")
    os._exit(INTERRUPTED)


if __name__ == "__main__":
    sys.exit(main())
