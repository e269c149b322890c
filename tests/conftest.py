"""Settings of every test: one thread for each process, and the installed plugins."""

import os
from collections.abc import Callable
from pathlib import Path

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


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, which is the working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def refused(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Runs a command that must be refused; gives the message, which is all that is printed."""
    from stgnn.cli import main

    def message(*arguments: str | Path) -> str:
        capsys.readouterr()
        assert main([str(argument) for argument in arguments]) == 2
        captured = capsys.readouterr()
        assert captured.out == "" and "Traceback" not in captured.err
        return captured.err

    return message
