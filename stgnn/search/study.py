"""The search: an Optuna study that can be killed at any moment, continued, and shared by several workers.

Parameters are the genes of the space by name, always all of them. A trial's own data stand in its user attributes,
where optuna-dashboard shows them: ``architecture``, ``digest``, ``accuracy_std``, ``latency_std``, ``macs``,
``parameters``, ``strategy``.
"""

import hashlib
import json
import random
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import optuna
from optuna.exceptions import ExperimentalWarning
from optuna.samplers import BaseSampler
from optuna.study import Study, StudyDirection

from stgnn.errors import InputError, check_positive
from stgnn.search.progress import SearchProgress
from stgnn.search.recovery import recover
from stgnn.search.sampler import PerTrialSampler
from stgnn.search.storage import load_study, open_storage, study_names
from stgnn.search.strategies import SearchStrategy
from stgnn.search.trial import Evaluator, Objectives, Worker, distinct_trials, is_feasible
from stgnn.space import BaseArchitecture, Space, read_architecture

if TYPE_CHECKING:
    from stgnn.latency.base import LatencyModel
    from stgnn.latency.cost import Cost
    from stgnn.skeleton import SkeletonLayout

__all__ = [
    "RANDOM_SUFFIX",
    "Evaluation",
    "Evaluator",
    "load_evaluations",
    "load_study",
    "reference_point",
    "run_search",
    "study_identity",
    "study_names",
]

RANDOM_SUFFIX = "-random"  # the study of random search at equal cost stands in the same storage under this name
METRICS = ("accuracy", "latency_ms")
DIRECTIONS = (StudyDirection.MAXIMIZE, StudyDirection.MINIMIZE)


@dataclass(frozen=True)
class Evaluation:
    """What a study knows about one architecture.

    Attributes:
        number: Number of the trial that evaluated it first.
        architecture: The architecture.
        accuracy: Fraction of the clips of the search split that are recognised, with inherited weights.
        accuracy_std: Its standard error.
        latency_ms: Predicted latency.
        latency_std: Standard deviation of the prediction.
        macs: Multiply-accumulates for one body.
        parameters: Number of parameters.
        feasible: Whether all constraints of the study hold.
        strategy: Class name of the strategy that proposed it.
    """

    number: int
    architecture: BaseArchitecture
    accuracy: float
    accuracy_std: float
    latency_ms: float
    latency_std: float
    macs: int
    parameters: int
    feasible: bool
    strategy: str

    def to_dict(self) -> dict[str, Any]:
        """Plain data under the names that a point of a report has."""
        names = ("number", "accuracy", "accuracy_std", "latency_ms", "latency_std", "macs", "parameters", "feasible")
        known = {name: getattr(self, name) for name in names}
        return {**known, "digest": self.architecture.digest, "architecture": self.architecture.to_dict()}


def run_search(
    evaluator: Evaluator,
    latency_model: "LatencyModel",
    strategy: SearchStrategy,
    storage: str | Path,
    study_name: str,
    trials: int,
    seed: int = 0,
    budget_ms: float | None = None,
    max_parameters: int | None = None,
    progress: bool = True,
    cost: "Callable[[BaseArchitecture, SkeletonLayout, int], Cost] | None" = None,
) -> list[Evaluation]:
    """Search until the study holds ``trials`` distinct architectures, continuing what is there.

    The first two trials are the ends of the space, whatever the strategy: they are what the front has to beat.
    Random search at equal cost is the same call with the strategy ``Random`` and another study name.

    Args:
        evaluator: Accuracy of an architecture; it also brings the space, the body and the classes.
        latency_model: Latency of an architecture.
        strategy: What proposes architectures.
        storage: Path of a journal file, or any storage URL of Optuna.
        study_name: Name of the study in the storage.
        trials: Distinct architectures to evaluate over all workers and restarts; fewer when the space has no more.
        seed: Seed of the proposals.
        budget_ms: Latency above which an architecture is infeasible.
        max_parameters: Number of parameters above which an architecture is infeasible.
        progress: Whether to show progress.
        cost: Counts MACs and parameters; None means :func:`stgnn.latency.cost.count`.

    Returns:
        One evaluation for each distinct architecture, in the order of the trials.

    Raises:
        InputError: a number is out of range, or the study belongs to another supernet, space, latency model or budget.
        KeyboardInterrupt: Ctrl-C; finished trials are kept, and the message says how many.
    """
    if not study_name.strip():
        raise InputError("a study needs a name", given=repr(study_name), hint="give one with --name")
    check_positive(trials=trials, budget_ms=budget_ms, max_parameters=max_parameters)
    space, layout, num_classes = evaluator.space, evaluator.layout, evaluator.num_classes
    smallest, largest = (
        latency_model.predict(one, layout, num_classes).mean_ms for one in (space.smallest(), space.largest())
    )
    check_positive(**{"the latency that the model predicts": smallest, "the latency of the largest network": largest})
    limits = {"latency_ms": budget_ms, "parameters": max_parameters}
    depends_on = {
        **evaluator.identity(),
        "space": space.digest,
        "layout": layout.digest,
        "latency model": _latency_identity(latency_model, space, layout, num_classes),
        **{f"limit of {name}": str(limit) for name, limit in limits.items()},
    }
    facts = {"reference": [1 / num_classes, largest], "space": space.to_dict(), "num_classes": num_classes}
    study = _open_study(storage, study_name, PerTrialSampler(strategy, space, seed), depends_on, facts)
    given = {name: float(limit) for name, limit in limits.items() if limit is not None}
    objectives = Objectives(evaluator, latency_model, cost or _count)
    worker = Worker(study, space, objectives, strategy=type(strategy).__name__, limits=given)
    recover(study, space)
    _begin(study, space)
    _work(worker, min(trials, space.size), progress)
    return _evaluations(study)


