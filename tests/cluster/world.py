"""A small world for tests of the wiring: a shop of three days, as lines of files, and two audiences on it."""

import gzip
import json
from pathlib import Path

from raudience.clock import DAY, HOUR

START = 1_767_225_600_000
"""2026-01-01T00:00:00Z"""
END = START + 3 * DAY

BOOK = """
audiences:
  - key: buyers
    name: Bought in the last day
    criteria: {type: event, kind: commerce, name: purchase, recency: {op: within, last: 1 day}}
  - key: fans
    name: Three visits, on a paid plan
    criteria:
      type: and
      of:
        - {type: event, kind: custom, name: Visit, frequency: {at_least: 3}}
        - {type: user_attribute, name: plan, test: {op: exact_match, value: paid}}
"""


def batch(number: int) -> dict:
    """One of the batches of the world: 40 users, one batch every 20 minutes."""
    at = START + number * HOUR // 3
    mpid = (number * 7919) % 40 - 20
    events = [{"event_type": "custom_event", "data": {"event_name": "Visit", "timestamp_unixtime_ms": at - 5}}]
    if number % 5 == 0:
        action = {"action": "purchase", "products": [{"id": "cup", "price": 3}]}
        events.append({"event_type": "commerce_event", "data": {"timestamp_unixtime_ms": at, "product_action": action}})
    return {
        "mpid": mpid,
        "timestamp_unixtime_ms": at,
        "source_request_id": f"R-{number}",
        "user_identities": {"email": f"user{mpid}@example.org", "customer_id": f"C{mpid}"},
        "user_attributes": {"plan": "paid" if number % 3 else "free"},
        "events": events,
    }


def lines() -> list[str]:
    """All batches of the world, one a line, in the order of time."""
    return [json.dumps(batch(number)) for number in range(216)]


def write_lines(path: Path, found: list[str]) -> Path:
    text = "".join(line + "\n" for line in found).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(text) if path.suffix == ".gz" else text)
    return path


def write_book(folder: Path) -> Path:
    path = folder / "book.yaml"
    path.write_text(BOOK)
    return path


def contents(folder: Path) -> dict[str, bytes]:
    """Bytes of every file below a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
