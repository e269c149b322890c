"""How far a search can trust a supernet: do its shared weights rank networks as training them alone does?

Random members of the space, small to large, are scored as a search scores them, and trained alone, from random weights,
once for each seed. Kendall's tau-b of both accuracies is the answer. Two figures say what to hold it against: tau
between two seeds of the trainings themselves, which are uncertain, too; and tau of the multiply-accumulates, which cost
nothing to know. (Yu et al., "How to Train Your Super-Net", arXiv:2003.04276, is about why the answer may be no.)
"""

import itertools
import json
import random
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from stgnn.data.datamodule import SkeletonDataModule
from stgnn.errors import LARGEST_SEED, InputError, check_between
from stgnn.files import SETTINGS, without_nan, write_text
from stgnn.latency.cost import count
from stgnn.ranking import BY_SIZE, FAVOURITES, ORDERS, rank_correlation, regret_at
from stgnn.search.evaluate import SupernetEvaluator
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
    """

    networks: int = 20
    seeds: tuple[int, ...] = (0, 1)
    epochs: int = 40
    learning_rate: float = 2e-3
    weight_decay: float = 0.01

    def __post_init__(self) -> None:
        check_between(1, epochs=self.epochs)
        check_between(FEWEST, networks=self.networks)
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
    data: SkeletonDataModule,
    output: Path,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[dict[str, Any]]:
    """Score all members and train what is missing.

    Args:
        plan: What is trained.
        evaluator: The supernet and the held-out clips.
        data: The clips; accuracy is that of held-out training subjects.
        output: Folder of the trainings, which all supernets of one space on the same data may share.
        progress: Called with the number of trainings that are done, and of all.

    Returns:
        A row for each network: architecture, size, accuracy with shared weights and of each training.

    Raises:
        InputError: the folder holds trainings of something else, nobody is held out for validation, or the space is
            too small.
    """
    check_held_out(data)
    chosen = members(evaluator.space, plan.networks)
    settings = {key: value for key, value in asdict(plan).items() if key not in ("networks", "seeds")}
    claim(output / SETTINGS, {**settings, "data": data_facts(data)}, "trainings")
    rows: list[dict[str, Any]] = []
    for architecture in chosen:
        shared, error = evaluator.accuracy(architecture)
        alone = []
        for seed in plan.seeds:
            alone.append(_trained(plan, architecture, data, seed, output / f"{architecture.digest}_{seed}.json"))
            progress(len(rows) * len(plan.seeds) + len(alone), len(chosen) * len(plan.seeds))
        cost = count(architecture, data.layout, data.num_classes)
        size = {"macs": cost.macs, "parameters": cost.parameters}
        what = {"digest": architecture.digest, "architecture": architecture.to_dict()}
        rows.append({**what, **size, "shared": shared, "error": error, "alone": alone})
    return rows


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


def agreement(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """How shared weights, sizes, and one training order the networks, against the mean of their trainings.

    Args:
        rows: As :func:`check_ranks` returns them.

    Returns:
        ``orders``: for each order Kendall's tau with its interval of 95 %, and the accuracy that is lost by whoever
        takes its favourite, or the best of its five; ``again``: tau between the first training and the mean of the
        others, None with a single seed; ``mean_shared`` and ``mean_alone``: mean accuracies.
    """
    alone = [statistics.mean(row["alone"]) for row in rows]
    orders = {
        key: {
            **_tau([row[key] for row in rows], alone),
            **{f"lost_by_{number}": regret_at([row[key] for row in rows], alone, number) for number in FAVOURITES},
        }
        for key in ORDERS
    }
    others = [row["alone"][1:] for row in rows]
    again = _tau([row["alone"][0] for row in rows], [statistics.mean(one) for one in others]) if all(others) else None
    means = {"mean_shared": statistics.mean(row["shared"] for row in rows), "mean_alone": statistics.mean(alone)}
    return dict(without_nan({"networks": len(rows), "orders": orders, "again": again, **means}))


def verdict(found: Mapping[str, Any]) -> str:
    """What an agreement means, in a sentence."""
    shared, sizes = found["orders"]["shared"], [found["orders"][key]["tau"] for key in BY_SIZE]
    if (shared["low"] or 0.0) <= 0:
        again = found["again"]
        if set(sizes) == {None} or (again is not None and (again["low"] or 0.0) <= 0):
            return "nothing is shown, for the trainings do not agree on an order: give more epochs, seeds or networks"
        return (
            "the shared weights are not shown to rank networks: train the supernet longer, or ask about more networks"
        )
    if shared["low"] <= max(tau or 0.0 for tau in sizes):
        return "the shared weights rank networks, but are not shown to do it better than the size of the networks"
    return "the shared weights rank networks, and better than their size does"


def _tau(first: Sequence[float], second: Sequence[float]) -> dict[str, float]:
    found = rank_correlation(first, second)
    return {"tau": found.value, "low": found.low, "high": found.high}