def _latency_identity(model: "LatencyModel", space: Space, layout: "SkeletonLayout", num_classes: int) -> str:
    """The class of a latency model, its predictions for the ends of a space, and a checksum of some between them."""
    rng = random.Random(0)
    between = [space.sample_sized(rng, rng.random()) for _ in range(16)]
    told = []
    for architecture in (space.smallest(), space.largest(), *between):
        try:
            told.append(f"{model.predict(architecture, layout, num_classes).mean_ms:.6g}")
        except InputError:  # the search will tell when it comes to such a network
            told.append("unknown")
    checksum = hashlib.sha256(" ".join(told).encode()).hexdigest()[:12]
    return f"{type(model).__name__}, {told[0]} to {told[1]} ms, predictions {checksum}"


def _begin(study: Study, space: Space) -> None:
    """Queue the smallest and the largest architecture of a new study."""
    if not study.get_trials(deepcopy=False):
        for end in (space.smallest(), space.largest()):
            study.enqueue_trial(space.encode(end), user_attrs={"origin": "end of the space"}, skip_if_exists=True)


def _work(worker: Worker, target: int, progress: bool) -> None:
    """Steps until ``target`` architectures are done, or the strategy repeats itself nearly always."""
    most = 10 * target + 100
    with SearchProgress(worker.study.study_name, target, progress) as bar:
        try:
            while len(done := worker.finished()) < target and len(worker.study.get_trials(deepcopy=False)) < most:
                bar.update(done)
                worker.step()
            bar.update(done)
        except KeyboardInterrupt:
            kept = len(worker.finished())
            message = f"search stopped: {kept} of {target} architectures are kept; run the same command to continue"
            raise KeyboardInterrupt(message) from None


def _count(architecture: BaseArchitecture, layout: "SkeletonLayout", num_classes: int) -> "Cost":
    from stgnn.latency.cost import count  # brings torch

    return count(architecture, layout, num_classes)


def _open_study(
    storage: str | Path, name: str, sampler: BaseSampler, identity: dict[str, str], facts: dict[str, Any]
) -> Study:
    """Continue the study of that name, or create it.

    Raises:
        InputError: the study is about something else; it is left untouched.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    opened = open_storage(storage, create=True)
    if name not in optuna.get_all_study_names(opened):
        optuna.create_study(storage=opened, study_name=name, directions=list(DIRECTIONS), load_if_exists=True)
    study = optuna.load_study(study_name=name, storage=opened, sampler=sampler)
    # Read first: another worker may be setting the study up at this moment.
    empty = not study.get_trials(deepcopy=False)
    stored = study.user_attrs.get("identity")
    if stored is None and empty and study.directions == list(DIRECTIONS):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ExperimentalWarning)  # metric names, which the dashboard shows
            study.set_metric_names(list(METRICS))
        for key, value in {**facts, "identity": identity}.items():
            study.set_user_attr(key, value)
    elif stored != identity:
        _refuse(name, storage, stored or {}, identity)
    return study


def _refuse(name: str, storage: str | Path, stored: Mapping[str, str], identity: Mapping[str, str]) -> None:
    keys = sorted(key for key in {*stored, *identity} if stored.get(key) != identity.get(key))
    raise InputError(
        f"the study {name!r} in {storage} was made with another {' and another '.join(keys)}",
        given=[f"{key}: {identity.get(key, 'nothing')}" for key in keys],
        allowed=[f"{key}: {stored.get(key, 'nothing')}" for key in keys],
        hint="begin another study with --name OTHER or --study OTHER.journal; this one is left as it is",
    )


def _evaluations(study: Study) -> list[Evaluation]:
    return [
        Evaluation(
            number=trial.number,
            architecture=read_architecture(json.loads(trial.user_attrs["architecture"])),
            accuracy=trial.values[0],
            accuracy_std=trial.user_attrs["accuracy_std"],
            latency_ms=trial.values[1],
            latency_std=trial.user_attrs["latency_std"],
            macs=trial.user_attrs["macs"],
            parameters=trial.user_attrs["parameters"],
            feasible=is_feasible(trial),
            strategy=trial.user_attrs["strategy"],
        )
        for trial in distinct_trials(study)
    ]


def load_evaluations(storage: str | Path, study_name: str) -> list[Evaluation]:
    """The distinct architectures a study has evaluated, in the order of the trials.

    Raises:
        InputError: there is no such storage, or no such study in it.
    """
    return _evaluations(load_study(storage, study_name))


def study_identity(storage: str | Path, study_name: str) -> dict[str, str]:
    """What the results of a study depend on: the supernet's checksum, the space, the latency model, ...

    Raises:
        InputError: there is no such storage or study.
    """
    return dict(load_study(storage, study_name).user_attrs.get("identity") or {})


def reference_point(storage: str | Path, study_name: str) -> tuple[float, float]:
    """Reference of the hypervolume, fixed with the study: accuracy of chance, latency of the largest network.

    Raises:
        InputError: there is no such storage or study, or another program made the study.
    """
    point = load_study(storage, study_name).user_attrs.get("reference")
    if point is None:
        raise InputError("this study was not made by a search of stgnn", given=study_name)
    return float(point[0]), float(point[1])
