"""Make the sample data: forty days of a small coffee shop with a web site, two apps and a few cafés.

    python scripts/sample.py [DIRECTORY]        writes DIRECTORY/events and DIRECTORY/bad.ndjson (default: docs/sample)

Nothing here is a real person. The same seed gives the same lines (gzip may compress them to other bytes elsewhere). The
files hold what real clients send and servers trip over: lines out of order, batches that come hours late, lines that
come twice, events that come twice in different batches, device clocks that are ahead, nulls, tags, numbers as text,
several spellings of an identity, MPIDs beyond 2**53 and below zero, batches that name a user by customer id only.
"""

from __future__ import annotations

import gzip
import json
import random
import sys
from pathlib import Path
from typing import Final

from sample_data.people import DAY, END, HOUR, START, Json, Person, chance, person
from sample_data.visits import goodbye, life

__all__ = ["files", "main"]

SEED: Final = 20_260_301
PEOPLE: Final = 2850
CAFE_ONLY: Final = 150
HALF: Final = START + 22 * DAY


def cafe(rng: random.Random, people: list[Person]) -> list[Json]:
    """Visits to the cafés, told by the till: another workspace, MPIDs as text or only a customer id that the shop knows
    already, identities spelled its own way."""
    visitors = [who for who in people if who.number >= PEOPLE or chance(rng, 0.17)]
    return [visit for who in visitors for visit in till(rng, who)]


def till(rng: random.Random, who: Person) -> list[Json]:
    batches, stamps = [], 0
    place = rng.choice(("Rue Oberkampf", "Kastanienallee", "Brick Lane"))
    for moment in sorted(START + int(rng.random() * 40 * DAY) for _ in range(1 + int(rng.expovariate(1 / 3)))):
        stamps = (stamps + 1) % 10
        batches.append(receipt(rng, who, moment, place, stamps))
    return batches


def receipt(rng: random.Random, who: Person, moment: int, place: str, stamps: int) -> Json:
    total = rng.choice((3.2, 4.5, 7.8, 11.0))
    action = {"action": "purchase", "total_amount": total, "products": [{"id": "cup", "price": total, "quantity": 1}]}
    events = [
        {"event_type": "custom_event", "data": {
            "event_name": "Cafe Visit", "custom_event_type": "location", "timestamp_unixtime_ms": moment,
            "custom_attributes": {"place": place, "guests": rng.choice(("1", "2", 3))}}},
        {"event_type": "commerce_event", "data": {"timestamp_unixtime_ms": moment + 90_000, "product_action": action}},
    ]  # fmt: skip
    body: Json = {"api_key": "cafe-till", "mpid": str(who.mpid), "source_request_id": f"R-{rng.getrandbits(36):09x}"}
    if "customer_id" in who.identities and moment > who.joined + 4 * DAY and chance(rng, 0.5):
        del body["mpid"]
    if "customer_id" in who.identities:
        body["user_identities"] = {"customerId": who.identities["customer_id"], "other2": f"CARD-{who.number:05d}"}
    else:
        body["user_identities"] = {"other_id_2": f"CARD-{who.number:05d}", "email": None}
    return body | {"user_attributes": {"stamps": stamps, "home_cafe": place}, "events": events}


def opt_out(rng: random.Random, who: Person, moment: int) -> Json:
    """No timestamp of its own: the batch has the time of its event."""
    event = {"timestamp_unixtime_ms": moment, "source_message_id": "opt-out-1", "is_opted_out": True}
    return {"api_key": "shop-web", "mpid": who.mpid, "source_request_id": f"{rng.getrandbits(40):010x}",
            "events": [{"event_type": "opt_out", "data": event}]}  # fmt: skip


def delete_attribute(rng: random.Random, who: Person, moment: int) -> Json:
    """A batch without events only changes the profile."""
    return {"api_key": "shop-web", "mpid": who.mpid, "source_request_id": f"{rng.getrandbits(40):010x}",
            "timestamp_unixtime_ms": moment, "deleted_user_attributes": ["trial_ends", "$Age"]}  # fmt: skip


def clock_ahead(rng: random.Random, batches: list[Json]) -> None:
    """Some devices run ten minutes fast: their last event lies after the time of its batch."""
    for batch in rng.sample(batches, 25):
        batch["events"][-1]["data"]["timestamp_unixtime_ms"] += 600_000


