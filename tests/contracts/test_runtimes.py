import pytest

from stgnn.runtimes import RUNTIMES
from stgnn.testing import check_runtime


@pytest.mark.parametrize("name", RUNTIMES)
def test_runtime(name: str) -> None:
    check_runtime(RUNTIMES[name]())
