"""A latency model corrected by the whole networks that were measured on the same device."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stgnn.errors import InputError
from stgnn.latency.base import LATENCY_MODELS, LatencyModel
from stgnn.latency.device import DeviceFile, load_device
from stgnn.latency.table import LatencyTable
from stgnn.skeleton import SkeletonLayout
from stgnn.space import BaseArchitecture

FEWEST = 3  # networks that a calibration needs
RIDGE = 0.02  # weight of a multiplier's distance from the common one, against squared relative errors
Array = NDArray[np.float64]


@LATENCY_MODELS.register
class Calibrated(LatencyModel):
    """Another model with one factor for each kind of work, a constant, and a constant for each block.

    ``ms = c + d * blocks + sum_kind f_kind * term_kind``, all non-negative; fitted to the calibration networks of the
    device file in squared relative error, with a ridge that draws the factors towards a common one and the constants
    towards 0. The standard deviation is that of the relative errors when each network in turn is left out.

    Args:
        device: The device file, or its path.
        base: The model to correct; the device's own :class:`LatencyTable` when not given.

    Raises:
        InputError: the device file has fewer than 3 calibration networks, or was measured with another runtime or
            exporter.
    """

    def __init__(self, device: str | Path | DeviceFile, base: LatencyModel | None = None) -> None:
        self.device = load_device(device)
        self.device.check()
        self.base = base if base is not None else LatencyTable(self.device)
        records = self.device.records("calibration")
        if len(records) < FEWEST:
            raise InputError(
                f"calibration needs at least {FEWEST} measured networks",
                given=len(records),
                hint="stgnn profile --calibration 10",
            )
        layout, classes = self.device.layout, self.device.num_classes
        rows = [self._features(record.architecture, layout, classes) for record in records]
        self._kinds = tuple(dict.fromkeys(kind for row in rows for kind in row))
        design = np.array([[row.get(kind, 0.0) for kind in self._kinds] for row in rows])
        if not (design[:, 2:].sum(axis=1) > 0).all():
            raise InputError(
                "the model that calibration corrects predicts no time at all for a measured network",
                given=f"{type(self.base).__name__}, device file of {self.device.date}",
                hint="measure again with: stgnn profile",
            )
        measured = np.array([record.timing.quiet_ms for record in records])
        self._factors = fit(design, measured)
        self._relative_std = _left_out_error(design, measured)

    @property
    def relative_std(self) -> float:
        """Standard deviation of the relative errors of networks that were left out of the fit."""
        return self._relative_std

    @property
    def factors(self) -> dict[str, float]:
        """The fitted factor of each kind of work; constants in milliseconds."""
        return dict(zip(self._kinds, self._factors.tolist(), strict=True))

    def terms(self, architecture: BaseArchitecture, layout: SkeletonLayout, num_classes: int) -> Mapping[str, float]:
        """Corrected milliseconds by kind; see :meth:`LatencyModel.terms`.

        Raises:
            InputError: the base knows nothing about this architecture, or finds a kind of work in it that it found in
                no calibration network.
        """
        features, factors = self._features(architecture, layout, num_classes), self.factors
        unknown = [kind for kind, value in features.items() if value and kind not in factors]
        if unknown:
            raise InputError(
                f"{type(self.base).__name__} finds work in this network that no calibration network has",
                given=unknown,
                allowed=self._kinds[2:],
                hint="measure more networks: stgnn profile with a larger --calibration",
            )
        return {kind: factors[kind] * value for kind, value in features.items() if kind in factors}

    def _features(self, architecture: BaseArchitecture, layout: SkeletonLayout, num_classes: int) -> dict[str, float]:
        terms = self.base.terms(architecture, layout, num_classes)
        return {"constant": 1.0, "block": float(architecture.depth), **terms}


def fit(design: Array, measured: Array) -> Array:
    """Non-negative factors, the first two of them constants.

    Args:
        design: ``(n, 2 + kinds)``; the first column ones, the second block counts, then milliseconds of each kind.
        measured: ``(n,)`` milliseconds.

    Returns:
        ``(2 + kinds,)`` factors.
    """
    common = float(np.median(measured / design[:, 2:].sum(axis=1)))
    # constants are counted in units that make a typical network's whole latency, so one ridge suits all columns
    typical = np.array([np.median(measured), np.median(measured / design[:, 1])])
    scale = np.concatenate([typical, np.full(design.shape[1] - 2, common)])
    prior = np.concatenate([np.zeros(2), np.ones(design.shape[1] - 2)])
    relative = design * scale / measured[:, None]
    return _ridge(relative, np.ones(len(measured)), prior) * scale


def _ridge(design: Array, target: Array, prior: Array, sweeps: int = 500) -> Array:
    """``argmin_{w >= 0} |design w - target|^2 / n + RIDGE |w - prior|^2`` by coordinate descent."""
    gram = design.T @ design / len(target) + RIDGE * np.eye(design.shape[1])
    moment = design.T @ target / len(target) + RIDGE * prior
    weights = prior.copy()
    for _ in range(sweeps):
        before = weights.copy()
        for index in range(len(weights)):
            others = gram[index] @ weights - gram[index, index] * weights[index]
            weights[index] = max((moment[index] - others) / gram[index, index], 0.0)
        if np.abs(weights - before).max() < 1e-10:
            break
    return weights


def _left_out_error(design: Array, measured: Array) -> float:
    errors = []
    for index in range(len(measured)):
        kept = np.arange(len(measured)) != index
        errors.append(float(design[index] @ fit(design[kept], measured[kept]) / measured[index] - 1))
    return float(np.sqrt(np.mean(np.square(errors))))
