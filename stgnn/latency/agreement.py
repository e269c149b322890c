"""How good a latency model is: its predictions against measurements of the same exported networks."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from stgnn.errors import InputError
from stgnn.ranking import spearman

if TYPE_CHECKING:
    from stgnn.latency.base import LatencyModel
    from stgnn.latency.device import NetworkRecord
    from stgnn.skeleton import SkeletonLayout


@dataclass(frozen=True)
class Agreement:
    """Agreement of predictions with measurements.

    Attributes:
        networks: How many were compared.
        mape: Mean absolute relative error.
        within_5_percent: Share of the networks that are off by at most 5 %.
        within_10_percent: Share of the networks that are off by at most 10 %.
        spearman: Spearman's rank correlation; NaN for a single network, and when all predictions are equal.
    """

    networks: int
    mape: float
    within_5_percent: float
    within_10_percent: float
    spearman: float

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)


def evaluate(
    model: "LatencyModel", records: "Sequence[NetworkRecord]", layout: "SkeletonLayout", num_classes: int
) -> Agreement:
    """Predict every measured network and compare."""
    predicted = [model.predict(record.architecture, layout, num_classes).mean_ms for record in records]
    return compare(predicted, [record.timing.quiet_ms for record in records])


def compare(predicted: ArrayLike, measured: ArrayLike) -> Agreement:
    """Agreement of two lists of latencies.

    Raises:
        InputError: there is none, or their numbers differ.
    """
    guesses, truths = np.asarray(predicted, dtype=float), np.asarray(measured, dtype=float)
    if guesses.shape != truths.shape or guesses.ndim != 1 or not len(guesses):
        raise InputError("comparing latencies needs two lists of one length", given=(guesses.shape, truths.shape))
    error = np.abs(guesses / truths - 1)
    return Agreement(
        networks=len(truths),
        mape=float(error.mean()),
        within_5_percent=float((error <= 0.05).mean()),
        within_10_percent=float((error <= 0.10).mean()),
        spearman=spearman(guesses, truths) if len(truths) > 1 else math.nan,
    )
