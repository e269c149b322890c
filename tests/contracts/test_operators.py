import pytest

from stgnn.operators import OPERATORS
from stgnn.testing import check_operator


@pytest.mark.parametrize("name", OPERATORS)
def test_operator(name: str) -> None:
    check_operator(name)
