"""Settings of every test: one thread for each process, and the installed plugins."""

import os

os.environ.setdefault(
    "OMP_NUM_THREADS", "1"
)  # before torch is imported; also keeps `pytest -n` from fighting over cores

import pytest

from stgnn.allocator import tune_allocator
from stgnn.registry import load_plugins

tune_allocator()
load_plugins()


@pytest.fixture(autouse=True)
def _seeded() -> None:
    """The same random numbers for a test, whichever tests ran before it."""
    import torch

    torch.manual_seed(0)