def sent_again(rng: random.Random, batches: list[Json]) -> list[Json]:
    """The same events once more in another batch two minutes later, as a client does that saw no answer."""
    chosen = [batch for batch in rng.sample(batches, 30) if batch["api_key"] != "cafe-till"]
    return [
        batch | {"source_request_id": f"{rng.getrandbits(40):010x}",
                 "timestamp_unixtime_ms": batch["timestamp_unixtime_ms"] + 120_000}
        for batch in chosen
    ]  # fmt: skip


def disorder(rng: random.Random, batches: list[Json]) -> list[Json]:
    """About in order, as uploads that run side by side arrive."""
    return [batch for _, batch in sorted(((stamp(batch) + rng.uniform(0, 20 * 60_000), batch) for batch in batches),
                                         key=lambda pair: pair[0])]  # fmt: skip


def stamp(batch: Json) -> int:
    return batch.get("timestamp_unixtime_ms") or batch["events"][-1]["data"]["timestamp_unixtime_ms"]


def line(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def files() -> dict[str, list[str]]:
    """The lines of every file of the sample, by its name."""
    rng = random.Random(SEED)
    people = [person(rng, number) for number in range(PEOPLE + CAFE_ONLY)]
    shoppers = people[:PEOPLE]
    visits = [batch for who in shoppers for batch in life(rng, who)]
    farewells = [batch for who in shoppers if (batch := goodbye(rng, who))]
    odd = [opt_out(rng, shoppers[7], START + 30 * DAY)]
    odd += [delete_attribute(rng, who, END - DAY) for who in shoppers if "trial_ends" in who.attributes][:2]
    clock_ahead(rng, visits)
    again = sent_again(rng, visits)
    shop = [batch for batch in [*visits, *farewells, *odd, *again] if stamp(batch) < END]
    late = [batch for batch in shop if is_late(batch)]
    names: dict[str, list[Json]] = {"late.ndjson": late}
    for batch in shop:
        if not is_late(batch):
            half = "1" if stamp(batch) < HALF else "2"
            names.setdefault(f"{batch['api_key']}-{half}.ndjson.gz", []).append(batch)
    lines = {name: [line(batch) for batch in disorder(rng, own)] for name, own in sorted(names.items())}
    for own in lines.values():
        own += rng.sample(own, len(own) // 200)
    return lines | {"cafe-till.ndjson.gz": bulk(rng, disorder(rng, cafe(rng, people)))}


def is_late(batch: Json) -> bool:
    """More than two hours after its last event."""
    events = batch.get("events")
    return bool(events) and stamp(batch) - events[-1]["data"]["timestamp_unixtime_ms"] > 2 * HOUR


def bulk(rng: random.Random, batches: list[Json]) -> list[str]:
    """Arrays of batches, as the bulk call takes them."""
    lines, rest = [], batches
    while rest:
        size = rng.randrange(1, 40)
        lines.append(line(rest[:size]))
        rest = rest[size:]
    return lines


def bad() -> list[str]:
    """Three lines that must be refused, between two good ones."""
    event = {"event_type": "session_start", "data": {"timestamp_unixtime_ms": START + HOUR}}
    good: Json = {"api_key": "shop-web", "mpid": 1, "timestamp_unixtime_ms": START + HOUR, "events": [event]}
    ahead = {"event_type": "session_start", "data": {"timestamp_unixtime_ms": START + 3 * DAY}}
    return [
        line(good),
        line(good)[:70],
        line(good | {"mpid": "forty-two"}),
        line(good | {"mpid": 2, "events": [event, ahead]}),
        line(good | {"mpid": 3}),
    ]


def write(path: Path, lines: list[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = "".join(f"{own}\n" for own in lines).encode()
    path.write_bytes(gzip.compress(text, 9, mtime=0) if path.suffix == ".gz" else text)


def main() -> None:
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[1] / "docs" / "sample"
    for name, lines in files().items():
        write(target / "events" / name, lines)
        print(f"{name}: {len(lines)} lines")
    write(target / "bad.ndjson", bad())


if __name__ == "__main__":
    main()
