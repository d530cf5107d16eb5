"""The engines that every story is told on."""

from functools import partial

import pytest

from tests.stories.stage import EngineStage, OracleStage

ENGINES = {"oracle": OracleStage, "inline-1": partial(EngineStage, 1), "inline-4": partial(EngineStage, 4)}


@pytest.fixture(params=ENGINES)
def engine(request):
    """An engine without a book: the oracle, or the inline engine with 1 or 4 shards."""
    one = ENGINES[request.param]()
    yield one
    one.check()
    one.close()
