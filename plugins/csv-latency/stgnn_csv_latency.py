"""A latency model from a CSV file of your own measurements: for devices on which ``stgnn profile`` cannot run.

The file has the columns ``architecture`` (a shipped name, a JSON file relative to the CSV file, or the JSON text
itself) and ``ms``.
"""

import csv
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from stgnn.errors import InputError
from stgnn.files import read_text
from stgnn.latency import LATENCY_MODELS, Estimate, LatencyModel
from stgnn.skeleton import SkeletonLayout
from stgnn.space import Architecture, BaseArchitecture, architecture_names, load_architecture

COLUMNS = ("architecture", "ms")


@dataclass(frozen=True)
class Line:
    """``ms = dispatch + slope * macs``, with the standard deviation of its relative error."""

    dispatch: float
    slope: float
    spread: float


@LATENCY_MODELS.register
class CSVLatency(LatencyModel):
    """What was measured is repeated; anything else is predicted by a line over multiply-accumulates (MACs).

    The line is fitted to the measurements in relative error. An architecture with an operator, an activation or an
    attention that no measured network has is refused: MACs alone say too little about it.

    Args:
        measurements: The CSV file, with at least two networks of different cost.
    """

    def __init__(self, measurements: Path) -> None:
        self.measurements = Path(measurements)
        self._measured = read_measurements(self.measurements)
        self._known = set().union(*map(vocabulary, self._measured))
        self._lines: dict[tuple[str, int], Line] = {}

    def terms(self, architecture: BaseArchitecture, layout: SkeletonLayout, num_classes: int) -> Mapping[str, float]:
        """Milliseconds by kind of work: ``measured``, or ``dispatch`` and ``arithmetic``.

        Raises:
            InputError: the architecture uses what no measured network uses.
        """
        if architecture in self._measured:
            return {"measured": self._measured[architecture]}
        unknown = vocabulary(architecture) - self._known
        if unknown:
            raise InputError(
                f"the networks measured in {self.measurements} do not tell how fast these are",
                given=sorted(unknown),
                allowed=sorted(self._known),
                hint="measure a network that has them, and add it to the file",
            )
        line = self._line(layout, num_classes)
        return {"dispatch": line.dispatch, "arithmetic": line.slope * macs(architecture, layout, num_classes)}

    def predict(self, architecture: BaseArchitecture, layout: SkeletonLayout, num_classes: int) -> Estimate:
        """Latency of one body: a measured one without error, another with the spread of the measurements around the
        line.

        Raises:
            InputError: the architecture uses what no measured network uses.
        """
        mean = sum(self.terms(architecture, layout, num_classes).values())
        return Estimate(mean, 0.0 if architecture in self._measured else self._line(layout, num_classes).spread * mean)

    def _line(self, layout: SkeletonLayout, num_classes: int) -> Line:
        key = (layout.digest, num_classes)  # MACs depend on both
        if key not in self._lines:
            costs = [macs(architecture, layout, num_classes) for architecture in self._measured]
            self._lines[key] = fit_line(costs, list(self._measured.values()))
        return self._lines[key]


def read_measurements(path: Path) -> dict[Architecture, float]:
    """Milliseconds by architecture.

    Raises:
        InputError: the file is missing or no text, has other columns, a time that is not positive, or an architecture
            that there is not, or twice; the message names the line.
    """
    text = read_text(path, "a file of measurements")
    rows = csv.DictReader(text.splitlines(keepends=True), restval="")
    if not set(COLUMNS) <= set(rows.fieldnames or ()):
        raise InputError(f"{path} lacks a column", given=rows.fieldnames or (), allowed=COLUMNS)
    measured: dict[Architecture, float] = {}
    for row in rows:
        try:
            architecture, ms = _architecture(row["architecture"], path.parent), _milliseconds(row["ms"])
            if architecture in measured:
                raise InputError("this architecture stands in the file twice", given=architecture)
        except InputError as error:
            raise error.at(f"{path}, line {rows.line_num}") from error
        measured[architecture] = ms
    if len(measured) < 2:
        raise InputError(f"{path} holds too few measurements", given=len(measured), allowed="two or more")
    return measured


def _architecture(text: str, folder: Path) -> Architecture:
    if text.lstrip().startswith("{"):
        return Architecture.from_json(text)
    return load_architecture(text if text in architecture_names() else folder / text)


def _milliseconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value > 0):
        raise InputError("a latency must be a positive number of milliseconds", given=text)
    return value


def vocabulary(architecture: BaseArchitecture) -> set[str]:
    """The operators and activations of an architecture, by class name; of a network without them its kind."""
    if not isinstance(architecture, Architecture):
        return {type(architecture).__name__}
    return {block.activation for stage in architecture.stages for block in stage.blocks} | architecture.operators


def macs(architecture: BaseArchitecture, layout: SkeletonLayout, num_classes: int) -> int:
    """Multiply-accumulates of one body."""
    from stgnn.latency.cost import count  # imports torch

    return count(architecture, layout, num_classes).macs


def fit_line(costs: Sequence[float], times: Sequence[float]) -> Line:
    """Least squares in relative error; neither part of the line may be negative.

    Raises:
        InputError: all networks cost the same, so that no line is determined.
    """
    if len(set(costs)) < 2:
        raise InputError("a line needs measurements of networks of different cost", given=f"{costs[0]} MACs each")
    inverse = 1.0 / np.asarray(times, dtype=np.float64)
    columns = np.stack([inverse, np.asarray(costs) * inverse], axis=1)  # (rows, 2)
    (dispatch, slope), *_ = np.linalg.lstsq(columns, np.ones(len(inverse)), rcond=None)
    if dispatch < 0 or slope < 0:
        only = 1 if dispatch < 0 else 0  # the other part alone
        value = columns[:, only].sum() / np.square(columns[:, only]).sum()
        dispatch, slope = (0.0, value) if only else (value, 0.0)
    errors = columns @ (dispatch, slope) - 1.0
    return Line(float(dispatch), float(slope), float(np.sqrt(np.mean(np.square(errors)))))
