"""`raudience`: arguments, and which command they mean."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from raudience.cli import arguments
from raudience.cli.logs import start_logs
from raudience.cli.screen import complain
from raudience.errors import RaudienceError

__all__ = ["main"]

GOOD = 0
FAILED = 1
USAGE = 2
INTERRUPTED = 130


def main(words: Sequence[str] | None = None) -> int:
    """Carry out one command. 0: done; 3: done, but some lines of the input were refused; 2: what was asked, or a
    definition, must be put right; 4: `--check` found a difference; 1: it failed."""
    try:
        asked = arguments.parser().parse_args(words)
        start_logs(asked.log_level, asked.log_format)
        return int(asked.run(asked))
    except RaudienceError as error:
        complain(error)
        return USAGE if isinstance(error, arguments.USER_ERRORS) else FAILED
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read the output has gone (`raudience schema | head`); there is nobody to tell.
        sys.stderr.close()
        return GOOD
    except OSError as error:
        complain(error)
        return FAILED
