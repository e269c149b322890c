import inspect

import pytest

from stgnn.search import SEARCH_STRATEGIES, SearchStrategy
from stgnn.space import read_space
from stgnn.testing import check_search_strategy

BEYOND_THE_START = {"population": 8, "startup": 8, "start": 8}  # so that a short study leaves the random trials behind


def strategy(name: str) -> SearchStrategy:
    cls = SEARCH_STRATEGIES[name]
    accepted = inspect.signature(cls).parameters
    return cls(**{key: value for key, value in BEYOND_THE_START.items() if key in accepted})


@pytest.mark.parametrize("name", SEARCH_STRATEGIES)
@pytest.mark.parametrize("space", ["tiny", "sgn"])
def test_search_strategy(name: str, space: str) -> None:
    check_search_strategy(strategy(name), read_space(space))
