"""Runs without a command line: they repeat, and nothing is left behind."""

from pathlib import Path

import pytest
import torch
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import Callback

from stgnn.data.datamodule import SyntheticDataModule
from stgnn.errors import InputError
from stgnn.space import load_space
from stgnn.tasks import ClassificationTask
from stgnn.tasks.running import accuracy, check_held_out, train_quietly


class Watch(Callback):
    def __init__(self) -> None:
        self.validated = list[int]()

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self.validated.append(trainer.current_epoch)


def task_of(data: SyntheticDataModule) -> ClassificationTask:
    return ClassificationTask(data.layout, data.class_names, load_space("tiny").smallest())


@pytest.mark.parametrize("validate", [False, True])
def test_epochs_are_validated_where_that_is_asked_for(
    validate: bool, data: SyntheticDataModule, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    watch = Watch()
    train_quietly(task_of(data), data, 2, 0, [watch], validate=validate)
    assert watch.validated == ([0, 1] if validate else [])
    assert not list(tmp_path.iterdir()), "nothing is left behind"


def test_the_same_seed_trains_the_same(data: SyntheticDataModule) -> None:
    def weights(seed: int) -> torch.Tensor:
        torch.manual_seed(5)
        task = task_of(data)
        train_quietly(task, data, 1, seed)
        assert 0 <= accuracy(task, data) <= 1
        return torch.cat([value.flatten() for value in task.network.parameters()]).detach()

    assert torch.equal(weights(0), weights(0))


def test_nobody_held_out_is_refused() -> None:
    with pytest.raises(InputError, match="held-out"):
        check_held_out(SyntheticDataModule(clips=64, frames=8, val_subjects=[]))
