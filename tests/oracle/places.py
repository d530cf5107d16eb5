"""Distances on the sphere."""

from math import asin, cos, radians, sin, sqrt

RADIUS = 6_371_008.8
CITIES = {"Paris": (48.85341, 2.3488), "London": (51.50853, -0.12574)}
"""The few cities that the tests name."""


def point_of(criterion):
    if "city" in criterion:
        return CITIES[criterion["city"]]
    return criterion["latitude"], criterion["longitude"]


def meters_between(here, there):
    (south, west), (north, east) = ((radians(a), radians(b)) for a, b in (here, there))
    half = sin((north - south) / 2) ** 2 + cos(south) * cos(north) * sin((east - west) / 2) ** 2
    return 2 * RADIUS * asin(min(1.0, sqrt(half)))
