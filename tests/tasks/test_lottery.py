"""Masks follow the network to the device that trains it."""

from pathlib import Path
from unittest.mock import Mock

import pytest
import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensor, FakeTensorMode

from stgnn.data.datamodule import SyntheticDataModule
from stgnn.errors import InputError
from stgnn.networks.sparsity import magnitude_masks, maskable
from stgnn.space import load_space
from stgnn.tasks import ClassificationTask, lottery
from stgnn.tasks.lottery import KeepMasks
from stgnn.tasks.lottery_plan import Lottery
from stgnn.tasks.running import train_quietly


def test_masks_are_moved_once_and_the_kept_ones_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    applied: list[Tensor] = []
    apply = lottery.apply_masks_
    monkeypatch.setattr(
        lottery, "apply_masks_", lambda network, given: (applied.append(given["weight"]), apply(network, given))
    )
    with FakeTensorMode() as mode:
        network, masks = nn.Linear(3, 2), {"weight": torch.ones(2, 3, dtype=torch.bool)}
        callback = KeepMasks(network, masks)
        on_gpu = FakeTensor(mode, torch.empty(2, 3, device="meta"), torch.device("cuda:0"))
        network.weight = nn.Parameter(on_gpu, requires_grad=False)
        callback.on_train_start(Mock(), Mock())
        for _ in range(2):
            callback.on_train_batch_end(Mock(), Mock())
        assert applied[0] is applied[1] and applied[0].device.type == "cuda"
        assert callback.masks["weight"] is masks["weight"] and masks["weight"].device.type == "cpu"


@pytest.mark.parametrize("device", ["cpu", pytest.param("cuda", marks=pytest.mark.gpu)])
def test_pruned_weights_stay_zero_through_a_training(device: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if device == "cpu":
        monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    data = SyntheticDataModule(clips=48, frames=8, batch_size=16)
    task = ClassificationTask(data.layout, data.class_names, load_space("tiny").smallest())
    masks = magnitude_masks(dict(maskable(task.network)), None, 0.5)
    before = {name: weight.detach().clone() for name, weight in maskable(task.network)}
    trainer = train_quietly(task, data, 1, 0, [KeepMasks(task.network, masks)])
    assert trainer.strategy.root_device.type == device
    for name, weight in maskable(task.network):
        assert not weight[~masks[name]].any() and not torch.equal(weight.cpu(), before[name])


def test_damaged_weights_of_an_earlier_round_say_what_to_remove(tmp_path: Path) -> None:
    (tmp_path / "dense.pt").write_bytes(b"PK")
    with pytest.raises(InputError, match=r"an earlier round(.|\n)*remove the results of this seed"):
        lottery._load(tmp_path / "dense.pt")


def test_a_plan_prunes_before_its_controls_need_the_masks() -> None:
    smallest = load_space("tiny").smallest().to_dict()
    plan = Lottery(smallest, epochs=4, methods=("random_mask", "one_shot"), final=0.5, rate=0.3, every=2)
    trained = [(method, number) for method, number, _ in plan.pruned()]
    assert trained == [("iterative", 1), ("iterative", 2), ("one_shot", 2), ("random_mask", 2)]
