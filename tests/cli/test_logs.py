"""Log lines as JSON: one object a line, with what was given as extra."""

import json
import logging

from raudience.cli.logs import JsonLines, start_logs


def test_a_line_is_one_json_object():
    record = logging.makeLogRecord(
        {"name": "raudience.x", "levelno": 20, "levelname": "INFO", "msg": "read %d", "args": (3,)}
    )
    record.created = 1_767_225_600.25
    record.batches = 7
    assert json.loads(JsonLines().format(record)) == {
        "time": "2026-01-01T00:00:00.250Z",
        "level": "info",
        "logger": "raudience.x",
        "message": "read 3",
        "batches": 7,
    }


def test_the_level_holds_for_all_of_raudience(capsys):
    start_logs("info", "json")
    logging.getLogger("raudience.cluster").debug("hidden")
    logging.getLogger("raudience.cluster").info("shown")
    start_logs("warning", "text")
    assert [json.loads(line)["message"] for line in capsys.readouterr().err.splitlines()] == ["shown"]
