"""One trial: from a proposal to its values, user attributes and constraints."""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from optuna.exceptions import UpdateFinishedTrialError
from optuna.study import Study
from optuna.trial import FrozenTrial, Trial, TrialState

from stgnn.errors import InputError
from stgnn.search.recovery import give_up, is_worked_on, signature
from stgnn.space import BaseArchitecture, Space

if TYPE_CHECKING:
    from stgnn.latency.base import LatencyModel
    from stgnn.latency.cost import Cost
    from stgnn.skeleton import SkeletonLayout

LONGEST_WAIT = 60.0  # seconds for the result of another worker; then the architecture is evaluated a second time


class Evaluator(Protocol):
    """Anything that can say how accurate an architecture is, and for which space, body and classes."""

    @property
    def space(self) -> Space:
        """Where architectures come from."""
        ...

    @property
    def layout(self) -> "SkeletonLayout":
        """The body."""
        ...

    @property
    def num_classes(self) -> int:
        """Number of classes."""
        ...

    def accuracy(self, architecture: BaseArchitecture) -> tuple[float, float]:
        """Accuracy, as a fraction, and its standard error."""
        ...

    def identity(self) -> Mapping[str, str]:
        """What the accuracies depend on, such as the supernet's checksum: a study belongs to one identity."""
        ...


@dataclass(frozen=True)
class Objectives:
    """What an architecture is worth: accuracy and latency, and what is told beside them.

    Attributes:
        evaluator: Says how accurate it is.
        latency_model: Predicts its latency.
        cost: Counts its MACs and parameters.
    """

    evaluator: Evaluator
    latency_model: "LatencyModel"
    cost: "Callable[[BaseArchitecture, SkeletonLayout, int], Cost]"

    def evaluate(self, architecture: BaseArchitecture) -> tuple[list[float], dict[str, Any]]:
        """Values of the objectives (accuracy, ms), and user attributes of the trial.

        Raises:
            InputError: a value is not a finite number.
        """
        layout, num_classes = self.evaluator.layout, self.evaluator.num_classes
        latency = self.latency_model.predict(architecture, layout, num_classes)
        cost = self.cost(architecture, layout, num_classes)
        accuracy, error = self.evaluator.accuracy(architecture)
        values = [float(accuracy), float(latency.mean_ms)]
        if not all(math.isfinite(value) for value in values):
            raise InputError(
                "an architecture got a value that is not a number",
                given=f"accuracy {values[0]}, latency {values[1]} ms for {architecture}",
                hint="is the checkpoint that of a finished training?",
            )
        return values, {
            "accuracy_std": float(error),
            "latency_std": float(latency.std_ms),
            "macs": int(cost.macs),
            "parameters": int(cost.parameters),
        }


@dataclass(frozen=True)
class Worker:
    """This process's part in a study.

    Attributes:
        study: The study.
        space: Where its architectures come from.
        objectives: What they are worth.
        strategy: Class name of what proposes them.
        limits: Largest latency and number of parameters, by name; what is left out has no limit.
    """

    study: Study
    space: Space
    objectives: Objectives
    strategy: str
    limits: Mapping[str, float]

    def step(self) -> None:
        """One trial from proposal to result; an interrupted one is queued again."""
        trial = self.study.ask()
        try:
            trial.set_user_attr("worker", signature())
            self._finish(trial)
        except UpdateFinishedTrialError:
            return  # another worker took this one for dead, and has queued the architecture again
        except BaseException as error:
            frozen = self.study.trials[trial.number]
            give_up(self.study, frozen, self.space, again=isinstance(error, KeyboardInterrupt))
            raise

    def _finish(self, trial: Trial) -> None:
        for gene in self.space.genes:
            trial.suggest_categorical(gene.name, gene.choices)
        architecture = self.space.decode(trial.params)
        trial.set_user_attr("digest", architecture.digest)
        known = self._known(trial.number, architecture.digest)
        if known is None:
            values, attributes = self.objectives.evaluate(architecture)
        else:
            names = ("accuracy_std", "latency_std", "macs", "parameters")
            values = list(known.values)
            attributes = {name: known.user_attrs[name] for name in names} | {"duplicate_of": known.number}
        attributes |= {"architecture": architecture.to_json(), "strategy": self.strategy}
        for name, value in attributes.items():
            trial.set_user_attr(name, value)
        self._constrain(trial, {"latency_ms": values[1], "parameters": float(attributes["parameters"])})
        self.study.tell(trial, values)

    def _known(self, number: int, digest: str) -> FrozenTrial | None:
        """The trial that has evaluated this architecture. While another worker is at it, its result is waited for."""
        patience = time.monotonic() + LONGEST_WAIT
        while True:
            same = [one for one in self.study.get_trials(deepcopy=False) if one.user_attrs.get("digest") == digest]
            done = [one for one in same if one.state == TrialState.COMPLETE]
            if done:
                return done[0]
            earlier = [one for one in same if one.state == TrialState.RUNNING and one.number < number]
            if time.monotonic() > patience or not any(is_worked_on(one) for one in earlier):
                return None
            time.sleep(0.05)

    def _constrain(self, trial: Trial, amounts: Mapping[str, float]) -> None:
        """Set the constraints (0 or less is feasible), and mirror them where optuna-dashboard shows them."""
        for name, limit in self.limits.items():
            trial.set_user_attr(f"constraint_{name}", amounts[name] - limit)
            trial.set_constraint(name, amounts[name] - limit)

    def finished(self) -> list[FrozenTrial]:
        """Trials that evaluated an architecture, each architecture once."""
        return distinct_trials(self.study)


def is_feasible(trial: FrozenTrial) -> bool:
    """Whether a finished trial keeps all constraints of its study."""
    return all(value <= 0 for value in trial.constraints.values())


def distinct_trials(study: Study) -> list[FrozenTrial]:
    """Finished trials of this package, the first for each architecture."""
    first: dict[str, FrozenTrial] = {}
    for trial in study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,)):
        if "digest" in trial.user_attrs:
            first.setdefault(trial.user_attrs["digest"], trial)
    return list(first.values())
