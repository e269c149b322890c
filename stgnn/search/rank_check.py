"""How far a search can trust a supernet: do its shared weights rank networks as training them alone does?

Random members of the space, small to large, are scored as a search scores them, fine-tuned for a few epochs as
:mod:`stgnn.search.fine_tuning` does it, and trained alone, from random weights, once for each seed. Kendall's tau-b of
their accuracies with those alone is the answer. Two figures say what to hold it against: tau between two seeds of the
trainings themselves, which are uncertain, too; and tau of the sizes, which cost nothing to know. (Yu et al., "How to
Train Your Super-Net", arXiv:2003.04276, is about why the answer may be no.)
"""

import itertools
import json
import random
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from stgnn.data.datamodule import SkeletonDataModule
from stgnn.errors import LARGEST_SEED, InputError, check_between, check_positive
from stgnn.files import SETTINGS, write_text
from stgnn.latency.cost import count
from stgnn.search.evaluate import SupernetEvaluator
from stgnn.search.fine_tuning import FineTuning, fine_tune
from stgnn.space import BaseArchitecture, Space
from stgnn.tasks import ClassificationTask
from stgnn.tasks.running import accuracy, check_held_out, kept_accuracy, train_quietly
from stgnn.tasks.settings import claim, data_facts

SIZES = (0.1, 0.3, 0.5, 0.7, 0.9)  # where members are drawn, from the smallest of the space (0) to the largest (1)
FEWEST = 5


@dataclass(frozen=True)
class RankCheck:
    """What is trained.

    Attributes:
        networks: Members of the space.
        seeds: One training of each member for each seed.
        epochs: Epochs of each training.
        learning_rate: Peak learning rate.
        weight_decay: Of weights.
        finetune_epochs: Epochs for which each share of the supernet is fine-tuned.
    """

    networks: int = 20
    seeds: tuple[int, ...] = (0, 1)
    epochs: int = 40
    learning_rate: float = 2e-3
    weight_decay: float = 0.01
    finetune_epochs: int = 5

    def __post_init__(self) -> None:
        check_between(1, epochs=self.epochs, finetune_epochs=self.finetune_epochs)
        check_between(FEWEST, networks=self.networks)
        check_positive(learning_rate=self.learning_rate)
        check_between(0, weight_decay=self.weight_decay)
        for seed in self.seeds:
            check_between(0, LARGEST_SEED, seeds=seed)
        if not self.seeds or len({*self.seeds}) < len(self.seeds):
            raise InputError("networks are trained with one seed or several", given=[*self.seeds], hint="--seeds [0,1]")


def members(space: Space, number: int) -> list[BaseArchitecture]:
    """Different members of a space, of all sizes, drawn without looking at anything else; more begin as fewer do.

    Raises:
        InputError: the space hardly has as many.
    """
    rng, found = random.Random(0), dict[str, BaseArchitecture]()
    for place in itertools.islice(itertools.cycle(SIZES), 20 * number):
        architecture = space.sample_sized(rng, place)
        found.setdefault(architecture.digest, architecture)
        if len(found) == number:
            return [*found.values()]
    raise InputError(f"the space {space.name} has too few members", given=number, allowed=f"{FEWEST} to {len(found)}")


def check_ranks(
    plan: RankCheck,
    evaluator: SupernetEvaluator,
    supernet: Path,
    data: SkeletonDataModule,
    output: Path,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[dict[str, Any]]:
    """Score all members and train what is missing.

    Args:
        plan: What is trained.
        evaluator: The supernet and the held-out clips.
        supernet: Its checkpoint.
        data: The clips; accuracy is that of held-out training subjects.
        output: Folder of the trainings, which all supernets of one space on the same data may share.
        progress: Called with the number of trainings that are done, and of all.

    Returns:
        A row for each network: architecture, size, accuracy with shared weights, fine-tuned, and of each training.

    Raises:
        InputError: the folder holds trainings of something else, nobody is held out for validation, or the space is
            too small.
    """
    check_held_out(data)
    chosen = members(evaluator.space, plan.networks)
    own = ("networks", "seeds", "finetune_epochs")
    settings = {key: value for key, value in asdict(plan).items() if key not in own}
    claim(output / SETTINGS, {**settings, "data": data_facts(data)}, "trainings")
    steps = itertools.count(1)

    def step(*_: int) -> None:
        progress(next(steps), len(chosen) * (len(plan.seeds) + 1))

    tuned = _fine_tuned(plan, chosen, evaluator.identity()["supernet"], supernet, data, output, step)
    rows: list[dict[str, Any]] = []
    for architecture, score in zip(chosen, tuned, strict=True):
        shared, error = evaluator.accuracy(architecture)
        alone = []
        for seed in plan.seeds:
            alone.append(_trained(plan, architecture, data, seed, output / f"{architecture.digest}_{seed}.json"))
            step()
        cost = count(architecture, data.layout, data.num_classes)
        size = {"macs": cost.macs, "parameters": cost.parameters}
        what = {"digest": architecture.digest, "architecture": architecture.to_dict()}
        rows.append({**what, **size, "shared": shared, "error": error, "fine_tuned": score, "alone": alone})
    return rows


def _fine_tuned(
    plan: RankCheck,
    chosen: Sequence[BaseArchitecture],
    checksum: str,
    supernet: Path,
    data: SkeletonDataModule,
    output: Path,
    step: Callable[[int, int], None],
) -> list[float]:
    """Accuracies of shares of a supernet after some epochs; they lie in a folder of that supernet and those epochs."""
    how = FineTuning(plan.finetune_epochs, weight_decay=plan.weight_decay)
    return fine_tune(how, chosen, supernet, checksum, data, output / f"{checksum}_{how.epochs}", step)


def _trained(plan: RankCheck, architecture: BaseArchitecture, data: SkeletonDataModule, seed: int, path: Path) -> float:
    """Accuracy on the held-out subjects of a network that was trained alone.

    Raises:
        InputError: what an earlier run has kept of it is damaged.
    """
    if not path.is_file():
        torch.manual_seed(seed)
        task = ClassificationTask(
            data.layout,
            data.class_names,
            architecture,
            learning_rate=plan.learning_rate,
            weight_decay=plan.weight_decay,
        )
        train_quietly(task, data, plan.epochs, seed)
        row = {"architecture": str(architecture), "seed": seed, "val_top1": accuracy(task, data)}
        write_text(path, json.dumps(row))
    return kept_accuracy(path)
