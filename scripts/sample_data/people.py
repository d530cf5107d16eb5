"""Who comes to the shop of the sample: people with a city, devices, identities, attributes and a way of shopping."""

from __future__ import annotations

import random
import unicodedata
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from sample_data.shop import CAMPAIGNS, CITIES, FIRST_NAMES, LAST_NAMES, MODELS, ORIGINS, City, Product

__all__ = ["APPS", "DAY", "END", "HOUR", "SECOND", "START", "Json", "Person", "chance", "location", "person"]

START: Final = 1_772_323_200_000
"""2026-03-01T00:00:00Z; the sample ends forty days later, 2026-04-10T00:00:00Z."""
DAYS: Final = 40
SECOND: Final = 1000
HOUR: Final = 3600 * SECOND
DAY: Final = 24 * HOUR
END: Final = START + DAYS * DAY
APPS: Final = ("iOS", "Android")

Json: TypeAlias = dict[str, Any]


@dataclass
class Person:
    number: int
    mpid: int
    city: City
    channels: list[str]
    joined: int
    leaves: int
    visits: int
    appetite: float
    lag: float
    identities: Json
    attributes: Json
    consent: Json | None
    devices: dict[str, Json]
    campaign: tuple[str, str] | None
    installed: dict[str, str] = field(default_factory=dict)
    cart: list[Product] = field(default_factory=list)
    spent: float = 0.0


def chance(rng: random.Random, share: float) -> bool:
    return rng.random() < share


def plain(text: str) -> str:
    bare = unicodedata.normalize("NFD", text).encode("ascii", "ignore").decode()
    return bare.lower().replace(" ", "").replace("'", "")


def uuid(rng: random.Random) -> str:
    digits = f"{rng.getrandbits(128):032x}"
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"


def channels(rng: random.Random) -> list[str]:
    first = rng.choices(("web", "iOS", "Android"), (45, 31, 24))[0]
    second = rng.choice(APPS) if first == "web" else "web"
    return [first, second] if chance(rng, 0.22) else [first]


def identities(rng: random.Random, number: int) -> Json:
    """Two thirds have signed in once; a customer id is spelled the way each client spells it (see `Upload`)."""
    if chance(rng, 0.33):
        return {}
    name = f"{plain(rng.choice(FIRST_NAMES))}.{plain(rng.choice(LAST_NAMES))}.{number}"
    domain = rng.choice(("example.com", "example.com", "example.org", "mail.example.net"))
    known: Json = {"customer_id": f"C-{100000 + number}", "email": f"{name}@{domain}"}
    if chance(rng, 0.15):
        known["mobile_number"] = f"+33199{number:06d}"
    return known


def attributes(rng: random.Random, since: int) -> Json:
    """One of every type: text, number, boolean, date, list, tag, number as text, reserved key."""
    own: Json = {
        "plan": rng.choices(("free", "plus", "pro"), (70, 22, 8))[0],
        "newsletter": chance(rng, 0.4),
        "member_since": iso_date(since),
        "points": rng.choice((0, 20, 55, 120, 250, 0.5)),
    }
    age = rng.randrange(18, 75)
    clubs = ["VIP", "tasting"] if chance(rng, 0.3) else rng.sample(("tasting", "latte art", "vip guests"), 2)
    optional: Json = {
        "$Age": str(age) if chance(rng, 0.5) else age,
        "$Gender": rng.choice(("female", "male", "Female", None, "")),
        "favourite_origins": rng.sample(ORIGINS, rng.randrange(0, 4)),
        "beta": None,
        "trial_ends": iso_date(START + rng.randrange(10, 60) * DAY),
        "clubs": clubs,
    }
    shares = (0.5, 0.4, 0.35, 0.06, 0.12, 0.2)
    given = (name for name, share in zip(optional, shares, strict=True) if chance(rng, share))
    return own | {name: optional[name] for name in given}


def iso_date(moment: int) -> str:
    day = moment // DAY + 719_468
    era, doe = divmod(day, 146_097)
    yoe = (doe - doe // 1460 + doe // 36_524 - doe // 146_096) // 365
    doy = doe - (365 * yoe + yoe // 4 - yoe // 100)
    month = (5 * doy + 2) // 153
    return f"{yoe + era * 400 + (month > 9):04d}-{(month + 2) % 12 + 1:02d}-{doy - (153 * month + 2) // 5 + 1:02d}"


def consent(rng: random.Random, city: City, moment: int) -> Json | None:
    if chance(rng, 0.25):
        return None
    at = {"timestamp_unixtime_ms": moment}
    if city.country == "US":
        return {"ccpa": {"data_sale_opt_out": {"consented": chance(rng, 0.2), **at}}}
    purposes = {"Marketing": chance(rng, 0.55), "analytics": chance(rng, 0.8)}
    return {"gdpr": {purpose: {"consented": given, **at} for purpose, given in purposes.items()}}


def device(rng: random.Random, platform: str, city: City) -> Json:
    if platform == "web":
        return {"platform": "web", "locale_country": city.country}
    maker, model, version = rng.choice(MODELS[platform])
    own: Json = {"platform": platform, "device_manufacturer": maker, "device_model": model, "os_version": version}
    if chance(rng, 0.5):
        own["network_carrier"] = rng.choice(("Orange", "Vodafone", "T-Mobile", "Movistar"))
    if chance(rng, 0.5):
        own["ios_advertising_id" if platform == "iOS" else "android_advertising_id"] = uuid(rng)
    return own


def person(rng: random.Random, number: int) -> Person:
    city = rng.choices(CITIES, [place.weight for place in CITIES])[0]
    existing = chance(rng, 0.4)
    joined = START + int(rng.expovariate(1 / (7 * DAY))) if existing else START + int(rng.random() * DAYS * DAY)
    joined = min(joined, END - 3 * HOUR)
    span = 3 * HOUR + int(rng.expovariate(1 / (22 * DAY)))
    used = channels(rng)
    return Person(
        number=number,
        mpid=rng.getrandbits(64) - 2**63,
        city=city,
        channels=used,
        joined=joined,
        leaves=min(END, joined + span),
        visits=1 + min(45, int(rng.lognormvariate(0.6, 0.97))),
        appetite=rng.random() ** 2,
        lag=rng.expovariate(1 / (5 * DAY)),
        identities=identities(rng, number),
        attributes=attributes(rng, START - rng.randrange(5, 700) * DAY if existing else joined),
        consent=consent(rng, city, joined),
        devices={channel: device(rng, channel, city) for channel in used},
        campaign=rng.choice(CAMPAIGNS) if chance(rng, 0.55) else None,
    )


def location(rng: random.Random, city: City) -> Json:
    near = {
        "latitude": round(city.latitude + rng.uniform(-0.04, 0.04), 4),
        "longitude": round(city.longitude + rng.uniform(-0.04, 0.04), 4),
        "country_code": city.country,
        "region_code": city.region,
        "city_name": city.name,
        "postal_code": city.postal_code,
    }
    return near | ({"dma_code": city.dma_code} if city.dma_code else {})
