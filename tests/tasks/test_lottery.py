"""What every training of a lottery starts from and leaves; masks follow the network to the device that trains it."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import pytest
import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensor, FakeTensorMode

from stgnn.data.datamodule import SyntheticDataModule
from stgnn.errors import InputError
from stgnn.networks.sparsity import magnitude_masks, maskable, random_masks
from stgnn.space import load_space
from stgnn.tasks import ClassificationTask, lottery
from stgnn.tasks.base import copied_state
from stgnn.tasks.lottery import KeepMasks
from stgnn.tasks.lottery_plan import METHODS, Lottery
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


class Imagined:
    """Instead of a training: it is written down, and every epoch moves the weights."""

    def __init__(self) -> None:
        self.generator = torch.Generator().manual_seed(0)
        self.done: list[dict[str, Any]] = []

    def train(self, task: Any, data: Any, epochs: int, seed: int, callbacks: Any) -> None:
        own = {"start": copied_state(task.network), "epochs": epochs, "seed": seed}
        trainer = SimpleNamespace(current_epoch=0)
        for trainer.current_epoch in range(epochs):
            with torch.no_grad():
                for weight in task.network.parameters():
                    weight.add_(torch.randn(weight.shape, generator=self.generator))
            for one in callbacks:
                if isinstance(one, KeepMasks):
                    one.on_train_start(trainer, task)  # type: ignore[arg-type]
                    one.on_train_batch_end(trainer, task)  # type: ignore[arg-type]
                one.on_train_epoch_end(trainer, task)
            own[f"after {trainer.current_epoch + 1}"] = copied_state(task.network)
        masks = [one.masks for one in callbacks if isinstance(one, KeepMasks)]
        self.done.append({**own, "end": copied_state(task.network), "masks": masks[0] if masks else None})


@pytest.fixture
def trainings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[Any, dict[str, Any]]:
    """Every training of a lottery of one seed, by method and round; the dense one by its name."""
    imagined = Imagined()
    monkeypatch.setattr(lottery, "train_quietly", imagined.train)
    monkeypatch.setattr(lottery, "accuracy", lambda *_: 0.5)
    smallest = load_space("tiny").smallest().to_dict()
    plan = Lottery(smallest, epochs=5, final=0.9, rate=0.5, every=1, rewind_epoch=2, seeds=(3,))
    lottery.run_lottery(plan, SyntheticDataModule(clips=48, frames=8), tmp_path)
    names = ["dense", *((method, number) for method, number, _ in plan.pruned())]
    found: dict[Any, dict[str, Any]] = dict(zip(names, imagined.done, strict=True))
    for name, (_, _, level) in zip(names[1:], plan.pruned(), strict=True):
        found[name]["level"] = level
    return found


def equal(state: Any, other: Any, masks: Any = None) -> bool:
    """Whether states are the same where masks are open, and the first is zero elsewhere."""
    return all(
        torch.equal(state[name], value * masks[name] if name in (masks or {}) else value)
        for name, value in other.items()
    )


def test_every_pruned_training_starts_where_its_method_says(trainings: dict[Any, dict[str, Any]]) -> None:
    dense = trainings.pop("dense")
    first, early = dense["start"], dense["after 2"]
    assert dense["epochs"] == 5 and dense["masks"] is None
    assert {method for method, _ in trainings} == set(METHODS)
    for (method, _), one in trainings.items():
        late, masks = method == "iterative_late", one["masks"]
        assert one["epochs"] == (3 if late else 5) and one["seed"] == 3
        if method == "random_reinit":
            kept = {name: value for name, value in first.items() if name not in masks}
            assert equal(one["start"], kept)
            pairs = [(one["start"][name][mask], first[name][mask]) for name, mask in masks.items()]
            drawn, known = (torch.cat(parts) for parts in zip(*pairs, strict=True))
            assert abs(float(torch.stack([drawn, known]).corrcoef()[0, 1])) < 4 / len(drawn) ** 0.5
            assert equal(one["start"], one["start"], masks)
        else:
            assert equal(one["start"], early if late else first, masks), method


def test_every_method_prunes_what_its_own_last_training_left(trainings: dict[Any, dict[str, Any]]) -> None:
    dense = trainings.pop("dense")
    assert max(number for _, number in trainings) == 3
    for (method, number), one in trainings.items():
        masks, twin = one["masks"], trainings["iterative", number]["masks"]
        last = trainings[method, number - 1] if method.startswith("iterative") and number > 1 else dense
        weights = {name: last["end"][name] for name in masks}
        if method == "random_reinit":
            assert equal(masks, twin)
        elif method == "random_mask":
            assert {name: int(mask.sum()) for name, mask in masks.items()} == {
                n: int(mask.sum()) for n, mask in twin.items()
            }
            assert not equal(masks, twin) and equal(masks, random_masks(twin, 3))
        else:
            assert equal(masks, magnitude_masks(weights, last["masks"], one["level"])), (method, number)


def test_damaged_weights_of_an_earlier_round_say_what_to_remove(tmp_path: Path) -> None:
    (tmp_path / "dense.pt").write_bytes(b"PK")
    with pytest.raises(InputError, match=r"an earlier round(.|\n)*remove the results of this seed"):
        lottery._load(tmp_path / "dense.pt")


def test_a_plan_prunes_before_its_controls_need_the_masks() -> None:
    smallest = load_space("tiny").smallest().to_dict()
    plan = Lottery(smallest, epochs=4, methods=("random_mask", "one_shot"), final=0.5, rate=0.3, every=2)
    trained = [(method, number) for method, number, _ in plan.pruned()]
    assert trained == [("iterative", 1), ("iterative", 2), ("one_shot", 2), ("random_mask", 2)]
