"""The favourites of a study, fine-tuned: shared weights say which networks deserve a training, trained ones which to
keep.

Accuracies with inherited weights rank networks only roughly (:mod:`stgnn.search.rank_check`). So the front of a search
and what comes next to it are trained on, each from its share of the supernet, and compared again.
"""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from stgnn.data.datamodule import SkeletonDataModule
from stgnn.errors import LARGEST_SEED, InputError, check_between, check_positive
from stgnn.files import SETTINGS, remade, write_text
from stgnn.networks import load_model, save_checkpoint
from stgnn.search.evaluate import supernet_checksum
from stgnn.search.extract import check_made_with
from stgnn.search.pareto import crowding, front_order, knee, ranks
from stgnn.search.study import Evaluation
from stgnn.space import BaseArchitecture
from stgnn.tasks import ClassificationTask
from stgnn.tasks.cutting import load_for
from stgnn.tasks.running import accuracy, check_held_out, kept_accuracy, train_quietly
from stgnn.tasks.settings import claim, data_facts

KNEE = "the knee of the fine-tuned networks: beyond it, more milliseconds buy little accuracy"


@dataclass(frozen=True)
class FineTuning:
    """How each network is trained on.

    Attributes:
        epochs: Epochs of each.
        learning_rate: Peak learning rate.
        weight_decay: Of weights.
        seed: Seed of what training draws.
    """

    epochs: int = 20
    learning_rate: float = 1e-3
    weight_decay: float = 0.01
    seed: int = 0

    def __post_init__(self) -> None:
        check_between(1, epochs=self.epochs)
        check_between(0, LARGEST_SEED, seed=self.seed)
        check_positive(learning_rate=self.learning_rate)
        check_between(0, weight_decay=self.weight_decay)


def favourites(evaluations: Sequence[Evaluation], number: int, budget_ms: float | None = None) -> list[Evaluation]:
    """The front, then the front of all others, and so on; of the last one those with most room around them.

    Args:
        evaluations: What a study found.
        number: How many; all that are feasible when there are no more.
        budget_ms: Largest predicted latency.

    Returns:
        From fast to slow.

    Raises:
        InputError: none keeps the constraints and the budget, or none is asked for.
    """
    check_between(1, networks=number)
    limit = math.inf if budget_ms is None else budget_ms
    known = [one for one in evaluations if one.feasible]
    able = [one for one in known if one.latency_ms <= limit]
    if not known:
        given, hint = f"{len(evaluations)} architectures", "search on, or begin a study with looser constraints"
        raise InputError("no network of the study keeps its limits", given=given, hint=hint)
    if not able:
        fastest = f"{min(one.latency_ms for one in known):.3g} ms or more"
        hint = "give a larger --budget_ms, or search on"
        raise InputError("no network of the study is fast enough", given=f"{limit:g} ms", allowed=fastest, hint=hint)
    level = ranks([(one.accuracy, one.latency_ms) for one in able])
    room: dict[int, float] = {}
    for front in range(max(level) + 1):
        members = [index for index in range(len(able)) if level[index] == front]
        gaps = crowding([(able[index].accuracy, math.log(able[index].latency_ms)) for index in members])
        room |= dict(zip(members, gaps, strict=True))
    order = sorted(range(len(able)), key=lambda index: (level[index], -room[index]))
    return sorted((able[index] for index in order[:number]), key=lambda one: one.latency_ms)


def check_share(supernet: Path, study: Mapping[str, str], data: SkeletonDataModule) -> str:
    """Make sure that networks of a study can be trained on: the supernet is the one of the study, of these data.

    A warning tells of one whose training was stopped.

    Args:
        supernet: Checkpoint of the supernet.
        study: Identity of the study.
        data: The clips.

    Returns:
        The checksum of its weights.

    Raises:
        InputError: the study was made with another supernet, it has other classes, or it may have seen the clips that
            are to be scored.
    """
    module = load_for(supernet, data).module
    check_made_with(module, study, supernet)
    return supernet_checksum(module)


def fine_tune(
    plan: FineTuning,
    architectures: Sequence[BaseArchitecture],
    supernet: Path,
    checksum: str,
    data: SkeletonDataModule,
    output: Path,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[float]:
    """Train what is missing.

    Args:
        plan: How each is trained.
        architectures: Members of the space of the supernet.
        supernet: Checkpoint of the supernet that they are shares of.
        checksum: Of its weights.
        data: The clips; accuracy is that of held-out training subjects.
        output: Folder of the results: see :func:`checkpoint_of`.
        progress: Called with the number of networks that are done, and of all.

    Returns:
        The accuracy of each.

    Raises:
        InputError: the folder holds something else, a network of it is damaged, or nobody is held out for validation.
    """
    check_held_out(data)
    settings = {**asdict(plan), "supernet": checksum, "data": data_facts(data)}
    claim(output / SETTINGS, settings, "fine-tuned networks")
    scores = []
    for architecture in architectures:
        scores.append(_trained(plan, architecture, supernet, data, checkpoint_of(output, architecture)))
        progress(len(scores), len(architectures))
    return scores


def checkpoint_of(output: Path, architecture: BaseArchitecture) -> Path:
    """Where a fine-tuned network is kept in the folder of the results."""
    return output / f"{architecture.digest}.ckpt"


def choice(rows: Sequence[Mapping[str, Any]], budget_ms: float | None = None) -> dict[str, Any]:
    """What fine-tuning has found, as plain data.

    Args:
        rows: One for each network, with ``fine_tuned`` (accuracy) and ``latency_ms`` (predicted).
        budget_ms: Latency that they were chosen by, if any.

    Returns:
        ``front``: that of fine-tuned accuracy and predicted latency, from fast to slow; ``chosen``: the most accurate
        network, or without a budget the knee; ``chosen_by``: which of them, in words.
    """
    points = [(row["fine_tuned"], row["latency_ms"]) for row in rows]
    front = front_order(points)
    best = knee(points) if budget_ms is None else front[-1]
    by = KNEE if budget_ms is None else f"the most accurate of the fine-tuned networks within {budget_ms:g} ms"
    return {"front": [rows[index] for index in front], "chosen": rows[best], "chosen_by": by}


def _trained(
    plan: FineTuning, architecture: BaseArchitecture, supernet: Path, data: SkeletonDataModule, path: Path
) -> float:
    """The accuracy of a network after its training, which an earlier run may have done.

    Raises:
        InputError: what an earlier run has kept of it is damaged.
    """
    result = path.with_suffix(".json")
    if not result.is_file():
        task = ClassificationTask(
            data.layout,
            data.class_names,
            architecture,
            init_from=supernet,
            learning_rate=plan.learning_rate,
            weight_decay=plan.weight_decay,
        )
        train_quietly(task, data, plan.epochs, plan.seed)
        score = accuracy(task, data)
        save_checkpoint(path, task.network, data.class_names, {**task.clips_seen(), "val_top1": score})
        write_text(result, json.dumps({"architecture": str(architecture), "val_top1": score}))
    with remade(result):
        load_model(path)
    return kept_accuracy(result)
