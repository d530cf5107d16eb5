"""Ray belongs to the tests that say so: it takes seconds to start and leaves processes behind when misused."""

import os
from collections.abc import Iterator

import pytest
import ray

from raudience.cluster.placement import leave, reach

os.environ["RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO"] = "0"
os.environ["RAY_USAGE_STATS_ENABLED"] = "0"


@pytest.fixture(autouse=True)
def _no_ray_by_accident(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.node.get_closest_marker("ray"):
        return

    def refuse(*_: object, **__: object) -> None:
        message = "ray.init outside a test that is marked `ray`"
        raise AssertionError(message)

    monkeypatch.setattr(ray, "init", refuse)


@pytest.fixture(scope="session")
def local_ray() -> Iterator[None]:
    """One Ray for all tests that ask for it: starting takes longer than most of them."""
    reach("local")
    yield
    leave()
