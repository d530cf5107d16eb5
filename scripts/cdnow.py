"""Make mParticle batches of the CDNOW purchases: real people, one music shop, January 1997 to June 1998.

    python scripts/cdnow.py DIRECTORY        writes DIRECTORY/cdnow.ndjson

69,659 purchases of all 23,570 people who first bought at CDNOW in the first quarter of 1997; four columns: customer id,
day, number of CDs, dollars. Published for research and teaching by Peter S. Fader and Bruce G. S. Hardie ("Forecasting
Repeat Sales at CDNOW: A Case Study", Interfaces 31, 2001). The Python package `lifetimes` 0.11.3 (MIT licence, Cameron
Davidson-Pilon) carries the file as `CDNOW_master.txt`; pip fetches the package, nothing of it is imported or run, and
the data is not kept in this repository.

A row becomes a batch with one purchase at 12:00 UTC of its day (the file knows days only). Its number in the file is
its `source_request_id`: 255 rows equal an earlier row, and each of them is a purchase of its own.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tempfile
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

__all__ = ["HEADER", "fetch", "write_batches"]

PACKAGE: Final = "lifetimes==0.11.3"
MEMBER: Final = "lifetimes/datasets/CDNOW_master.txt"
DIGEST: Final = "eff6889ed364c5199d6eacbbeb7a6d559971df4406ac876f322c373f00a072ef"
HEADER: Final = 1
NOON: Final = timedelta(hours=12)
CACHE: Final = Path(tempfile.gettempdir()) / "raudience-cdnow"


def fetch(cache: Path = CACHE) -> Path:
    """Path of CDNOW_master.txt in `cache`, downloaded when it is not there; raise OSError when it cannot be had."""
    target = cache / "CDNOW_master.txt"
    if not target.exists():
        cache.mkdir(parents=True, exist_ok=True)
        target.write_bytes(_downloaded())
    if hashlib.sha256(target.read_bytes()).hexdigest() != DIGEST:
        message = f"{target}: not the CDNOW_master.txt of {PACKAGE}; remove it and try again"
        raise OSError(message)
    return target


def _downloaded() -> bytes:
    with tempfile.TemporaryDirectory() as place:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", place, PACKAGE]
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
        if ended.returncode != 0:
            message = f"pip could not download {PACKAGE}: {ended.stderr.strip()}"
            raise OSError(message)
        (wheel,) = Path(place).glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            return archive.read(MEMBER)


def write_batches(source: Path, target: Path) -> int:
    """Write one line for each purchase of `source`, in its order; return how many."""
    rows = source.read_text().splitlines()[HEADER:]
    with target.open("w") as out:
        for number, row in enumerate(rows):
            out.write(json.dumps(_batch(number, *row.split())) + "\n")
    return len(rows)


def _batch(number: int, customer: str, day: str, cds: str, dollars: str) -> dict[str, object]:
    noon = datetime.strptime(day, "%Y%m%d").replace(tzinfo=UTC) + NOON
    moment = int(noon.timestamp()) * 1000
    action = {
        "action": "purchase",
        "total_amount": float(dollars),
        "products": [{"id": "cd", "name": "CDs", "quantity": int(cds)}],
    }
    data = {
        "timestamp_unixtime_ms": moment,
        "product_action": action,
        "custom_attributes": {"month": f"{noon:%Y-%m}"},
    }
    return {
        "api_key": "cdnow",
        "mpid": int(customer),
        "source_request_id": f"row-{number}",
        "timestamp_unixtime_ms": moment,
        "user_identities": {"customerid": customer},
        "events": [{"event_type": "commerce_event", "data": data}],
    }


def main() -> None:
    place = Path(sys.argv[1])
    place.mkdir(parents=True, exist_ok=True)
    count = write_batches(fetch(), place / "cdnow.ndjson")
    print(f"{place / 'cdnow.ndjson'}: {count} purchases")


if __name__ == "__main__":
    main()
