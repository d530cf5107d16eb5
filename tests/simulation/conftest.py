import pytest


@pytest.fixture(autouse=True)
def a_driver_listens_by_rounds_and_not_by_the_time_of_this_machine(monkeypatch):
    """So that a seed is the same life each time."""
    monkeypatch.setattr("raudience.cluster.hearing._PAUSE", 0.0)
