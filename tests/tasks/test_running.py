"""Runs without a command line: the best epoch is kept, and nothing is left behind."""

from pathlib import Path

import pytest
import torch
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import Callback

from stgnn.data.datamodule import SyntheticDataModule
from stgnn.errors import InputError
from stgnn.space import load_space
from stgnn.tasks import ClassificationTask
from stgnn.tasks.running import KeepBest, accuracy, check_held_out, train_quietly


class Steered(KeepBest):
    """Pretends that epochs have these accuracies."""

    def __init__(self, scores: list[float]) -> None:
        super().__init__()
        self.scores = scores

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self.consider(self.scores[trainer.current_epoch], trainer.current_epoch, pl_module)


class Watch(Callback):
    def __init__(self) -> None:
        self.heads: list[torch.Tensor] = []

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self.heads.append(pl_module.network.classifier.weight.detach().clone())  # type: ignore[union-attr, operator]


def task_of(data: SyntheticDataModule) -> ClassificationTask:
    return ClassificationTask(data.layout, data.class_names, load_space("tiny").smallest())


def test_the_best_epoch_is_kept_and_of_two_the_later(
    data: SyntheticDataModule, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    task, best, watch = task_of(data), Steered([0.2, 0.5, 0.5, 0.1]), Watch()
    train_quietly(task, data, 4, 0, [watch, best])
    assert (best.epoch, best.top1) == (2, 0.5)
    assert isinstance(task.network.classifier.weight, torch.Tensor)  # type: ignore[union-attr]
    assert torch.equal(task.network.classifier.weight, watch.heads[2])  # type: ignore[union-attr]
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
