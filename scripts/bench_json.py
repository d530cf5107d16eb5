"""How fast input becomes columns: NDJSON against DuckDB's read_json, and Parquet, on one core and in one run.

    python scripts/bench_json.py [--batches 60000] [--rounds 5] [--json]

The file has batches of about 1.5 KB with three events, as mobile clients send them: identities, device and application,
four user attributes, custom attributes, some purchases. Users return unevenly. Every round reads it once with each
reader, in turn, so that both meet the same machine; the figure is the median of the ratios of the rounds.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from raudience.cluster.decoding import cut_file, read_part
from raudience.ingest.batches import Decoder

CHUNK = 4096
ROWS = 1_000_000
CATEGORIES = ("shoes", "shirts", "books", "music", "garden", "toys", "phones", "food")
NAMES = ("Product Viewed", "Search", "Song Played", "Level Up", "Shared", "Signed Up", "Video Watched")
APPLE = [("iOS", "Apple", f"iPhone{i},{j}", f"17.{j}") for i in range(10, 16) for j in range(4)]
SAMSUNG = [("Android", "Samsung", f"SM-G{i}", str(11 + i % 4)) for i in range(990, 1000)]


def batches(count: int, users: int, seed: int = 7) -> Iterator[dict[str, Any]]:
    """Batches in the order of time, of users that return unevenly."""
    chance = random.Random(seed)
    moment = 1_700_000_000_000
    for _ in range(count):
        moment += chance.randrange(800)
        yield batch(chance, int(users * chance.random() ** 2), moment)


def batch(chance: random.Random, number: int, moment: int) -> dict[str, Any]:
    session = identifier(chance)
    return {
        "environment": "production",
        "source_request_id": identifier(chance),
        "timestamp_unixtime_ms": moment,
        "mpid": ((number + 1) * 0x9E3779B97F4A7C15 & (2**64 - 1)) - 2**63,
        **user(number),
        "application_info": {
            "application_name": "Shop",
            "application_version": f"5.{number % 4}.0",
            "application_build_number": f"50{number % 4}",
        },
        "events": [event(chance, moment - chance.randrange(5000), session) for _ in range(chance.choice((2, 3, 3, 4)))],
    }


def user(number: int) -> dict[str, Any]:
    own = random.Random(number)
    platform, brand, model, version = own.choice(APPLE + SAMSUNG)
    return {
        "user_identities": {"customer_id": f"c-{number:08d}", "email": f"user{number}@example.com"},
        "user_attributes": {
            "plan": own.choice(("free", "pro", "team")),
            "age": own.randrange(18, 80),
            "favourite": own.choice(CATEGORIES),
            "newsletter": own.random() < 0.5,
        },
        "device_info": {
            "device_manufacturer": brand,
            "device_model": model,
            "platform": platform,
            "os_version": version,
            "locale_language": own.choice(("en", "de", "fr")),
            "network_carrier": own.choice(("Verizon", "T-Mobile", "Orange")),
            "ios_advertising_id" if platform == "iOS" else "android_advertising_id": identifier(own),
        },
    }


def event(chance: random.Random, moment: int, session: str) -> dict[str, Any]:
    envelope = {
        "timestamp_unixtime_ms": moment,
        "source_message_id": identifier(chance),
        "session_uuid": session,
    }
    draw = chance.random()
    if draw < 0.6:
        data = {
            "event_name": chance.choice(NAMES),
            "custom_event_type": "other",
            **envelope,
            "custom_attributes": {
                "category": chance.choice(CATEGORIES),
                "price": round(chance.random() * 100, 2),
                "position": chance.randrange(20),
            },
        }
        return {"event_type": "custom_event", "data": data}
    if draw < 0.75:
        return {"event_type": "screen_view", "data": {"screen_name": chance.choice(("home", "cart")), **envelope}}
    if draw < 0.85:
        return {"event_type": "session_start", "data": envelope}
    return {"event_type": "commerce_event", "data": {**envelope, **sale(chance, draw > 0.95)}}


def sale(chance: random.Random, is_bought: bool) -> dict[str, Any]:
    product = {
        "id": f"p{chance.randrange(2000)}",
        "category": chance.choice(CATEGORIES),
        "price": round(chance.random() * 100, 2),
        "quantity": 1,
    }
    total = {"transaction_id": identifier(chance)[:8], "total_amount": product["price"]} if is_bought else {}
    action = {"action": "purchase" if is_bought else "add_to_cart", **total, "products": [product]}
    return {"currency_code": "EUR", "product_action": action}


def identifier(chance: random.Random) -> str:
    return str(uuid.UUID(int=chance.getrandbits(128), version=4))


def write(path: Path, count: int) -> tuple[int, int]:
    """Write the file; its bytes and events."""
    events = 0
    with path.open("w") as file:
        for each in batches(count, 5 * count):
            events += len(each["events"])
            file.write(json.dumps(each, separators=(",", ":")) + "\n")
    return path.stat().st_size, events


def read_here(path: Path) -> None:
    decoder, lines = Decoder(), list[bytes]()
    with path.open("rb") as file:
        while lines := file.readlines(CHUNK * 1500):
            decoder.decode([line.rstrip() for line in lines])


def read_there(path: Path) -> None:
    connection = duckdb.connect()
    connection.execute("set threads = 1")
    connection.execute(f"create table batches as select * from read_json('{path}', format = 'newline_delimited')")


def write_table(path: Path, rows: int, seed: int = 7) -> None:
    """Events of the same kind as a table, in Parquet with zstd, in the order of time."""
    chance = np.random.default_rng(seed)
    table = {
        "mpid": chance.integers(-(2**62), 2**62, rows),
        "timestamp": 1_700_000_000_000 + np.sort(chance.integers(0, 30 * 86_400_000, rows)),
        "event_name": np.array(NAMES)[chance.integers(0, len(NAMES), rows)],
        "category": np.array(CATEGORIES)[chance.integers(0, len(CATEGORIES), rows)],
        "price": np.round(chance.random(rows) * 100, 2),
        "position": chance.integers(0, 20, rows),
        "device.platform": np.array(["iOS", "Android", "web"])[chance.integers(0, 3, rows)],
    }
    pq.write_table(pa.table(table), path, compression="zstd")


def read_rows(path: Path) -> None:
    for part in cut_file(path):
        for _ in read_part(part):
            pass


def seconds(call: Callable[[Path], None], path: Path) -> float:
    """Processor time: other work on the machine is not ours."""
    before = time.process_time()
    call(path)
    return time.process_time() - before


def measure(count: int, rounds: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "batches.ndjson"
        size, events = write(path, count)
        pairs = [(seconds(read_here, path), seconds(read_there, path)) for _ in range(rounds)]
        table = Path(folder) / "events.parquet"
        write_table(table, ROWS)
        rows = min(seconds(read_rows, table) for _ in range(rounds))
    ratios = [there / here for here, there in pairs]
    return {
        "bytes_per_batch": size / count,
        "events_per_batch": events / count,
        "raudience_us_per_batch": min(here for here, _ in pairs) / count * 1e6,
        "duckdb_us_per_batch": min(there for _, there in pairs) / count * 1e6,
        "raudience_events_per_s": events / min(here for here, _ in pairs),
        "duckdb_events_per_s": events / min(there for _, there in pairs),
        "ratio": statistics.median(ratios),
        "ratio_lowest": min(ratios),
        "ratio_highest": max(ratios),
        "parquet_events_per_s": ROWS / rows,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batches", type=int, default=60_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    asked = parser.parse_args()
    figures = measure(asked.batches, asked.rounds)
    if asked.json:
        json.dump(figures, sys.stdout)
    else:
        print("\n".join(f"{name:26} {value:12,.2f}" for name, value in figures.items()))


if __name__ == "__main__":
    main()
