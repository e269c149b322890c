"""What a report is made from: plain frozen data, so that any search (or a notebook) can fill it in."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from stgnn.errors import InputError
from stgnn.space import BaseArchitecture, read_architecture

if TYPE_CHECKING:
    from stgnn.search.study import Evaluation


@dataclass(frozen=True)
class Measured:
    """A latency measured on the device: that of the quietest moment, which predictions are of, and the spread of all.

    Attributes:
        ms: Median of the quietest few runs in a row.
        p10_ms: Tenth percentile of all runs.
        p90_ms: Ninetieth percentile.
    """

    ms: float
    p10_ms: float
    p90_ms: float

    def __post_init__(self) -> None:
        for value in (self.ms, self.p10_ms, self.p90_ms):
            _check_time("a measured latency", value)

    @property
    def low_ms(self) -> float:
        """Where the spread begins: the quietest moment may lie below the tenth percentile."""
        return min(self.ms, self.p10_ms)


@dataclass(frozen=True)
class ReportPoint:
    """One evaluated network.

    Attributes:
        number: Number of the trial in its study.
        architecture: Plain data of the architecture.
        accuracy: Fraction of clips recognised, 0 to 1, on the search split.
        latency_ms: Predicted latency of one body.
        accuracy_std: Standard error of the accuracy, 0 when unknown.
        latency_std: Standard error of the prediction, 0 when unknown.
        macs: Multiply-accumulates of one body.
        parameters: Number of weights.
        digest: Identifies the architecture.
        measured: The latency measured, where it was.
        feasible: Whether the constraints of the search hold; an infeasible network is never on the front.
        fine_tuned: Accuracy after fine-tuning, where it was done.
    """

    number: int
    architecture: Mapping[str, Any]
    accuracy: float
    latency_ms: float
    accuracy_std: float = 0.0
    latency_std: float = 0.0
    macs: int = 0
    parameters: int = 0
    digest: str = ""
    measured: Measured | None = None
    feasible: bool = True
    fine_tuned: float | None = None

    def __post_init__(self) -> None:
        _check_share(f"the accuracy of trial {self.number}", self.accuracy)
        _check_time(f"the latency of trial {self.number}", self.latency_ms)
        if self.fine_tuned is not None:
            _check_share(f"the fine-tuned accuracy of trial {self.number}", self.fine_tuned)
        for std in (self.accuracy_std, self.latency_std):
            if not 0 <= std < math.inf:
                raise InputError(f"a spread of trial {self.number} is none", given=std, allowed="0 or more")

    @cached_property
    def network(self) -> BaseArchitecture:
        """The architecture, read from its plain data.

        Raises:
            InputError: the data describe none.
        """
        return read_architecture(self.architecture)


@dataclass(frozen=True)
class Landmark:
    """A network to compare with that the search did not find, such as ST-GCN++ trained with the same recipe.

    Attributes:
        name: What the table calls it.
        accuracy: Fraction of clips recognised, 0 to 1.
        latency_ms: Latency of one body.
        macs: Multiply-accumulates of one body.
        parameters: Number of weights.
        label: What the chart calls it, where that is something shorter.
        family: The network that it was pruned from; a line joins those of one family. Empty: it stands alone.
    """

    name: str
    accuracy: float
    latency_ms: float
    macs: int = 0
    parameters: int = 0
    label: str = ""
    family: str = ""

    def __post_init__(self) -> None:
        _check_share(f"the accuracy of {self.name}", self.accuracy)
        _check_time(f"the latency of {self.name}", self.latency_ms)


@dataclass(frozen=True)
class Measurement:
    """A network measured only to check the latency model (held out, not a trial of the search)."""

    name: str
    predicted_ms: float
    measured: Measured
    predicted_std: float = 0.0

    def __post_init__(self) -> None:
        _check_time(f"the predicted latency of {self.name}", self.predicted_ms)


@dataclass(frozen=True)
class ReportData:
    """Everything the report shows.

    Attributes:
        title: Heading of the page.
        points: The trials of the search, in any order.
        random: The trials of random search at equal cost; may be empty.
        chosen: Number of the trial that was chosen, if one was.
        chosen_by: What it was chosen by, in words.
        reference: Accuracy and latency in ms that the hypervolume counts from; beyond the worst trial when None.
        landmarks: Networks to compare with.
        measurements: Networks measured only to check the latency model.
        classes: Names of the classes.
        joints: Joint count of the layout.
        device: The device the latencies belong to.
        runtime: The runtime, its version and threads.
        supernet: The supernet the accuracies come from.
        data: The data set and split the accuracies come from.
        ranks: How far the accuracies can be trusted, as :func:`stgnn.commands.rank` returns it; None: nobody has asked.
        notes: Sentences printed at the end of the page.
    """

    title: str
    points: tuple[ReportPoint, ...]
    random: tuple[ReportPoint, ...] = ()
    chosen: int | None = None
    chosen_by: str = ""
    reference: tuple[float, float] | None = None
    landmarks: tuple[Landmark, ...] = ()
    measurements: tuple[Measurement, ...] = ()
    classes: tuple[str, ...] = ()
    joints: int = 25
    device: str = ""
    runtime: str = ""
    supernet: str = ""
    data: str = ""
    ranks: Mapping[str, Any] | None = None
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not any(point.feasible for point in self.points):
            raise InputError(
                "a report needs at least one finished trial that keeps the constraints",
                given=f"{len(self.points)} trials, none feasible",
                hint="search longer, or loosen the latency budget",
            )
        numbers = [point.number for point in self.points]
        if len(set(numbers)) != len(numbers):
            raise InputError("two trials of a report have the same number", given=sorted(numbers))
        if self.chosen is not None and self.chosen not in numbers:
            raise InputError("the chosen trial is not there", given=self.chosen, allowed="the number of a trial")

    @property
    def chosen_point(self) -> ReportPoint | None:
        """The trial that was chosen, if one was."""
        return next((point for point in self.points if point.number == self.chosen), None)


def report_points(evaluations: "Iterable[Evaluation]") -> tuple[ReportPoint, ...]:
    """The evaluations of a study as points of a report; measurements are added by ``dataclasses.replace``."""
    return tuple(ReportPoint(**found.to_dict()) for found in evaluations)


def _check_share(what: str, value: float) -> None:
    if not 0 <= value <= 1:
        raise InputError(f"{what} is not a fraction", given=value, allowed="0 to 1")


def _check_time(what: str, value: float) -> None:
    if not (math.isfinite(value) and value > 0):
        raise InputError(f"{what} is not a time", given=value, allowed="more than 0 ms")
