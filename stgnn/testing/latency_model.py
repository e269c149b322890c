"""The bar for latency models."""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from stgnn.errors import InputError
from stgnn.skeleton import SkeletonLayout, load_layout
from stgnn.space import Architecture
from stgnn.testing.common import expect

if TYPE_CHECKING:
    from stgnn.latency import LatencyModel


def check_latency_model(
    model: "LatencyModel",
    architectures: Sequence[Architecture],
    layout: SkeletonLayout | None = None,
    num_classes: int = 10,
) -> None:
    """Check a latency model on architectures that it should know.

    Predictions are positive, finite and repeatable; an operator that the model cannot know is an ``InputError``, never
    0 ms.

    Args:
        model: The model, constructed.
        architectures: What to predict.
        layout: The body; ntu25 when not given.
        num_classes: Number of classes.

    Raises:
        AssertionError: a promise is broken; the message says which.
    """
    from stgnn.latency import LATENCY_MODELS, Estimate

    name, layout = type(model).__name__, layout or load_layout("ntu25")
    expect(name in LATENCY_MODELS, f"{name} lacks @LATENCY_MODELS.register")
    for architecture in architectures:
        estimate = model.predict(architecture, layout, num_classes)
        expect(isinstance(estimate, Estimate), f"{name}.predict returns {type(estimate).__name__}, not Estimate")
        usual = math.isfinite(estimate.mean_ms) and estimate.mean_ms > 0
        expect(usual, f"{name} predicts {estimate.mean_ms} ms for {architecture}")
        expect(
            math.isfinite(estimate.std_ms) and estimate.std_ms >= 0, f"{name} has a deviation of {estimate.std_ms} ms"
        )
        again = model.predict(architecture, layout, num_classes)
        expect(estimate == again, f"{name} predicts {estimate}, then {again}, for one architecture")
    try:
        guess = model.predict(_with_unknown_operator(architectures[0]), layout, num_classes)
    except InputError:
        return
    raise AssertionError(f"{name} predicts {guess} for an operator that does not exist; it must raise InputError")


def _with_unknown_operator(architecture: Architecture) -> Architecture:
    first, *rest = architecture.stages
    block = replace(first.blocks[0], spatial="OperatorThatDoesNotExist")
    return replace(architecture, stages=(replace(first, blocks=(block, *first.blocks[1:])), *rest))
