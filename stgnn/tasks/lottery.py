"""The lottery-ticket experiment: prune trained weights by magnitude, go back, train what is left from there.

"Are ST-GCNs for HAR over-parameterized?" (arXiv 2505.10679) rests on it, without released code or protocol; this one is
ours. Every training that is done leaves a file, and the same call goes on with what is missing.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import torch
from lightning.pytorch.callbacks import Callback
from torch import Tensor, nn

from stgnn.data.datamodule import SkeletonDataModule
from stgnn.errors import advice
from stgnn.files import SETTINGS, read_kept, write_text
from stgnn.networks.archive import read_archive, write_archive
from stgnn.networks.sparsity import (
    apply_masks_,
    magnitude_masks,
    maskable,
    not_zero,
    random_masks,
    redrawn,
    rewind,
)
from stgnn.space import load_architecture
from stgnn.tasks.base import copied_state
from stgnn.tasks.classification import ClassificationTask
from stgnn.tasks.lottery_plan import Lottery
from stgnn.tasks.running import accuracy, check_held_out, train_quietly
from stgnn.tasks.settings import claim, data_facts

KEPT = ("method", "seed", "sparsity", "remaining", "val_top1")  # of every training
TESTED = ("test_mean", "test_std")  # of a row whose test split was scored
State = Mapping[str, Tensor]


class KeepMasks(Callback):
    """Sets pruned weights back to zero after every step.

    Args:
        network: Whose weights.
        masks: What stays, on any device; the masks themselves are left where they are.
    """

    def __init__(self, network: nn.Module, masks: State) -> None:
        self.network, self.masks = network, masks
        self._beside: dict[str, Tensor] = {}  # the masks on the device that trains

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """The network has reached the device that trains it."""
        weights = dict(self.network.named_parameters())
        self._beside = {name: mask.to(weights[name].device) for name, mask in self.masks.items()}

    def on_train_batch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule, *_: Any) -> None:
        """The optimiser has moved everything."""
        apply_masks_(self.network, self._beside)


class KeepEarly(Callback):
    """Keeps the weights as they are after an epoch.

    Args:
        network: Whose weights.
        epoch: Number of epochs after which they are kept.
    """

    def __init__(self, network: nn.Module, epoch: int) -> None:
        self.network, self.epoch = network, epoch
        self.state: dict[str, Tensor] = {}

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """One more epoch is done."""
        if trainer.current_epoch + 1 == self.epoch:
            self.state = copied_state(self.network)


def run_lottery(
    plan: Lottery,
    data: SkeletonDataModule,
    output: Path,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[dict[str, Any]]:
    """Carry out what is missing of an experiment.

    Args:
        plan: What to compare.
        data: The clips; accuracy is that of held-out training subjects.
        output: Folder of the results.
        progress: Called with the number of trainings that are done, and of all.

    Returns:
        A row for every training: method, seed, sparsity, remaining weights, accuracy.

    Raises:
        InputError: the folder holds results of something else, or nobody is held out for validation.
    """
    check_held_out(data)
    _claim(plan, data, output)
    total = len(plan.seeds) * (1 + len([*plan.pruned()]))
    rows: list[dict[str, Any]] = []
    for seed in plan.seeds:
        for row in _Seed(plan, data, output / f"seed_{seed}", seed).rows():
            rows.append(row)
            progress(len(rows), total)
    return [row for row in rows if row["method"] in ("dense", *plan.methods)]


class _Seed:
    """The trainings of one seed, each kept in a file of its own."""

    def __init__(self, plan: Lottery, data: SkeletonDataModule, folder: Path, seed: int) -> None:
        self.plan, self.data, self.folder, self.seed = plan, data, folder, seed
        pl.seed_everything(seed, verbose=False)
        self.task = ClassificationTask(
            data.layout,
            data.class_names,
            plan.architecture,
            frames=data.frames,
            learning_rate=plan.learning_rate,
            weight_decay=plan.weight_decay,
        )
        self.network = self.task.network
        self.names = [name for name, _ in maskable(self.network)]
        self.first = copied_state(self.network)

    def rows(self) -> Iterator[dict[str, Any]]:
        """Every training, the dense network first."""
        yield self._dense()
        for method, number, level in self.plan.pruned():
            yield self._pruned(method, number, level)

    def _dense(self) -> dict[str, Any]:
        path = self.folder / "dense.json"
        if not path.is_file():
            early = KeepEarly(self.network, self.plan.rewind_epoch)
            train_quietly(self.task, self.data, self.plan.epochs, self.seed, [early])
            write_archive(path.with_suffix(".pt"), {"state": copied_state(self.network), "early": early.state})
            self._finish(path, "dense", 0.0)
        return dict(read_kept(path, KEPT))

    def _pruned(self, method: str, number: int, level: float) -> dict[str, Any]:
        path = self.folder / method / f"round_{number:02d}.json"
        if not path.is_file():
            masks = self._masks(method, number, level)
            late = method == "iterative_late"
            rewind(self.network, self._start(method, masks), masks)
            epochs = self.plan.epochs - (self.plan.rewind_epoch if late else 0)
            train_quietly(self.task, self.data, epochs, self.seed, [KeepMasks(self.network, masks)])
            if method.startswith("iterative"):
                write_archive(path.with_suffix(".pt"), {"state": copied_state(self.network), "masks": dict(masks)})
            self._finish(path, method, level)
        return dict(read_kept(path, KEPT))

    def _masks(self, method: str, number: int, level: float) -> dict[str, Tensor]:
        """What the method leaves after a round."""
        if method.startswith("random"):
            masks = _load(self.folder / "iterative" / f"round_{number:02d}.pt")["masks"]
            return random_masks(masks, self.seed) if method == "random_mask" else masks
        last = self.folder / method / f"round_{number - 1:02d}.pt"
        kept = _load(last if method != "one_shot" and number > 1 else self.folder / "dense.pt")
        weights = {name: kept["state"][name] for name in self.names}
        return magnitude_masks(weights, kept.get("masks"), level, self.plan.scope)

    def _start(self, method: str, masks: State) -> dict[str, Tensor]:
        """The weights that training starts from."""
        if method == "iterative_late":
            return _load(self.folder / "dense.pt")["early"]
        if method == "random_reinit":
            return {**self.first, **redrawn({name: self.first[name] for name in masks}, self.seed + 1)}
        return dict(self.first)

    def _finish(self, path: Path, method: str, level: float) -> None:
        row = {"method": method, "seed": self.seed, "sparsity": level, "remaining": not_zero(self.network)}
        row["val_top1"] = accuracy(self.task, self.data)
        if self.plan.test:
            row["test_top1"] = accuracy(self.task, self.data, "test")
        write_text(path, json.dumps(row, indent=1))


def _claim(plan: Lottery, data: SkeletonDataModule, output: Path) -> None:
    """Refuse a folder with results of other settings; seeds and methods may be added to one."""
    settings = {key: value for key, value in asdict(plan).items() if key not in ("seeds", "methods")}
    settings["architecture"] = load_architecture(plan.architecture).to_dict()
    settings["data"] = data_facts(data)
    claim(output / SETTINGS, settings, "a lottery")


def _load(path: Path) -> dict[str, dict[str, Tensor]]:
    with advice("remove the results of this seed, and the same command makes them again"):
        return read_archive(path, "the weights of an earlier round")


def averages(rows: Sequence[Mapping[str, Any]], score: str = "val_top1") -> list[dict[str, Any]]:
    """Mean, standard deviation and number of seeds of every method and sparsity, in their order; those of the test
    split besides, where it was scored.
    """
    groups: dict[tuple[str, float], list[Mapping[str, Any]]] = {}
    for row in rows:
        groups.setdefault((row["method"], row["sparsity"]), []).append(row)
    found = []
    for (method, sparsity), members in groups.items():
        remaining = sum(row["remaining"] for row in members) / len(members)
        mean, spread = _moments([row[score] for row in members])
        place = {"method": method, "sparsity": sparsity, "remaining": remaining}
        found.append({**place, "mean": mean, "std": spread, "seeds": len(members)})
        if score != "test_top1" and all("test_top1" in row for row in members):
            found[-1] |= dict(zip(TESTED, _moments([row["test_top1"] for row in members]), strict=True))
    return found


def _moments(values: Sequence[float]) -> tuple[float, float]:
    scores = torch.tensor(values, dtype=torch.float64)
    return float(scores.mean()), float(scores.std()) if len(scores) > 1 else 0.0
