"""Small data and short runs for the tests of tasks."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from lightning.pytorch import Trainer

from stgnn.data.datamodule import SyntheticDataModule
from stgnn.tasks import ClassificationTask, SupernetTask


@pytest.fixture
def data() -> SyntheticDataModule:
    """Sixty-four synthetic clips."""
    return SyntheticDataModule(clips=64, frames=16, batch_size=16)


@pytest.fixture
def supernet(data: SyntheticDataModule) -> Callable[..., SupernetTask]:
    """Makes a supernet task of the tiny space."""

    def make(**arguments: Any) -> SupernetTask:
        return SupernetTask("tiny", data.layout.to_dict(), data.class_names, **{"calibration_clips": 16, **arguments})

    return make


@pytest.fixture
def classification(data: SyntheticDataModule) -> Callable[..., ClassificationTask]:
    """Makes a task for one network, the smallest of the tiny space unless told otherwise."""

    def make(**arguments: Any) -> ClassificationTask:
        return ClassificationTask(data.layout.to_dict(), data.class_names, **arguments)

    return make


@pytest.fixture
def trainer(tmp_path: Path) -> Callable[..., Trainer]:
    """Makes a quiet Trainer for the CPU."""

    def make(**arguments: Any) -> Trainer:
        quiet = {
            "enable_progress_bar": False,
            "enable_model_summary": False,
            "logger": False,
            "enable_checkpointing": False,
        }
        place = {"accelerator": "cpu", "devices": 1, "default_root_dir": tmp_path, "log_every_n_steps": 1}
        return Trainer(**{**quiet, **place, **arguments})

    return make
