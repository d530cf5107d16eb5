"""Log lines on stderr, as text or as one JSON object a line. Identities of users are never logged."""

from __future__ import annotations

import logging
from typing import Any, Final

import msgspec

from raudience.criteria.dates import write_moment

__all__ = ["JsonLines", "start_logs"]

_OWN: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class JsonLines(logging.Formatter):
    """time, level, logger, message and whatever was given as `extra`, as one JSON object."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": write_moment(int(record.created * 1_000)),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        line |= {name: value for name, value in vars(record).items() if name not in _OWN}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return msgspec.json.encode(line, enc_hook=str).decode()


def start_logs(level: str, form: str) -> None:
    """Send the log lines of raudience to stderr, from `level` on, as `text` or `json`."""
    handler = logging.StreamHandler()
    text = logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s")
    handler.setFormatter(JsonLines() if form == "json" else text)
    logger = logging.getLogger("raudience")
    logger.handlers = [handler]
    logger.setLevel(level.upper())
    logger.propagate = False
